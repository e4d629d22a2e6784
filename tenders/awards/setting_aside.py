"""A told award is given up before the contract: the winner will not sign, or cannot. Then the decision is made anew.

Two people set it aside, with a reason that everyone can read: somebody proposes, the award approver agrees. The next
award is a new proposal with its own approval, assessment summaries and standstill (Procurement Act 2023 s50, s51): it
never passes to the second bid by itself.
"""

from __future__ import annotations

from collections.abc import Collection

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Problem, insist
from marketplace.core.journal import record
from tenders.assessment import queries as assessment
from tenders.assessment.panel import Seat
from tenders.awards import queries, rules
from tenders.awards.events import AwardSetAside, SettingAsideAsked, SettingAsideRefused
from tenders.awards.models import Award
from tenders.bids import queries as bid_queries
from tenders.needs.actions import freeze, get_own_need, mark_award_set_aside, subject_of
from tenders.needs.models import Need

VERSION = "award_set_aside"


def asking_problems(need: Need, award: Award | None, reason: str) -> list[Problem]:
    """Whether it can be proposed to set the award aside: it was told, nothing is signed by both sides, a reason."""
    found = []
    if award is None or not award.is_told or award.bid_id is None:
        found.append(Problem("There is no award that the bidders know of."))
    elif need.contracted_at is not None:
        found.append(Problem("The contract is signed. It can be ended, but the award can no longer be set aside."))
    elif award.set_aside_asked_at is not None:
        found.append(Problem("It is proposed already to set this award aside."))
    if not reason.strip():
        found.append(Problem("Give the reason. Everyone can read it once the award is set aside", "reason"))
    return found


def deciding_problems(
    need: Need, award: Award | None, person_id: int, duties: Collection[str], seat: Seat | None
) -> list[Problem]:
    """Who agrees: the award approver, outside the panel, and not whoever proposed it."""
    if award is None or award.set_aside_asked_at is None:
        return [Problem("Nobody proposed to set this award aside.")]
    if need.contracted_at is not None:
        return [Problem("The contract is signed, so the award can no longer be set aside.")]
    if "award_approver" not in duties:
        return [Problem("The award approver named for this need decides on it.")]
    if award.set_aside_asked_by_id == person_id:
        return [Problem("You proposed it, so somebody else decides. Hand the duty of the approver over first.")]
    return [Problem(rules.ON_THE_PANEL)] if seat is not None else []


@action
def ask_to_set_aside(need_id: int, member: Membership, reason: str) -> Award:
    """Proposes to set the told award aside. Raises Problems."""
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    insist(asking_problems(need, award, reason))
    assert award is not None
    award.set_aside_asked_at, award.set_aside_asked_by_id = clock.now(), member.person_id
    award.set_aside_reason = reason.strip()
    record(SettingAsideAsked(**_of(award)), member.actor())
    return award


@action
def set_award_aside(need_id: int, member: Membership) -> Award:
    """The award approver agrees: the award is none any more, every bidder is told, and a new one can be proposed."""
    need, award = _to_decide(need_id, member)
    award.returned_at, award.return_reason = clock.now(), award.set_aside_reason
    award.set_aside_by_id = member.person_id
    mark_award_set_aside(need)
    freeze(need, VERSION, member, reason=award.set_aside_reason)
    bids = [each.reference for each in assessment.bids_of(need)]
    assert award.bid is not None
    record(AwardSetAside(**_of(award), bid=award.bid.reference, bids=bids), member.actor("award_approver"))
    db.session.flush()
    return award


@action
def refuse_to_set_aside(need_id: int, member: Membership) -> Award:
    """The award approver does not agree: the award stands, and the proposal stays in the journal."""
    _need, award = _to_decide(need_id, member)
    award.set_aside_asked_at = award.set_aside_asked_by_id = None
    award.set_aside_reason = ""
    record(SettingAsideRefused(**_of(award)), member.actor("award_approver"))
    return award


def _to_decide(need_id: int, member: Membership) -> tuple[Need, Award]:
    need = get_own_need(need_id, member)
    award = queries.find_award(need)
    duties = bid_queries.duties_on(need, member.person_id)
    seat = assessment.get_panel(need).find(member.person_id)
    insist(deciding_problems(need, award, member.person_id, duties, seat))
    assert award is not None
    return need, award


def _of(award: Award) -> dict[str, str]:
    return {**subject_of(award.need), "subject": award.reference}
