"""Finding contracts: of a council, of a supplier, of a need for everyone. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

from marketplace.core import db
from marketplace.core.errors import NotFound
from tenders.awards import queries as awards
from tenders.awards.models import Award
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.needs.models import Need

NO_CONTRACT = "There is no contract with this reference."


def get_contract(contract_id: int, lock: bool = False) -> Contract:
    """The contract with this id, locked and read afresh when asked; NotFound."""
    return _found(select(Contract).where(Contract.id == contract_id), lock)


def get_by_reference(reference: str) -> Contract:
    """The contract that the journal calls by this reference; NotFound."""
    return _found(select(Contract).where(Contract.reference == reference))


def get_contract_of(reference: str, authority_id: int) -> Contract:
    """The council's own contract; another council's is NotFound."""
    return _found(select(Contract).where(Contract.reference == reference, Contract.authority_id == authority_id))


def get_contract_of_supplier(reference: str, supplier_id: int) -> Contract:
    """The supplier's own contract, once the council has signed it; else NotFound."""
    own = (Contract.reference == reference, Contract.supplier_id == supplier_id)
    return _found(select(Contract).where(*own, Contract.council_signed_at.is_not(None)))


def _found(query: Select[Contract], lock: bool = False) -> Contract:
    if lock:
        query = query.with_for_update(of=Contract).execution_options(populate_existing=True)
    contract = db.session.scalar(query)
    if contract is None:
        raise NotFound(NO_CONTRACT)
    return contract


def get_milestone(contract: Contract, milestone_id: int) -> Milestone:
    """One milestone of the contract; NotFound."""
    for each in contract.milestones:
        if each.id == milestone_id:
            return each
    raise NotFound("There is no such milestone in this contract.")


def get_modification(contract: Contract, number: int) -> Modification:
    """One change of the contract by its number; NotFound."""
    for each in contract.modifications:
        if each.number == number:
            return each
    raise NotFound("There is no such change to this contract.")


def _counts() -> ColumnElement[bool]:
    """Contracts whose award stands: one that was set aside leaves a draft behind that nobody will sign."""
    return Contract.award_id.in_(select(Award.id).where(Award.returned_at.is_(None)))


def find_contract(need: Need) -> Contract | None:
    """The need's contract for the council that drafted it, signed or not; none of an award that was set aside."""
    query = select(Contract).where(Contract.need_id == need.id, _counts())
    return db.session.scalar(query.order_by(Contract.id.desc()).limit(1))


def contract_of(need: Need) -> Contract | None:
    """The need's contract for everyone: only once both sides have signed."""
    return db.session.scalar(_public(select(Contract).where(Contract.need_id == need.id)).limit(1))


def contracts_of_authority(authority_id: int) -> Sequence[Contract]:
    """A council's contracts: those not signed first, then by their end."""
    query = select(Contract).where(Contract.authority_id == authority_id, _counts()).options(joinedload(Contract.need))
    order = (Contract.supplier_signed_at.is_not(None), Contract.ended_at.is_not(None), Contract.ends_on, Contract.id)
    return db.session.scalars(query.order_by(*order)).unique().all()


def contracts_of_supplier(supplier_id: int) -> Sequence[Contract]:
    """A supplier's contracts that the council has signed, those to sign first, then by their end."""
    own = (Contract.supplier_id == supplier_id, Contract.council_signed_at.is_not(None))
    query = select(Contract).where(*own, _counts())
    order = (Contract.supplier_signed_at.is_not(None), Contract.ended_at.is_not(None), Contract.ends_on, Contract.id)
    return db.session.scalars(query.options(joinedload(Contract.need)).order_by(*order)).unique().all()


def public_contracts_of_supplier(supplier_id: int) -> Sequence[Contract]:
    """Contracts that the supplier won, for its public page: signed by both sides, newest first."""
    query = select(Contract).where(Contract.supplier_id == supplier_id).options(joinedload(Contract.need))
    return db.session.scalars(_public(query)).unique().all()


def public_contracts_of_authority(authority_id: int) -> Sequence[Contract]:
    """Contracts that the council signed, for its public page, newest first."""
    query = select(Contract).where(Contract.authority_id == authority_id).options(joinedload(Contract.need))
    return db.session.scalars(_public(query)).unique().all()


def _public(query: Select[Contract]) -> Select[Contract]:
    signed = (Contract.council_signed_at.is_not(None), Contract.supplier_signed_at.is_not(None))
    return query.where(*signed).order_by(Contract.supplier_signed_at.desc(), Contract.id.desc())


def awards_to_draft(authority_id: int) -> list[Award]:
    """Awards of the council that the bidders know of and that have no contract yet, oldest first."""
    query = (
        select(Award)
        .join(Need, Need.id == Award.need_id)
        .outerjoin(Contract, Contract.award_id == Award.id)
        .where(
            Need.authority_id == authority_id,
            Need.awarded_at.is_not(None),
            Award.summaries_sent_at.is_not(None),
            Award.returned_at.is_(None),
            Award.bid_id.is_not(None),
            Contract.id.is_(None),
        )
    )
    return list(db.session.scalars(query.order_by(Award.summaries_sent_at, Award.id)).unique())


def contracts_ending(by: date) -> Sequence[Contract]:
    """Contracts that run, end by this day and whose sides have not been told yet, the first to end first."""
    query = select(Contract).where(
        Contract.supplier_signed_at.is_not(None),
        Contract.ended_at.is_(None),
        Contract.ending_told_at.is_(None),
        Contract.ends_on <= by,
    )
    return db.session.scalars(query.order_by(Contract.ends_on, Contract.id)).all()


@dataclass(frozen=True)
class Sums:
    """A contract's money side by side, in pence: the winner's price without and with VAT, what is or was signed with
    VAT, and the estimate that was published with the need.
    """

    price_pence: int | None
    price_with_vat_pence: int | None
    value_pence: int
    estimate_pence: int | None

    @property
    def differs(self) -> bool:
        return self.price_with_vat_pence is not None and self.price_with_vat_pence != self.value_pence


def sums_of(contract: Contract) -> Sums:
    """The money of a contract as it was, or is to be, signed: changes after the signature are told by themselves."""
    signed = contract.first_value_pence
    return award_sums(contract.award, contract.value_pence if signed is None else signed)


def award_sums(award: Award, value_pence: int) -> Sums:
    """The money of an award beside a contract's value, in pence including VAT."""
    estimate = award.need.estimated_value_pence
    return Sums(awards.price_pence_of(award), awards.value_pence_of(award), value_pence, estimate)


def first_terms(need: Need) -> dict[str, Any]:
    """What a draft starts from: the award's value with VAT in pence, the need's title and dates."""
    award = awards.find_made_award(need)
    return {
        "title": need.title,
        "value_pence": awards.value_pence_of(award) if award else None,
        "starts_on": need.starts_on,
        "ends_on": need.ends_on,
    }
