"""invoices.csv: every invoice that reached a council, what was decided on it, and what the ledger says is owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from marketplace.core.clock import london_day
from marketplace.core.csvfile import Column
from tenders.contracts.models import Contract, Milestone
from tenders.needs.models import Need
from tenders.payments.invoices.books import owed_in_sql
from tenders.payments.invoices.models import CreditNote, Invoice, InvoiceDispute
from tenders.regimes.dates import payment_due_on

COLUMNS = (
    shape.reference("reference", "Reference of the invoice here", "invoices.reference"),
    shape.reference("contract", "Reference of the contract", "contracts.reference"),
    shape.NEED,
    shape.COUNCIL,
    shape.COUNCIL_NAME,
    shape.reference("supplier", "Reference of the supplier", "organisations.reference via invoices.supplier_id"),
    shape.words("supplier_name", "The supplier’s name when it sent the invoice", "invoices.supplier_name"),
    shape.words("number", "The supplier’s own number", "invoices.number"),
    shape.number("milestone", "Place of the milestone in the contract; empty for another sum", "milestones.position"),
    shape.words("description", "What it is for, in the supplier’s words", "invoices.description"),
    shape.words("purchase_order", "Order number on the invoice", "invoices.purchase_order"),
    shape.day("invoiced_on", "Date of the invoice", "invoices.invoiced_on"),
    shape.day("due_on", "When the supplier asks to be paid by; the law’s day may be later", "invoices.due_on"),
    Column("last_lawful_on", "The last day on which the law wants it paid", "day", "received_at, or due_on if later, and 29 days",
           lambda row: payment_due_on(london_day(row.received_at), row.due_on)),
    shape.money("net_gbp", "Sum before VAT", "invoices.net_pence", shape.WITHOUT_VAT),
    shape.money("vat_gbp", "VAT that is part of the total", "invoices.vat_pence"),
    shape.money("total_gbp", "Total", "invoices.total_pence"),
    shape.money("credited_gbp", "Sum of its credit notes", "sum of credit_notes.total_pence"),
    shape.money("paid_gbp", "What was paid of it, less what came back: total less credited and owed", "balance of ledger_transfers"),
    shape.money("owed_gbp", "What is still owed; below nought what was paid too much; nought once withdrawn or sent back", "balance of ledger_transfers"),
    shape.instant("received_at", "When it reached the council", "invoices.received_at"),
    shape.words("document_sha256", "SHA-256 of the supplier’s own document, when it sent one", "invoices.file_sha256"),
    shape.instant("withdrawn_at", "When the supplier took it back", "invoices.withdrawn_at"),
    shape.instant("returned_at", "When the council sent it back as not valid", "invoices.returned_at"),
    shape.person("returned_by", "Who sent it back", "people.pseudonym via invoices.returned_by_id"),
    shape.words("return_reason", "Why", "invoices.return_reason"),
    shape.number("disputes", "How often it was disputed", "count of invoice_disputes"),
    shape.instant("dispute_open_since", "When the dispute that is open was raised", "invoice_disputes.raised_at"),
    shape.instant("approved_at", "When it was approved", "invoices.approved_at"),
    shape.person("approved_by", "Who approved it, never who paid it", "people.pseudonym via invoices.approved_by_id"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    i, firm, milestone = Invoice, aliased(Organisation), Milestone
    disputes = select(func.count(InvoiceDispute.id)).where(InvoiceDispute.invoice_id == i.id)
    still = select(func.max(InvoiceDispute.raised_at)).where(
        InvoiceDispute.invoice_id == i.id, InvoiceDispute.resolved_at.is_(None)
    )
    credited = select(func.coalesce(func.sum(CreditNote.total_pence), 0)).where(CreditNote.invoice_id == i.id)
    is_live = i.withdrawn_at.is_(None) & i.returned_at.is_(None)
    chosen = select(
        i.reference,
        Contract.reference.label("contract"),
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Organisation.name.label("council_name"),
        firm.reference.label("supplier"),
        i.supplier_name,
        i.number,
        milestone.position.label("milestone"),
        i.description,
        i.purchase_order,
        i.invoiced_on,
        i.due_on,
        i.net_pence,
        i.vat_pence,
        i.total_pence,
        credited.scalar_subquery().label("credited_pence"),
        case((is_live, i.total_pence - credited.scalar_subquery() - owed_in_sql()), else_=0).label("paid_pence"),
        owed_in_sql().label("owed_pence"),
        i.received_at,
        i.file_sha256.label("document_sha256"),
        i.withdrawn_at,
        i.returned_at,
        shape.who(i.returned_by_id).label("returned_by"),
        i.return_reason,
        disputes.scalar_subquery().label("disputes"),
        still.scalar_subquery().label("dispute_open_since"),
        i.approved_at,
        shape.who(i.approved_by_id).label("approved_by"),
    )
    query = chosen.select_from(i).join(Contract, Contract.id == i.contract_id).join(Need, Need.id == Contract.need_id)
    query = query.join(Organisation, Organisation.id == i.authority_id).join(firm, firm.id == i.supplier_id)
    query = query.outerjoin(milestone, milestone.id == i.milestone_id)
    return scope.narrow(query, Organisation.slug, i.received_at).order_by(i.received_at, i.id)


EXPORT = shape.Export(
    "invoices", "One invoice of a supplier under a contract", "From its receipt", "received_at", COLUMNS, _query
)
