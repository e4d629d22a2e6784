"""Whether now, and whether this person: declaring, reading, scoring, agreeing, setting aside, freezing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from marketplace.core.errors import Problem
from tenders.assessment.board import Board
from tenders.assessment.grounds import Ground
from tenders.assessment.panel import JUDGING, Panel, Seat
from tenders.needs.models import Need

NOT_ON_PANEL = "You are not named as an evaluator or the chair of this need."
NO_REASON = "Give the reason"
# Characters: shorter than this, a reason for leaving the evaluators' range says nothing.
OUTSIDE_REASON = 20


def stage_problems(need: Need) -> list[Problem]:
    """What stops anything of the assessment from being written now."""
    if need.opened_at is None:
        return [Problem("The bids have not been opened yet, so there is nothing to assess.")]
    if need.withdrawn_at is not None or need.no_award_at is not None:
        return [Problem("This need has ended, so nothing of its assessment can be changed.")]
    if need.scores_frozen_at is not None:
        return [Problem("The scores are frozen, so nothing of the assessment can be changed.")]
    return []


def declaring_problems(need: Need, seat: Seat | None, has_conflict: bool, details: str) -> list[Problem]:
    """A return is made after the opening, when the bidders' names are known (PA 2023 s81 to s83)."""
    found = stage_problems(need)
    if seat is None:
        found.append(Problem(NOT_ON_PANEL))
    elif seat.is_aside:
        found.append(Problem("You stand aside from this need, so there is nothing to declare."))
    elif seat.has_conflict:
        found.append(Problem("You declared a conflict already. The chair or an approver decides on it."))
    elif seat.has_declared and not has_conflict:
        found.append(Problem("You declared that you have no conflict already."))
    if has_conflict and not details.strip():
        found.append(Problem("Describe the conflict: who, and what connects you", "details"))
    return found


def reading_problems(need: Need, seat: Seat | None) -> list[Problem]:
    """What stops this person from reading answers and scores."""
    if need.opened_at is None:
        return stage_problems(need)
    if seat is None:
        return [Problem(NOT_ON_PANEL)]
    if seat.is_aside:
        return [Problem("You stand aside from this need, so its bids are closed to you.")]
    if not seat.has_declared:
        return [Problem("Declare first whether you have a conflict of interest. Then you can read the bids.")]
    if seat.awaits_decision:
        return [Problem("You declared a conflict. You can go on when it is decided that you carry on.")]
    return []


def deciding_problems(
    need: Need,
    seat: Seat | None,
    chair: Seat | None,
    person_id: int,
    is_approver: bool,
    stands_aside: bool,
    reason: str,
) -> list[Problem]:
    """Who decides on a conflict: the chair or an approver, never the person, and on the chair's only an approver.

    An approver may also take off somebody who made no return, so that an absence does not stop the purchase.
    """
    found = stage_problems(need)
    if seat is None:
        return [*found, Problem("This person is not on the panel of this need.")]
    if seat.person_id == person_id:
        found.append(Problem("Somebody else decides on your own conflict."))
    elif "chair" in seat.duties and not is_approver:
        found.append(Problem("An approver decides on the chair's conflict."))
    elif not is_approver and (chair is None or chair.person_id != person_id or not chair.may_read):
        found.append(Problem("The chair, after the own declaration, or an approver decides on conflicts."))
    if seat.is_aside:
        found.append(Problem(f"{seat.name} stands aside already."))
    elif not seat.awaits_decision and not (is_approver and stands_aside):
        found.append(Problem(f"There is no conflict of {seat.name} to decide on."))
    if not reason.strip():
        found.append(Problem(NO_REASON, "reason"))
    return found


def naming_problems(
    need: Need, panel: Panel, board: Board, duty: str, candidate_duties: Collection[str], is_approver: bool
) -> list[Problem]:
    """Whether somebody may join the panel after the opening, in the place of one who stands aside."""
    found = stage_problems(need)
    if not is_approver:
        found.append(Problem("An approver names people to the panel after the opening."))
    if duty not in JUDGING:
        return [*found, Problem("Choose evaluator or chair", "duty")]
    if {"opener", "award_approver", duty} & set(candidate_duties):
        found.append(
            Problem("Choose somebody who neither opens bids nor approves the award, and is not on the panel", "person")
        )
    if not any(each.is_aside and duty in each.duties for each in panel.seats):
        found.append(Problem("Nobody with that duty stands aside, so there is no place to fill", "duty"))
    elif duty == "chair" and panel.holders("chair"):
        found.append(Problem("There is a chair already", "duty"))
    elif duty == "evaluator" and board.is_all_scored:
        found.append(Problem("The scores are open to the panel already: a new evaluator could not score blind", "duty"))
    return found


def scoring_problems(
    need: Need, seat: Seat | None, board: Board, bid_id: int, score: int | None, reason: str
) -> list[Problem]:
    """An evaluator's own score, until every evaluator has scored everything."""
    found = stage_problems(need) or reading_problems(need, seat)
    if seat is not None and not found and not seat.has_duty("evaluator"):
        found.append(Problem("Evaluators give scores. You are the chair: you record what the panel agrees."))
    if bid_id in board.set_aside:
        found.append(Problem("This bid is disregarded, so it is not scored."))
    if not found and board.is_all_scored:
        found.append(
            Problem("Every evaluator has scored everything. Your scores stand; the panel agrees on the final ones.")
        )
    return found + _score_problems(board, score, reason)


def _score_problems(board: Board, score: int | None, reason: str) -> list[Problem]:
    found = []
    if score is None or not 0 <= score <= board.most:
        found.append(Problem(f"Select a score from 0 to {board.most}", "score"))
    if not reason.strip():
        found.append(Problem("Give the reason for the score, from what the bid says", "reason"))
    return found


def chairing_problems(need: Need, seat: Seat | None) -> list[Problem]:
    """Whether this person acts as the chair now."""
    found = stage_problems(need) or reading_problems(need, seat)
    if seat is not None and not found and not seat.has_duty("chair"):
        found.append(Problem("Only the chair of this need does this."))
    return found


def comparing_problems(need: Need, seat: Seat | None, board: Board) -> list[Problem]:
    """Whether individual scores may be seen side by side: by the panel, once every evaluator has scored everything."""
    found = reading_problems(need, seat)
    if not found and not board.is_all_scored:
        found.append(Problem("Scores are shown side by side once every evaluator has scored every bid."))
    return found


def agreeing_problems(
    need: Need, seat: Seat | None, board: Board, bid_id: int, score: int | None, reason: str
) -> list[Problem]:
    """The agreed score: by the chair, after all individual ones, before prices are known."""
    found = chairing_problems(need, seat)
    if not found and not board.is_all_scored:
        found.append(Problem("Agree on scores once every evaluator has scored every bid."))
    if board.is_quality_agreed:
        found.append(Problem("Quality is agreed and prices are open, so agreed scores can no longer be changed."))
    if bid_id in board.set_aside:
        found.append(Problem("This bid is disregarded, so it is not scored."))
    return found + _score_problems(board, score, reason)


def outside_problems(board: Board, bid_id: int, criterion_id: int, score: int | None, reason: str) -> list[Problem]:
    """An agreed score that no evaluator came near is lawful, but a word or two are no reason for it."""
    if score is None or not board.is_outside(bid_id, criterion_id, score) or len(reason.strip()) >= OUTSIDE_REASON:
        return []
    given = board.scores_of(bid_id, criterion_id).values()
    words = f"The evaluators gave {_span(min(given), max(given))}. Say in at least {OUTSIDE_REASON} characters why {score} is right"
    return [Problem(words, "reason")]


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def closing_quality_problems(need: Need, seat: Seat | None, board: Board) -> list[Problem]:
    """Whether prices may be opened: every quality score of every bid in play is agreed."""
    found = chairing_problems(need, seat)
    if board.is_quality_agreed:
        found.append(Problem("Quality is agreed and prices are open already."))
    if not board.in_play:
        found.append(Problem("No bid is left to assess. Propose to end this need without award."))
    missing = len(board.missing_agreed)
    if board.in_play and missing:
        found.append(Problem(f"{missing} agreed {'score is' if missing == 1 else 'scores are'} still missing."))
    return found


def disregarding_problems(
    need: Need, seat: Seat | None, board: Board, bid_id: int, ground: Ground | None, reason: str, was_heard: bool
) -> list[Problem]:
    """The chair proposes to set a bid aside, on a lawful ground alone (PA 2023 s19, s26 to s30)."""
    found = chairing_problems(need, seat)
    if bid_id in board.set_aside:
        found.append(Problem("This bid is disregarded already."))
    elif bid_id in board.proposed_aside:
        found.append(Problem("It is proposed already to disregard this bid. An approver decides."))
    if ground is None:
        found.append(Problem("Select the ground", "ground"))
    elif ground.hears_supplier_first and not was_heard:
        found.append(Problem("Let the supplier answer first, then confirm it here", "was_heard"))
    if not reason.strip():
        found.append(Problem("Give the reason. The bidder reads it", "reason"))
    return found


def disregard_decision_problems(
    need: Need, board: Board, bid_id: int, is_own_proposal: bool, seat: Seat | None, is_approved: bool, reason: str
) -> list[Problem]:
    """An approver outside the panel, not the proposer, decides."""
    found = stage_problems(need)
    if bid_id not in board.proposed_aside:
        found.append(Problem("There is no proposal to disregard this bid."))
    if is_own_proposal or seat is not None:
        found.append(Problem("An approver who is not on the panel decides whether the bid is disregarded."))
    if not is_approved and not reason.strip():
        found.append(Problem(NO_REASON, "reason"))
    return found


def low_price_problems(need: Need, seat: Seat | None, is_flagged: bool, note: str) -> list[Problem]:
    """The note on a price far under the others'."""
    found = chairing_problems(need, seat)
    if not is_flagged:
        found.append(Problem("This price is not flagged as abnormally low."))
    if not note.strip():
        found.append(Problem("Write what you asked the supplier, its answer, and what you concluded", "note"))
    return found


def tie_problems(need: Need, seat: Seat | None, tied: Sequence[int], bid_id: int | None, reason: str) -> list[Problem]:
    """A decision on a tie is taken only where marks, quality and price leave one."""
    found = chairing_problems(need, seat)
    if not tied:
        found.append(Problem("No bids tie for the first place."))
    elif bid_id not in tied:
        found.append(Problem("Select the bid that comes first", "bid"))
    if not reason.strip():
        found.append(Problem("Give the reason, by the tie-break that was published. Bidders may ask for it", "reason"))
    return found


def freezing_problems(
    need: Need, seat: Seat | None, board: Board, low_without_note: Collection[str], tied: Sequence[str]
) -> list[Problem]:
    """What is still to do before the ranking stands; bids are named by their references."""
    found = chairing_problems(need, seat)
    if not board.in_play:
        return [*found, Problem("No bid is left to rank. Propose to end this need without award.")]
    if not board.is_quality_agreed:
        found.append(Problem("Agree on quality and open the prices first."))
    if board.proposed_aside:
        found.append(Problem("A proposal to disregard a bid waits for an approver."))
    found += [
        Problem(f"The price of {each} is abnormally low: note the supplier's explanation", "low-price")
        for each in sorted(low_without_note)
    ]
    if tied:
        listed = " and ".join(tied)
        found.append(Problem(f"{listed} tie for the first place: decide by the published tie-break", "tie"))
    return found
