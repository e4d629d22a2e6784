"""Our administrator's pages: every council's subscription, its ledger, what is recorded by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts
from marketplace.core.forms import Form
from marketplace.core.money import pounds
from marketplace.core.pages import page
from tenders.payments.subscriptions import actions, by_hand, queries
from tenders.payments.subscriptions.blueprint import blueprint
from tenders.payments.subscriptions.forms import BandForm, InvoiceForm, KeepOpenForm, PaymentForm, TakeBackForm
from tenders.payments.subscriptions.models import Subscription
from tenders.payments.subscriptions.plans import find_plan, plans_on, price_of, term
from tenders.payments.subscriptions.standing import LABELS, status_of, stop_of, words_of


@blueprint.get("/admin/subscriptions")
@may("administer")
def all_subscriptions() -> Response:
    """Every council's latest subscription, narrowed by how it stands."""
    today = clock.today()
    chosen = request.args.get("status", "")
    rows = [(each, status_of(each, today), _left(each)) for each in queries.latest_of_all()]
    counts = {name: sum(status == name for _, status, _ in rows) for name in LABELS}
    return page(
        "tenders/payments/subscriptions/all.html",
        title="Councils’ subscriptions",
        rows=[row for row in rows if chosen not in LABELS or row[1] == chosen],
        counts={name: count for name, count in counts.items() if count},
        chosen=chosen if chosen in LABELS else "",
        total=len(rows),
    )


def _left(subscription: Subscription) -> int:
    return sum(queries.left_pence(each) for each in subscription.invoices)


@blueprint.get("/admin/subscriptions/<reference>")
@may("administer")
def one_subscription(reference: str) -> Response:
    """One subscription: how it stands, its invoices, and the ledger's rows that explain what is owed."""
    subscription, today = queries.get_by_reference(reference), clock.today()
    return page(
        "tenders/payments/subscriptions/one.html",
        title=subscription.organisation.name,
        subscription=subscription,
        stage=status_of(subscription, today),
        words=words_of(subscription, today),
        stop=stop_of(subscription, today),
        plan=find_plan(subscription.band, today),
        price=price_of(subscription.annual_pence, today),
        invoices=[(each, queries.left_pence(each)) for each in subscription.invoices],
        today=today,
        in_hand_pence=queries.in_hand_pence(subscription.organisation.reference),
        transfers=queries.transfers_of_council(subscription.organisation.reference),
    )


@blueprint.route("/admin/subscriptions/<reference>/band", methods=("GET", "POST"))
@may("administer")
def choose_band(reference: str) -> Response:
    """Says by hand which band a council belongs to."""
    subscription = queries.get_by_reference(reference)
    form = BandForm(band=subscription.band)
    form.band.choose_from({each.band: each.title for each in plans_on(clock.today())})
    return _form(
        subscription,
        "Set the band",
        form,
        lambda: actions.choose_band(subscription.id, get_member(), form.band.data, form.reason.data),
        "The band is set",
    )


@blueprint.route("/admin/subscriptions/<reference>/keep-open", methods=("GET", "POST"))
@may("administer")
def keep_open(reference: str) -> Response:
    """Keeps new needs open until a day, whatever is unpaid, with a reason on record."""
    subscription = queries.get_by_reference(reference)
    form = KeepOpenForm()
    return _form(
        subscription,
        "Keep new needs open",
        form,
        lambda: actions.keep_open(subscription.id, get_member(), form.until_on.data, form.reason.data),
        "New needs stay open until that day",
    )


@blueprint.route("/admin/subscriptions/<reference>/invoices/new", methods=("GET", "POST"))
@may("administer")
def record_invoice(reference: str) -> Response:
    """Records an invoice that was sent outside."""
    subscription = queries.get_by_reference(reference)
    form = InvoiceForm(issued_on=clock.today())
    return _form(
        subscription,
        "Record an invoice",
        form,
        lambda: by_hand.record_invoice(subscription.id, get_member(), form.number.data, form.issued_on.data),
        "The invoice is on record, and the council is told",
        text="Record an invoice for a year that you sent outside this service. It is to be paid within "
        f"{term('invoice.days', clock.today())} days of the day on which it was sent.",
        price=price_of(subscription.annual_pence, clock.today()),
    )


@blueprint.route("/admin/subscriptions/<reference>/invoices/<int:number>/payments/new", methods=("GET", "POST"))
@may("administer")
def record_payment(reference: str, number: int) -> Response:
    """Records money that arrived in our bank account."""
    subscription = queries.get_by_reference(reference)
    invoice = queries.get_invoice(subscription, number)
    form = PaymentForm(amount_pence=queries.left_pence(invoice), paid_on=clock.today())
    amount: Any = form.amount_pence.data
    return _form(
        subscription,
        f"Record a payment for {invoice.name}",
        form,
        lambda: by_hand.record_payment(
            subscription.id,
            invoice.id,
            get_member(),
            amount or 0,
            form.paid_on.data,
            form.bank_reference.data,
        ),
        "The payment is on record",
        left_pence=queries.left_pence(invoice),
    )


@blueprint.route("/admin/subscriptions/<reference>/invoices/<int:number>/take-back", methods=("GET", "POST"))
@may("administer")
def take_back_invoice(reference: str, number: int) -> Response:
    """Takes an invoice back that nothing was paid for."""
    subscription = queries.get_by_reference(reference)
    invoice = queries.get_invoice(subscription, number)
    form = TakeBackForm()
    return _form(
        subscription,
        f"Take {invoice.name} back",
        form,
        lambda: by_hand.take_back_invoice(subscription.id, invoice.id, get_member(), form.reason.data),
        "The invoice is taken back, and the council is told",
        text=f"The invoice asks for {pounds(invoice.total_pence)} including VAT. Taken back, nothing of it is to be paid.",
    )


def _form(
    subscription: Subscription, title: str, form: Form, act: Callable[[], object], done: str, **context: Any
) -> Response:
    return form_that_acts(
        "tenders/payments/subscriptions/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=url_for("subscriptions.one_subscription", reference=subscription.reference),
        caption=subscription.organisation.name,
        back_text=subscription.organisation.name,
        **context,
    )
