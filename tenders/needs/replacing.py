"""A duty on a published need passes on when its holder has left, or no longer has the role for it.

Openers are not among these duties: each holds a share of the sealing key, so the room of the bids passes theirs on
(`tenders/bids/handing_over.py`), and keeps the same record. Evaluators and
the chair are replaced here until the bids are opened; after that the room of the assessment has its own way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.accounts.permissions import is_granted
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, Problem, insist
from marketplace.core.journal import record
from tenders.needs import events, queries, rules
from tenders.needs.actions import get_own_need, subject_of
from tenders.needs.models import DutyReplacement, Need, PanelMember

PERMISSION_OF_DUTY = {"evaluator": "score_bids", "chair": "moderate_scores", "award_approver": "approve_award"}
DUTY_DEEDS = {"evaluator": "score", "chair": "chair the panel", "award_approver": "approve the award"}


def can_hold(duty: str, member: Membership) -> bool:
    """Whether the member's roles allow the duty at all."""
    return duty in PERMISSION_OF_DUTY and is_granted(PERMISSION_OF_DUTY[duty], "authority", member.roles)


def replacing_problems(need: Need, duty: str, is_in_office: bool) -> list[Problem]:
    """Whether this duty can pass on now: its holder is gone, and what the duty is for has not ended."""
    if need.published_at is None:
        return [Problem("This need is not published yet. Name people in its own section")]
    if need.withdrawn_at or need.no_award_at or need.contracted_at:
        return [Problem("This purchase has ended, so nobody needs to take over")]
    if duty not in PERMISSION_OF_DUTY:
        return [Problem("An opener holds a share of the sealing key, which passes on from the page of the key")]
    if duty != "award_approver" and need.opened_at is not None:
        return [Problem("The bids are open: replace evaluators and the chair on the page of the assessment")]
    if is_in_office:
        return [Problem("Who was named is still there and has the role. A duty passes on only when that has ended")]
    return []


def successor_problems(need: Need, row: PanelMember, successor: Membership | None, acting_id: int) -> list[Problem]:
    """Whether this colleague can take the duty over: has the role, was not named by themselves, fits the others."""
    if successor is None or not can_hold(row.duty, successor):
        return [Problem("Choose a colleague who has the role for this duty", "person")]
    if successor.person_id == acting_id:
        return [Problem("Nobody takes over a duty by their own act. Ask a colleague to name you", "person")]
    named = [(each.duty, each.person_id) for each in need.panel]
    if (row.duty, successor.person_id) in named:
        return [Problem("This colleague has the duty already", "person")]
    after = [each for each in named if each != (row.duty, row.person_id)] + [(row.duty, successor.person_id)]
    worse = [each for each in rules.duty_problems(after, need.author_id) if each not in _before(need)]
    return [Problem(each, "person") for each in worse]


def _before(need: Need) -> Collection[str]:
    return rules.duty_problems([(each.duty, each.person_id) for each in need.panel], need.author_id)


def get_row(need: Need, row_id: int) -> PanelMember:
    """Who is named for what, by the row's number; NotFound."""
    for each in need.panel:
        if each.id == row_id:
            return each
    raise NotFound("Nobody is named for this duty.")


def is_in_office(need: Need, row: PanelMember) -> bool:
    """Whether the holder is still a member of the council with the role for the duty."""
    return row.person_id in _who_can_hold(need).get(row.duty, set())


def _who_can_hold(need: Need) -> dict[str, set[int]]:
    members = queries.members_of(need.authority_id) if need.authority_id else []
    return {duty: {each.person_id for each in members if can_hold(duty, each)} for duty in PERMISSION_OF_DUTY}


def vacant_duties(need: Need) -> list[PanelMember]:
    """The duties of a published need that can pass on now because their holders are gone."""
    able = _who_can_hold(need)
    return [
        each
        for each in need.panel
        if not replacing_problems(need, each.duty, each.person_id in able.get(each.duty, set()))
    ]


def replacements_of(need: Need) -> Sequence[DutyReplacement]:
    """Every duty of the need that passed on, in order."""
    query = select(DutyReplacement).where(DutyReplacement.need_id == need.id).order_by(DutyReplacement.id)
    return db.session.scalars(query).all()


@action
def replace_duty_holder(need_id: int, member: Membership, row_id: int, person_id: int, reason: str) -> DutyReplacement:
    """A colleague takes over a duty whose holder has left; both names and the reason are kept. Raises Problems."""
    need = get_own_need(need_id, member)
    row = get_row(need, row_id)
    insist(replacing_problems(need, row.duty, is_in_office(need, row)))
    successor = next((each for each in queries.members_of(member.organisation_id) if each.person_id == person_id), None)
    problems = successor_problems(need, row, successor, member.person_id)
    if not reason.strip():
        problems.append(Problem("Say why somebody else takes over", "reason"))
    insist(problems)
    assert successor is not None
    left = row.person
    kept = DutyReplacement(
        need_id=need.id,
        duty=row.duty,
        left_id=left.id,
        named_id=successor.person_id,
        replaced_by_id=member.person_id,
        replaced_at=clock.now(),
        reason=reason.strip(),
    )
    db.session.add(kept)
    row.person_id, row.named_at = successor.person_id, kept.replaced_at
    record(
        events.DutyHandedOver(
            **subject_of(need), duty=row.duty, left=left.pseudonym, named=successor.person.pseudonym
        ),
        member.actor(),
    )
    db.session.flush()
    db.session.expire(row, ["person"])
    return kept
