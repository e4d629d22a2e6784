"""What payments by card mean in the ledger: charged, it is on its way; with the payout it is with the supplier."""

from __future__ import annotations

from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import Move, post, transfers_of
from tenders.payments.paying.models import Payment, PaymentRefund


def post_charged(payment: Payment) -> None:
    """The card was charged: so much less is owed, so much is on its way."""
    books = contract_books(payment.invoice.contract.reference)
    _post(payment, "charged", "card_charge", books.owed, books.on_its_way, payment.amount_pence)


def post_arrived(payment: Payment, left_pence: int) -> None:
    """The payout is at the supplier's bank, with what of the payment has not gone back before."""
    books = contract_books(payment.invoice.contract.reference)
    _post(payment, f"arrived/{payment.payout_id}", "card_payout", books.on_its_way, books.paid, left_pence)


def post_payout_failed(payment: Payment, payout_id: str, left_pence: int) -> None:
    """The bank sent the payout back: it is on its way again."""
    books = contract_books(payment.invoice.contract.reference)
    _post(payment, f"payout-failed/{payout_id}", "card_payout_back", books.paid, books.on_its_way, left_pence)


def post_back(refund: PaymentRefund) -> None:
    """Money went back to the council, or is with the supplier again: it is owed again, or no more."""
    payment = refund.payment
    books = contract_books(payment.invoice.contract.reference)
    held = books.paid if payment.paid_on is not None else books.on_its_way
    pence = -refund.amount_pence if refund.kind == "chargeback_won" else refund.amount_pence
    _post(payment, f"back/{refund.stripe_id}", refund.kind, held, books.owed, pence)


def has_come_back(payment: Payment, payout_id: str) -> bool:
    """Whether this payout of the payment came back once: then it never arrives any more."""
    subject, source = payment.invoice.reference, f"{payment.reference}/payout-failed/{payout_id}/"
    return any(each.source.startswith(source) for each in transfers_of(subject=subject))


def _post(payment: Payment, what: str, kind: str, debit: str, credit: str, pence: int) -> None:
    post(f"{payment.reference}/{what}", kind, payment.invoice.reference, [Move("all", debit, credit, pence)])
