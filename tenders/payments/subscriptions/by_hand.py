"""Without Stripe: our administrator records the invoice that was sent and the money that arrived. The ledger follows."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Problem, insist
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders.payments.subscriptions import books, events, queries, rules
from tenders.payments.subscriptions.actions import a_year_from, of, reprice, settle_stop
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.plans import price_of, term


@action
def record_invoice(subscription_id: int, by: Membership, number: str, issued_on: date | None) -> SubscriptionInvoice:
    """An invoice for the running year was sent outside; what the council has in hand pays for it first. Problems."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    is_known = queries.is_number_known(number)
    insist(rules.invoice_by_hand_problems(subscription, number, issued_on, is_known, clock.today()))
    assert issued_on is not None
    price = price_of(subscription.annual_pence, issued_on)
    invoice = SubscriptionInvoice(
        subscription=subscription,
        invoice_id=next_reference(db.session(), "SI", clock.today().year),
        number=number.strip(),
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=term("invoice.days", issued_on)),
        net_pence=price.net_pence,
        vat_pence=price.vat_pence,
        total_pence=price.total_pence,
        paid_pence=0,
        credited_pence=0,
        refunded_pence=0,
        gateway_status="open",
        purchase_order=subscription.purchase_order,
    )
    db.session.add(invoice)
    db.session.flush()
    books.post_sent(invoice)
    record(invoiced(invoice), by.actor("administrator"))
    _use_in_hand(invoice, by)
    return invoice


def invoiced(invoice: SubscriptionInvoice) -> events.SubscriptionInvoiced:
    """What the journal says of an invoice that was sent."""
    return events.SubscriptionInvoiced(
        **of(invoice.subscription),
        invoice=invoice.name,
        net_pence=invoice.net_pence,
        vat_pence=invoice.vat_pence,
        total_pence=invoice.total_pence,
        due_on=invoice.due_on,
    )


def _use_in_hand(invoice: SubscriptionInvoice, by: Membership) -> None:
    used = min(queries.in_hand_pence(invoice.subscription.organisation.reference), invoice.total_pence)
    if used > 0:
        books.post_from_hand(invoice, used, "from-hand")
        _paid(invoice, used, by)


@action
def record_payment(
    subscription_id: int, invoice_number: int, by: Membership, amount_pence: int, paid_on: date | None, bank_reference: str
) -> SubscriptionInvoice:
    """Money arrived in our bank account for the invoice; beyond what it asks for it is kept in hand. Problems."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    invoice = queries.get_invoice(subscription, invoice_number)
    problems = rules.payment_by_hand_problems(invoice, subscription.is_by_hand, amount_pence, paid_on, clock.today())
    insist(problems)
    assert paid_on is not None
    fact = f"bank/{paid_on.isoformat()}/{bank_reference.strip()}"
    if queries.is_posted(f"{invoice.invoice_id}/{fact}/all"):
        words = "A payment of that day with that reference is on record already. If there were two, say so in the reference"
        insist([Problem(words, "bank_reference")])
    left = queries.left_pence(invoice)
    books.post_bank(invoice, amount_pence, fact)
    beyond = max(amount_pence - max(left, 0), 0)
    if beyond:
        books.post_in_hand(invoice, beyond, f"{fact}/beyond")
    _paid(invoice, amount_pence - beyond, by)
    if beyond:
        happened = events.SubscriptionOverpaid(**of(subscription), invoice=invoice.name, in_hand_pence=beyond)
        record(happened, by.actor("administrator"))
    settle_stop(subscription)
    return invoice


def _paid(invoice: SubscriptionInvoice, pence: int, by: Membership) -> None:
    invoice.paid_pence += pence
    left = queries.left_pence(invoice)
    if left <= 0:
        invoice.gateway_status, invoice.paid_at = "paid", invoice.paid_at or clock.now()
    if pence:
        happened = events.SubscriptionPaid(
            **of(invoice.subscription), invoice=invoice.name, paid_pence=pence, left_pence=left
        )
        record(happened, by.actor("administrator"))


@action
def take_back_invoice(subscription_id: int, invoice_number: int, by: Membership, reason: str) -> SubscriptionInvoice:
    """An invoice that nothing was paid for is taken back: the ledger goes the way back. Raises Problems."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    invoice = queries.get_invoice(subscription, invoice_number)
    insist(rules.taking_back_problems(invoice, subscription.is_by_hand, reason))
    invoice.gateway_status, invoice.voided_at = "void", clock.now()
    books.post_voided(invoice)
    happened = events.SubscriptionInvoiceVoided(**of(subscription), invoice=invoice.name, reason=reason.strip())
    record(happened, by.actor("administrator"))
    settle_stop(subscription)
    return invoice


def end_or_renew(subscription: Subscription) -> None:
    """Inside an action: a year kept by hand is over, so it ends where it was cancelled, and begins anew otherwise."""
    assert subscription.period_ends_on is not None
    if subscription.cancel_asked_at is not None:
        end(subscription)
        return
    starts_on = subscription.period_ends_on + timedelta(days=1)
    subscription.period_starts_on, subscription.period_ends_on = starts_on, a_year_from(starts_on)
    reprice(subscription, starts_on)
    price = price_of(subscription.annual_pence, starts_on)
    record(
        events.SubscriptionRenewed(
            **of(subscription),
            period_starts_on=starts_on,
            period_ends_on=subscription.period_ends_on,
            total_pence=price.total_pence,
            is_by_hand=True,
        )
    )


def end(subscription: Subscription) -> None:
    """Inside an action: the subscription is over."""
    subscription.ended_at = clock.now()
    record(events.SubscriptionEnded(**of(subscription), ended_on=clock.today()))
    settle_stop(subscription)
