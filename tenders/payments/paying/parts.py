"""What this room shows on the page of an invoice: its payments, what may be claimed for lateness, how to pay."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.payments.invoices.parts import PARTS, Part
from tenders.payments.invoices.queries import InvoiceRow
from tenders.payments.paying import queries, rules


def payments_part(row: InvoiceRow, member: Membership) -> Part:
    """Payments so far, the interest that may be claimed, and for finance how to record one more."""
    is_council = member.organisation.kind == "authority"
    return Part(
        "tenders/payments/paying/_payments.html",
        {
            "payments": queries.payments_of(row.invoice.id),
            "claim": queries.claim_of(row, clock.today()),
            "side": "council" if is_council else "supplier",
            "payer_problems": rules.payer_problems(row.invoice, member.person_id) if is_council else [],
            "row": row,
        },
    )


PARTS.insert(0, payments_part)  # BACS stands before other ways to pay
