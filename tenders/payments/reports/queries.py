"""Reading what the reports are made of: payments that arrived, invoices that became payable, reports published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.accounts.models import Authority, Organisation
from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from suppliers.profiles.models import Supplier
from tenders.contracts.models import Contract
from tenders.payments.invoices.models import Invoice
from tenders.payments.paying.models import Payment, PaymentRefund
from tenders.payments.reports import rules
from tenders.payments.reports.models import PaymentsReport
from tenders.payments.reports.rules import Figures, PaidSum, PayableSum, Period
from tenders.regimes import dates

SMALL = ("micro", "small", "medium")
NO_COUNCIL = "There is no council here at this address."


def received_on(invoice: Invoice) -> date:
    """The London day on which the invoice reached the council."""
    return clock.london_day(invoice.received_at)


def due_on(invoice: Invoice) -> date:
    """The last lawful day to pay it."""
    return dates.payment_due_on(received_on(invoice), invoice.due_on)


def arrived_payments(authority_id: int, period: Period) -> Sequence[Payment]:
    """The council's payments that reached a supplier in the period, the earliest first."""
    query = (
        select(Payment)
        .join(Payment.invoice)
        .where(Invoice.authority_id == authority_id, Payment.paid_on.between(period.starts_on, period.ends_on))
        .where(Payment.failed_at.is_(None))
        .order_by(Payment.paid_on, Payment.id)
        .options(
            joinedload(Payment.invoice).joinedload(Invoice.supplier),
            joinedload(Payment.invoice).joinedload(Invoice.contract).joinedload(Contract.need),
        )
    )
    return db.session.scalars(query).all()


def paid_sums(payments: Sequence[Payment]) -> list[PaidSum]:
    """Those payments as the rules read them."""
    return [
        PaidSum(
            received_on(each.invoice),
            due_on(each.invoice),
            each.paid_on,
            each.amount_pence,
            each.invoice.supplier.size in SMALL,
        )
        for each in payments
        if each.paid_on is not None
    ]


def payable_sums(authority_id: int, period: Period) -> list[PayableSum]:
    """Invoices whose last lawful day lies in the period and that were not in dispute on that day.

    What an authority disputes is not payable while it does (PA 2023 s68(3), s88(3)): such invoices are counted apart.
    In a half-year that is running, an invoice whose last lawful day has not passed is neither paid late nor unpaid yet.
    """
    past = _past(period)
    return [
        PayableSum(day, owed, max(0, owed - _settled(each, period.ends_on)))
        for each in _valid_invoices(authority_id)
        if past.holds(day := due_on(each))
        and not _is_disputed(each, day)
        and (owed := each.total_pence - _credited(each, period.ends_on)) > 0
    ]


def count_disputed(authority_id: int, period: Period) -> int:
    """Invoices in dispute on their last lawful day, that day being in the period."""
    past = _past(period)
    return sum(past.holds(day := due_on(each)) and _is_disputed(each, day) for each in _valid_invoices(authority_id))


def _past(period: Period) -> Period:
    """The days of the period that are over: all of them once it has ended."""
    return Period(period.starts_on, min(period.ends_on, clock.today() - rules.ONE_DAY))


def _valid_invoices(authority_id: int) -> Sequence[Invoice]:
    query = (
        select(Invoice)
        .where(Invoice.authority_id == authority_id, Invoice.returned_at.is_(None), Invoice.withdrawn_at.is_(None))
        .order_by(Invoice.id)
        .options(selectinload(Invoice.disputes), selectinload(Invoice.credit_notes))
    )
    return db.session.scalars(query).all()


def _is_disputed(invoice: Invoice, day: date) -> bool:
    return any(
        clock.london_day(each.raised_at) <= day
        and (each.resolved_at is None or clock.london_day(each.resolved_at) > day)
        for each in invoice.disputes
    )


def _credited(invoice: Invoice, until: date) -> int:
    return sum(each.total_pence for each in invoice.credit_notes if clock.london_day(each.received_at) <= until)


def _settled(invoice: Invoice, until: date) -> int:
    arrived = (Payment.invoice_id == invoice.id, Payment.failed_at.is_(None), Payment.paid_on <= until)
    paid = db.session.scalar(select(func.coalesce(func.sum(Payment.amount_pence), 0)).where(*arrived))
    back = select(PaymentRefund.kind, func.sum(PaymentRefund.amount_pence)).join(PaymentRefund.payment)
    back = back.where(*arrived, PaymentRefund.refunded_on <= until).group_by(PaymentRefund.kind)
    sums = {kind: int(pence) for kind, pence in db.session.execute(back)}
    return int(paid or 0) - sums.get("refund", 0) - sums.get("chargeback", 0) + sums.get("chargeback_won", 0)


def figures_of(authority_id: int, period: Period) -> Figures:
    """The period's figures as the record stands now."""
    return rules.figures(
        paid_sums(arrived_payments(authority_id, period)),
        payable_sums(authority_id, period),
        count_disputed(authority_id, period),
        period,
    )


def refunds_in(authority_id: int, period: Period) -> Sequence[PaymentRefund]:
    """Money that came back to the council in the period."""
    query = (
        select(PaymentRefund)
        .join(PaymentRefund.payment)
        .join(Payment.invoice)
        .where(Invoice.authority_id == authority_id)
        .where(PaymentRefund.refunded_on.between(period.starts_on, period.ends_on))
        .order_by(PaymentRefund.refunded_on, PaymentRefund.id)
        .options(joinedload(PaymentRefund.payment).joinedload(Payment.invoice).joinedload(Invoice.supplier))
    )
    return db.session.scalars(query).all()


def reports_of(authority_id: int) -> Sequence[PaymentsReport]:
    """Published reports, the newest half-year first."""
    query = select(PaymentsReport).where(PaymentsReport.authority_id == authority_id)
    return db.session.scalars(query.order_by(PaymentsReport.period_ended_on.desc())).all()


def find_report(authority_id: int, period: Period) -> PaymentsReport | None:
    """The published report of the half-year."""
    query = select(PaymentsReport).where(
        PaymentsReport.authority_id == authority_id, PaymentsReport.period_ended_on == period.ends_on
    )
    return db.session.scalar(query)


def get_council(slug: str) -> Organisation:
    """The council at this address; NotFound."""
    query = select(Organisation).join(Authority).where(Organisation.kind == "authority", Organisation.slug == slug)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(NO_COUNCIL)
    return found


def first_payment_on(authority_id: int) -> date | None:
    """The day of the first payment on record: what the list of periods begins with."""
    query = select(func.min(Payment.paid_on)).join(Payment.invoice).where(Invoice.authority_id == authority_id)
    return db.session.scalar(query)


def supplier_of(payment: Payment) -> Supplier:
    """Whom it paid."""
    return payment.invoice.supplier
