"""The council's pages of invoices: list, page with the three-way match, sending back, disputing, approving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts
from marketplace.core.forms import Form
from marketplace.core.moments import weekday_and_day
from marketplace.core.money import pounds
from marketplace.core.pages import page
from tenders.payments.invoices import deciding, queries
from tenders.payments.invoices.blueprint import blueprint
from tenders.payments.invoices.download import document_response, ubl_response
from tenders.payments.invoices.forms import ApproveForm, DisputeForm, SendBackForm, SettleForm
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.parts import parts_of
from tenders.payments.invoices.vat import rate_words

blueprint.add_app_template_filter(rate_words, "vat_rate")
DONE = "Done"
GROUPS = (
    ("To check", ("to_check",), "A contract manager compares each with the order and with what was accepted."),
    ("Disputed", ("disputed",), "The days to pay go on counting while a dispute is open."),
    ("To pay", ("to_pay",), "Finance pays. Whoever approved an invoice cannot pay it too."),
    ("Paid too much", ("overpaid",), "The supplier gives the rest back. Finance records it as a refund of the payment."),
    (DONE, ("paid", "credited", "returned", "withdrawn"), ""),
)


@blueprint.get("/council/invoices")
@may("see_payments")
def council_invoices() -> Response:
    """The council's invoices by what comes next, the first due first; what is done, the newest first."""
    rows = queries.invoices_of_authority(get_member().organisation_id)
    today = clock.today()
    groups = [
        (title, text, title == DONE, [each for each in (reversed(rows) if title == DONE else rows) if each.status in names])
        for title, names, text in GROUPS
    ]
    return page(
        "tenders/payments/invoices/council_list.html",
        title="Invoices",
        groups=[each for each in groups if each[3]],
        owed_pence=sum(each.owed_pence for each in rows),
        overdue=[each for each in rows if each.is_overdue(today)],
        today=today,
    )


@blueprint.get("/council/invoices/<reference>")
@may("see_payments")
def show_invoice(reference: str) -> Response:
    """One invoice beside its order and its acceptance, with what can be done now."""
    row = queries.row_of(_own(reference))
    return page(
        "tenders/payments/invoices/council.html",
        title=f"Invoice {row.invoice.number}",
        row=row,
        invoice=row.invoice,
        findings=deciding.match_for(row.invoice),
        parts=parts_of(row, get_member()),
        today=clock.today(),
    )


@blueprint.get("/council/invoices/<reference>/document")
@may("see_payments")
def council_document(reference: str) -> Response:
    """The supplier's own document as it was sent; always a download."""
    return document_response(_own(reference))


@blueprint.get("/council/invoices/<reference>/ubl.xml")
@may("see_payments")
def council_ubl(reference: str) -> Response:
    """The invoice as an electronic one, for the council's finance system."""
    return ubl_response(_own(reference))


def _own(reference: str) -> Invoice:
    return queries.get_invoice_of(reference, get_member().organisation_id)


@blueprint.route("/council/invoices/<reference>/approve", methods=("GET", "POST"))
@may("approve_invoice")
def approve_invoice(reference: str) -> Response:
    """The contract manager reads the match once more and approves."""
    invoice = _own(reference)
    findings = deciding.match_for(invoice)
    form = ApproveForm()
    if all(each.holds for each in findings):
        del form.knows_warnings
    return council_form(
        invoice,
        f"Approve invoice {invoice.number}",
        form,
        lambda: deciding.approve_invoice(
            invoice.id, get_member(), bool("knows_warnings" in form and form.knows_warnings.data)
        ),
        "Approved. Finance is asked to pay",
        findings=findings,
        text=_asks_for(invoice),
    )


@blueprint.route("/council/invoices/<reference>/send-back", methods=("GET", "POST"))
@may("approve_invoice")
def return_invoice(reference: str) -> Response:
    """Sends an invoice back that is not valid."""
    invoice = _own(reference)
    form = SendBackForm()
    return council_form(
        invoice,
        f"Send invoice {invoice.number} back",
        form,
        lambda: deciding.return_invoice(invoice.id, get_member(), form.reason.data),
        "Sent back. The supplier is told why",
        text="Send back what is not a valid invoice: something that the law or the order asks for is missing. Nothing is "
        "owed for it then, and the days to pay begin again with the next invoice. When the work or the sum is in "
        "question, dispute the invoice instead.",
    )


@blueprint.route("/council/invoices/<reference>/dispute", methods=("GET", "POST"))
@may("dispute_invoice")
def dispute_invoice(reference: str) -> Response:
    """Disputes an invoice, with the reason."""
    invoice = _own(reference)
    form = DisputeForm()
    return council_form(
        invoice,
        f"Dispute invoice {invoice.number}",
        form,
        lambda: deciding.dispute_invoice(invoice.id, get_member(), form.reason.data),
        "Disputed. The supplier is told why",
        text=f"{_asks_for(invoice)} What you do not dispute is still to be paid by then.",
    )


@blueprint.route("/council/invoices/<reference>/settle", methods=("GET", "POST"))
@may("dispute_invoice")
def resolve_dispute(reference: str) -> Response:
    """Ends the dispute: withdrawn, or settled by a credit note."""
    invoice = _own(reference)
    form = SettleForm()
    return council_form(
        invoice,
        f"End the dispute of invoice {invoice.number}",
        form,
        lambda: deciding.resolve_dispute(invoice.id, get_member(), form.resolution.data),
        "The dispute is over. The supplier is told",
        text="" if _answer_to(invoice) else "The supplier has not answered. You can end the dispute all the same.",
        quoted=_answer_to(invoice),
        quoted_heading="The supplier’s answer",
    )


def _answer_to(invoice: Invoice) -> str:
    return invoice.open_dispute.answer if invoice.open_dispute else ""


def _asks_for(invoice: Invoice) -> str:
    row = queries.row_of(invoice)
    return f"{pounds(row.owed_pence)} including VAT is owed, by {weekday_and_day(row.due.on)}."


def council_form(
    invoice: Invoice, title: str, form: Form, act: Callable[[], object], done: str, **context: Any
) -> Response:
    """A page with one form of the council about an invoice, which leads back to it."""
    return form_that_acts(
        "tenders/payments/invoices/form.html",
        title=title,
        form=form,
        act=act,
        done=done,
        back=url_for("invoices.show_invoice", reference=invoice.reference),
        caption=invoice.supplier_name,
        back_text=f"Invoice {invoice.number}",
        **context,
    )
