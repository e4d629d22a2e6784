"""The status of an invoice, read from its facts and the ledger; the first that holds."""

from __future__ import annotations

from tenders.payments.invoices.models import Invoice

LABELS = {
    "withdrawn": "Withdrawn",
    "returned": "Sent back",
    "disputed": "Disputed",
    "overpaid": "Overpaid",
    "credited": "Credited in full",
    "to_check": "To check",
    "to_pay": "To pay",
    "paid": "Paid",
}
COLOURS = {
    "withdrawn": "grey",
    "returned": "grey",
    "disputed": "orange",
    "overpaid": "red",
    "to_check": "yellow",
    "to_pay": "blue",
    "paid": "green",
}
OPEN = ("disputed", "to_check", "to_pay")


def is_live(invoice: Invoice) -> bool:
    """Neither withdrawn nor sent back."""
    return invoice.withdrawn_at is None and invoice.returned_at is None


def credited_pence(invoice: Invoice) -> int:
    """The sum of its credit notes."""
    return sum(each.total_pence for each in invoice.credit_notes)


def status_of(invoice: Invoice, owed_pence: int) -> str:
    """The status by its name in LABELS; `owed_pence` is what the ledger says is still owed."""
    if not is_live(invoice):
        return "withdrawn" if invoice.withdrawn_at is not None else "returned"
    if invoice.open_dispute is not None:
        return "disputed"
    if owed_pence < 0:
        return "overpaid"
    if owed_pence == 0:
        return "credited" if credited_pence(invoice) == invoice.total_pence else "paid"
    return "to_check" if invoice.approved_at is None else "to_pay"
