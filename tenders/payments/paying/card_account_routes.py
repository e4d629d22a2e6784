"""The supplier's page of its own account with Stripe: connect it, see what it can do, agree to be paid by card."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.acting import acted
from marketplace.core.errors import Refusal
from marketplace.core.pages import page
from tenders.payments.gateway.door import OFF, is_on
from tenders.payments.paying import card_accounts as accounts
from tenders.payments.paying import card_rules as rules
from tenders.payments.paying.blueprint import blueprint
from tenders.payments.paying.card_forms import ConsentForm


@blueprint.route("/supplier/card-payments", methods=("GET", "POST"))
@may("manage_supplier_account")
def card_payments() -> Response:
    """Where the account stands and what comes next; the form records that the firm agrees."""
    form = ConsentForm()
    if acted(form, lambda: accounts.give_consent(get_member(), bool(form.agrees.data))):
        flash("Saved: councils can pay you by card as soon as your account works", "success")
        return _here()
    return _show(form)


def _show(form: ConsentForm, stripes_page: str = "") -> Response:
    account = accounts.find_account(get_member().organisation_id)
    return page(
        "tenders/payments/paying/card_payments.html",
        title="Being paid by card",
        form=form,
        account=account,
        agrees=rules.has_consent(account),
        works=rules.can_be_paid(account),
        off="" if is_on() else OFF,
        stripes_page=stripes_page,
    )


@blueprint.post("/supplier/card-payments/connect")
@may("manage_supplier_account")
def connect_account() -> Response:
    """Makes the account, if there is none, and shows the link to Stripe's page, which works for a few minutes."""
    try:
        address = accounts.connect(get_member())
    except Refusal as refused:
        flash(refused.message, "notice")
        return _here()
    return _show(ConsentForm(formdata=None), stripes_page=address)


@blueprint.post("/supplier/card-payments/look")
@may("manage_supplier_account")
def look_at_account() -> Response:
    """Asks Stripe now what the account can do."""
    try:
        accounts.sync_own(get_member())
    except Refusal as refused:
        flash(refused.message, "notice")
    return _here()


@blueprint.post("/supplier/card-payments/end")
@may("manage_supplier_account")
def end_consent() -> Response:
    """The firm agrees no longer."""
    accounts.end_consent(get_member())
    flash("Saved: no new payment by card is begun. Those under way go on", "success")
    return _here()


def _here() -> Response:
    return redirect(url_for("paying.card_payments"), 303)
