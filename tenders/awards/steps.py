"""What of a decision waits for whom: for the council's dashboard and the need's page."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import db
from tenders.assessment import queries as assessment
from tenders.awards import queries
from tenders.awards.models import Award
from tenders.bids import queries as bid_queries
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need


def address_of(need: Need) -> str:
    return f"/council/needs/{need.reference}/award"


def award_tasks(member: Membership) -> list[Task]:
    """What this member can do for the decisions under way at the council."""
    if not has_permission("see_assessment", member):
        return []
    query = select(Need).where(
        Need.authority_id == member.organisation_id,
        Need.opened_at.is_not(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
        Need.contracted_at.is_(None),
    )
    needs = db.session.scalars(query.order_by(Need.opened_at, Need.id)).all()
    found = ((need, _waiting(need, member)) for need in needs)
    return [Task(title, address_of(need) + path, need.title) for need, (title, path) in found if title]


def _waiting(need: Need, member: Membership) -> tuple[str, str]:
    award = queries.find_award(need)
    is_officer = has_permission("send_summaries", member)
    if award is None:
        may_propose = is_officer or "chair" in bid_queries.duties_on(need, member.person_id)
        return ("Propose the award", "/propose") if may_propose and can_be_decided(need) else ("", "")
    if award.approved_at is None:
        is_approver = "award_approver" in bid_queries.duties_on(need, member.person_id)
        return ("Decide on the proposed award", "/decide") if is_approver else ("", "")
    if not award.is_told:
        return ("Tell every bidder the outcome", "/explanations") if is_officer else ("", "")
    if award.set_aside_asked_at is not None:
        is_approver = "award_approver" in bid_queries.duties_on(need, member.person_id)
        return ("Decide whether the award is set aside", "/set-aside/decide") if is_approver else ("", "")
    return ("Enter the award notice (UK6)", "/notice") if is_officer and waits_for_notice(award) else ("", "")


def can_be_decided(need: Need) -> bool:
    """Whether an award, or none, can be proposed: scores frozen, or no bid left in play."""
    return need.scores_frozen_at is not None or not assessment.get_board(need).in_play


def waits_for_notice(award: Award) -> bool:
    """Whether the standstill has not begun because the award notice is not recorded."""
    row = queries.find_standstill(award)
    return row is not None and row.applies and row.starts_on is None


def award_places(need: Need, member: Membership) -> list[Place]:
    """The award's page, once it can be decided."""
    if need.opened_at is None or need.withdrawn_at is not None or not has_permission("see_assessment", member):
        return []
    award = queries.find_award(need)
    if award is not None and award.is_told:
        return [Place("Award", address_of(need), status="Told to every bidder", is_done=True)]
    if award is not None:
        return [Place("Award", address_of(need), status="Approved" if award.approved_at else "Proposed")]
    if not can_be_decided(need):
        return [Place("Award", hint="After the scores are frozen", status="Not yet")]
    return [Place("Award", address_of(need), status="To be proposed")]


TASK_SOURCES.append(award_tasks)
PLACE_SOURCES.append(award_places)
