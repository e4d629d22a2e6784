"""The auditor's pages: purchases, case files, suppliers, the journal, exports. They only read."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, request, send_file, url_for

from marketplace.accounts.access import get_member, may
from marketplace.auditors import actions, casefile, queries
from marketplace.auditors.exports import OFFERED, Scope, get_export
from marketplace.auditors.exports.journal import RECIPE
from marketplace.auditors.forms import ScopeForm
from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.pages import page, page_number, plural
from tenders.awards.queries import value_pence_of
from tenders.bids import queries as bids
from tenders.bids.sealed_download import sealed_zip, signed_receipt
from tenders.bids.sealed_routes import get_opened_version
from tenders.bids.trace_routes import trace_csv, trace_page
from tenders.needs.queries import get_public_need
from tenders.needs.status import LABELS, PUBLIC, status_of
from tenders.payments.invoices.download import document_response
from tenders.payments.invoices.queries import get_by_reference

blueprint = Blueprint("auditors", __name__)


@blueprint.route("/audit")
@may("see_audit")
def home() -> Any:
    asked = _asked("q", "status", "council")
    councils = queries.councils_with_needs()
    status = asked["status"] if asked["status"] in PUBLIC else ""
    found = queries.search_needs(asked["q"], status, asked["council"], page_number())
    return page(
        "marketplace/auditors/home.html",
        title="Audit",
        found=found,
        asked=asked,
        statuses={name: LABELS[name] for name in PUBLIC},
        councils=councils,
        label_of=lambda need: LABELS[status_of(need)],
    )


@blueprint.route("/audit/needs/<reference>")
@may("see_audit")
def case_file(reference: str) -> Any:
    case = casefile.get_case_file(reference)
    return page(
        "marketplace/auditors/case_file.html",
        title=case.need.title,
        case=case,
        people=queries.names_behind(case.lines),
        words=queries.event_words(),
        need=case.need,
        label=LABELS[status_of(case.need)],
        value_pence_of=value_pence_of,
    )


@blueprint.route("/audit/needs/<reference>/traces/<bid>")
@may("see_audit")
def bid_trace(reference: str, bid: str) -> Any:
    """Every request about an opened bid."""
    found = bids.get_opened_bid(get_public_need(reference), bid)
    return trace_page(
        found, url_for("auditors.bid_trace_file", reference=reference, bid=bid), url_for("auditors.case_file", reference=reference)
    )


@blueprint.route("/audit/needs/<reference>/traces/<bid>.csv")
@may("see_audit")
def bid_trace_file(reference: str, bid: str) -> Any:
    """The same as CSV."""
    return trace_csv(bids.get_opened_bid(get_public_need(reference), bid))


@blueprint.route("/audit/needs/<reference>/sealed/<bid>.zip")
@may("see_audit")
def sealed_bid(reference: str, bid: str) -> Any:
    """An opened bid as it came in, sealed."""
    return sealed_zip(get_opened_version(get_public_need(reference), bid))


@blueprint.route("/audit/needs/<reference>/receipts/<bid>.json")
@may("see_audit")
def bid_receipt(reference: str, bid: str) -> Any:
    """Its signed receipt."""
    return signed_receipt(get_opened_version(get_public_need(reference), bid))


@blueprint.route("/audit/invoices/<reference>/document")
@may("see_audit")
def invoice_document(reference: str) -> Any:
    """The document that a supplier sent with an invoice, exactly as it came."""
    invoice = get_by_reference(reference)
    queries.get_purchase(invoice.contract.need.reference)
    return document_response(invoice)


@blueprint.route("/audit/suppliers")
@may("see_audit")
def suppliers() -> Any:
    asked = _asked("q")
    return page(
        "marketplace/auditors/suppliers.html",
        title="Suppliers",
        found=queries.search_suppliers(asked["q"], page_number()),
        asked=asked,
    )


@blueprint.route("/audit/journal")
@may("see_audit")
def journal() -> Any:
    asked = _asked("event", "q", "council", "from", "to")
    scope = Scope(clock.now(), asked["council"], _day(asked["from"]), _day(asked["to"]))
    found = queries.browse_journal(scope, asked["event"], asked["q"].strip(), page_number())
    return page(
        "marketplace/auditors/journal.html",
        title="Journal",
        found=found,
        people=queries.names_behind(found.rows),
        words=queries.event_words(),
        asked=asked,
        events=queries.event_names(),
        councils=queries.councils_with_needs(),
        checked=queries.find_last_check(),
    )


@blueprint.route("/audit/journal/check", methods=["POST"])
@may("make_export")
def check_journal() -> Any:
    report = actions.check_journal(get_member())
    verdict = report.verdict
    if report.is_whole:
        flash(f"The journal is whole: {verdict.lines:,} lines, and the rows of bids agree with them", "success")
    elif verdict.is_whole:
        flash(
            f"The chain is whole, but {plural(len(report.faults), 'other thing')} did not agree: checkpoints or rows of bids",
            "error",
        )
    else:
        flash(f"The journal is not whole. Line {verdict.first_bad}: {verdict.reason}", "error")
    return redirect(url_for("auditors.journal"), 303)


@blueprint.route("/audit/exports", methods=["GET", "POST"])
@may("make_export")
def exports() -> Any:
    form = ScopeForm(queries.councils_with_needs())
    if form.validate_on_submit():
        name = _export_name()
        made = actions.make_export(name, form.scope(clock.now()), get_member(), form.for_excel.data)
        return _download(made)
    return page(
        "marketplace/auditors/exports.html",
        title="Exports",
        form=form,
        exports=OFFERED,
        recent=queries.recent_exports(),
    )


def _download(made: actions.MadeExport) -> Any:
    kind = "application/zip" if made.name.endswith(".zip") else "text/csv"
    response = send_file(made.file, mimetype=kind, as_attachment=True, download_name=made.name)
    if kind == "text/csv":
        response.headers["Content-Type"] = "text/csv; charset=utf-8; header=present"
    return response


def _export_name() -> str:
    name = request.form.get("export", actions.EVERYTHING)
    if name not in {actions.EVERYTHING, *(each.name for each in OFFERED)}:
        raise NotFound("There is no such export.")
    return name


@blueprint.route("/audit/exports/<name>")
@may("see_audit")
def export_columns(name: str) -> Any:
    export = get_export(name)
    return page(
        "marketplace/auditors/columns.html",
        title=export.file_name,
        export=export,
        recipe=RECIPE if export.name == "journal" else "",
    )


def _asked(*names: str) -> dict[str, str]:
    return {name: request.args.get(name, "")[:200] for name in names}


def _day(text: str) -> date | None:
    """A day from the address; anything unreadable asks for nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
