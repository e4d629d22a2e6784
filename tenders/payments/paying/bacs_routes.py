"""Pages of payments by BACS: recorded and corrected by finance, missed by the supplier."""

from __future__ import annotations

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import button_that_acts
from marketplace.core.forms import Form
from marketplace.core.moments import day, weekday_and_day
from marketplace.core.money import pounds
from marketplace.core.pages import page
from tenders.payments.invoices import queries as invoices
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.council_routes import council_form
from tenders.payments.invoices.due import due_of
from tenders.payments.invoices.forms import pence_in
from tenders.payments.invoices.models import Invoice
from tenders.payments.paying import bacs, queries, rules
from tenders.payments.paying.blueprint import blueprint
from tenders.payments.paying.forms import ArrivalForm, CameBackForm, PaymentForm, RefundForm
from tenders.payments.paying.models import Payment


@blueprint.route("/council/invoices/<reference>/pay", methods=("GET", "POST"))
@may("pay_invoice")
def pay(reference: str) -> Response:
    """Finance records a payment by BACS; the sum starts as what is owed."""
    invoice = invoices.get_invoice_of(reference, get_member().organisation_id)
    form = PaymentForm(data={"amount_pence": max(owed_pence(invoice), 0), "sent_on": clock.today()})
    dispute = invoice.open_dispute
    return council_form(
        invoice,
        f"Record a payment of invoice {invoice.number}",
        form,
        lambda: bacs.record_payment(
            invoice.id,
            get_member(),
            pence_in(form.amount_pence),
            form.sent_on.data,
            form.paid_on.data,
            form.bank_reference.data,
        ),
        "Recorded. The supplier is told",
        advice="This invoice is disputed. Pay what is not in dispute." if dispute else "",
        text=_owed_words(invoice),
    )


def _owed_words(invoice: Invoice) -> str:
    due_on = weekday_and_day(due_of(invoice).on)
    return f"{pounds(max(owed_pence(invoice), 0))} including VAT is owed. The last lawful day for the supplier to have it is {due_on}."


def _sent_words(payment: Payment) -> str:
    sent = f", sent on {day(payment.sent_on)}" if payment.sent_on else ""
    return f"The payment was {pounds(payment.amount_pence)}{sent}."


def _own(reference: str) -> Payment:
    return queries.get_payment_of(reference, get_member().organisation_id)


@blueprint.route("/council/payments/<reference>/arrival", methods=("GET", "POST"))
@may("pay_invoice")
def correct_arrival(reference: str) -> Response:
    """Corrects the day on which the supplier had the money."""
    payment = _own(reference)
    form = ArrivalForm(data={"paid_on": payment.paid_on})
    return council_form(
        payment.invoice,
        f"When did payment {payment.reference} arrive?",
        form,
        lambda: bacs.correct_arrival(reference, get_member(), form.paid_on.data),
        "Saved",
        text=_sent_words(payment),
    )


@blueprint.route("/council/payments/<reference>/came-back", methods=("GET", "POST"))
@may("pay_invoice")
def record_came_back(reference: str) -> Response:
    """Records that the bank gave a payment back."""
    payment = _own(reference)
    form = CameBackForm()
    return council_form(
        payment.invoice,
        f"Did the bank give payment {payment.reference} back?",
        form,
        lambda: bacs.record_came_back(reference, get_member(), form.reason.data),
        "Recorded. The invoice is owed again",
        text=f"{_sent_words(payment)} Once recorded, that sum of the invoice is owed again.",
    )


@blueprint.route("/council/payments/<reference>/refund", methods=("GET", "POST"))
@may("pay_invoice")
def record_refund(reference: str) -> Response:
    """Records money that the supplier gave back."""
    payment = _own(reference)
    too_much = max(-owed_pence(payment.invoice), 0) or rules.left_pence(payment)
    form = RefundForm(data={"amount_pence": min(too_much, rules.left_pence(payment)), "refunded_on": clock.today()})
    return council_form(
        payment.invoice,
        f"Record a refund of payment {payment.reference}",
        form,
        lambda: bacs.record_refund(
            reference, get_member(), pence_in(form.amount_pence), form.refunded_on.data, form.reason.data
        ),
        "Recorded. The supplier is told",
        text=f"{_sent_words(payment)} Record what the supplier gave back of it.",
    )


@blueprint.route("/supplier/payments/<reference>/not-arrived", methods=("GET", "POST"))
@may("raise_invoice")
def say_not_arrived(reference: str) -> Response:
    """The supplier says that a payment is not there."""
    payment = queries.get_payment_of_supplier(reference, get_member().organisation_id)
    back = url_for("invoices.show_to_supplier", reference=payment.invoice.reference)
    form = Form()
    if form.validate_on_submit():
        return button_that_acts(
            lambda: bacs.say_not_arrived(reference, get_member()), done="The council’s finance team is told", back=back
        )
    return page(
        "tenders/payments/invoices/form.html",
        title=f"Is {pounds(payment.amount_pence)} not in your account?",
        form=form,
        caption=payment.invoice.contract.need.buyer_name,
        back=back,
        back_text=f"Invoice {payment.invoice.number}",
        button="Tell the council",
        text=f"{_sent_words(payment)} Look at your bank account first: your bank shows it as {payment.bank_reference or 'a payment from the council'}.",
    )
