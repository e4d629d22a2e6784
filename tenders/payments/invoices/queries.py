"""Finding invoices: of a council, of a supplier, of a contract. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from tenders.contracts.models import Contract, Milestone
from tenders.payments.invoices.books import owed_in_sql, owed_of
from tenders.payments.invoices.due import Due, days_left_words, due_of
from tenders.payments.invoices.models import CreditNote, Invoice
from tenders.payments.invoices.status import COLOURS, LABELS, OPEN, credited_pence, is_live, status_of

# With VAT rounded to the penny no sum before VAT may come to a milestone's amount exactly: what then stays is nothing.
ROUNDING_PENCE = 1
NO_INVOICE = "There is no invoice with this reference."


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice with what the ledger says is owed for it (pence), its status, and its last lawful day."""

    invoice: Invoice
    owed_pence: int
    status: str
    due: Due

    @property
    def label(self) -> str:
        return LABELS[self.status]

    @property
    def colour(self) -> str:
        return COLOURS.get(self.status, "grey")

    @property
    def credited_pence(self) -> int:
        """What its credit notes took off."""
        return credited_pence(self.invoice)

    @property
    def paid_pence(self) -> int:
        """What was paid of it so far, less what came back; nought for one that was withdrawn or sent back."""
        if not is_live(self.invoice):
            return 0
        return self.invoice.total_pence - self.credited_pence - self.owed_pence

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it by its day."""
        return self.status in OPEN

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due.on < today

    @property
    def days_left(self) -> str:
        return days_left_words(self.due.days_left(clock.today())) if self.is_open else ""


def get_invoice(invoice_id: int, lock: bool = False) -> Invoice:
    """The invoice with this id, locked and read afresh when asked; NotFound."""
    return _found(select(Invoice).where(Invoice.id == invoice_id), lock)


def get_by_reference(reference: str, lock: bool = False) -> Invoice:
    """The invoice that the journal calls by this reference; NotFound."""
    return _found(select(Invoice).where(Invoice.reference == reference), lock)


def get_invoice_of(reference: str, authority_id: int) -> Invoice:
    """The council's own invoice; another council's is NotFound."""
    return _found(select(Invoice).where(Invoice.reference == reference, Invoice.authority_id == authority_id))


def get_invoice_of_supplier(reference: str, supplier_id: int) -> Invoice:
    """The supplier's own invoice; another's is NotFound."""
    return _found(select(Invoice).where(Invoice.reference == reference, Invoice.supplier_id == supplier_id))


def _found(query: Select[Invoice], lock: bool = False) -> Invoice:
    if lock:
        query = query.with_for_update(of=Invoice).execution_options(populate_existing=True)
    invoice = db.session.scalar(query)
    if invoice is None:
        raise NotFound(NO_INVOICE)
    return invoice


def row_of(invoice: Invoice) -> InvoiceRow:
    """One invoice as the pages show it."""
    return rows_of([invoice])[0]


def rows_of(invoices: Sequence[Invoice]) -> list[InvoiceRow]:
    """Invoices as the pages show them, in the order given; what is owed is read from the ledger at once."""
    owed = owed_of(invoices)
    return [InvoiceRow(each, owed[each.reference], status_of(each, owed[each.reference]), due_of(each)) for each in invoices]


def invoices_of_authority(authority_id: int) -> list[InvoiceRow]:
    """A council's invoices, the first due first."""
    return _by_day(_whole().where(Invoice.authority_id == authority_id))


def invoices_of_supplier(supplier_id: int) -> list[InvoiceRow]:
    """A supplier's invoices, the first due first."""
    return _by_day(_whole().where(Invoice.supplier_id == supplier_id))


def invoices_of_contract(contract_id: int) -> list[InvoiceRow]:
    """A contract's invoices, the first due first."""
    return _by_day(_whole().where(Invoice.contract_id == contract_id))


def owed_invoices() -> list[InvoiceRow]:
    """Every invoice of every council of which something is owed, the first due first."""
    return _by_day(_whole().where(owed_in_sql() > 0))


def _whole() -> Select[Invoice]:
    contract = joinedload(Invoice.contract)
    return select(Invoice).options(
        contract.joinedload(Contract.need),
        joinedload(Invoice.supplier),
        selectinload(Invoice.disputes),
        selectinload(Invoice.credit_notes),
    )


def _by_day(query: Select[Invoice]) -> list[InvoiceRow]:
    rows = rows_of(db.session.scalars(query.order_by(Invoice.received_at, Invoice.id)).unique().all())
    return sorted(rows, key=lambda each: (each.due.on, each.invoice.id))


def is_number_used(contract_id: int, number: str) -> bool:
    """Whether a live invoice of the contract has this number, whatever its capitals."""
    live = (Invoice.contract_id == contract_id, Invoice.withdrawn_at.is_(None), Invoice.returned_at.is_(None))
    same = func.lower(Invoice.number) == number.strip().lower()
    return db.session.scalar(select(Invoice.id).where(*live, same).limit(1)) is not None


def invoiced_pence(contract_id: int, milestone_id: int | None = None, besides: int = 0) -> int:
    """What live invoices of a contract (of one milestone) ask for, less credit notes; pence with VAT."""
    live = [
        Invoice.contract_id == contract_id,
        Invoice.id != besides,
        Invoice.withdrawn_at.is_(None),
        Invoice.returned_at.is_(None),
    ]
    if milestone_id is not None:
        live.append(Invoice.milestone_id == milestone_id)
    asked = db.session.scalar(select(func.coalesce(func.sum(Invoice.total_pence), 0)).where(*live))
    notes = select(func.coalesce(func.sum(CreditNote.total_pence), 0)).join(Invoice).where(*live)
    return int(asked or 0) - int(db.session.scalar(notes) or 0)


def milestones_to_invoice(contracts: Sequence[Contract]) -> list[tuple[Milestone, int]]:
    """Accepted milestones of which something is not invoiced yet, in their order, with how much; pence with VAT.

    What a credit note took off an invoice is given up, not still to be invoiced, unless it took off the whole.
    """
    accepted = [each for contract in contracts for each in contract.milestones if each.accepted_at is not None]
    asked = _asked_by_milestone([each.id for each in accepted])
    left = [(each, each.amount_pence - asked.get(each.id, 0)) for each in accepted]
    return [(each, pence) for each, pence in left if pence > ROUNDING_PENCE]


def _asked_by_milestone(milestone_ids: Sequence[int]) -> dict[int, int]:
    """What live invoices that are not credited in full ask for, by milestone; pence with VAT, before credit notes."""
    credited = (
        select(func.coalesce(func.sum(CreditNote.total_pence), 0))
        .where(CreditNote.invoice_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
    )
    query = (
        select(Invoice.milestone_id, func.sum(Invoice.total_pence))
        .where(Invoice.milestone_id.in_(milestone_ids), credited < Invoice.total_pence)
        .where(Invoice.withdrawn_at.is_(None), Invoice.returned_at.is_(None))
        .group_by(Invoice.milestone_id)
    )
    return {milestone_id: int(pence) for milestone_id, pence in db.session.execute(query) if milestone_id is not None}


def last_invoice(supplier_id: int) -> Invoice | None:
    """The firm's last invoice: the next one starts from its address and VAT number."""
    query = select(Invoice).where(Invoice.supplier_id == supplier_id).order_by(Invoice.id.desc())
    return db.session.scalar(query.limit(1))
