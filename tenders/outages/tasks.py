"""What an outage tells the council's dashboard and the need's page."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need
from tenders.outages import queries, rules
from tenders.outages.models import EXTEND, DeadlineHit


def outage_tasks(member: Membership) -> list[Task]:
    """Deadlines hit by an outage: to propose on, or to decide on."""
    found = [_task(each, member) for each in _one_a_need(queries.pending_hits(member.organisation_id))]
    return [each for each in found if each is not None]


def _one_a_need(hits: Sequence[DeadlineHit]) -> list[DeadlineHit]:
    by_need: dict[int, DeadlineHit] = {}
    for each in hits:
        if each.need_id not in by_need or each.proposed_at is not None:
            by_need[each.need_id] = each
    return list(by_need.values())


def _task(hit: DeadlineHit, member: Membership) -> Task | None:
    home, about = f"/council/needs/{hit.need.reference}/outage", hit.need.title
    if hit.proposed_at is None and has_permission("amend_need", member):
        return Task("Decide on more time after an outage", home, about, hit.closes_at, "Closing time:")
    if hit.proposed_at is not None and has_permission("approve_need", member):
        if hit.proposed_by_id != member.person_id:
            return Task("Approve the answer to an outage", f"{home}/decide", about, hit.closes_at, "Closing time:")
    return None


def outage_place(need: Need, member: Membership) -> list[Place]:
    """What an outage did to this need, and where it is answered."""
    found = []
    for hit in queries.hits_of(need):
        away = f"The service was away {rules.away_words(hit.outage)}"
        if not rules.is_pending(hit, need):
            found.append(Place("More time after an outage", hint=away, status=_status(hit), is_done=True))
        elif hit.proposed_at is None:
            href = f"/council/needs/{need.reference}/outage" if has_permission("amend_need", member) else ""
            found.append(Place("More time after an outage", href, away, "Waits for an officer"))
        else:
            href = f"/council/needs/{need.reference}/outage/decide" if has_permission("approve_need", member) else ""
            found.append(Place("More time after an outage", href, away, "Waits for an approver"))
    return found


def _status(hit: DeadlineHit) -> str:
    if hit.decided_at is None:
        return "Moved otherwise"
    return "More time given" if hit.choice == EXTEND else "No more time"


TASK_SOURCES.append(outage_tasks)
PLACE_SOURCES.append(outage_place)
