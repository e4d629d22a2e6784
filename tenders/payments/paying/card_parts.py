"""What this room shows of cards on the page of an invoice: how to pay by one, and a payment that is under way."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from tenders.payments.gateway.door import is_on
from tenders.payments.invoices.parts import PARTS, Part
from tenders.payments.invoices.queries import InvoiceRow
from tenders.payments.paying import card_rules as rules
from tenders.payments.paying import queries
from tenders.payments.paying.card_accounts import find_account


def card_part(row: InvoiceRow, member: Membership) -> Part:
    """For the council: pay by card, go on, or why not. For the supplier: how to be paid by card."""
    invoice, account = row.invoice, find_account(row.invoice.supplier_id)
    under_way = next((each for each in queries.payments_of(invoice.id) if rules.is_under_way(each)), None)
    is_payable = invoice.approved_at is not None and row.owed_pence > 0
    problems = rules.paying_problems(invoice, member.person_id, row.owed_pence, under_way is not None, account, is_on())
    return Part(
        "tenders/payments/paying/_card.html",
        {
            "side": "council" if member.organisation.kind == "authority" else "supplier",
            "under_way": under_way,
            "can_pay": is_payable and not problems,
            # Why there is no button, where the reason is not shown beside already.
            "why_not": rules.account_problems(account, is_on()) if is_payable and under_way is None else [],
            "agrees": rules.has_consent(account),
            "is_on": is_on(),
            "invoice": invoice,
        },
    )


PARTS.append(card_part)
