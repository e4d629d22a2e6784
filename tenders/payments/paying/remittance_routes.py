"""The pages of remittance files: import, and what became of every line."""

from __future__ import annotations

from flask import url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.acting import made, on_to
from marketplace.core.errors import Problem, Problems
from marketplace.core.pages import page, plural
from tenders.payments.paying import remittances as acts
from tenders.payments.paying.blueprint import blueprint
from tenders.payments.paying.forms import ARRIVES, RemittanceForm
from tenders.payments.paying.models import Remittance
from tenders.payments.paying.remittance_file import HEADINGS, MOST_BYTES, NEEDED


@blueprint.route("/council/payments/remittances", methods=("GET", "POST"))
@may("pay_invoice")
def remittances() -> Response:
    """Imports a file, and lists earlier ones."""
    form = RemittanceForm(dates=ARRIVES)
    imported = made(form, lambda: _import(form))
    if imported is not None:
        remittance, is_new = imported
        return _to(remittance, _said(remittance) if is_new else "This file was imported before. Nothing has changed")
    return page(
        "tenders/payments/paying/remittances.html",
        title="Import payments",
        form=form,
        earlier=acts.remittances_of(get_member().organisation_id),
        needed=[(NEEDED[each], HEADINGS[each]) for each in NEEDED],
    )


def _import(form: RemittanceForm) -> tuple[Remittance, bool]:
    sent = form.file.data
    if not isinstance(sent, FileStorage):
        raise Problems([Problem("Choose the file of payments", "file")])
    content = sent.stream.read(MOST_BYTES + 1)
    return acts.import_remittance(get_member(), sent.filename or "", content, form.dates.data)


def _said(remittance: Remittance) -> str:
    matched = sum(not each.problem for each in remittance.lines)
    return f"{plural(matched, 'payment')} recorded, {plural(len(remittance.lines) - matched, 'line')} not matched"


def _to(remittance: Remittance, words: str) -> Response:
    return on_to(url_for("paying.show_remittance", reference=remittance.reference), words)


@blueprint.get("/council/payments/remittances/<reference>")
@may("pay_invoice")
def show_remittance(reference: str) -> Response:
    """Each line of the file with the payment that it became, or why it became none."""
    remittance = acts.get_remittance(reference, get_member().organisation_id)
    return page(
        "tenders/payments/paying/remittance.html",
        title=f"Payments of {remittance.file_name}",
        remittance=remittance,
        payments=acts.payments_by_line(remittance),
        matched=[each for each in remittance.lines if not each.problem],
        unmatched=[each for each in remittance.lines if each.problem],
    )


@blueprint.post("/council/payments/remittances/<reference>/try-again")
@may("pay_invoice")
def try_again(reference: str) -> Response:
    """Looks again at the lines that matched nothing."""
    remittance = acts.try_again(reference, get_member())
    return _to(remittance, _said(remittance))
