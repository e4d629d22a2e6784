"""Compares what Stripe says of money with our rows and the ledger, every night and by command.

What differs is put on record before anything is mended; then the same functions that events call bring our side in
line, and what still differs stays open on the administrator's page until it is gone or somebody says why it may stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.money import pounds
from tenders.payments.gateway.actions import Difference, put_differences_on_record
from tenders.payments.gateway.answers import ChargeState
from tenders.payments.gateway.door import Door, get_door
from tenders.payments.ledger import accounts
from tenders.payments.ledger.posting import balance
from tenders.payments.paying.card_accounts import connected_accounts
from tenders.payments.paying.card_sync import sync_payment, sync_payout
from tenders.payments.paying.models import Payment
from tenders.payments.paying.rules import left_pence
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.syncing import sync_all

WINDOW = timedelta(days=120)  # a card's bank can take money back for about four months
PAYOUT_TAKES = timedelta(days=14)  # a new account's first payout may take so long
NOTHING = "nothing"


@dataclass(frozen=True)
class Found:
    """Differences before our side was brought in line, and those that are left."""

    before: list[Difference]
    left: list[Difference]

    @property
    def mended(self) -> int:
        return len(self.before) - len([each for each in self.before if each in self.left])


def reconcile() -> Found:
    """Compares, puts on record what differs, brings our side in line, compares again. Raises GatewayDown."""
    before = compare()
    put_differences_on_record(before)
    if before:
        _bring_in_line()
    left = compare() if before else []
    put_differences_on_record(left)
    return Found(before, left)


def reconcile_nightly() -> int:
    """The same for the timetable."""
    reconcile()
    return 0


def _bring_in_line() -> None:
    for account in connected_accounts():
        for payout in reversed(get_door().list_payouts(account, since=clock.now() - WINDOW)):
            sync_payout(account, payout.id)
    for reference in _card_payments():
        sync_payment(reference)
    sync_all()


def _card_payments() -> list[str]:
    query = select(Payment.reference).where(Payment.method == "card", Payment.asked_at >= clock.now() - WINDOW)
    found = list(db.session.scalars(query.order_by(Payment.id)))
    db.session.rollback()
    return found


def compare() -> list[Difference]:
    """Everything that Stripe and the house tell differently of the last 120 days, in a fixed order."""
    gate, since = get_door(), clock.now() - WINDOW
    found = [*_subscriptions(gate, since), *_own_balance(gate)]
    for account in connected_accounts():
        found += _cards(gate, account, since)
    db.session.rollback()
    return sorted(found, key=lambda each: (each.object_id, each.what))


def _told(object_id: str, what: str, ours: int, theirs: int) -> Iterator[Difference]:
    if ours != theirs:
        yield Difference(object_id, what, pounds(ours), pounds(theirs), theirs - ours)


# Payments by card on a supplier's account


def _cards(gate: Door, account: str, since: datetime) -> Iterator[Difference]:
    charges = {each.id: each for each in gate.list_charges(account, since=since) if each.status == "succeeded"}
    query = select(Payment).where(Payment.account_id == account, Payment.charged_at >= since).order_by(Payment.id)
    ours = {each.charge_id: each for each in db.session.scalars(query)}
    for charge_id, charge in charges.items():
        if charge_id not in ours:
            yield from _unknown_charge(gate, account, charge)
    for charge_id, payment in ours.items():
        known = charges.get(charge_id)
        if known is None:
            yield Difference(charge_id, "A charge that only we know", pounds(payment.amount_pence), NOTHING, -payment.amount_pence)
            continue
        yield from _told(charge_id, "What was charged", payment.amount_pence, known.amount_pence)
        yield from _told(charge_id, "What is left of a charge", left_pence(payment), _left(gate, account, known))
        yield from _arrival(gate, account, payment)
        yield from _ledger(payment)


def _unknown_charge(gate: Door, account: str, charge: ChargeState) -> Iterator[Difference]:
    # The supplier may charge others on its account: that is no matter of ours.
    reference = gate.get_intent(charge.intent, account).metadata.get("reference", "") if charge.intent else ""
    known = select(Payment.id).where(Payment.reference == reference, Payment.account_id == account)
    if reference and db.session.scalar(known) is not None:
        yield Difference(charge.id, "A charge that only Stripe knows", NOTHING, pounds(charge.amount_pence), charge.amount_pence)


def _left(gate: Door, account: str, charge: ChargeState) -> int:
    taken = 0
    if charge.is_disputed:
        taken = sum(each.moved_pence for each in gate.list_disputes(account, charge_id=charge.id))
    return charge.amount_pence - charge.refunded_pence - taken


def _arrival(gate: Door, account: str, payment: Payment) -> Iterator[Difference]:
    carried = gate.get_payout(payment.payout_id, account) if payment.payout_id else None
    arrived = carried.arrives_at.date() if carried is not None and carried.status == "paid" else None
    if payment.paid_on != arrived:
        ours, theirs = (f"{each:%d %B %Y}" if each else "not yet" for each in (payment.paid_on, arrived))
        yield Difference(payment.payout_id or payment.charge_id, f"When {payment.reference} arrived", ours, theirs)
    if payment.payout_id == "" and left_pence(payment) and _is_overdue(payment):
        # A supplier that pays itself out by hand: Stripe does not say which charges such a payout carries.
        yield Difference(payment.charge_id, f"No payout of {payment.reference} is known", "charged", NOTHING)


def _is_overdue(payment: Payment) -> bool:
    return payment.charged_at is not None and payment.charged_at + PAYOUT_TAKES < clock.now()


def _ledger(payment: Payment) -> Iterator[Difference]:
    """Ours against ours: what the ledger has on its way and paid for the payment's invoice is what the rows say."""
    invoice = payment.invoice
    books = accounts.contract_books(invoice.contract.reference)
    query = select(Payment).where(Payment.invoice_id == invoice.id, Payment.failed_at.is_(None))
    rows = [each for each in db.session.scalars(query) if each.charged_at is not None or each.method == "bacs"]
    posted = -balance(books.on_its_way, invoice.reference) - balance(books.paid, invoice.reference)
    yield from _told(invoice.reference, "The ledger and the payments of an invoice", posted, sum(map(left_pence, rows)))


# Our own account


def _subscriptions(gate: Door, since: datetime) -> Iterator[Difference]:
    theirs = {each.id: each for each in gate.list_invoices(since=since) if each.status not in ("draft", "")}
    ids = list(theirs)
    query = select(SubscriptionInvoice).where(SubscriptionInvoice.invoice_id.in_(ids))
    ours = {each.invoice_id: each for each in db.session.scalars(query)}
    of_ours = set(db.session.scalars(select(Subscription.subscription_id).where(Subscription.subscription_id != "")))
    for invoice_id, there in theirs.items():
        here = ours.get(invoice_id)
        if here is None:
            if there.subscription in of_ours and there.total_pence:
                yield Difference(invoice_id, "An invoice that only Stripe knows", NOTHING, pounds(there.total_pence), there.total_pence)
            continue
        yield from _told(invoice_id, "An invoice’s sum", here.total_pence, there.total_pence)
        yield from _told(invoice_id, "What is paid of an invoice", here.paid_pence, there.paid_pence)
        if here.gateway_status != there.status:
            yield Difference(invoice_id, "An invoice’s status", here.gateway_status, there.status)


def _own_balance(gate: Door) -> Iterator[Difference]:
    yield from _told("balance", "Our balance with Stripe", balance(accounts.STRIPE), gate.get_balance().total_pence)
    customers = select(Subscription.customer_id).where(Subscription.customer_id != "").distinct()
    for customer in db.session.scalars(customers.order_by(Subscription.customer_id)).all():
        ours = balance(accounts.STRIPE_CASH, customer)
        yield from _told(customer, "A council’s money not yet used", ours, gate.get_cash_balance_pence(customer))
