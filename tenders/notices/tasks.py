"""Notices that wait, for the council's dashboard and the need's page."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.moments import day
from marketplace.core.pages import plural
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need
from tenders.notices import queries
from tenders.notices.models import Notice


def notice_tasks(member: Membership) -> list[Task]:
    """Notices to publish, with their last day."""
    if not has_permission("draft_contract", member):
        return []
    return [
        Task.by_day(
            f"Publish notice {each.kind} and record its number{_lateness(each)}",
            f"/council/needs/{each.need.reference}/notices/{each.id}",
            each.need.title,
            each.due_on,
        )
        for each in queries.unpublished_of_authority(member.organisation_id)
    ]


def _lateness(notice: Notice) -> str:
    if notice.due_on is None:
        return ""
    late = notice.days_late(clock.today())
    return f" (was due on {day(notice.due_on)}, {plural(late, 'day')} late)" if late else f" (due by {day(notice.due_on)})"


def notice_places(need: Need, member: Membership) -> list[Place]:
    """The page of the purchase's notices."""
    found = queries.notices_of(need)
    waiting = sum(not each.is_published for each in found)
    words = f"{plural(waiting, 'notice')} to publish" if waiting else "None waiting"
    return [Place("Notices", f"/council/needs/{need.reference}/notices", status=words, is_done=not waiting)]


TASK_SOURCES.append(notice_tasks)
PLACE_SOURCES.append(notice_places)
