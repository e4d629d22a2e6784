"""Purchases for tests of assessment and award: bids opened, a whole panel, and any stage up to frozen scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import db
from marketplace.core.journal import record
from tenders.assessment import actions, concluding, queries
from tenders.awards import actions as awards
from tenders.awards import queries as award_queries
from tenders.bids import actions as bid_actions
from tenders.bids import drafts, opening
from tenders.bids import opened as bids_opened
from tenders.bids.models import Bid
from tenders.needs.models import Criterion, Need
from tests import bidding, making

REASON = "The answer says how, and shows it."


@dataclass(frozen=True)
class Purchase:
    """A need with its opened bids, and the council's people named on it."""

    need: Need
    council: Organisation
    officer: Membership
    openers: tuple[Membership, Membership]
    evaluators: tuple[Membership, Membership]
    chair: Membership
    approver: Membership
    bids: tuple[Bid, ...]
    bidders: tuple[Membership, ...]

    @property
    def quality(self) -> Criterion:
        return queries.quality_criteria(self.need)[0]

    @property
    def panel(self) -> tuple[Membership, ...]:
        return (*self.evaluators, self.chair)


@dataclass(frozen=True)
class Seen:
    """What page tests need of a purchase, as plain values: a page that is fetched ends the session of the rows."""

    home: str
    need_id: int
    title: str
    bids: tuple[str, ...]
    firms: tuple[str, ...]
    criterion: int
    slot: str
    emails: dict[str, str]


def seen(made: Purchase) -> Seen:
    """Addresses, names and references of a purchase."""
    people = {
        "officer": made.officer, "asha": made.evaluators[0], "ben": made.evaluators[1], "chair": made.chair,
        "approver": made.approver, **{f"bidder{number}": who for number, who in enumerate(made.bidders)},
    }  # fmt: skip
    return Seen(
        home=f"/council/needs/{made.need.reference}",
        need_id=made.need.id,
        title=made.need.title,
        bids=tuple(each.reference for each in made.bids),
        firms=tuple(each.supplier.name for each in made.bids),
        criterion=made.quality.id,
        slot=bids_opened.opened_files(made.bids[0])[0].slot if made.bids else "",
        emails={name: who.person.email for name, who in people.items()},
    )


def opened(prices: Sequence[int] = (1_950_000, 2_000_000), minimum: int | None = None, **facts: object) -> Purchase:
    """Bids at these prices (pence, excluding VAT), received in this order and opened."""
    council = making.council()
    officer = making.officer(council)
    openers = (making.member(council, "officer"), making.member(council, "finance"))
    evaluators = (making.member(council, "evaluator", name="Asha"), making.member(council, "evaluator", name="Ben"))
    chair, approver = making.member(council, "chair", name="Cerys"), making.member(council, "approver", name="Dev")
    need = making.open_need(
        council,
        author=officer.person,
        panel={
            "opener": [each.person for each in openers],
            "evaluator": [each.person for each in evaluators],
            "chair": [chair.person],
            "award_approver": [approver.person],
        },
        **facts,
    )
    if minimum is not None:
        _set_minimum(need, minimum)
    bidding.give_key(need)
    bidders = tuple(bidding.bidder() for _ in prices)
    bids = tuple(_bid(need, who, price) for who, price in zip(bidders, prices, strict=True))
    bidding.close(need)
    for opener in openers:
        opening.take_part_in_opening(need.id, opener, making.OPENING)
    return Purchase(need, council, officer, openers, evaluators, chair, approver, bids, bidders)


def _set_minimum(need: Need, minimum: int) -> None:
    with db.one_action("test"):
        need.criteria[0].minimum_score = minimum
        record(making.MadeForTest(subject=need.reference))


def _bid(need: Need, member: Membership, price_pence: int) -> Bid:
    bid = bid_actions.start_bid(need.id, member)
    bidding.fill(bid, member, file=b"plan")
    prices = {str(each.id): price_pence for each in need.price_lines}
    part = drafts.read_slot(bid, drafts.PRICE)
    bid_actions.save_part(bid.id, member, drafts.PRICE, prices, part.version)
    return bidding.submit(bid, member).bid


def declared(made: Purchase) -> Purchase:
    """Everybody on the panel has made a nil return."""
    for who in made.panel:
        actions.declare_conflict(made.need.id, who, False)
    return made


def scored(made: Purchase, scores: Sequence[int]) -> Purchase:
    """Declared, and both evaluators have given each bid the same score."""
    declared(made)
    for who in made.evaluators:
        for bid, score in zip(made.bids, scores, strict=True):
            actions.give_score(made.need.id, bid.reference, made.quality.id, who, score, REASON)
    return made


def agreed(made: Purchase, scores: Sequence[int]) -> Purchase:
    """Scored, and the chair has agreed the same scores; prices are still shut."""
    scored(made, scores)
    for bid, score in zip(made.bids, scores, strict=True):
        actions.agree_score(made.need.id, bid.reference, made.quality.id, made.chair, score, f"Agreed: {REASON}")
    return made


def frozen(made: Purchase, scores: Sequence[int]) -> Purchase:
    """All the way to frozen scores."""
    agreed(made, scores)
    concluding.agree_quality(made.need.id, made.chair)
    concluding.freeze_scores(made.need.id, made.chair)
    return made


def checked(made: Purchase) -> Purchase:
    """An officer has opened each drafted explanation of the approved award and saved it as it stood."""
    award = award_queries.find_award(made.need)
    assert award is not None
    for each in award_queries.summaries_of(award):
        awards.save_explanation(made.need.id, each.bid.reference, made.officer, each.explanation)
    return made
