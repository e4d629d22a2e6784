"""The verbs of a payment by BACS: recorded, missing, corrected, given back by the bank or by the supplier."""

from __future__ import annotations

from datetime import date

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders.payments.invoices.actions import of
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.deciding import councils_invoice
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.queries import get_invoice
from tenders.payments.paying import books, events, queries, rules
from tenders.payments.paying.models import Payment, PaymentRefund, RemittanceLine


@action
def record_payment(
    invoice_id: int,
    member: Membership,
    amount_pence: int | None,
    sent_on: date | None,
    paid_on: date | None = None,
    bank_reference: str = "",
) -> Payment:
    """Finance records a payment by BACS that was sent; without `paid_on` the BACS cycle says it. Raises Problems."""
    invoice = councils_invoice(invoice_id, member)
    owed, under_way = owed_pence(invoice), queries.is_card_under_way(invoice.id)
    said = (member.person_id, owed, under_way, amount_pence, sent_on, paid_on, clock.today())
    insist(rules.recording_problems(invoice, *said))
    assert amount_pence is not None and sent_on is not None
    return put_on_record(invoice, member, amount_pence, sent_on, paid_on or rules.arrival_of(sent_on), bank_reference)


def put_on_record(
    invoice: Invoice,
    member: Membership,
    amount_pence: int,
    sent_on: date,
    paid_on: date,
    bank_reference: str,
    line: RemittanceLine | None = None,
) -> Payment:
    """Inside an action that has asked the rules: the row, the ledger, the journal."""
    payment = Payment(
        reference=next_reference(db.session(), "P", clock.today().year),
        invoice=invoice,
        attempt=queries.next_attempt(invoice.id),
        method="bacs",
        amount_pence=amount_pence,
        asked_at=clock.now(),
        asked_by_id=member.person_id,
        sent_on=sent_on,
        paid_on=paid_on,
        bank_reference=bank_reference.strip()[:60],
        remittance_line_id=line.id if line else None,
    )
    db.session.add(payment)
    db.session.flush()
    books.post_paid(payment)
    record(
        events.BacsPaymentRecorded(
            **of(invoice),
            payment=payment.reference,
            amount_pence=amount_pence,
            sent_on=sent_on,
            paid_on=paid_on,
            remittance=line.remittance.reference if line else "",
        ),
        member.actor("finance"),
    )
    return payment


def _councils_payment(reference: str, member: Membership) -> Payment:
    """The payment, its invoice locked before it, when it is the acting council's; else NotFound."""
    payment = queries.get_payment_of(reference, member.organisation_id)
    get_invoice(payment.invoice_id, lock=True)
    db.session.refresh(payment)
    return payment


@action
def say_not_arrived(reference: str, member: Membership) -> Payment:
    """The supplier says that a payment is not there; finance is told."""
    payment = queries.get_payment_of_supplier(reference, member.organisation_id)
    get_invoice(payment.invoice_id, lock=True)
    db.session.refresh(payment)
    insist(rules.not_arrived_problems(payment, clock.today()))
    payment.not_arrived_at = clock.now()
    record(events.PaymentNotArrived(**of(payment.invoice), payment=payment.reference), member.actor())
    return payment


@action
def correct_arrival(reference: str, member: Membership, paid_on: date | None) -> Payment:
    """Finance says on which day the supplier really had the money; a word that it is missing is answered by that."""
    payment = _councils_payment(reference, member)
    insist(rules.standing_problems(payment))
    assert payment.sent_on is not None
    chosen = paid_on or rules.arrival_of(payment.sent_on)
    insist(rules.arrival_problems(payment.sent_on, chosen))
    payment.paid_on, payment.not_arrived_at = chosen, None
    record(
        events.ArrivalCorrected(**of(payment.invoice), payment=payment.reference, paid_on=chosen),
        member.actor("finance"),
    )
    return payment


@action
def record_came_back(reference: str, member: Membership, reason: str) -> Payment:
    """The bank gave the payment back: what of it was not refunded before is owed again."""
    payment = _councils_payment(reference, member)
    insist(rules.standing_problems(payment))
    left = rules.left_pence(payment)
    payment.failed_at, payment.failure, payment.paid_on = clock.now(), reason.strip(), None
    payment.not_arrived_at = None
    books.post_came_back(payment, left)
    record(
        events.BacsPaymentCameBack(**of(payment.invoice), payment=payment.reference, amount_pence=left),
        member.actor("finance"),
    )
    return payment


@action
def record_refund(
    reference: str, member: Membership, amount_pence: int | None, refunded_on: date | None, reason: str
) -> PaymentRefund:
    """Finance records that the supplier gave money of a payment back. Raises Problems."""
    payment = _councils_payment(reference, member)
    insist(rules.refunding_problems(payment, amount_pence, refunded_on, clock.today()))
    assert amount_pence is not None and refunded_on is not None
    refund = PaymentRefund(
        kind="refund",
        amount_pence=amount_pence,
        refunded_on=refunded_on,
        reason=reason.strip(),
        recorded_at=clock.now(),
        recorded_by_id=member.person_id,
    )
    payment.refunds.append(refund)
    db.session.flush()
    books.post_refund(refund)
    record(
        events.BacsRefundRecorded(
            **of(payment.invoice), payment=payment.reference, amount_pence=amount_pence, refunded_on=refunded_on
        ),
        member.actor("finance"),
    )
    return refund
