"""The supplier's pages of its invoices: list, page, sending, taking back, answering, crediting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.errors import Problems
from marketplace.core.forms import Form, SelectChoice, add_problems
from marketplace.core.money import pounds, split_vat
from marketplace.core.pages import page
from tenders.bids.receipt_time import received_at
from tenders.contracts import queries as contracts
from tenders.contracts.models import Contract, Milestone
from tenders.payments.invoices import actions, documents, queries, rules
from tenders.payments.invoices.blueprint import blueprint
from tenders.payments.invoices.download import document_response
from tenders.payments.invoices.forms import OTHER, AnswerForm, CreditNoteForm, InvoiceForm, pence_in
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.parts import parts_of
from tenders.payments.invoices.vat import rate_words, rates_on, standard_rate_on


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


def _own(reference: str) -> Invoice:
    return queries.get_invoice_of_supplier(reference, get_member().organisation_id)


@blueprint.route("/supplier/contracts/<reference>/invoices/new", methods=("GET", "POST"))
@may("raise_invoice")
def new_invoice(reference: str) -> Response:
    """Sends an invoice under a contract; what is known is filled in already."""
    contract = contracts.get_contract_of_supplier(reference, get_member().organisation_id)
    form = InvoiceForm(data=None if request.method == "POST" else _first(contract))
    _offer(form, contract)
    warnings: list[str] = []
    if form.is_submitted() and _is_whole(form, contract):
        warnings = actions.warnings_for(contract, form.facts())
        sent = _send(form, contract)
        if sent is not None:
            address = url_for("invoices.show_to_supplier", reference=sent.reference)
            return on_to(address, f"Sent. {contract.need.buyer_name} has your invoice")
    if not warnings:
        del form.knows_warnings
    return page(
        "tenders/payments/invoices/new.html",
        title="Send an invoice",
        form=form,
        contract=contract,
        warnings=warnings,
        problems=rules.contract_problems(contract),
        left_pence=contract.value_pence - queries.invoiced_pence(contract.id),
    )


def _is_whole(form: InvoiceForm, contract: Contract) -> bool:
    """Whether neither the fields nor the rules find anything; all of it is told of at once."""
    form.validate()
    facts = form.facts()
    found = rules.invoice_problems(facts, contract, queries.is_number_used(contract.id, facts.number), clock.today())
    found += documents.document_problems(form.sent_document())
    add_problems(form, [each for each in found if not (each.field in form and form[each.field].errors)])
    return not form.has_problems


def _send(form: InvoiceForm, contract: Contract) -> Invoice | None:
    knows = bool(form.knows_warnings.data)
    try:
        return actions.send_invoice(
            contract.id, get_member(), form.facts(), form.sent_document(), received_at(), knows
        )
    except Problems as problems:
        add_problems(form, problems.problems)
        return None


def _offer(form: InvoiceForm, contract: Contract) -> None:
    accepted = [each for each in contract.milestones if each.accepted_at is not None]
    left = {milestone.id: pence for milestone, pence in queries.milestones_to_invoice([contract])}
    form.what_for.choose_from(
        [
            *(SelectChoice(str(each.id), _offered(each, left.get(each.id, 0))) for each in accepted),
            SelectChoice(OTHER, "Another sum under this contract"),
        ]
    )
    form.vat_rate.choose_from({**{str(each): rate_words(each) for each in rates_on(clock.today())}, OTHER: "Another sum, which I enter below"})


def _offered(milestone: Milestone, left_pence: int) -> str:
    words = f"{milestone.title}, {pounds(milestone.amount_pence)} with VAT"
    if left_pence == milestone.amount_pence:
        return words
    return f"{words} ({pounds(left_pence)} not invoiced yet)" if left_pence else f"{words} (invoiced already)"


def _first(contract: Contract) -> dict[str, Any]:
    """What the form starts from: an accepted milestone, the contract's order number, the firm's address and VAT number."""
    chosen, left = _chosen(contract, request.args.get("milestone", ""))
    last = queries.last_invoice(contract.supplier_id)
    vat_number = contract.supplier.vat_number or (last.vat_number if last else "")
    rate = standard_rate_on(clock.today()) if vat_number else 0
    known = {
        "invoiced_on": clock.today(),
        "purchase_order": contract.purchase_order,
        "supplier_address": last.supplier_address if last else "",
        "vat_number": vat_number,
        "vat_rate": str(rate),
        "what_for": str(chosen.id) if chosen else OTHER,
    }
    if chosen is None:
        return known
    net_pence = split_vat(left, rules.as_rate(rate))[0] if left else None
    return {**known, "description": chosen.title, "net_pence": net_pence}


def _chosen(contract: Contract, asked: str) -> tuple[Milestone | None, int]:
    """The accepted milestone that the link named, or else the first to invoice; with what of it is not invoiced."""
    waiting = queries.milestones_to_invoice([contract])
    left = {milestone.id: pence for milestone, pence in waiting}
    named = (each for each in contract.milestones if str(each.id) == asked and each.accepted_at is not None)
    chosen = next(named, waiting[0][0] if waiting else None)
    return chosen, left.get(chosen.id, 0) if chosen else 0


# -- afterwards


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
