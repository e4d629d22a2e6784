"""What of invoices waits for a member of a council."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core.clock import LONDON
from tenders.needs.dashboard import TASK_SOURCES, Task
from tenders.payments.invoices import queries
from tenders.payments.invoices.models import Invoice

TITLES = {"to_check": "Check invoice {}", "disputed": "Settle the dispute of invoice {}", "to_pay": "Pay invoice {}"}
WHO = {"to_check": "approve_invoice", "disputed": "approve_invoice", "to_pay": "pay_invoice"}


def invoice_tasks(member: Membership) -> list[Task]:
    """Invoices to check, to settle and to pay, with their last lawful day; nobody is asked to pay what they approved or accepted."""
    if not has_permission("see_payments", member):
        return []
    return [
        Task(
            TITLES[row.status].format(row.invoice.number),
            f"/council/invoices/{row.invoice.reference}",
            row.invoice.supplier_name,
            _end_of(row.due.on),
        )
        for row in queries.invoices_of_authority(member.organisation_id)
        if row.status in TITLES
        and has_permission(WHO[row.status], member)
        and not (row.status == "to_pay" and member.person_id in _may_not_pay(row.invoice))
    ]


def _may_not_pay(invoice: Invoice) -> set[int | None]:
    accepted_by = invoice.milestone.accepted_by_id if invoice.milestone else None
    return {invoice.approved_by_id, accepted_by}


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), LONDON).astimezone(UTC)


TASK_SOURCES.append(invoice_tasks)
