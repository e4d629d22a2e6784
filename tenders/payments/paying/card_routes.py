"""The council's pages of a payment by card: asked for, looked at, given up. The card itself is typed at Stripe alone."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.errors import Problems
from marketplace.core.money import pounds
from tenders.payments.gateway.door import GatewayDown
from tenders.payments.invoices import queries as invoices
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.council_routes import council_form
from tenders.payments.paying import card, card_sync, queries
from tenders.payments.paying.blueprint import blueprint
from tenders.payments.paying.card_forms import CardForm
from tenders.payments.paying.models import Payment


@blueprint.route("/council/invoices/<reference>/pay-by-card", methods=("GET", "POST"))
@may("pay_invoice")
def pay_by_card(reference: str) -> Response:
    """Finance reads what is about to be paid, and asks for Stripe's page."""
    invoice = invoices.get_invoice_of(reference, get_member().organisation_id)
    return council_form(
        invoice,
        f"Pay invoice {invoice.number} by card",
        CardForm(),
        lambda: _ask(invoice.id),
        "The payment is begun",
        advice=f"{invoice.supplier_name} charges your card {pounds(max(owed_pence(invoice), 0))} including VAT, on "
        "Stripe’s page. The whole sum that is owed is paid; we take nothing of it, and never see the card.",
    )


def _ask(invoice_id: int) -> None:
    try:
        payment = card.pay_by_card(invoice_id, get_member())
    except GatewayDown:
        flash("Stripe does not answer at present. The page is made as soon as it does: look again in a few minutes", "notice")
        return
    if payment.failed_at is not None:
        flash(payment.failure, "notice")


def _own(reference: str) -> Payment:
    return queries.get_payment_of(reference, get_member().organisation_id)


@blueprint.post("/council/payments/<reference>/look")
@may("pay_invoice")
def look_at_card_payment(reference: str) -> Response:
    """Asks Stripe now what became of a payment, without waiting for it to tell."""
    payment = _own(reference)
    try:
        card_sync.look(payment.reference, get_member())
    except GatewayDown as away:
        flash(away.message, "notice")
    return _back(_own(reference))


@blueprint.post("/council/payments/<reference>/give-up")
@may("pay_invoice")
def give_up_card_payment(reference: str) -> Response:
    """Shuts Stripe's page, so that the invoice can be paid in another way."""
    payment = _own(reference)
    try:
        done = card_sync.give_up(payment.reference, get_member())
    except (Problems, GatewayDown) as refused:
        flash(refused.message, "notice")
    else:
        gone = done.failed_at is not None
        flash("Given up: nothing was charged" if gone else "It was paid before it could be given up", "success")
    return _back(_own(reference))


def _back(payment: Payment) -> Response:
    return redirect(url_for("invoices.show_invoice", reference=payment.invoice.reference), 303)
