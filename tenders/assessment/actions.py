"""The panel's verbs: declare, decide on conflicts, name somebody, score, agree. See concluding.py for what follows."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, insist
from marketplace.core.journal import Actor, record
from tenders.assessment import queries, rules
from tenders.assessment.events import (
    ConflictDecided,
    ConflictDeclared,
    PanelMemberNamed,
    ScoreAgreed,
    ScoreGiven,
    ScoringCompleted,
)
from tenders.assessment.models import ConflictDeclaration, Moderation, Score
from tenders.bids import queries as bid_queries
from tenders.bids.models import Bid
from tenders.needs import queries as need_queries
from tenders.needs.actions import get_own_need, subject_of
from tenders.needs.models import Need, PanelMember


@action
def declare_conflict(need_id: int, member: Membership, has_conflict: bool, details: str = "") -> ConflictDeclaration:
    """The member's own return, nil or not; a nil return may become a conflict later, never the other way."""
    need = get_own_need(need_id, member)
    seat = queries.get_panel(need).find(member.person_id)
    insist(rules.declaring_problems(need, seat, has_conflict, details))
    row = queries.find_declaration(need, member.person_id)
    if row is None:
        row = ConflictDeclaration(need_id=need.id, person_id=member.person_id)
        db.session.add(row)
    row.has_conflict, row.details = has_conflict, details.strip() if has_conflict else ""
    row.declared_at = clock.now()
    row.decided_at = row.decided_by_id = None
    row.decision = ""
    record(ConflictDeclared(**subject_of(need), has_conflict=has_conflict), member.actor("panel"))
    db.session.flush()
    return row


@action
def decide_conflict(
    need_id: int, person_id: int, member: Membership, stands_aside: bool, reason: str
) -> ConflictDeclaration:
    """The chair or an approver decides that a panel member stands aside or carries on. Raises Problems."""
    need = get_own_need(need_id, member)
    panel = queries.get_panel(need)
    seat = panel.find(person_id)
    is_approver = "approver" in member.roles
    own_seat = panel.find(member.person_id)
    chair = own_seat if own_seat is not None and own_seat.has_duty("chair") else None
    insist(rules.deciding_problems(need, seat, chair, member.person_id, is_approver, stands_aside, reason))
    was_complete = queries.get_board(need).is_all_scored
    row = queries.find_declaration(need, person_id)
    if row is None:
        row = ConflictDeclaration(need_id=need.id, person_id=person_id, has_conflict=False)
        db.session.add(row)
    now = clock.now()
    row.decided_at, row.decided_by_id, row.decision = now, member.person_id, reason.strip()
    row.stood_aside_at = now if stands_aside else None
    actor = member.actor("chair" if chair else "approver")
    pseudonym = next(each.person.pseudonym for each in need.panel if each.person_id == person_id)
    record(ConflictDecided(**subject_of(need), person=pseudonym, stands_aside=stands_aside), actor)
    say_if_complete(need, was_complete, actor)
    return row


@action
def name_to_panel(need_id: int, person_id: int, duty: str, member: Membership) -> PanelMember:
    """An approver fills the place of somebody who stands aside.

    Raises Problems when the person opens bids, approves the award or is on the panel, or has not the role.
    """
    need = get_own_need(need_id, member)
    duties = bid_queries.duties_on(need, person_id)
    problems = rules.naming_problems(
        need, queries.get_panel(need), queries.get_board(need), duty, duties, "approver" in member.roles
    )
    candidate = next(
        (each for each in need_queries.members_of(member.organisation_id) if each.person_id == person_id), None
    )
    if candidate is None or duty not in candidate.roles:
        problems.append(Problem("Choose a colleague who has that role in your council's account", "person"))
    insist(problems)
    assert candidate is not None
    row = PanelMember(person_id=person_id, duty=duty, named_at=clock.now())
    need.panel.append(row)
    record(PanelMemberNamed(**subject_of(need), person=candidate.person.pseudonym, duty=duty), member.actor("approver"))
    db.session.flush()
    return row


@action
def give_score(
    need_id: int, bid_reference: str, criterion_id: int, member: Membership, score: int | None, reason: str
) -> Score:
    """Saves an evaluator's own score of a bid under one criterion, with its reason."""
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    criterion = queries.get_criterion(need, criterion_id)
    board = queries.get_board(need)
    seat = queries.get_panel(need).find(member.person_id)
    insist(rules.scoring_problems(need, seat, board, bid.id, score, reason))
    row = queries.own_scores(need, member.person_id).get((bid.id, criterion.id))
    is_change = row is not None
    if row is None:
        row = Score(need_id=need.id, bid_id=bid.id, criterion_id=criterion.id, person_id=member.person_id)
        db.session.add(row)
    assert score is not None
    row.score, row.reason, row.scored_at = score, reason.strip(), clock.now()
    actor = member.actor("evaluator")
    record(ScoreGiven(**of_bid(need, bid), criterion=criterion.id, is_change=is_change), actor)
    say_if_complete(need, False, actor)
    return row


@action
def agree_score(
    need_id: int,
    bid_reference: str,
    criterion_id: int,
    member: Membership,
    score: int | None,
    reason: str,
    seen_score: int | None = None,
) -> Moderation:
    """The chair records the panel's agreed score; individual ones stay as they were given.

    `seen_score` is the agreed score that the chair's page showed, if any: a save that crosses another is refused.
    """
    need, bid = get_need_and_bid(need_id, bid_reference, member)
    criterion = queries.get_criterion(need, criterion_id)
    seat = queries.get_panel(need).find(member.person_id)
    board = queries.get_board(need)
    problems = rules.agreeing_problems(need, seat, board, bid.id, score, reason)
    insist(problems or rules.outside_problems(board, bid.id, criterion.id, score, reason))
    row = next(
        (each for each in queries.moderations_of(need) if (each.bid_id, each.criterion_id) == (bid.id, criterion.id)),
        None,
    )
    is_change = row is not None
    if row is not None and row.score != seen_score:
        raise Conflict("Another agreed score was saved after you opened this page. Go back and look at it first.")
    if row is None:
        row = Moderation(need_id=need.id, bid_id=bid.id, criterion_id=criterion.id)
        db.session.add(row)
    assert score is not None
    row.score, row.reason = score, reason.strip()
    row.agreed_at, row.agreed_by_id = clock.now(), member.person_id
    record(
        ScoreAgreed(**of_bid(need, bid), criterion=criterion.id, score=score, is_change=is_change),
        member.actor("chair"),
    )
    db.session.flush()
    return row


def get_need_and_bid(need_id: int, bid_reference: str, member: Membership) -> tuple[Need, Bid]:
    """The council's own need, locked, and one of its opened bids; NotFound or StillSealed."""
    need = get_own_need(need_id, member)
    if need.opened_at is None:
        insist(rules.stage_problems(need))
    bid = queries.get_bid(need, bid_reference)
    if bid.need_id != need.id:
        raise NotFound("No such bid was opened for this need.")
    return need, bid


def of_bid(need: Need, bid: Bid) -> dict[str, str]:
    """What an event about one bid says of where it belongs."""
    return {**subject_of(need), "subject": bid.reference}


def say_if_complete(need: Need, was_complete: bool, actor: Actor) -> None:
    """Records, once, that individual scoring is complete. Inside an action."""
    db.session.flush()
    board = queries.get_board(need)
    if board.is_all_scored and not was_complete and board.in_play:
        record(ScoringCompleted(**subject_of(need), evaluators=len(board.evaluators), bids=len(board.in_play)), actor)
