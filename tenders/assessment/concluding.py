"""From agreed quality to a ranking that stands: bids set aside, prices opened, ties decided, scores frozen."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from tenders.assessment import queries, rules, scoring
from tenders.assessment.actions import get_need_and_bid, of_bid, say_if_complete
from tenders.assessment.events import (
    BidDisregarded,
    DisregardDeclined,
    DisregardProposed,
    LowPriceNoted,
    QualityAgreed,
    ScoresFrozen,
    TieDecided,
)
from tenders.assessment.grounds import get_ground
from tenders.assessment.models import (
    Assessment,
    Disregard,
    LowPriceNote,
    Result,
    TieDecision,
)
from tenders.bids import opened
from tenders.needs import actions as need_actions
from tenders.needs.actions import get_own_need, subject_of


@action
def propose_disregard(
    need_id: int, bid_reference: str, member: Membership, ground: str, reason: str, was_heard: bool = False
) -> Disregard:
    """The chair proposes to set a bid aside on a lawful ground; it stays in play until an approver agrees."""
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    chosen = get_ground(ground) if ground else None
    seat = queries.get_panel(need).find(member.person_id)
    board = queries.get_board(need)
    insist(rules.disregarding_problems(need, seat, board, bid.id, chosen, reason, was_heard))
    row = queries.find_disregard(bid)
    if row is None:
        row = Disregard(bid_id=bid.id)
        db.session.add(row)
    row.ground, row.reason, row.was_heard = ground, reason.strip(), was_heard
    row.proposed_by_id, row.proposed_at = member.person_id, clock.now()
    row.declined_at, row.decline_reason = None, ""
    record(DisregardProposed(**of_bid(need, bid), ground=ground), member.actor("chair"))
    db.session.flush()
    return row


@action
def decide_disregard(
    need_id: int, bid_reference: str, member: Membership, is_approved: bool, reason: str = ""
) -> Disregard:
    """An approver outside the panel sets the bid aside, or refuses with a reason."""
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    board, row = queries.get_board(need), queries.find_disregard(bid)
    is_own = row is not None and row.proposed_by_id == member.person_id
    seat = queries.get_panel(need).find(member.person_id)
    insist(rules.disregard_decision_problems(need, board, bid.id, is_own, seat, is_approved, reason))
    assert row is not None
    actor = member.actor("approver")
    if is_approved:
        row.approved_by_id, row.approved_at = member.person_id, clock.now()
        record(BidDisregarded(**of_bid(need, bid), ground=row.ground), actor)
        say_if_complete(need, board.is_all_scored, actor)
    else:
        row.declined_at, row.decline_reason = clock.now(), reason.strip()
        record(DisregardDeclined(**of_bid(need, bid), ground=row.ground), actor)
    return row


@action
def agree_quality(need_id: int, member: Membership) -> Assessment:
    """The chair closes the agreed quality scores and, in the same act, prices become readable."""
    need = get_own_need(need_id, member)
    insist(rules.stage_problems(need))
    board = queries.get_board(need)
    insist(rules.closing_quality_problems(need, queries.get_panel(need).find(member.person_id), board))
    row = Assessment(need_id=need.id, quality_agreed_at=clock.now(), quality_agreed_by_id=member.person_id)
    db.session.add(row)
    actor = member.actor("chair")
    record(QualityAgreed(**subject_of(need), bids=len(board.in_play)), actor)
    opened.release_prices(need, actor)
    db.session.flush()
    return row


@action
def note_low_price(need_id: int, bid_reference: str, member: Membership, note: str) -> LowPriceNote:
    """The chair notes what the supplier said of its abnormally low price, and what was concluded."""
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    board = queries.get_board(need)
    is_flagged = bid.id in queries.low_prices(need, queries.prices_of(need, board))
    insist(rules.low_price_problems(need, queries.get_panel(need).find(member.person_id), is_flagged, note))
    row = queries.low_price_notes_of(need).get(bid.id)
    if row is None:
        row = LowPriceNote(bid_id=bid.id)
        db.session.add(row)
    row.note, row.noted_at, row.noted_by_id = note.strip(), clock.now(), member.person_id
    record(LowPriceNoted(**of_bid(need, bid)), member.actor("chair"))
    db.session.flush()
    return row


@action
def decide_tie(need_id: int, bid_reference: str, member: Membership, reason: str) -> TieDecision:
    """The chair puts one of the bids that nothing tells apart first, by the tie-break that was published."""
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    board = queries.get_board(need)
    tied = scoring.tied_first(queries.get_ranking(need, board, queries.prices_of(need, board)))
    insist(rules.tie_problems(need, queries.get_panel(need).find(member.person_id), tied, bid.id, reason))
    row = TieDecision(
        need_id=need.id, bid_id=bid.id, reason=reason.strip(), decided_at=clock.now(), decided_by_id=member.person_id
    )
    db.session.add(row)
    record(TieDecided(**of_bid(need, bid)), member.actor("chair"))
    db.session.flush()
    return row


@action
def freeze_scores(need_id: int, member: Membership) -> list[Result]:
    """The chair makes the ranking stand: a Result for each bid in play. Raises Problems with all still to do."""
    need = get_own_need(need_id, member)
    insist(rules.stage_problems(need))
    board = queries.get_board(need)
    prices = queries.prices_of(need, board)
    places = queries.get_ranking(need, board, prices)
    names = {each.id: each.reference for each in queries.bids_of(need)}
    noted = queries.low_price_notes_of(need)
    low = [names[each] for each in queries.low_prices(need, prices) if each not in noted]
    tied = [names[each] for each in scoring.tied_first(places)]
    insist(rules.freezing_problems(need, queries.get_panel(need).find(member.person_id), board, low, tied))
    rows = [_result(need.id, each) for each in places]
    db.session.add_all(rows)
    need_actions.mark_scores_frozen(need)
    record(ScoresFrozen(**subject_of(need), results=[_told(names, each) for each in places]), member.actor("chair"))
    db.session.flush()
    return rows


def _result(need_id: int, place: scoring.Place) -> Result:
    return Result(
        need_id=need_id,
        bid_id=place.bid_id,
        price_pence=place.price_pence,
        quality_score=place.quality,
        price_score=place.price,
        total_score=place.total,
        rank=place.rank,
        can_win=place.can_win,
    )


def _told(names: dict[int, str], place: scoring.Place) -> dict[str, object]:
    return {
        "bid": names[place.bid_id],
        "total": str(scoring.kept(place.total)),
        "rank": place.rank,
        "can_win": place.can_win,
    }
