"""Which purchases the demonstration tells, and how far each has come by now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from marketplace.demo_data import OpenNeed, PublicAnswer, open_needs
from marketplace.demonstration import contracts, invoices, wishes
from marketplace.demonstration.people import OPENING_PASSPHRASE, Cast
from marketplace.demonstration.stages import Purchase
from marketplace.demonstration.telling import Days, Story, weekday_before
from marketplace.demonstration.wishes import Wish
from tenders.bids import opening
from tenders.needs.amending import extend_need, withdraw_need

# The earliest deed of all happens this many days ago.
BEGINS = 470
DAYS_OPEN = 21
QUESTIONS_BEFORE_CLOSING = timedelta(days=7)
# One need closes soon, whatever its row says.
CLOSES_IN_DAYS = {"9344": 2}
MOST_ANSWERS = 3
A_WEEK = timedelta(days=7)
MORE_TIME = "Two suppliers asked for more time to bid. Everybody gets it."
ALL = ("quillmere", "tidewell", "larkrise")
BELOW_THE_MINIMUM = {"quillmere": (3, 1)}


def open_stories(cast: Cast, days: Days) -> list[Story]:
    """The real councils' needs that are open now; two of them have sealed bids and drafts."""
    return [_open(_open_purchase(need, cast, days), need) for need in open_needs()]


def _open_purchase(need: OpenNeed, cast: Cast, days: Days) -> Purchase:
    at = "14:00" if need.closing_time > "12:00" else "12:00"
    closes_at = days.closes(CLOSES_IN_DAYS.get(need.source_id, need.closes_in_days), at)
    between = timedelta(days=max(need.closes_in_days - need.questions_close_in_days, 3))
    questions_close_at = weekday_before(closes_at - between)
    published_at = days.ago(need.published_days_ago, "10:00")
    starts_in = timedelta(days=max(need.starts_in_days - need.closes_in_days, 21))
    return Purchase(wishes.open_wish(need), cast, days, closes_at, published_at, questions_close_at, starts_in)


def _open(purchase: Purchase, need: OpenNeed) -> Story:
    yield from purchase.published()
    answers = [each for each in need.answers if each.answer][:MOST_ANSWERS]
    if need.council == "HCK":
        yield from purchase.bid_now(("larkrise",), "tidewell")
        yield from purchase.questioned(answers, waiting=("May a bid be made by two firms together?",))
    elif need.council == "LIC":
        yield from purchase.bid_now(("tidewell", "quillmere"), "larkrise")
        yield from purchase.questioned(answers)
    else:
        yield from purchase.questioned(answers)
    if need.council == "BUC":
        yield purchase.days.after(purchase.published_at, 4, "09:45")
        extend_need(purchase.need_id, purchase.staff.officer, purchase.closes_at + A_WEEK, MORE_TIME)


def staged_stories(cast: Cast, days: Days) -> list[Story]:
    """One purchase in each stage, by the keys of purchases.json."""
    wanted = wishes.staged_wishes()

    def made(key: str, closed_days_ago: int) -> Purchase:
        return _closed_purchase(wanted[key], cast, days, closed_days_ago)

    return [
        _begun(_coming_purchase(wanted["draft"], cast, days, 3)),
        _coming_purchase(wanted["in_review"], cast, days, 0).asked(),
        _coming_purchase(wanted["approved"], cast, days, 0).approved(),
        _bids_in(made("closed", 1), ALL),
        _opening(made("opening", 2)),
        _then(made("scoring", 6), Purchase.scored_in_part),
        _then(made("agreeing", 9), Purchase.scored),
        _then(made("frozen", 12), Purchase.frozen),
        _then(made("proposed", 14), Purchase.proposed),
        _then(made("approved_award", 16), Purchase.decided),
        _awarded(made("awarded", 14)),
        _contracted(made("contracted", 100)),
        _ended(made("ended", 300)),
        _supported(made("supported", 410)),
        _withdrawn(_coming_purchase(wanted["withdrawn"], cast, days, 16)),
        _not_awarded(made("no_award", 25), wanted["no_award"].raw["reason"]),
    ]


def _closed_purchase(wish: Wish, cast: Cast, days: Days, closed_days_ago: int) -> Purchase:
    closes_at = days.closed(closed_days_ago)
    open_days = (days.today - closes_at.date()).days + DAYS_OPEN
    return Purchase(wish, cast, days, closes_at, days.ago(open_days, "10:00"), closes_at - QUESTIONS_BEFORE_CLOSING)


def _coming_purchase(wish: Wish, cast: Cast, days: Days, published_days_ago: int) -> Purchase:
    closes_at = days.closes(24 - published_days_ago, "12:00")
    published_at = days.ago(published_days_ago, "10:00")
    return Purchase(wish, cast, days, closes_at, published_at, closes_at - QUESTIONS_BEFORE_CLOSING)


def _begun(purchase: Purchase) -> Story:
    yield purchase.published_at
    wishes.begin_draft(purchase.wish, purchase.staff.officer)


def _bids_in(purchase: Purchase, firms: tuple[str, ...]) -> Story:
    yield from purchase.published()
    yield from purchase.questioned([_question(purchase)])
    yield from purchase.bid_for(firms)


def _question(purchase: Purchase) -> PublicAnswer:
    exists = purchase.wish.content["what_exists"]
    return PublicAnswer("What can the systems that you have today do for other systems?", f"In short: {exists}")


def _opening(purchase: Purchase) -> Story:
    yield from purchase.published()
    yield from purchase.questioned([_question(purchase)])
    yield from purchase.bid_for(("quillmere", "tidewell"))
    yield from purchase.bid_late("larkrise")
    yield purchase.days.now - timedelta(minutes=1)
    opening.begin_opening(purchase.need_id, purchase.staff.openers[0], OPENING_PASSPHRASE)


def _then(purchase: Purchase, stage: Callable[[Purchase], Story]) -> Story:
    yield from _bids_in(purchase, ALL)
    yield from stage(purchase)


def _awarded(purchase: Purchase) -> Story:
    yield from _bids_in(purchase, ALL)
    yield from purchase.told(waits=True)


def _contracted(purchase: Purchase) -> Story:
    yield from _bids_in(purchase, ALL)
    yield from purchase.told()
    yield from contracts.running_with_one_late(purchase)


def _ended(purchase: Purchase) -> Story:
    yield from _bids_in(purchase, ALL)
    yield from purchase.told()
    yield from contracts.ended_well(purchase)


def _supported(purchase: Purchase) -> Story:
    yield from _bids_in(purchase, ALL)
    yield from purchase.told()
    yield from invoices.a_year(purchase)


def _withdrawn(purchase: Purchase) -> Story:
    yield from purchase.published()
    yield from purchase.questioned([_question(purchase)])
    yield purchase.days.ago(4, "15:40")
    withdraw_need(purchase.need_id, purchase.staff.officer, purchase.wish.raw["reason"])


def _not_awarded(purchase: Purchase, reason: str) -> Story:
    yield from _bids_in(purchase, ("quillmere",))
    yield from purchase.told(reasons=reason, scores=BELOW_THE_MINIMUM)


def first_instant(days: Days) -> datetime:
    """When councils, people and firms join: before every purchase."""
    return days.ago(BEGINS, "09:00")
