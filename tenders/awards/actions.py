"""The verbs of the decision: propose, approve or send back, explain, tell everybody at once, suspend and lift."""

from __future__ import annotations

from datetime import date

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import canonical_json, record
from marketplace.core.references import next_reference
from tenders.assessment import queries as assessment
from tenders.assessment.panel import Seat
from tenders.awards import queries, rules, standstill, summaries
from tenders.awards.events import (
    AwardApproved,
    AwardNoticeRecorded,
    AwardProposed,
    AwardReturned,
    ExplanationSaved,
    NoAwardMade,
    StandstillLifted,
    StandstillSuspended,
    SummariesSent,
)
from tenders.awards.models import AssessmentSummary, Award, Standstill
from tenders.bids import queries as bid_queries
from tenders.needs import actions as need_actions
from tenders.needs.actions import get_own_need, subject_of
from tenders.needs.models import Need
from tenders.needs.rules import regime_of


@action
def propose_award(need_id: int, member: Membership, bid_reference: str, reasons: str) -> Award:
    """Proposes a bid of the frozen ranking; an empty reference proposes to end without award. Raises Problems."""
    need = get_own_need(need_id, member)
    insist(rules.ended_problems(need))
    board, results = assessment.get_board(need), assessment.results_of(need)
    problems = rules.proposing_problems(
        need,
        _seat(need, member),
        "officer" in member.roles,
        queries.find_award(need),
        need.scores_frozen_at is not None,
        bool(board.in_play),
    )
    chosen = next((each for each in results if each.bid.reference == bid_reference), None) if bid_reference else None
    given_up = queries.bids_set_aside(need)
    insist(problems or rules.choice_problems(chosen, bool(bid_reference), reasons, given_up))
    award = Award(
        reference=next_reference(db.session(), "A", clock.today().year),
        need=need,
        bid=chosen.bid if chosen else None,
        reasons=reasons.strip(),
        proposed_by_id=member.person_id,
        proposed_at=clock.now(),
    )
    db.session.add(award)
    db.session.flush()
    event = AwardProposed(**_of(award), bid=bid_reference, rank=chosen.rank if chosen else None)
    record(event, member.actor("officer" if "officer" in member.roles else "chair"))
    return award


@action
def approve_award(need_id: int, member: Membership) -> Award:
    """The named award approver approves; a summary for every bid is drafted from the agreed reasons."""
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    duties = bid_queries.duties_on(need, member.person_id)
    insist(rules.approving_problems(need, award, member.person_id, duties, _seat(need, member)))
    assert award is not None
    award.approved_by_id, award.approved_at = member.person_id, clock.now()
    for bid_id, content in queries.draft_contents(award).items():
        words = summaries.first_words(content)
        db.session.add(AssessmentSummary(award_id=award.id, need_id=need.id, bid_id=bid_id, explanation=words))
    record(AwardApproved(**_of(award), bid=award.bid.reference if award.bid else ""), member.actor("award_approver"))
    db.session.flush()
    return award


@action
def return_award(need_id: int, member: Membership, reason: str) -> Award:
    """The named award approver sends the proposal back; another can be proposed."""
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    duties = bid_queries.duties_on(need, member.person_id)
    insist(rules.returning_problems(need, award, member.person_id, duties, _seat(need, member), reason))
    assert award is not None
    award.returned_at, award.return_reason = clock.now(), reason.strip()
    record(AwardReturned(**_of(award)), member.actor("award_approver"))
    return award


@action
def save_explanation(need_id: int, bid_reference: str, member: Membership, words: str) -> AssessmentSummary:
    """Keeps what one bidder is told of why, seen by an officer; an empty one may be saved and stops the sending."""
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    insist(rules.explaining_problems(need, award))
    assert award is not None
    summary = queries.get_summary(award, bid_reference)
    summary.explanation = words.strip()
    summary.checked_at = clock.now() if summary.explanation else None
    record(ExplanationSaved(**{**_of(award), "subject": bid_reference}), member.actor("officer"))
    return summary


@action
def send_summaries(need_id: int, member: Membership, takes_voluntary: bool = False) -> Award:
    """Tells every bidder at once and makes the outcome public, or tells nobody. Raises Problems.

    `takes_voluntary` asks for a standstill where the law has none. For no award the need ends here.
    """
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    bids = assessment.bids_of(need) if need.opened_at else []
    rows = queries.summaries_of(award) if award else []
    insist(rules.sending_problems(need, award, rows, [each.id for each in bids]))
    assert award is not None
    contents, now = queries.draft_contents(award), clock.now()
    for each in rows:
        each.content, each.sent_at = canonical_json(contents[each.bid_id]), now
    award.summaries_sent_at = now
    db.session.flush()
    failpoint("summaries: written")
    references = [each.reference for each in bids]
    if award.bid is None:
        _end_without_award(award, member, references)
    else:
        _tell_award(award, member, references, takes_voluntary)
    db.session.flush()
    return award


def _tell_award(award: Award, member: Membership, bids: list[str], takes_voluntary: bool) -> None:
    assert award.bid is not None
    terms = queries.standstill_terms(award, takes_voluntary)
    award.winner_size = award.bid.supplier.size
    db.session.add(
        Standstill(
            award_id=award.id, applies=terms.applies, why=terms.why, starts_on=terms.starts_on, ends_on=terms.ends_on
        )
    )
    need_actions.mark_awarded(award.need)
    event = SummariesSent(
        **_of(award),
        bid=award.bid.reference,
        supplier=award.bid.supplier.reference,
        bids=bids,
        value_pence=queries.value_pence_of(award) or 0,
        standstill_applies=terms.applies,
        standstill_ends_on=terms.ends_on,
    )
    record(event, member.actor("officer"))


def _end_without_award(award: Award, member: Membership, bids: list[str]) -> None:
    need = award.need
    need_actions.mark_no_award(need, award.reasons)
    is_above = regime_of(need, clock.now()).route_for(need.estimated_value_pence).code == "above"
    record(NoAwardMade(**_of(award), bids=bids, needs_notice=is_above), member.actor("officer"))


@action
def record_award_notice(need_id: int, member: Membership, number: str, published_on: date | None) -> Standstill:
    """The award notice (UK6) is published on the central platform: the standstill runs from that day."""
    award, row = _told(need_id, member)
    is_pretended = award.need.is_demonstration
    insist(standstill.notice_problems(award, row, number, published_on, clock.today(), is_pretended))
    assert row is not None and published_on is not None
    row.starts_on = published_on
    row.ends_on = regime_of(award.need, clock.now()).standstill_end(published_on)
    award.central_notice_number = number.strip()
    event = AwardNoticeRecorded(
        **_of(award), number=award.central_notice_number, published_on=published_on, standstill_ends_on=row.ends_on
    )
    record(event, member.actor("officer"))
    return row


def correct_award_notice(award: Award, number: str, published_on: date) -> None:
    """Inside the action that corrects the notice: the standstill runs from the right day. Raises Problems."""
    row = queries.find_standstill(award)
    if row is not None and row.applies and row.starts_on is not None and row.starts_on != published_on:
        insist(standstill.moving_problems(award, published_on, clock.today()))
        row.starts_on = published_on
        row.ends_on = regime_of(award.need, clock.now()).standstill_end(published_on)
    award.central_notice_number = number.strip()


@action
def suspend_standstill(need_id: int, member: Membership, reason: str) -> Standstill:
    """A challenge was notified: nothing is signed until the suspension is lifted."""
    award, row = _told(need_id, member)
    insist(rules.suspending_problems(award, row, award.need, reason))
    assert row is not None
    row.suspended_at, row.suspension_reason = clock.now(), reason.strip()
    row.lifted_at, row.lift_reason = None, ""
    record(StandstillSuspended(**_of(award)), member.actor("officer"))
    return row


@action
def lift_suspension(need_id: int, member: Membership, reason: str) -> Standstill:
    """The challenge has ended: signing depends on the standstill's last day again."""
    award, row = _told(need_id, member)
    insist(rules.lifting_problems(row, reason))
    assert row is not None
    row.lifted_at, row.lift_reason = clock.now(), reason.strip()
    record(StandstillLifted(**_of(award)), member.actor("officer"))
    return row


def _told(need_id: int, member: Membership) -> tuple[Award, Standstill | None]:
    award = queries.find_award(get_own_need(need_id, member))
    if award is None or not award.is_told:
        raise NotFound("No award has been made for this need.")
    return award, queries.find_standstill(award)


def _seat(need: Need, member: Membership) -> Seat | None:
    return assessment.get_panel(need).find(member.person_id)


def _of(award: Award) -> dict[str, str]:
    return {**subject_of(award.need), "subject": award.reference}
