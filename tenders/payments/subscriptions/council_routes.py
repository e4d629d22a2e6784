"""The council's page of its subscription, and what its finance people do there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.forms import Form
from marketplace.core.moments import day
from marketplace.core.money import pounds
from marketplace.core.pages import page
from tenders.payments.gateway import door
from tenders.payments.subscriptions import actions, at_gateway, queries, rules
from tenders.payments.subscriptions.blueprint import blueprint
from tenders.payments.subscriptions.forms import PAYS_BY, OrderForm, PurchaseOrderForm
from tenders.payments.subscriptions.models import Subscription
from tenders.payments.subscriptions.plans import find_plan, price_of
from tenders.payments.subscriptions.standing import status_of, stop_of, words_of


@blueprint.get("/council/subscription")
@may("see_payments")
def show_subscription() -> Response:
    """How the subscription stands, what comes next, and every invoice."""
    member, today = get_member(), clock.today()
    subscription = queries.find_latest(member.organisation_id)
    price = price_of(subscription.annual_pence, today) if subscription else None
    invoices = queries.invoices_of_council(member.organisation_id)
    return page(
        "tenders/payments/subscriptions/show.html",
        title="Your council’s subscription",
        subscription=subscription,
        stage=status_of(subscription, today),
        words=words_of(subscription, today),
        stop=stop_of(subscription, today) if subscription else None,
        is_stopped=queries.get_authority(member.organisation_id).new_needs_stopped_at is not None,
        plan=find_plan(subscription.band, today) if subscription else None,
        price=price,
        invoices=[(each, queries.left_pence(each)) for each in invoices],
        today=today,
        in_hand_pence=queries.in_hand_pence(member.organisation.reference),
        may_order=not rules.ordering_problems(subscription, "transfer", False),
        ways=PAYS_BY,
        next_invoice=_next_invoice(subscription, today),
        is_by_hand=subscription.is_by_hand if subscription and subscription.ordered_at else not door.is_on(),
        card_page_waits=_waits_for_page(subscription),
        card_page=subscription.session_url if subscription and not subscription.ordered_at else "",
    )


def _waits_for_page(subscription: Subscription | None) -> bool:
    """Whether a page of Stripe's was asked for that is not made yet, because Stripe did not answer at once."""
    if subscription is None or subscription.ordered_at is not None:
        return False
    return subscription.pays_by == "card" and not subscription.session_url


def _next_invoice(subscription: Subscription | None, today: date) -> str | None:
    """When the next invoice comes and what it asks for; None before an order."""
    if subscription is None or subscription.ordered_at is None or subscription.ended_at is not None:
        return None
    if subscription.cancel_asked_at is not None:
        return "No further one: you have cancelled the next year"
    if not subscription.invoices:
        return "On its way, for this year"
    if subscription.period_ends_on is None:
        return None
    renews_on = subscription.period_ends_on + timedelta(days=1)
    plan = find_plan(subscription.band, renews_on)
    price = price_of(plan.annual_pence if plan else subscription.annual_pence, renews_on)
    return f"On {day(renews_on)}: {pounds(price.total_pence)} including VAT, as prices are today"


@blueprint.post("/council/subscription/trial")
@may("manage_subscription")
def start_trial() -> Response:
    """Begins the trial now instead of waiting for the worker."""
    actions.start_trial(get_member().organisation_id, get_member())
    return on_to(url_for("subscriptions.show_subscription"), "Your free trial has begun")


@blueprint.route("/council/subscription/order", methods=("GET", "POST"))
@may("manage_subscription")
def order() -> Response:
    """Orders a year: purchase order number, and how it is paid."""
    subscription = queries.find_latest(get_member().organisation_id)
    form = OrderForm(purchase_order=subscription.purchase_order if subscription else "")
    form.pays_by.choose_from(PAYS_BY if door.is_on() else {"transfer": PAYS_BY["transfer"]})
    is_card = form.pays_by.data == "card"
    return _form(
        "Order for a year",
        form,
        lambda: _order(form.pays_by.data, form.purchase_order.data),
        "Now pay on Stripe’s page: nothing is ordered before" if is_card else "Ordered. The invoice comes by email and stands here",
        price=price_of(subscription.annual_pence, clock.today()) if subscription else None,
        ends_on=actions.a_year_from(clock.today()),
    )


def _order(pays_by: str, purchase_order: str) -> None:
    if pays_by == "card":
        at_gateway.bring_quietly(at_gateway.ask_card_page(get_member(), purchase_order).id)
        return
    # The worker brings it to Stripe; nobody needs to wait for that.
    actions.order(get_member(), pays_by, purchase_order, is_by_hand=not door.is_on())


@blueprint.route("/council/subscription/purchase-order", methods=("GET", "POST"))
@may("manage_subscription")
def change_purchase_order() -> Response:
    """Another purchase order number for the next invoices."""
    subscription = queries.find_latest(get_member().organisation_id)
    form = PurchaseOrderForm(purchase_order=subscription.purchase_order if subscription else "")
    return _form(
        "Purchase order number",
        form,
        lambda: actions.change_purchase_order(get_member(), form.purchase_order.data),
        "Saved. The next invoice carries it; an invoice already sent stays as it is",
    )


@blueprint.route("/council/subscription/cancel", methods=("GET", "POST"))
@may("manage_subscription")
def cancel() -> Response:
    """Cancels the next year."""
    return _form(
        "Cancel the next year",
        Form(),
        lambda: actions.cancel(get_member()),
        "Cancelled. Everything goes on to the end of the year, and no further invoice is sent",
        button="Cancel the next year",
        text="Your council keeps what it has paid for until the last day of the year. Afterwards it can still read "
        "everything, finish what it has begun and take all of it away; only new needs wait. You can take this back "
        "until then.",
    )


@blueprint.route("/council/subscription/keep", methods=("GET", "POST"))
@may("manage_subscription")
def take_back_cancelling() -> Response:
    """Takes the cancelling back."""
    return _form(
        "Take the cancelling back",
        Form(),
        lambda: actions.take_back_cancelling(get_member()),
        "The next year begins by itself again",
        button="Carry on with the next year",
    )


def _form(title: str, form: Form, act: Callable[[], object], done: str, **context: Any) -> Response:
    return form_that_acts(
        "tenders/payments/subscriptions/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=url_for("subscriptions.show_subscription"),
        back_text="Your council’s subscription",
        **context,
    )
