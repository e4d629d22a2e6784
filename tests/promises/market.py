"""A need that takes bids and firms that bid, in this test's database, on the machine's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.journal import record
from tenders.needs.models import Need
from tests import bidding, making
from tests.bench.drafts import cookie_of
from tests.promises.crowd import Bidder, Browser, Way
from tests.promises.history import History


@dataclass(frozen=True)
class Market:
    """A need with its openers, and people of firms who bid: ids, so that no row is held across threads."""

    need_id: int
    way: Way
    people: tuple[int, ...]
    members: tuple[int, ...]
    openers: tuple[int, int]

    @contextmanager
    def bidders(self, app: Flask, address: str, history: History) -> Iterator[list[Bidder]]:
        """One bidder for each person, signed in."""
        made = [
            Bidder(Browser(address, *cookie_of(app, person)), self.way, history, seed=number)
            for number, person in enumerate(self.people)
        ]
        try:
            yield made
        finally:
            for each in made:
                each.browser.close()


def make_market(firms: int, colleagues: int = 1) -> Market:
    """An open need, and `colleagues` people of each firm. Lets the clock run: what is served asks the machine's."""
    clock.set_clock(None)
    made = bidding.purchase()
    members: list[Membership] = []
    for _ in range(firms):
        first = bidding.bidder()
        members += [first, *(making.member(first.organisation, "bidder") for _ in range(colleagues - 1))]
    need = made.need
    way = Way(need.reference, tuple(each.id for each in need.questions), tuple(each.id for each in need.price_lines))
    found = Market(
        need.id, way, tuple(each.person_id for each in members), tuple(each.id for each in members),
        (made.first.id, made.second.id),
    )  # fmt: skip
    db.session.remove()
    return found


def close_in(need_id: int, seconds: float) -> None:
    """Moves the closing instant to so many seconds from now."""
    with db.one_action("test") as current:
        need = current.get_one(Need, need_id)
        need.questions_close_at = clock.now()
        need.closes_at = clock.now() + timedelta(seconds=seconds)
        record(making.MadeForTest(subject=need.reference))
    db.session.remove()
