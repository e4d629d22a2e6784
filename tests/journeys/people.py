"""Who takes part in the purchase of the journeys, and what the people in it write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from marketplace.core import clock, db
from tenders.needs.models import Need
from tests import making
from tests.journeys.hands import Hand

COUNCIL = "Wetherby Vale Council"
TITLE = "Report a missed bin without phoning"
QUESTION = "How will you solve it?"
FIRST, SECOND = "Plainbuild Ltd", "Rivalworks Ltd"
WORDS = {
    FIRST: "We build one plain page that the rounds system reads at once.",
    SECOND: "We adapt the portal that other councils use already.",
}
PRICES = {FIRST: "18,000", SECOND: "19,876"}
STAFF = {
    "Olu": ("officer",), "Ana": ("approver",), "Fin": ("finance",), "Mo": ("contract_manager",),
    "Asha": ("evaluator",), "Ben": ("evaluator",), "Caz": ("evaluator",), "Ffion": ("evaluator",),
    "Cerys": ("chair",), "Dev": ("approver",),
}  # fmt: skip
# Each opener's own words.
OPENING = {"Fin": "walnut harbour kettle falcon", "Mo": "lantern otter granite thimble"}
AnyHand = TypeVar("AnyHand", bound=Hand)


@dataclass
class World:
    """A purchase under way: a screen for each person, and the references met so far."""

    new_hand: Callable[[], Hand]
    work: Callable[[], None]
    emails: dict[str, str]
    hands: dict[str, Hand] = field(default_factory=dict)
    need: str = ""
    bids: dict[str, str] = field(default_factory=dict)
    contract: str = ""

    @property
    def home(self) -> str:
        return f"/council/needs/{self.need}"

    def screen(self, name: str) -> Hand:
        """The person's screen; signed in when the person has an account. "A reader" has none."""
        if name not in self.hands:
            hand = self.hands[name] = self.new_hand()
            if name in self.emails:
                hand.go("/sign-in")
                hand.fill("Sign in", {"Email address": self.emails[name], "Password": making.PASSWORD})
        return self.hands[name]

    def latest_mail_link(self, beginning: str) -> str:
        """The newest link of this kind on the demonstration's outbox page."""
        self.work()
        reader = self.screen("A reader")
        reader.go("/outbox")
        return reader.link_to(beginning)

    def closes_at(self) -> datetime:
        """When bids close, as the rows have it."""
        try:
            found = db.session.query(Need).filter_by(reference=self.need).one().closes_at
            assert found is not None
            return found
        finally:
            db.session.remove()

    def wait_until(self, instant: datetime) -> None:
        clock.set_clock(instant)


def gather(new_hand: Callable[[], Hand], work: Callable[[], None]) -> World:
    """A council with its staff, and an auditor; no need and no supplier yet."""
    council = making.council(COUNCIL)
    emails = {name: making.member(council, *roles, name=name).person.email for name, roles in STAFF.items()}
    emails["Auditor"] = making.auditor().person.email
    emails["A stranger"] = making.officer().person.email
    db.session.remove()
    return World(new_hand, work, emails)
