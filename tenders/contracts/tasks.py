"""What of contracts waits for a member of a council or of a supplier, and where a need's page leads to them."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.contracts import queries
from tenders.contracts.models import Contract
from tenders.contracts.status import LABELS, status_of
from tenders.needs.dashboard import PLACE_SOURCES, TASK_SOURCES, Place, Task
from tenders.needs.models import Need


def contract_tasks(member: Membership) -> list[Task]:
    """Contracts to draft and to sign, milestones and changes to decide, ends that have come."""
    if not has_permission("see_contracts", member):
        return []
    found = []
    if has_permission("draft_contract", member):
        found += [
            Task("Draft the contract", f"/council/needs/{each.need.reference}/contract", each.need.title)
            for each in queries.awards_to_draft(member.organisation_id)
        ]
    for contract in queries.contracts_of_authority(member.organisation_id):
        found += _of_contract(contract, member)
    return found


def _of_contract(contract: Contract, member: Membership) -> list[Task]:
    href, status, found = f"/council/contracts/{contract.reference}", status_of(contract), []
    if status == "draft" and contract.written_by_id == member.person_id:
        found.append(Task("Finish the contract and ask for signature", href, contract.title))
    if status == "to_sign" and has_permission("sign_contract", member) and contract.written_by_id != member.person_id:
        found.append(Task("Sign the contract", f"{href}/sign", contract.title))
    if status != "active":
        return found
    change = contract.waiting_modification
    if change and has_permission("sign_contract", member) and change.proposed_by_id != member.person_id:
        found.append(Task("Decide on a change", f"{href}/changes/{change.number}", contract.title))
    if has_permission("manage_contract", member):
        found += [
            Task(f"Accept or reject “{each.title}”", f"{href}/milestones/{each.id}/decide", contract.title)
            for each in contract.milestones
            if each.status == "delivered"
        ]
        if contract.ends_on < clock.today():
            found.append(Task("Record how the contract ended", f"{href}/end", contract.title))
    return found


def supplier_contract_tasks(member: Membership) -> list[Task]:
    """For a supplier's dashboard: contracts to sign, milestones to deliver with the day they are due."""
    found = []
    for contract in queries.contracts_of_supplier(member.organisation_id):
        href, status = f"/supplier/contracts/{contract.reference}", status_of(contract)
        if status == "sent" and has_permission("sign_supplier_contract", member):
            found.append(Task("Sign the contract", f"{href}/sign", contract.title, is_urgent=True))
        if status == "active" and has_permission("report_milestone", member):
            found += [
                Task.by_day(f"Deliver “{each.title}”", f"{href}/milestones/{each.id}/deliver", contract.title, each.due_on)
                for each in contract.milestones
                if each.status in ("planned", "rejected")
            ]
    return found


def contract_places(need: Need, member: Membership) -> list[Place]:
    """The contract, once an award is told."""
    if need.awarded_at is None:
        return []
    contract = queries.find_contract(need)
    if contract is None:
        may_draft = has_permission("draft_contract", member)
        return [
            Place("Contract", f"/council/needs/{need.reference}/contract" if may_draft else "", status="Not drafted")
        ]
    status = status_of(contract)
    href = f"/council/contracts/{contract.reference}"
    return [Place("Contract", href, status=LABELS[status], is_done=contract.is_signed)]


TASK_SOURCES.append(contract_tasks)
PLACE_SOURCES.append(contract_places)
