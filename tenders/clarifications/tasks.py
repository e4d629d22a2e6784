"""What the questions room tells the council's dashboard and the need's page."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from tenders.clarifications import queries
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need
from tenders.needs.status import status_of


def unanswered_tasks(member: Membership) -> list[Task]:
    """Questions that wait for an answer, while the need is open."""
    if not has_permission("answer_questions", member):
        return []
    return [
        Task(
            f"Answer {count} question{'' if count == 1 else 's'}",
            f"/council/needs/{need.reference}/questions",
            need.title,
            need.questions_close_at if count else None,
        )
        for need, count in queries.waiting_by_need(member.organisation_id)
        if status_of(need) == "open"
    ]


def questions_place(need: Need, member: Membership) -> list[Place]:
    """The page of questions, with how many wait."""
    count = queries.count_unanswered(need)
    words = f"{count} waiting" if count else "None waiting"
    return [
        Place("Questions from suppliers", f"/council/needs/{need.reference}/questions", "", words, is_done=not count)
    ]


TASK_SOURCES.append(unanswered_tasks)
PLACE_SOURCES.append(questions_place)
