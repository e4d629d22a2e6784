"""What payments mean in the ledger."""

from __future__ import annotations

from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import Move, post
from tenders.payments.paying.models import Payment, PaymentRefund


def post_paid(payment: Payment) -> None:
    """The supplier has the money, or has it on the day that the payment names: so much less is owed."""
    _post(payment, f"{payment.reference}/paid", "payment", payment.amount_pence)


def post_came_back(payment: Payment, amount_pence: int) -> None:
    """The bank gave it back: the invoice is owed again."""
    _post(payment, f"{payment.reference}/came-back", "payment_back", -amount_pence)


def post_refund(refund: PaymentRefund) -> None:
    """The supplier gave it back: so much more is owed, or so much less was paid too much."""
    _post(refund.payment, f"{refund.payment.reference}/refund/{refund.id}", refund.kind, -refund.amount_pence)


def _post(payment: Payment, fact: str, kind: str, pence: int) -> None:
    books = contract_books(payment.invoice.contract.reference)
    post(fact, kind, payment.invoice.reference, [Move("all", books.owed, books.paid, pence)])
