"""Who is written to about a contract: whoever acts next, and the other side of what was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.accounts.models import Person
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from suppliers.profiles.queries import admins_of
from tenders.bids.queries import colleagues_who_bid
from tenders.contracts import queries
from tenders.contracts.models import Contract
from tenders.needs.queries import people_with_role


def _letters(contract: Contract, people: Iterable[Person], path: str, **context: Any) -> list[Letter]:
    said = {"contract": contract, "need": contract.need, "link": absolute(path), **context}
    unique = {each.id: each for each in people}
    return [Letter(each.email, {"name": each.name, **said}) for each in unique.values()]


def _to_council(contract: Contract, role: str, path: str = "", besides: int | None = None, **said: Any) -> list[Letter]:
    """To the council's people with a role; to its officers where nobody has it."""
    people = people_with_role(contract.authority_id, role) or people_with_role(contract.authority_id, "officer")
    chosen = [each for each in people if each.id != besides]
    return _letters(contract, chosen, f"/council/contracts/{contract.reference}{path}", **said)


def _to_supplier(contract: Contract, path: str = "", only_admins: bool = False, **said: Any) -> list[Letter]:
    people = admins_of(contract.supplier_id) if only_admins else colleagues_who_bid(contract.supplier_id)
    return _letters(contract, people, f"/supplier/contracts/{contract.reference}{path}", **said)


def signature_asked(line: JournalLine) -> Iterable[Letter]:
    """To the council's approvers, but not to whoever wrote the terms."""
    contract = queries.get_by_reference(line.subject)
    return _to_council(contract, "approver", "/sign", besides=contract.written_by_id)


def signed_by_council(line: JournalLine) -> Iterable[Letter]:
    """To the supplier's administrators: to sign."""
    return _to_supplier(queries.get_by_reference(line.subject), "/sign", only_admins=True)


def returned(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers: the supplier sent it back."""
    return _to_council(queries.get_by_reference(line.subject), "contract_manager")


def signed(line: JournalLine) -> Iterable[Letter]:
    """To both sides."""
    contract = queries.get_by_reference(line.subject)
    return [*_to_council(contract, "contract_manager"), *_to_supplier(contract)]


def delivered(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers: to accept or reject."""
    contract = queries.get_by_reference(line.subject)
    milestone = _milestone(contract, line)
    return _to_council(contract, "contract_manager", f"/milestones/{milestone.id}/decide", milestone=milestone)


def decided(line: JournalLine) -> Iterable[Letter]:
    """To the supplier: accepted, or rejected and why."""
    contract = queries.get_by_reference(line.subject)
    return _to_supplier(contract, milestone=_milestone(contract, line))


def _milestone(contract: Contract, line: JournalLine) -> Any:
    position = line.facts["milestone"]
    return next(each for each in contract.milestones if each.position == position)


def change_proposed(line: JournalLine) -> Iterable[Letter]:
    """To the approvers other than the proposer."""
    contract = queries.get_by_reference(line.subject)
    change = queries.get_modification(contract, line.facts["number"])
    path = f"/changes/{change.number}"
    return _to_council(contract, "approver", path, besides=change.proposed_by_id, change=change)


def change_approved(line: JournalLine) -> Iterable[Letter]:
    """To both sides."""
    contract = queries.get_by_reference(line.subject)
    change = queries.get_modification(contract, line.facts["number"])
    return [*_to_council(contract, "contract_manager", change=change), *_to_supplier(contract, change=change)]


def change_refused(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers."""
    contract = queries.get_by_reference(line.subject)
    return _to_council(contract, "contract_manager", change=queries.get_modification(contract, line.facts["number"]))


def both_sides(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers and to the supplier."""
    contract = queries.get_by_reference(line.subject)
    return [*_to_council(contract, "contract_manager"), *_to_supplier(contract)]


EMAILS: dict[str, Writer] = {
    "SignatureAsked": signature_asked,
    "ContractSignedByCouncil": signed_by_council,
    "ContractReturned": returned,
    "ContractSigned": signed,
    "MilestoneDelivered": delivered,
    "MilestoneAccepted": decided,
    "MilestoneRejected": decided,
    "ChangeProposed": change_proposed,
    "ChangeApproved": change_approved,
    "ChangeRefused": change_refused,
    "ContractEnding": both_sides,
    "ContractEnded": both_sides,
}
