"""What of the opening waits for a member of a council, and where a need's page leads to it."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.bids import opening, queries, rules
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need
from tenders.outages.queries import waiting_problems


def opening_tasks(member: Membership) -> list[Task]:
    """Openings that this member is named for and that can happen now."""
    if not has_permission("open_bids", member):
        return []
    now, found = clock.now(), []
    for need in queries.needs_to_open(member.person_id, member.organisation_id):
        if rules.opening_problems(need, queries.duties_on(need, member.person_id), now, waiting_problems(need)):
            continue
        begun = queries.find_opening(need)
        if begun is not None and opening.is_waiting(begun):
            if begun.first_opener_id == member.person_id:
                continue
            task = Task("Complete the opening of bids", _address(need), need.title, begun.expires_at)
        else:
            task = Task("Open the bids", _address(need), need.title, need.closes_at, "Since")
        found.append(task)
    return found


def opening_places(need: Need, member: Membership) -> list[Place]:
    """The opening's page, once the need is published."""
    if need.published_at is None or need.withdrawn_at is not None or not has_permission("open_bids", member):
        return []
    if queries.is_opened(need):
        return [Place("Opening of the bids", _address(need), status="Opened", is_done=True)]
    if rules.is_in_time(need, clock.now()):
        return [Place("Opening of the bids", hint="After bidding closes, by two of the openers", status="Not yet")]
    return [Place("Opening of the bids", _address(need), hint="Two of the openers open all bids together")]


def _address(need: Need) -> str:
    return f"/council/needs/{need.reference}/opening"


TASK_SOURCES.append(opening_tasks)
PLACE_SOURCES.append(opening_places)
