"""What of invoices waits for a member of a council or of a supplier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.money import pounds
from tenders.contracts.queries import contracts_of_supplier
from tenders.needs.dashboard import TASK_SOURCES, Task
from tenders.payments.invoices import queries
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.queries import InvoiceRow

TITLES = {"to_check": "Check invoice {}", "disputed": "Settle the dispute of invoice {}", "to_pay": "Pay invoice {}"}
WHO = {"to_check": "approve_invoice", "disputed": "approve_invoice", "to_pay": "pay_invoice"}
# So long an invoice that was sent back is shown to the firm, unless it sent another since.
SENT_BACK_SHOWN = timedelta(days=30)


def invoice_tasks(member: Membership) -> list[Task]:
    """Invoices to check, to settle and to pay, with their last lawful day; nobody is asked to pay what they approved or accepted."""
    if not has_permission("see_payments", member):
        return []
    return [
        Task.by_day(
            TITLES[row.status].format(row.invoice.number),
            f"/council/invoices/{row.invoice.reference}",
            f"{row.invoice.supplier_name}, {pounds(row.owed_pence)} including VAT",
            row.due.on,
        )
        for row in queries.invoices_of_authority(member.organisation_id)
        if row.status in TITLES
        and has_permission(WHO[row.status], member)
        and not (row.status == "to_pay" and member.person_id in _may_not_pay(row.invoice))
    ]


def _may_not_pay(invoice: Invoice) -> set[int | None]:
    accepted_by = invoice.milestone.accepted_by_id if invoice.milestone else None
    return {invoice.approved_by_id, accepted_by}


# -- the supplier's


def supplier_invoice_tasks(member: Membership) -> list[Task]:
    """Disputes to answer, invoices sent back or overdue, accepted milestones that can be invoiced."""
    rows = queries.invoices_of_supplier(member.organisation_id)
    found = [task for row in rows for task in _overdue(row)]
    if not has_permission("raise_invoice", member):
        return found
    found += [task for row in rows for task in _to_answer(row, rows)]
    running = [each for each in contracts_of_supplier(member.organisation_id) if each.is_signed]
    for milestone, pence in queries.milestones_to_invoice(running):
        contract = milestone.contract
        href = f"/supplier/contracts/{contract.reference}/invoices/new?milestone={milestone.id}"
        about = f"{contract.need.buyer_name} accepted it: {pounds(pence)} including VAT is not invoiced yet"
        found.append(Task(f"Send the invoice for “{milestone.title}”", href, about, is_urgent=True))
    return found


def _overdue(row: InvoiceRow) -> Iterator[Task]:
    if row.is_overdue(clock.today()):
        owed = f"{row.invoice.contract.need.buyer_name} owes you {pounds(row.owed_pence)} including VAT"
        title = f"Invoice {row.invoice.number} is overdue: see what you may claim"
        yield Task.by_day(title, _address(row.invoice), owed, row.due.on, "It was to be paid by")


def _to_answer(row: InvoiceRow, rows: list[InvoiceRow]) -> Iterator[Task]:
    invoice, buyer = row.invoice, row.invoice.contract.need.buyer_name
    dispute = invoice.open_dispute
    if row.status == "disputed" and dispute is not None and not dispute.answer:
        yield Task(f"Answer the dispute of invoice {invoice.number}", f"{_address(invoice)}/answer", buyer, is_urgent=True)
    if row.status == "returned" and _is_news(invoice, rows):
        yield Task(f"Read why invoice {invoice.number} was sent back", _address(invoice), buyer, is_urgent=True)


def _is_news(invoice: Invoice, rows: list[InvoiceRow]) -> bool:
    """Sent back lately, and nothing was sent under the contract since."""
    at = invoice.returned_at
    if at is None or at < clock.now() - SENT_BACK_SHOWN:
        return False
    return not any(each.invoice.contract_id == invoice.contract_id and each.invoice.received_at > at for each in rows)


def _address(invoice: Invoice) -> str:
    return f"/supplier/invoices/{invoice.reference}"


TASK_SOURCES.append(invoice_tasks)
