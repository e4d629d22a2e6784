"""What the council wants, brought to Stripe: each step is committed here first, then asked for under its own key.

A step that was interrupted is taken up again by the timetable under the same key, so nothing is made twice and nothing
is forgotten. Nothing here runs inside an action; every answer is stored by an action of its own.
"""

from __future__ import annotations

import logging

from sqlalchemy import or_, select

from marketplace import config
from marketplace.accounts.models import Membership, Person
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import record
from marketplace.core.letters import absolute
from tenders.payments.gateway import door
from tenders.payments.gateway.answers import CheckoutSession
from tenders.payments.subscriptions import events, queries, rules, syncing
from tenders.payments.subscriptions.actions import live_or_again, of, reprice
from tenders.payments.subscriptions.models import Subscription
from tenders.payments.subscriptions.plans import find_plan

_logger = logging.getLogger(__name__)
PAGE = "/council/subscription"


@action
def ask_card_page(member: Membership, purchase_order: str) -> Subscription:
    """The finance role wants to pay by card: the next try at a page of Stripe's. Nothing is ordered yet. Problems."""
    subscription = live_or_again(member)
    insist(rules.ordering_problems(subscription, "card", takes_cards=door.is_on()))
    assert subscription is not None
    reprice(subscription, clock.today())
    subscription.tries += 1
    subscription.pays_by, subscription.purchase_order = "card", purchase_order.strip()
    subscription.ordered_by_id = member.person_id
    record(events.CardPageAsked(**of(subscription), tries=subscription.tries), member.actor("finance"))
    return subscription


def bring_quietly(subscription_id: int) -> bool:
    """Brings it to Stripe now, or later by the timetable when Stripe is away; whether it was done now."""
    if not door.is_on():
        return False
    try:
        bring(subscription_id)
    except (door.GatewayDown, door.GatewayRefused) as fault:
        db.session.rollback()
        _logger.warning("subscription %s waits to be brought to Stripe: %s", subscription_id, fault.message)
        return False
    return True


def bring(subscription_id: int) -> None:
    """Does at Stripe what is still to do for this subscription. Raises GatewayDown and GatewayRefused."""
    subscription = queries.get_subscription(subscription_id)
    if subscription.is_by_hand or subscription.ended_at is not None:
        return
    if not subscription.customer_id:
        _make_customer(subscription)
    if subscription.purchase_order != subscription.gateway_purchase_order:
        _tell_purchase_order(subscription)
    if subscription.session_id and not subscription.subscription_id:
        syncing.sync_session(subscription.session_id)
    if not subscription.subscription_id:
        _order_there(subscription)
    if subscription.subscription_id and subscription.pays_by == "transfer" and not subscription.invoices:
        _send_at_once(subscription.subscription_id)
    if subscription.subscription_id and (subscription.cancel_asked_at is not None) != subscription.gateway_cancels:
        _tell_cancelling(subscription)


def _make_customer(subscription: Subscription) -> None:
    council, person = subscription.organisation, db.session.get(Person, subscription.ordered_by_id or 0)
    key, name, email = f"council:{council.reference}:customer", council.name, person.email if person else ""
    earlier = queries.find_customer_id(subscription.authority_id)
    subscription_id, reference = subscription.id, council.reference
    db.session.rollback()
    failpoint("subscription: before the customer is made")
    customer_id = earlier or door.get_door().create_customer(key, name, email, reference).id
    failpoint("subscription: customer made, not stored")
    _store(subscription_id, customer_id=customer_id)


def _tell_purchase_order(subscription: Subscription) -> None:
    subscription_id, customer_id, number = subscription.id, subscription.customer_id, subscription.purchase_order
    db.session.rollback()
    door.get_door().update_customer(customer_id, purchase_order=number)
    _store(subscription_id, gateway_purchase_order=number)


def _order_there(subscription: Subscription) -> None:
    """Starts the subscription by invoice, or makes the page for the card. An open page of before is shut first."""
    if subscription.ordered_at is not None and subscription.pays_by == "transfer":
        if subscription.session_id:
            _shut_page(subscription)
        _start(subscription)
    elif subscription.ordered_at is None and subscription.pays_by == "card" and not subscription.session_id:
        _make_page(subscription)


def _start(subscription: Subscription) -> None:
    subscription_id, customer_id = subscription.id, subscription.customer_id
    key, pence, reference = f"subscription:{subscription.reference}:start", subscription.annual_pence, subscription.reference
    band, rate = subscription.band, subscription.vat_basis_points
    db.session.rollback()
    there = door.get_door()
    product, vat = _product(band), there.ensure_vat_rate(rate)
    failpoint("subscription: before it is started")
    state = there.start_subscription(key, customer_id, product, pence, vat, reference)
    failpoint("subscription: started, not stored")
    syncing.store_state(subscription_id, state)


def _send_at_once(stripe_id: str) -> None:
    # Stripe would wait an hour; whoever ordered waits for the invoice now.
    db.session.rollback()
    there = door.get_door()
    invoice_id = there.get_subscription(stripe_id).latest_invoice
    if invoice_id and there.get_invoice(invoice_id).status == "draft":
        there.finalize_invoice(invoice_id)
        there.send_invoice(invoice_id)
    if invoice_id:
        syncing.sync_invoice(invoice_id)


def _make_page(subscription: Subscription) -> None:
    subscription_id, customer_id, reference = subscription.id, subscription.customer_id, subscription.reference
    key, pence = f"subscription:{reference}:card:{subscription.tries}", subscription.annual_pence
    band, rate = subscription.band, subscription.vat_basis_points
    db.session.rollback()
    there = door.get_door()
    product, vat, back = _product(band), there.ensure_vat_rate(rate), absolute(PAGE)
    failpoint("subscription: before the page is made")
    page = there.subscribe_by_card(key, customer_id, product, pence, vat, reference, back, back)
    failpoint("subscription: page made, not stored")
    _store(subscription_id, session_id=page.id, session_url=page.url)


def _shut_page(subscription: Subscription) -> None:
    subscription_id, session_id = subscription.id, subscription.session_id
    db.session.rollback()
    try:
        door.get_door().expire_session(session_id)
    except door.GatewayRefused:  # shut already; one that was paid on was seen by sync_session before
        if _is_paid(door.get_door().get_session(session_id)):
            raise
    _store(subscription_id, session_id="", session_url="")


def _is_paid(page: CheckoutSession) -> bool:
    return page.status == "complete"


def _product(band: str) -> str:
    plan = find_plan(band, clock.today())
    name = f"{config.current().service_name}: a year, {plan.title if plan else band}"
    return door.get_door().ensure_product(f"subscription-{band}", name)


def _tell_cancelling(subscription: Subscription) -> None:
    subscription_id, stripe_id = subscription.id, subscription.subscription_id
    cancels = subscription.cancel_asked_at is not None
    db.session.rollback()
    failpoint("subscription: before it is cancelled")
    door.get_door().cancel_at_period_end(stripe_id, cancels)
    failpoint("subscription: cancelled, not stored")
    _store(subscription_id, gateway_cancels=cancels)


@action
def _store(subscription_id: int, **values: str | bool) -> None:
    subscription = queries.get_subscription(subscription_id, lock=True)
    changed = {name: value for name, value in values.items() if getattr(subscription, name) != value}
    for name, value in changed.items():
        setattr(subscription, name, value)
    if changed:
        record(events.BroughtToStripe(**of(subscription), what=sorted(changed)))


def bring_all() -> int:
    """For the timetable: everything that was interrupted, or that Stripe was away for. Raises GatewayDown."""
    s = Subscription
    wants = or_(
        (s.ordered_at.is_not(None)) & (s.subscription_id == ""),
        (s.ordered_at.is_(None)) & (s.pays_by == "card") & (s.session_id == ""),
        (s.subscription_id != "") & (s.pays_by == "transfer") & ~s.invoices.any(),
        (s.subscription_id != "") & (s.purchase_order != s.gateway_purchase_order),
        (s.subscription_id != "") & (s.cancel_asked_at.is_not(None) != s.gateway_cancels),
    )
    query = select(s.id).where(s.ended_at.is_(None), s.is_by_hand.is_(False), wants).order_by(s.id)
    waiting = db.session.scalars(query).all()
    return sum(bring_quietly(each) for each in waiting)
