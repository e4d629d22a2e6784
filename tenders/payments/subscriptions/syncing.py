"""What Stripe has of subscriptions, brought into our rows and the ledger: fetched, compared, stored under the row's lock.

Idempotent, and never backwards: a year that has begun does not end before it began, what is over stays over. So it
cannot matter in which order Stripe's events come, how often, or whether they come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.journal import record
from tenders.payments.gateway import door
from tenders.payments.gateway.answers import CheckoutSession, CreditNoteState, InvoiceState, SubscriptionState
from tenders.payments.gateway.looking import Looks
from tenders.payments.gateway.models import GatewayEvent
from tenders.payments.subscriptions import books, events, queries
from tenders.payments.subscriptions.actions import of, settle_stop
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.plans import price_of

LOOKS_BACK = timedelta(days=40)  # before the last line of our balance that was posted
STILL_WATCHED = timedelta(days=400)  # an ended subscription's invoices can still be paid, credited, disputed


# A subscription and its page for a card


def sync_subscription(stripe_id: str) -> bool:
    """Brings the subscription in line; False when it is none of ours."""
    known = _find_row(stripe_id)
    if known is None:
        state = door.get_door().get_subscription(stripe_id)
        known = queries.find_by_reference(state.metadata.get("reference", ""))
        if known is None:
            return False
    subscription_id = known.id
    db.session.rollback()
    store_state(subscription_id, door.get_door().get_subscription(stripe_id))
    return True


def _find_row(stripe_id: str) -> Subscription | None:
    return db.session.scalar(select(Subscription).where(Subscription.subscription_id == stripe_id))


@action
def store_state(subscription_id: int, state: SubscriptionState) -> None:
    """What Stripe says of the subscription becomes what our row says."""
    row = queries.get_subscription(subscription_id, lock=True)
    if row.ended_at is not None or row.subscription_id not in ("", state.id):
        return
    if state.status == "incomplete":
        return  # its first payment has not succeeded: nothing is ordered
    if not row.subscription_id:
        _take_on(row, state)
    if row.gateway_cancels != state.cancels_at_period_end:
        _take_cancelling(row, state)
    if row.gateway_status != state.status:
        row.gateway_status = state.status
        record(events.SubscriptionStateChanged(**of(row), status=state.status))
    _take_period(row, state)
    if state.ended_at is not None:
        row.ended_at = state.ended_at
        record(events.SubscriptionEnded(**of(row), ended_on=clock.london_day(state.ended_at)))
    settle_stop(row)


def _take_on(row: Subscription, state: SubscriptionState) -> None:
    row.subscription_id, row.customer_id = state.id, state.customer
    starts_on, ends_on = _period(state)
    # What Stripe collects is what was chosen there, whatever the page here was left at.
    row.pays_by = "card" if state.collection_method == "charge_automatically" else "transfer"
    if row.ordered_at is not None:
        record(events.BroughtToStripe(**of(row), what=["subscription_id"]))
        return
    row.ordered_at = state.created_at
    row.period_starts_on, row.period_ends_on = starts_on, ends_on
    price = price_of(row.annual_pence, starts_on or clock.today())
    happened = events.SubscriptionOrdered(
        **of(row),
        band=row.band,
        net_pence=price.net_pence,
        total_pence=price.total_pence,
        pays_by=row.pays_by,
        period_starts_on=starts_on or clock.today(),
        period_ends_on=ends_on or clock.today(),
        is_by_hand=False,
    )
    record(happened)


def _take_cancelling(row: Subscription, state: SubscriptionState) -> None:
    # Changed there by somebody else, or our own wish arrived: either way Stripe's last word is the council's wish now.
    row.gateway_cancels = state.cancels_at_period_end
    if state.cancels_at_period_end and row.cancel_asked_at is None:
        row.cancel_asked_at = state.canceled_at or clock.now()
        record(events.CancellationAsked(**of(row), ends_on=row.period_ends_on))
    elif not state.cancels_at_period_end and row.cancel_asked_at is not None:
        row.cancel_asked_at = None
        record(events.CancellationTakenBack(**of(row)))
    else:
        record(events.BroughtToStripe(**of(row), what=["gateway_cancels"]))


def _period(state: SubscriptionState) -> tuple[date | None, date | None]:
    starts_on, ends_on = _day(state.period_starts_at), _day(state.period_ends_at)
    return starts_on, ends_on - timedelta(days=1) if ends_on else None


def _take_period(row: Subscription, state: SubscriptionState) -> None:
    starts_on, ends_on = _period(state)
    if starts_on is None or ends_on is None or row.period_starts_on is None or starts_on <= row.period_starts_on:
        return
    row.period_starts_on, row.period_ends_on = starts_on, ends_on
    price = price_of(row.annual_pence, starts_on)
    happened = events.SubscriptionRenewed(
        **of(row),
        period_starts_on=starts_on,
        period_ends_on=ends_on,
        total_pence=price.total_pence,
        is_by_hand=False,
    )
    record(happened)


def _day(instant: datetime | None) -> date | None:
    return clock.london_day(instant) if instant else None


def sync_session(session_id: str) -> bool:
    """A page for paying by card: paid on, it is an order; shut, it is forgotten. False when it is none of ours."""
    page = door.get_door().get_session(session_id)
    known = queries.find_by_reference(page.reference)
    if known is None:
        return False
    subscription_id = known.id
    db.session.rollback()
    if page.status == "complete" and page.subscription:
        sync_subscription(page.subscription)
        state = door.get_door().get_subscription(page.subscription)
        if state.latest_invoice:
            sync_invoice(state.latest_invoice)
    if page.status != "open":
        _forget_page(subscription_id, page)
    return True


@action
def _forget_page(subscription_id: int, page: CheckoutSession) -> None:
    row = queries.get_subscription(subscription_id, lock=True)
    if row.session_id != page.id:
        return
    row.session_id = row.session_url = ""
    if row.ordered_at is None:
        row.pays_by = ""
    record(events.CardPageClosed(**of(row), was_paid=page.status == "complete"))


# An invoice of ours


def sync_invoice(invoice_id: str) -> bool:
    """Brings the invoice and the council's money in line; False when it is none of ours."""
    there = door.get_door()
    state = there.get_invoice(invoice_id)
    row = _find_row(state.subscription) if state.subscription else None
    if row is None and state.subscription and sync_subscription(state.subscription):
        row = _find_row(state.subscription)
    if row is None:
        return False
    subscription_id = row.id
    db.session.rollback()
    if state.status == "draft" or not state.total_pence:
        return True
    notes = [each for each in there.list_credit_notes(invoice_id) if each.status != "void"]
    store_invoice(subscription_id, state, notes, _given_back(state.intents))
    sync_cash(state.customer)
    return True


def _given_back(intents: Iterable[str]) -> int:
    """What went back by Stripe of what these payments brought: refunds and chargebacks, in pence."""
    there, pence = door.get_door(), 0
    for intent_id in intents:
        refunds = there.list_refunds(intent_id=intent_id)
        pence += sum(each.amount_pence for each in refunds if each.status not in ("failed", "canceled"))
        for charge in there.list_charges(intent_id=intent_id):
            if charge.is_disputed:
                pence += sum(each.moved_pence for each in there.list_disputes(charge_id=charge.id))
    return pence


@action
def store_invoice(
    subscription_id: int, state: InvoiceState, notes: list[CreditNoteState], refunded_pence: int
) -> None:
    """What Stripe says of the invoice becomes what our row and the ledger say."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    invoice = queries.find_invoice(state.id) or _new_invoice(subscription, state)
    before = _said(invoice)
    _put(invoice, page_url=state.page_url or invoice.page_url, pdf_url=state.pdf_url or invoice.pdf_url)
    steps = (_take_credit(invoice, notes), _take_refunds(invoice, notes, refunded_pence), _take_paid(invoice, state))
    _take_status(invoice, state)
    _take_failure(invoice, state)
    if any(steps) or _said(invoice) != before:
        record(events.SubscriptionStateChanged(**of(subscription), status=invoice.gateway_status, invoice=invoice.name))
    settle_stop(subscription)


def _put(invoice: SubscriptionInvoice, **values: object) -> None:
    # What is written again as it was counts as a change, and a change must be told.
    for name, value in values.items():
        if getattr(invoice, name) != value:
            setattr(invoice, name, value)


def _said(invoice: SubscriptionInvoice) -> tuple[object, ...]:
    return (
        invoice.page_url, invoice.pdf_url, invoice.gateway_status, invoice.credited_pence, invoice.refunded_pence,
        invoice.paid_pence, invoice.paid_at, invoice.voided_at, invoice.failed_at,
    )  # fmt: skip


def _new_invoice(subscription: Subscription, state: InvoiceState) -> SubscriptionInvoice:
    issued_on = _day(state.finalized_at) or clock.today()
    invoice = SubscriptionInvoice(
        subscription=subscription,
        invoice_id=state.id,
        number=state.number,
        issued_on=issued_on,
        due_on=_day(state.due_at) or issued_on,  # a card is charged at once
        net_pence=state.net_pence,
        vat_pence=state.vat_pence,
        total_pence=state.total_pence,
        paid_pence=0,
        credited_pence=0,
        refunded_pence=0,
        gateway_status="open",
        purchase_order=state.purchase_order,
    )
    db.session.add(invoice)
    db.session.flush()
    books.post_sent(invoice)
    happened = events.SubscriptionInvoiced(
        **of(subscription),
        invoice=invoice.name,
        net_pence=invoice.net_pence,
        vat_pence=invoice.vat_pence,
        total_pence=invoice.total_pence,
        due_on=invoice.due_on,
    )
    record(happened)
    return invoice


def _take_credit(invoice: SubscriptionInvoice, notes: list[CreditNoteState]) -> int:
    pence = sum(each.total_pence for each in notes)
    step = books.settle_credited(invoice, pence)
    _put(invoice, credited_pence=pence)
    if step > 0:
        record(events.SubscriptionCredited(**of(invoice.subscription), invoice=invoice.name, credited_pence=step))
    return step


def _take_refunds(invoice: SubscriptionInvoice, notes: list[CreditNoteState], by_stripe_pence: int) -> int:
    # A credit note on a paid invoice gives the money back by Stripe, or says that it was given back outside.
    after = sum(each.after_payment_pence for each in notes)
    with_refund = sum(each.after_payment_pence for each in notes if each.refunds)
    by_bank_pence = after - with_refund
    step = books.settle_refunded(invoice, by_stripe_pence, by_bank_pence)
    _put(invoice, refunded_pence=by_stripe_pence + by_bank_pence)
    if step > 0:
        record(events.SubscriptionRefunded(**of(invoice.subscription), invoice=invoice.name, refunded_pence=step))
    return step


def _take_paid(invoice: SubscriptionInvoice, state: InvoiceState) -> int:
    # Stripe never takes a payment off an invoice: what is less is older news.
    _put(invoice, paid_pence=max(invoice.paid_pence, state.paid_pence))
    step = books.settle_paid(invoice, invoice.paid_pence)
    if step > 0:
        left = queries.left_pence(invoice)
        happened = events.SubscriptionPaid(
            **of(invoice.subscription), invoice=invoice.name, paid_pence=step, left_pence=max(left, 0)
        )
        record(happened)
    return step


def _take_status(invoice: SubscriptionInvoice, state: InvoiceState) -> None:
    if state.status == "void" and invoice.voided_at is None:
        invoice.voided_at = state.voided_at or clock.now()
        books.post_voided(invoice)
        record(events.SubscriptionInvoiceVoided(**of(invoice.subscription), invoice=invoice.name))
    if state.status == "paid" and invoice.paid_at is None:
        invoice.paid_at = state.paid_at or clock.now()
    if invoice.voided_at is None and (invoice.paid_at is None or state.status == "paid"):
        _put(invoice, gateway_status=state.status)
    elif invoice.voided_at is not None:
        _put(invoice, gateway_status="void")


def _take_failure(invoice: SubscriptionInvoice, state: InvoiceState) -> None:
    has_failed = invoice.subscription.pays_by == "card" and state.attempts > 0 and state.status == "open"
    if has_failed and invoice.failed_at is None:
        invoice.failed_at = clock.now()
        record(events.SubscriptionPaymentFailed(**of(invoice.subscription), invoice=invoice.name))


# Money that lies with Stripe


def sync_cash(customer_id: str) -> bool:
    """What a council transferred and no invoice has taken yet; False when it is no council of ours."""
    row = queries.find_by_customer(customer_id)
    if row is None or not customer_id:
        return False
    subscription_id = row.id
    db.session.rollback()
    _store_cash(subscription_id, door.get_door().get_cash_balance_pence(customer_id))
    return True


@action
def _store_cash(subscription_id: int, pence: int) -> None:
    subscription = queries.get_subscription(subscription_id, lock=True)
    step = books.settle_cash(subscription, pence)
    if step:
        open_invoice = next((each for each in subscription.invoices if each.is_open), None)
        happened = events.SubscriptionCashMoved(
            **of(subscription),
            invoice=open_invoice.name if open_invoice else "",
            moved_pence=step,
            in_hand_pence=pence,
            missing_pence=max(queries.left_pence(open_invoice) - pence, 0) if open_invoice else 0,
        )
        record(happened)


def sync_own_balance() -> int:
    """Fees and payouts of our own account, each line of its balance once; gives how many were new."""
    if not door.is_on():
        return 0
    since = (queries.last_balance_line_at() or clock.now() - STILL_WATCHED) - LOOKS_BACK
    db.session.rollback()
    lines = door.get_door().list_balance_lines(since=since)
    wanted = [each for each in lines if each.fee_pence or each.type.startswith("payout")]
    return sum(_store_line(each.id, each.type, each.amount_pence, each.fee_pence) for each in reversed(wanted))


@action
def _store_line(line_id: str, kind: str, amount_pence: int, fee_pence: int) -> int:
    new = books.post_fee(line_id, fee_pence)
    if kind.startswith("payout"):
        new += books.post_payout(line_id, -amount_pence)
    if new:
        record(events.StripeBalanceMoved(subject=line_id, kind=kind, amount_pence=amount_pence, fee_pence=fee_pence))
    return min(new, 1)


def sync_customer(customer_id: str) -> bool:
    """Everything of one council: its subscription, its invoices, its money with Stripe."""
    if not customer_id or queries.find_by_customer(customer_id) is None:
        return False
    for each in door.get_door().list_invoices(customer_id):
        sync_invoice(each.id)
    return sync_cash(customer_id)


def sync_all() -> int:
    """For the timetable, every night: whatever no event told. Gives how many subscriptions were looked at."""
    since = clock.now() - STILL_WATCHED
    query = select(Subscription.subscription_id).where(
        Subscription.subscription_id != "", Subscription.ended_at.is_(None) | (Subscription.ended_at > since)
    )
    found = db.session.scalars(query.order_by(Subscription.id)).all()
    for each in found:
        sync_subscription(each)
        for invoice in door.get_door().list_invoices(subscription_id=each):
            sync_invoice(invoice.id)
    sync_own_balance()
    return len(found)


# Which events call for which look. Nothing but the name of the object is read from an event.


def _own(event: GatewayEvent) -> bool:
    return event.account == ""


def _named(event: GatewayEvent, name: str) -> str:
    """The object that the event's object belongs to, by its id."""
    value = json.loads(event.payload).get("data", {}).get("object", {}).get(name) or ""
    return str(value.get("id", "") if isinstance(value, dict) else value)


def _look_at_subscription(event: GatewayEvent) -> bool:
    return _own(event) and sync_subscription(event.object_id)


def _look_at_invoice(event: GatewayEvent) -> bool:
    return _own(event) and sync_invoice(event.object_id)


def _look_at_session(event: GatewayEvent) -> bool:
    return _own(event) and sync_session(event.object_id)


def _look_at_credit_note(event: GatewayEvent) -> bool:
    return _own(event) and sync_invoice(_named(event, "invoice"))


def _look_at_cash(event: GatewayEvent) -> bool:
    return _own(event) and sync_customer(_named(event, "customer"))


def _look_at_charge(event: GatewayEvent) -> bool:
    charge = event.object_id if event.object_id.startswith(("ch_", "py_")) else _named(event, "charge")
    if not _own(event) or not charge:
        return False
    is_known = sync_customer(door.get_door().get_charge(charge).customer)
    sync_own_balance()  # Stripe's fee for it
    return is_known


def _look_at_balance(event: GatewayEvent) -> bool:
    return _own(event) and sync_own_balance() >= 0


LOOKS: Looks = {
    "customer.subscription.": _look_at_subscription,
    "invoice.": _look_at_invoice,
    "checkout.session.": _look_at_session,
    "credit_note.": _look_at_credit_note,
    "customer_cash_balance_transaction.": _look_at_cash,
    "charge.": _look_at_charge,
    "refund.": _look_at_charge,
    "payout.": _look_at_balance,
}
