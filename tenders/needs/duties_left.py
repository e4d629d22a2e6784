"""A duty in a purchase under way keeps its holder from being erased: somebody else takes it over first."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.erasing import HINDRANCES
from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.errors import Problem
from tenders.needs.models import Need, PanelMember

DEEDS = {
    "opener": "open the bids",
    "evaluator": "score the bids",
    "chair": "chair the panel",
    "award_approver": "approve the award",
}


def is_still_to_do(duty: str, need: Need) -> bool:
    """Whether what the duty is for has not ended: opening, assessing, or awarding and signing."""
    if need.published_at is None or need.withdrawn_at or need.no_award_at or need.contracted_at:
        return False
    if duty == "opener":
        return need.opened_at is None
    return duty == "award_approver" or need.awarded_at is None


def duty_problems(person: Person) -> list[Problem]:
    """One for each duty that the person still holds, with what the council does first."""
    query = select(PanelMember).where(PanelMember.person_id == person.id).order_by(PanelMember.id)
    held = [(each.duty, db.session.get_one(Need, each.need_id)) for each in db.session.scalars(query)]
    return [
        Problem(
            f"This person is named to {DEEDS[duty]} for {need.reference}. {need.buyer_name} removes the person from "
            "its people and names somebody else on the page of that need, or the purchase ends, first"
        )
        for duty, need in held
        if is_still_to_do(duty, need)
    ]


HINDRANCES.append(duty_problems)
