"""Who is written to about payments by card: the side that did not act, and both about what neither did."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer
from tenders.payments.invoices.emails import to_council, to_supplier
from tenders.payments.paying import queries


def told_supplier(line: JournalLine) -> Iterable[Letter]:
    """To the supplier: a card was charged, the money arrived."""
    payment = queries.get_by_reference(line.facts["payment"])
    return to_supplier(payment.invoice, payment=payment, amount_pence=line.facts["amount_pence"])


def told_finance(line: JournalLine) -> Iterable[Letter]:
    """To finance: the supplier gave money back."""
    payment = queries.get_by_reference(line.facts["payment"])
    return to_council(payment.invoice, "finance", payment=payment, amount_pence=line.facts["amount_pence"])


def not_paid(line: JournalLine) -> Iterable[Letter]:
    """To finance, unless it gave the try up itself."""
    if line.facts["given_up"]:
        return []
    payment = queries.get_by_reference(line.facts["payment"])
    return to_council(payment.invoice, "finance", payment=payment)


def told_both(line: JournalLine) -> Iterable[Letter]:
    """To both sides: a bank took money back, gave it again, or sent a payout back."""
    payment = queries.get_by_reference(line.facts["payment"])
    said = {"payment": payment, "amount_pence": line.facts["amount_pence"]}
    council = to_council(payment.invoice, "finance", side="council", **said)
    return [*council, *to_supplier(payment.invoice, side="supplier", **said)]


EMAILS: dict[str, Writer] = {
    "CardPaymentCharged": told_supplier,
    "CardPaymentArrived": told_supplier,
    "CardPaymentRefunded": told_finance,
    "CardPaymentFailed": not_paid,
    "CardPaymentDisputed": told_both,
    "CardMoneyGivenAgain": told_both,
    "CardPayoutFailed": told_both,
}
