"""The page on which a supplier sends an invoice: typed, or filled in from an electronic invoice and then sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core import clock
from marketplace.core.acting import on_to
from marketplace.core.errors import Problem, Problems
from marketplace.core.forms import SelectChoice, add_problems
from marketplace.core.money import pounds, split_vat
from marketplace.core.pages import page
from tenders.bids.receipt_time import received_at
from tenders.contracts import queries as contracts
from tenders.contracts.models import Contract, Milestone
from tenders.payments.einvoices.model import EInvoice, EInvoiceUnreadable
from tenders.payments.invoices import actions, documents, electronic, queries, rules, waiting
from tenders.payments.invoices.blueprint import blueprint
from tenders.payments.invoices.documents import Document
from tenders.payments.invoices.filling import Values, fill
from tenders.payments.invoices.forms import OTHER, InvoiceForm
from tenders.payments.invoices.models import Invoice, WaitingDocument
from tenders.payments.invoices.vat import rate_words, rates_on, standard_rate_on

NOTHING_TO_READ = "Choose the file to read. If you have none, enter the invoice below and press “Send the invoice”"
GONE = "The file that waited here was replaced or removed. Choose it again"


@dataclass
class Seen:
    """What a request found: what the electronic invoice says, what the sender is asked to confirm."""

    found: EInvoice | None = None
    warnings: list[str] = field(default_factory=list)
    is_no_electronic: bool = False


@blueprint.route("/supplier/contracts/<reference>/invoices/new", methods=("GET", "POST"))
@may("raise_invoice")
def new_invoice(reference: str) -> Response:
    """Sends an invoice under a contract; what is known, or stands in an electronic invoice, is filled in already."""
    contract = contracts.get_contract_of_supplier(reference, get_member().organisation_id)
    first, seen = _first(contract), Seen()
    form = InvoiceForm(data=None if request.method == "POST" else first)
    _offer(form, contract)
    if form.is_submitted():
        sent = _act(form, contract, first, seen)
        if sent is not None:
            to = url_for("invoices.show_to_supplier", reference=sent.reference)
            return on_to(to, f"Sent. {contract.need.buyer_name} has your invoice")
    return _page(form, contract, seen)


def _page(form: InvoiceForm, contract: Contract, seen: Seen) -> Response:
    kept = waiting.find_waiting(contract, get_member())
    form.kept.data = kept.file_sha256 if kept else ""
    if kept is None:
        del form.without_document
    if not seen.warnings:
        del form.knows_warnings
    return page(
        "tenders/payments/invoices/new.html",
        title="Send an invoice",
        form=form,
        contract=contract,
        kept=kept,
        seen=seen,
        problems=rules.contract_problems(contract),
        left_pence=contract.value_pence - queries.invoiced_pence(contract.id),
    )


def _act(form: InvoiceForm, contract: Contract, first: Values, seen: Seen) -> Invoice | None:
    """Reads the file, or sends the invoice; a file of what was not sent waits here for the next try."""
    kept = waiting.find_waiting(contract, get_member())
    with _document(form, kept) as document:
        stopped = documents.document_problems(document)
        seen.found = document.electronic if document and not stopped else None
        sent = None
        if form.read.data:
            _read(form, document, stopped, first, _said_before(kept), seen)
        else:
            sent = _send(form, contract, document, stopped, seen)
        add_problems(form, stopped)
        if sent is None and document is not None and not stopped and form.sent_document() is not None:
            waiting.keep_document(contract.id, get_member(), document)
    if sent is not None and kept is not None and form.kept.data == kept.file_sha256:
        waiting.let_go(kept)  # another page's file goes on waiting for its own invoice
    return sent


@contextmanager
def _document(form: InvoiceForm, kept: WaitingDocument | None) -> Iterator[Document | None]:
    """The file that was chosen, or else the one that waits here and that the page told of."""
    chosen = form.sent_document()
    if chosen is not None or form.without_document.data or not form.kept.data:
        yield chosen
    elif kept is None or kept.file_sha256 != form.kept.data:
        add_problems(form, [Problem(GONE, "document")])
        yield None
    else:
        with waiting.opened(kept) as document:
            yield document


def _said_before(kept: WaitingDocument | None) -> Values:
    """What the file that waited here filled in."""
    if kept is None:
        return {}
    with waiting.opened(kept) as document:
        try:
            return _values_of(document.electronic)
        except EInvoiceUnreadable:
            return {}


def _values_of(found: EInvoice | None) -> Values:
    return electronic.values_of(found, rates_on(clock.today()), OTHER) if found else {}


def _read(
    form: InvoiceForm, document: Document | None, stopped: list[Problem], first: Values, earlier: Values, seen: Seen
) -> None:
    if document is None:
        add_problems(form, [] if form.document.errors else [Problem(NOTHING_TO_READ, "document")])
    elif seen.found is not None:
        fill(form, _values_of(seen.found), first, earlier)
        for each in form:
            each.errors = [*each.process_errors]  # what was typed and cannot be read stays, and is told of
        unread = {each.name for each in form if each.process_errors}
        add_problems(form, [each for each in electronic.differences(seen.found, form.facts()) if each.field not in unread])
    else:
        seen.is_no_electronic = not stopped


def _send(
    form: InvoiceForm, contract: Contract, document: Document | None, stopped: list[Problem], seen: Seen
) -> Invoice | None:
    before = list(form.document.errors)
    form.validate()
    form.document.errors = [*before, *form.document.errors]
    facts = form.facts()
    found = rules.invoice_problems(facts, contract, queries.is_number_used(contract.id, facts.number), clock.today())
    found += electronic.differences(seen.found, facts) if seen.found else []
    add_problems(form, [each for each in found if not (each.field in form and form[each.field].errors)])
    if form.has_problems or stopped:
        return None
    seen.warnings = actions.warnings_for(contract, facts, seen.found)
    try:
        return actions.send_invoice(
            contract.id, get_member(), facts, document, received_at(), bool(form.knows_warnings.data)
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
    rates = {str(each): rate_words(each) for each in rates_on(clock.today())}
    form.vat_rate.choose_from({**rates, OTHER: "Another sum, which I enter below"})


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
    to_invoice = queries.milestones_to_invoice([contract])
    left = {milestone.id: pence for milestone, pence in to_invoice}
    named = (each for each in contract.milestones if str(each.id) == asked and each.accepted_at is not None)
    chosen = next(named, to_invoice[0][0] if to_invoice else None)
    return chosen, left.get(chosen.id, 0) if chosen else 0
