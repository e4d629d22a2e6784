"""The verbs of a contract that runs: milestones, changes, the reminder of its end, and the end."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from tenders.contracts import events, queries, rules
from tenders.contracts.actions import of, own_contract, supplier_contract
from tenders.contracts.changes import Change, Verdict, is_public, verdict_on
from tenders.contracts.grounds import get_ground
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.needs.models import Need
from tenders.needs.rules import regime_of

TOLD_BEFORE = timedelta(days=60)


# -- the order


@action
def name_order_number(contract_id: int, member: Membership, number: str) -> Contract:
    """The contract manager names the order number that invoices carry; "" takes it away."""
    contract = own_contract(contract_id, member)
    contract.purchase_order = number.strip()
    record(events.OrderNumberNamed(**of(contract), has_number=bool(contract.purchase_order)), member.actor("contract_manager"))
    return contract


# -- milestones


@action
def deliver_milestone(contract_id: int, member: Membership, milestone_id: int, note: str) -> Milestone:
    """The supplier reports a milestone as delivered, for the first time or again after a rejection."""
    contract = supplier_contract(contract_id, member)
    milestone = queries.get_milestone(contract, milestone_id)
    insist(rules.delivering_problems(milestone, note))
    milestone.delivered_at, milestone.delivery_note = clock.now(), note.strip()
    milestone.rejected_at = None
    event = events.MilestoneDelivered(
        **of(contract), milestone=milestone.position, supplier=contract.supplier.reference
    )
    record(event, member.actor())
    return milestone


@action
def decide_milestone(contract_id: int, member: Membership, milestone_id: int, accepts: bool, note: str) -> Milestone:
    """The contract manager accepts a delivered milestone, or rejects it with a reason. Raises Problems."""
    contract = own_contract(contract_id, member)
    milestone = queries.get_milestone(contract, milestone_id)
    insist(rules.deciding_problems(milestone, accepts, note))
    milestone.decision_note = note.strip()
    said: dict[str, Any] = {
        **of(contract),
        "milestone": milestone.position,
        "supplier": contract.supplier.reference,
    }
    if accepts:
        milestone.accepted_at, milestone.accepted_by_id = clock.now(), member.person_id
        record(events.MilestoneAccepted(**said, amount_pence=milestone.amount_pence), member.actor("contract_manager"))
    else:
        milestone.rejected_at = clock.now()
        record(events.MilestoneRejected(**said), member.actor("contract_manager"))
    return milestone


# -- changes


def change_of(contract: Contract, value_change_pence: int, new_ends_on: date | None, scope_stays: bool) -> Change:
    """The figures of a change to this contract as it stands."""
    first_value = contract.first_value_pence or contract.value_pence
    return Change(
        first_value_pence=first_value,
        changed_before_pence=contract.value_pence - first_value,
        value_change_pence=value_change_pence,
        starts_on=contract.starts_on,
        first_ends_on=contract.first_ends_on or contract.ends_on,
        ends_on=contract.ends_on,
        new_ends_on=new_ends_on,
        scope_stays=scope_stays,
        estimated_pence=contract.need.estimated_value_pence,
    )


def verdict_for(contract: Contract, change: Change, ground: str) -> Verdict:
    """The result of the Act's test under the rules pinned to the need."""
    return verdict_on(change, get_ground(ground), regime_of(contract.need, clock.now()))


@action
def propose_change(
    contract_id: int,
    member: Membership,
    ground: str,
    reason: str,
    value_change_pence: int = 0,
    new_ends_on: date | None = None,
    scope_stays: bool = True,
) -> Modification:
    """The contract manager proposes a change; the test's result is computed now and kept with it."""
    contract = own_contract(contract_id, member)
    change = change_of(contract, value_change_pence, new_ends_on, scope_stays)
    insist(rules.proposing_problems(contract, change, ground, reason))
    verdict = verdict_for(contract, change, ground)
    modification = Modification(
        number=len(contract.modifications) + 1,
        ground=ground,
        reason=reason.strip(),
        value_change_pence=value_change_pence,
        new_ends_on=new_ends_on,
        needs_notice=verdict.needs_notice,
        test_result=json.dumps([asdict(each) for each in verdict.findings], ensure_ascii=False),
        proposed_by_id=member.person_id,
        proposed_at=clock.now(),
    )
    contract.modifications.append(modification)
    db.session.flush()
    record(
        events.ChangeProposed(
            **of(contract),
            number=modification.number,
            ground=ground,
            value_change_pence=value_change_pence,
            new_ends_on=new_ends_on,
            needs_notice=verdict.needs_notice,
            warnings=sum(not each.holds for each in verdict.findings),
        ),
        member.actor("contract_manager"),
    )
    return modification


@action
def approve_change(
    contract_id: int, member: Membership, number: int, knows_warnings: bool = False, notice_number: str = ""
) -> Modification:
    """An approver other than the proposer approves; the change takes effect and the milestones follow the value."""
    contract = own_contract(contract_id, member)
    modification = queries.get_modification(contract, number)
    said = (member.person_id, knows_warnings, notice_number, contract.need.is_demonstration)
    insist(rules.approving_problems(contract, modification, *said))
    modification.approved_at, modification.approved_by_id = clock.now(), member.person_id
    modification.notice_number = notice_number.strip()
    if modification.new_ends_on is not None:
        contract.ends_on, contract.ending_told_at = modification.new_ends_on, None
    contract.value_pence += modification.value_change_pence
    _follow(contract, modification)
    db.session.flush()
    record(
        events.ChangeApproved(
            **of(contract),
            number=number,
            value_pence=contract.value_pence,
            ends_on=contract.ends_on,
            notice_number=modification.notice_number,
        ),
        member.actor("approver"),
    )
    return modification


def _follow(contract: Contract, modification: Modification) -> None:
    """More money is a milestone of its own; less comes off the last milestones still to be delivered."""
    difference = modification.value_change_pence
    if difference > 0:
        position = max(each.position for each in contract.milestones) + 1
        title = f"Change {modification.number}: {get_ground(modification.ground).title}"
        contract.milestones.append(
            Milestone(position=position, title=title, due_on=contract.ends_on, amount_pence=difference)
        )
    for each in reversed(contract.milestones):
        if difference < 0 and each.status in ("planned", "rejected"):
            taken = min(each.amount_pence, -difference)
            each.amount_pence -= taken
            difference += taken


def correct_change_notice(need: Need, about: str, notice_number: str) -> None:
    """Inside the action that corrects the notice: the change (contract's reference/number) has the right number."""
    reference, _, number = about.rpartition("/")
    contract = queries.find_contract(need)
    if contract is not None and contract.reference == reference and number.isdigit():
        modification = queries.get_modification(contract, int(number))
        if modification.notice_number:
            modification.notice_number = notice_number


@action
def refuse_change(contract_id: int, member: Membership, number: int, reason: str) -> Modification:
    """An approver refuses the change with a reason."""
    contract = own_contract(contract_id, member)
    modification = queries.get_modification(contract, number)
    insist(rules.refusing_problems(modification, member.person_id, reason))
    modification.refused_at, modification.refused_by_id = clock.now(), member.person_id
    modification.refusal_reason = reason.strip()
    record(events.ChangeRefused(**of(contract), number=number), member.actor("approver"))
    return modification


# -- the end


@action
def end_contract(contract_id: int, member: Membership, kind: str, reason: str, outcome: str) -> Contract:
    """Ends the contract: completed or expired, or terminated early by an approver. The outcome is public at once."""
    contract = own_contract(contract_id, member)
    insist(rules.ending_problems(contract, kind, reason, outcome, clock.today()))
    contract.ended_at, contract.end_kind = clock.now(), kind
    contract.end_reason, contract.outcome = reason.strip(), outcome.strip()
    still = change_of(contract, 0, None, scope_stays=True)
    event = events.ContractEnded(
        **of(contract),
        kind=kind,
        ended_on=clock.today(),
        is_public=is_public(still, regime_of(contract.need, clock.now())),
    )
    record(event, member.actor("approver" if kind == "terminated" else "contract_manager"))
    return contract


def remind_of_endings() -> int:
    """Tells both sides once of every contract that ends within sixty days; for the timetable."""
    due = [each.id for each in queries.contracts_ending(clock.today() + TOLD_BEFORE)]
    for contract_id in due:
        _tell_of_ending(contract_id)
    return len(due)


@action
def _tell_of_ending(contract_id: int) -> None:
    contract = queries.get_contract(contract_id, lock=True)
    if contract.ending_told_at is None and contract.ended_at is None:
        contract.ending_told_at = clock.now()
        record(events.ContractEnding(**of(contract), ends_on=contract.ends_on))
