"""What of an assessment waits for whom: the same list for the need's page and for the council's dashboard."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import db
from tenders.assessment import queries
from tenders.assessment.board import Board
from tenders.assessment.panel import Panel, Seat
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need


@dataclass(frozen=True)
class Step:
    """One thing to do: words, the path under the assessment's page, and how far it is."""

    title: str
    path: str = ""
    hint: str = ""
    status: str = ""
    is_done: bool = False
    can_start: bool = True


def steps_of(panel: Panel, board: Board, seat: Seat | None, is_approver: bool, names: dict[int, str]) -> list[Step]:
    """This person's steps, in order. `names` are the bids' references by id."""
    found = [] if seat is None else _own_steps(panel, board, seat)
    if is_approver and seat is None:
        found += [_decide(each) for each in panel.awaiting]
        found += [
            Step(f"Decide whether bid {names[each]} is disregarded", f"/disregard/{names[each]}/decide")
            for each in sorted(board.proposed_aside)
        ]
    return found


def _own_steps(panel: Panel, board: Board, seat: Seat) -> list[Step]:
    if seat.is_aside:
        return []
    if not seat.has_declared:
        return [Step("Declare conflicts of interest", "/declare", "Before you read any bid")]
    if seat.awaits_decision:
        return [Step("Your conflict is to be decided on", hint="The chair or an approver decides", can_start=False)]
    found = [Step("Declare conflicts of interest", "/declare", is_done=True)]
    if seat.has_duty("evaluator"):
        found.append(_scoring(board, seat))
    if seat.has_duty("chair"):
        found += [
            _decide(each) for each in panel.awaiting if each.person_id != seat.person_id and "chair" not in each.duties
        ]
        found += _chairing(board)
    return found


def _decide(seat: Seat) -> Step:
    return Step(f"Decide on the conflict of {seat.name}", f"/conflicts/{seat.person_id}")


def _scoring(board: Board, seat: Seat) -> Step:
    all_of_them = len(board.cells)
    given = all_of_them - len(board.missing_scores(seat.person_id))
    return Step(
        "Score the bids", "/bids", "Your colleagues do not see your scores until everybody has finished",
        f"{given} of {all_of_them} scored", is_done=given == all_of_them,
    )  # fmt: skip


def _chairing(board: Board) -> list[Step]:
    can_agree = board.is_all_scored
    is_agreed = bool(board.in_play) and not board.missing_agreed
    agreed = len(board.cells) - len(board.missing_agreed)
    return [
        Step(
            "Agree on the scores", "/scores", "" if can_agree else "When every evaluator has scored every bid",
            f"{agreed} of {len(board.cells)} agreed" if can_agree else "", is_agreed, can_agree,
        ),
        Step("Open the prices", "/prices", "When every score is agreed", "", board.is_quality_agreed, is_agreed),
        Step("Check and freeze the ranking", "/ranking", can_start=board.is_quality_agreed),
    ]  # fmt: skip


def assessment_tasks(member: Membership) -> list[Task]:
    """What waits for this member in every assessment under way at the council."""
    if not has_permission("see_assessment", member):
        return []
    query = select(Need).where(
        Need.authority_id == member.organisation_id,
        Need.opened_at.is_not(None),
        Need.scores_frozen_at.is_(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
    )
    needs = db.session.scalars(query.order_by(Need.opened_at, Need.id)).all()
    return [
        Task(each.title, address_of(need) + each.path, need.title)
        for need in needs
        for each in _steps(need, member)
        if each.can_start and not each.is_done
    ]


def _steps(need: Need, member: Membership) -> list[Step]:
    panel, board = queries.get_panel(need), queries.get_board(need)
    names = {each.id: each.reference for each in queries.bids_of(need)}
    seat = panel.find(member.person_id)
    if not board.in_play and not board.proposed_aside:
        return []
    return steps_of(panel, board, seat, has_permission("approve_award", member), names)


def assessment_places(need: Need, member: Membership) -> list[Place]:
    """The assessment's page, once the bids are opened."""
    if need.withdrawn_at is not None or not has_permission("see_assessment", member):
        return []
    if need.opened_at is None:
        return [Place("Assessment", hint="After the bids are opened", status="Not yet")]
    if need.scores_frozen_at is not None:
        return [Place("Assessment", address_of(need), status="Scores frozen", is_done=True)]
    if not queries.get_board(need).in_play:
        return [Place("Assessment", address_of(need), status="No bids to assess", is_done=True)]
    return [Place("Assessment", address_of(need), status="Under way")]


def address_of(need: Need) -> str:
    return f"/council/needs/{need.reference}/assessment"


TASK_SOURCES.append(assessment_tasks)
PLACE_SOURCES.append(assessment_places)
