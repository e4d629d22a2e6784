"""Finding payments: of an invoice, of a council, of a supplier. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, func, select

from marketplace.core import db
from marketplace.core.errors import NotFound
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.queries import InvoiceRow
from tenders.payments.paying.interest import Claim, LateSum, claim_for
from tenders.payments.paying.models import Payment

NO_PAYMENT = "There is no payment with this reference."


def payments_of(invoice_id: int) -> Sequence[Payment]:
    """An invoice's payments in the order of the tries, failed ones too."""
    return db.session.scalars(select(Payment).where(Payment.invoice_id == invoice_id).order_by(Payment.attempt)).all()


def next_attempt(invoice_id: int) -> int:
    """The number of the next try to pay an invoice, from 1. Inside an action that has locked the invoice."""
    return (db.session.scalar(select(func.max(Payment.attempt)).where(Payment.invoice_id == invoice_id)) or 0) + 1


def is_card_under_way(invoice_id: int) -> bool:
    """Whether a payment by card was begun that is neither charged nor given up: then nothing else is recorded."""
    begun = (Payment.invoice_id == invoice_id, Payment.method == "card")
    open_ = (Payment.failed_at.is_(None), Payment.charged_at.is_(None), Payment.paid_on.is_(None))
    return db.session.scalar(select(Payment.id).where(*begun, *open_).limit(1)) is not None


def get_payment_of(reference: str, authority_id: int) -> Payment:
    """The council's own payment; another council's is NotFound."""
    return _found(_of_invoices().where(Payment.reference == reference, Invoice.authority_id == authority_id))


def get_payment_of_supplier(reference: str, supplier_id: int) -> Payment:
    """A payment to the supplier itself; another's is NotFound."""
    return _found(_of_invoices().where(Payment.reference == reference, Invoice.supplier_id == supplier_id))


def get_by_reference(reference: str) -> Payment:
    """The payment that the journal calls by this reference; NotFound."""
    return _found(_of_invoices().where(Payment.reference == reference))


def _of_invoices() -> Select[Payment]:
    return select(Payment).join(Invoice, Invoice.id == Payment.invoice_id)


def _found(query: Select[Payment]) -> Payment:
    payment = db.session.scalar(query)
    if payment is None:
        raise NotFound(NO_PAYMENT)
    return payment


def claim_of(row: InvoiceRow, today: date) -> Claim | None:
    """What the supplier may claim because money came late, or has not come by today."""
    if row.status in ("returned", "withdrawn"):
        return None
    sums = [LateSum(each.amount_pence, each.paid_on) for each in payments_of(row.invoice.id) if each.paid_on is not None]
    return claim_for(row.due.on, [*sums, LateSum(max(row.owed_pence, 0), today)])
