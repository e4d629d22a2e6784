"""The trace of a bid: for its firm at any time, for its council after the opening."""

from __future__ import annotations

import io
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.clock import london
from marketplace.core.csvfile import csv_bytes
from marketplace.core.pages import page
from tenders.bids import queries, traces
from tenders.bids.blueprint import blueprint
from tenders.bids.desk import download, get_desk
from tenders.bids.models import Bid
from tenders.needs import queries as need_queries

TITLE = "Every request about this bid"


@blueprint.route("/supplier/bids/<reference>/trace")
@may("see_supplier_area")
def trace(reference: str) -> Response:
    """What the firm's people sent and asked for, when it came, and what they were told."""
    bid = get_desk(reference).bid
    return trace_page(bid, url_for("bids.trace_file", reference=reference), url_for("bids.show_bid", reference=reference), shows_names=True)


@blueprint.route("/supplier/bids/<reference>/trace.csv")
@may("see_supplier_area")
def trace_file(reference: str) -> Response:
    """The same as CSV."""
    return trace_csv(get_desk(reference).bid)


@blueprint.route("/council/needs/<reference>/traces/<bid>")
@may("see_assessment")
def council_trace(reference: str, bid: str) -> Response:
    """The trace of an opened bid, for the council."""
    found = _opened(reference, bid)
    back = f"/council/needs/{reference}/opening"
    return trace_page(found, url_for("bids.council_trace_file", reference=reference, bid=bid), back)


@blueprint.route("/council/needs/<reference>/traces/<bid>.csv")
@may("see_assessment")
def council_trace_file(reference: str, bid: str) -> Response:
    """The same as CSV."""
    return trace_csv(_opened(reference, bid))


def _opened(reference: str, bid: str) -> Bid:
    """A bid of the council's own need; NotFound, or StillSealed before the opening."""
    return queries.get_opened_bid(need_queries.get_need_of(reference, get_member().organisation_id), bid)


def trace_page(bid: Bid, file: str, back: str, shows_names: bool = False) -> Any:
    """The page; who may see this bid's trace has been settled."""
    found = traces.trace_of(bid)
    names = traces.names_of(found) if shows_names else {}
    rows = [
        (each, f"{london(each.at):%-d %b %Y, %H:%M:%S.%f}"[:-3], names.get(each.person, each.person) or "Not signed in")
        for each in found.requests
    ]
    return page(
        "tenders/bids/trace.html",
        title=TITLE,
        bid=bid,
        need=bid.need,
        rows=rows,
        gaps=found.gaps,
        columns=[(each.heading, each.meaning, each.unit) for each in traces.COLUMNS],
        file=file,
        back=back,
    )


def trace_csv(bid: Bid) -> Response:
    """The file; who may see this bid's trace has been settled."""
    content = csv_bytes(traces.COLUMNS, traces.trace_of(bid).requests)
    return download(io.BytesIO(content), f"trace-{bid.reference}.csv", "text/csv")
