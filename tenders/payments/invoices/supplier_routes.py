"""The supplier's pages of its invoices: list, page, taking back, answering, crediting. Sending has a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts
from marketplace.core.forms import Form
from marketplace.core.money import pounds
from marketplace.core.pages import page
from tenders.contracts import queries as contracts
from tenders.contracts.models import Contract
from tenders.payments.invoices import actions, queries
from tenders.payments.invoices.blueprint import blueprint
from tenders.payments.invoices.download import document_response
from tenders.payments.invoices.forms import AnswerForm, CreditNoteForm, pence_in
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.parts import parts_of


@blueprint.get("/supplier/invoices")
@may("see_supplier_area")
def supplier_invoices() -> Response:
    """The firm's invoices, the first due first, and what may be invoiced now."""
    supplier_id = get_member().organisation_id
    rows = queries.invoices_of_supplier(supplier_id)
    running = [each for each in contracts.contracts_of_supplier(supplier_id) if each.is_signed]
    return page(
        "tenders/payments/invoices/supplier_list.html",
        title="Your invoices",
        rows=rows,
        open_rows=[each for each in rows if each.is_open],
        overpaid_rows=[each for each in rows if each.status == "overpaid"],
        done_rows=[each for each in reversed(rows) if not each.is_open and each.status != "overpaid"],
        to_invoice=queries.milestones_to_invoice(running),
        contracts=running,
        owed_pence=sum(each.owed_pence for each in rows),
        today=clock.today(),
    )


@blueprint.get("/supplier/invoices/<reference>")
@may("see_supplier_area")
def show_to_supplier(reference: str) -> Response:
    """One invoice: where it stands, by when it is to be paid, what the firm can do."""
    row = queries.row_of(_own(reference))
    return page(
        "tenders/payments/invoices/supplier.html",
        title=f"Invoice {row.invoice.number}",
        row=row,
        invoice=row.invoice,
        parts=parts_of(row, get_member()),
        today=clock.today(),
    )


@blueprint.get("/supplier/invoices/<reference>/document")
@may("see_supplier_area")
def supplier_document(reference: str) -> Response:
    """The firm's own document as it was sent; always a download."""
    return document_response(_own(reference))


@blueprint.app_template_filter("left_to_invoice")
def left_to_invoice(contract: Contract) -> dict[int, int]:
    """What of each accepted milestone is not invoiced yet, for the contract's own page: pence with VAT by milestone."""
    return {milestone.id: pence for milestone, pence in queries.milestones_to_invoice([contract])}


def _own(reference: str) -> Invoice:
    return queries.get_invoice_of_supplier(reference, get_member().organisation_id)


@blueprint.route("/supplier/invoices/<reference>/withdraw", methods=("GET", "POST"))
@may("raise_invoice")
def withdraw_invoice(reference: str) -> Response:
    """Asks, then takes the invoice back."""
    invoice = _own(reference)
    return _form(
        invoice,
        f"Withdraw invoice {invoice.number}?",
        Form(),
        lambda: actions.withdraw_invoice(invoice.id, get_member()),
        "Withdrawn. The council is told",
        button="Withdraw it",
        text=f"The council is told, and nothing of the {pounds(invoice.total_pence)} is owed any more. You can send another "
        "invoice afterwards, with the same number if you like.",
    )


@blueprint.route("/supplier/invoices/<reference>/answer", methods=("GET", "POST"))
@may("raise_invoice")
def answer_dispute(reference: str) -> Response:
    """Answers the council's dispute."""
    invoice = _own(reference)
    form = AnswerForm()
    return _form(
        invoice,
        "Answer the dispute",
        form,
        lambda: actions.answer_dispute(invoice.id, get_member(), form.answer.data),
        "Sent. The council decides next",
        quoted=invoice.open_dispute.reason if invoice.open_dispute else "",
        quoted_heading="What the council disputes",
    )


@blueprint.route("/supplier/invoices/<reference>/credit-note", methods=("GET", "POST"))
@may("raise_invoice")
def send_credit_note(reference: str) -> Response:
    """Sends a credit note for the invoice."""
    invoice = _own(reference)
    form = CreditNoteForm()
    return _form(
        invoice,
        f"Credit note for invoice {invoice.number}",
        form,
        lambda: actions.send_credit_note(
            invoice.id, get_member(), form.number.data, form.reason.data, pence_in(form.net_pence), pence_in(form.vat_pence)
        ),
        "Sent. The council has your credit note",
        text=_left_to_credit(invoice),
    )


def _left_to_credit(invoice: Invoice) -> str:
    net = invoice.net_pence - sum(each.net_pence for each in invoice.credit_notes)
    vat = invoice.vat_pence - sum(each.vat_pence for each in invoice.credit_notes)
    after = ", after your earlier credit notes" if invoice.credit_notes else ""
    charged = f"{pounds(net)} and {pounds(vat)} VAT, {pounds(net + vat)} in all" if vat else f"{pounds(net)}, without VAT"
    return f"The invoice asks for {charged}{after}. Enter only what is taken off."


def _form(invoice: Invoice, title: str, form: Form, act: Callable[[], object], done: str, **context: Any) -> Response:
    return form_that_acts(
        "tenders/payments/invoices/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=url_for("invoices.show_to_supplier", reference=invoice.reference),
        caption=invoice.contract.title,
        back_text=f"Invoice {invoice.number}",
        **context,
    )
