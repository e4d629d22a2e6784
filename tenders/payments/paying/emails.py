"""Who is written to about a payment by BACS."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer
from tenders.payments.invoices.emails import to_council, to_supplier
from tenders.payments.paying import queries


def told_supplier(line: JournalLine) -> Iterable[Letter]:
    """To the supplier: paid, or given back by the bank."""
    payment = queries.get_by_reference(line.facts["payment"])
    return to_supplier(payment.invoice, payment=payment)


def told_finance(line: JournalLine) -> Iterable[Letter]:
    """To finance: the supplier misses a payment."""
    payment = queries.get_by_reference(line.facts["payment"])
    return to_council(payment.invoice, "finance", payment=payment)


def refunded(line: JournalLine) -> Iterable[Letter]:
    """To the supplier, that its money came back to the council."""
    payment = queries.get_by_reference(line.facts["payment"])
    return to_supplier(payment.invoice, payment=payment, amount_pence=line.facts["amount_pence"])


EMAILS: dict[str, Writer] = {
    "BacsPaymentRecorded": told_supplier,
    "PaymentNotArrived": told_finance,
    "BacsPaymentCameBack": told_supplier,
    "BacsRefundRecorded": refunded,
}
