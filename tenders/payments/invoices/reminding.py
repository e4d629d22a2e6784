"""Reminders of the last lawful day to pay: a week before, the day before, and the day after. Once each."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.core.db import action
from marketplace.core.journal import record
from tenders.payments.invoices import events, queries
from tenders.payments.invoices.actions import of
from tenders.payments.invoices.due import reminder_due


def remind_of_payments() -> int:
    """For the timetable: tells councils of what is to be paid soon or should have been. Gives how many."""
    today = clock.today()
    due = [
        row.invoice.id
        for row in queries.owed_invoices()
        if row.is_open and reminder_due(row.due.on, today, row.invoice.reminded_for)
    ]
    return sum(_remind(invoice_id) for invoice_id in due)


@action
def _remind(invoice_id: int) -> bool:
    row = queries.row_of(queries.get_invoice(invoice_id, lock=True))
    reminder = reminder_due(row.due.on, clock.today(), row.invoice.reminded_for) if row.is_open else None
    if reminder is None:
        return False
    row.invoice.reminded_for = reminder
    left = row.due.days_left(clock.today())
    record(
        events.InvoicePaymentDue(**of(row.invoice), due_on=row.due.on, days_left=left, owed_pence=row.owed_pence)
    )
    return True
