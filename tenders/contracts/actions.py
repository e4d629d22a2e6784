"""The verbs of a contract until it is signed: draft, write, ask, sign by both sides, send back."""

from __future__ import annotations

from datetime import date

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, Problem, insist
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders.awards import queries as awards
from tenders.awards.standstill import signing_problems
from tenders.contracts import events, queries, rules
from tenders.contracts.models import Contract, Milestone
from tenders.needs import queries as needs
from tenders.needs.actions import get_own_need, mark_contracted, subject_of


def of(contract: Contract) -> dict[str, str]:
    """What every event of a contract says of it."""
    return {**subject_of(contract.need), "subject": contract.reference}


def own_contract(contract_id: int, member: Membership) -> Contract:
    """The contract, its need locked before it, when it is the acting council's; else NotFound."""
    contract = _locked(contract_id)
    if contract.authority_id != member.organisation_id:
        raise NotFound(queries.NO_CONTRACT)
    return contract


def supplier_contract(contract_id: int, member: Membership) -> Contract:
    """The contract, locked, when it is the acting supplier's and the council has signed; else NotFound."""
    contract = _locked(contract_id)
    if contract.supplier_id != member.organisation_id or contract.council_signed_at is None:
        raise NotFound(queries.NO_CONTRACT)
    return contract


def _locked(contract_id: int) -> Contract:
    # The need first, as everywhere: two acts on one purchase wait for each other and never cross.
    needs.get_need(queries.get_contract(contract_id).need_id, lock=True)
    return queries.get_contract(contract_id, lock=True)


@action
def draft_contract(
    need_id: int,
    member: Membership,
    title: str,
    value_pence: int,
    starts_on: date,
    ends_on: date,
    difference_reason: str = "",
) -> Contract:
    """Drafts the contract of the need's award, with one milestone for the whole. Raises Problems.

    `difference_reason` says why the value is not the winner's price with VAT.
    """
    need = get_own_need(need_id, member)
    award = awards.find_made_award(need)
    insist(rules.drafting_problems(award, queries.find_contract(need) is not None))
    assert award is not None
    award_pence = awards.value_pence_of(award)
    problems = rules.values_problems(title, value_pence, starts_on, ends_on)
    insist([*problems, *rules.difference_problems(value_pence, award_pence, difference_reason)])
    assert award.bid is not None and need.authority_id is not None
    contract = Contract(
        reference=next_reference(db.session(), "C", clock.today().year),
        need=need,
        award=award,
        authority_id=need.authority_id,
        supplier_id=award.bid.supplier_id,
        title=title.strip(),
        value_pence=value_pence,
        difference_reason=_reason_kept(value_pence, award_pence, difference_reason),
        starts_on=starts_on,
        ends_on=ends_on,
        drafted_at=clock.now(),
        written_by_id=member.person_id,
    )
    contract.milestones = [
        Milestone(position=1, title="Everything delivered", due_on=ends_on, amount_pence=value_pence)
    ]
    db.session.add(contract)
    db.session.flush()
    supplier = award.bid.supplier.reference
    record(
        events.ContractDrafted(**of(contract), award=award.reference, supplier=supplier, value_pence=value_pence),
        member.actor(),
    )
    return contract


@action
def save_terms(
    contract_id: int,
    member: Membership,
    title: str,
    value_pence: int,
    starts_on: date,
    ends_on: date,
    difference_reason: str = "",
) -> Contract:
    """Saves the terms; milestones that no longer fit are told, not changed. Raises Problems."""
    contract = own_contract(contract_id, member)
    insist(rules.editing_problems(contract))
    award_pence = awards.value_pence_of(contract.award)
    problems = rules.values_problems(title, value_pence, starts_on, ends_on)
    insist([*problems, *rules.difference_problems(value_pence, award_pence, difference_reason)])
    contract.title, contract.value_pence = title.strip(), value_pence
    contract.difference_reason = _reason_kept(value_pence, award_pence, difference_reason)
    contract.starts_on, contract.ends_on = starts_on, ends_on
    _written(contract, member)
    return contract


def _reason_kept(value_pence: int, award_pence: int | None, reason: str) -> str:
    # A reason left in the form from before belongs to no difference once there is none.
    return "" if value_pence == award_pence else reason.strip()


@action
def save_milestone(
    contract_id: int, member: Membership, title: str, due_on: date, amount_pence: int, milestone_id: int | None = None
) -> Milestone:
    """Adds a milestone, or changes one, before signature. Raises Problems."""
    contract = own_contract(contract_id, member)
    insist(rules.milestone_problems(title, due_on, amount_pence, contract))
    if milestone_id is None:
        position = max((each.position for each in contract.milestones), default=0) + 1
        milestone = Milestone(position=position)
        contract.milestones.append(milestone)
    else:
        milestone = queries.get_milestone(contract, milestone_id)
    milestone.title, milestone.due_on, milestone.amount_pence = title.strip(), due_on, amount_pence
    _written(contract, member)
    return milestone


@action
def remove_milestone(contract_id: int, member: Membership, milestone_id: int) -> Contract:
    """Takes a milestone out before signature."""
    contract = own_contract(contract_id, member)
    insist(rules.editing_problems(contract))
    contract.milestones.remove(queries.get_milestone(contract, milestone_id))
    _written(contract, member)
    return contract


def _written(contract: Contract, member: Membership) -> None:
    contract.written_by_id = member.person_id
    contract.signature_asked_at = None
    db.session.flush()
    record(
        events.ContractSaved(
            **of(contract),
            value_pence=contract.value_pence,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
            milestones=len(contract.milestones),
        ),
        member.actor(),
    )


@action
def ask_signature(contract_id: int, member: Membership) -> Contract:
    """Asks the council's approvers to sign. Raises Problems with everything still to do."""
    contract = own_contract(contract_id, member)
    insist(rules.asking_problems(contract, awards.value_pence_of(contract.award)))
    contract.signature_asked_at, contract.return_reason = clock.now(), ""
    record(events.SignatureAsked(**of(contract)), member.actor())
    return contract


@action
def sign_for_council(contract_id: int, member: Membership) -> Contract:
    """An approver who did not write the terms signs. Raises Problems, also while the standstill runs (s51)."""
    contract = own_contract(contract_id, member)
    award_pence = awards.value_pence_of(contract.award)
    insist(rules.council_signing_problems(contract, member.person_id, award_problems(contract), award_pence))
    contract.council_signed_at, contract.council_signed_by_id = clock.now(), member.person_id
    record(
        events.ContractSignedByCouncil(**of(contract), supplier=contract.supplier.reference), member.actor("approver")
    )
    return contract


@action
def sign_for_supplier(contract_id: int, member: Membership) -> Contract:
    """The supplier's administrator signs: the contract is entered into and the need is contracted."""
    contract = supplier_contract(contract_id, member)
    insist(rules.supplier_signing_problems(contract, award_problems(contract)))
    contract.supplier_signed_at, contract.supplier_signed_by_id = clock.now(), member.person_id
    contract.first_value_pence, contract.first_ends_on = contract.value_pence, contract.ends_on
    mark_contracted(contract.need)
    record(
        events.ContractSigned(
            **of(contract),
            supplier=contract.supplier.reference,
            signed_on=clock.today(),
            value_pence=contract.value_pence,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
        ),
        member.actor("admin"),
    )
    return contract


@action
def return_contract(contract_id: int, member: Membership, reason: str) -> Contract:
    """The supplier sends the contract back unsigned; the council's signature is void."""
    contract = supplier_contract(contract_id, member)
    insist(rules.returning_problems(contract, reason))
    contract.council_signed_at = contract.council_signed_by_id = contract.signature_asked_at = None
    contract.return_reason = reason.strip()
    record(events.ContractReturned(**of(contract), supplier=contract.supplier.reference), member.actor("admin"))
    return contract


def award_problems(contract: Contract) -> list[Problem]:
    """What the award and its standstill say against signing today."""
    award = awards.get_award(contract.award_id)
    return signing_problems(award, awards.find_standstill(award), clock.today())
