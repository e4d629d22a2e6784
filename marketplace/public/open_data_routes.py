"""Open data: what there is to take away, and every public need as CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flask import Response, request
from sqlalchemy import Select, select

from marketplace.accounts.access import public
from marketplace.core import db
from marketplace.core.csvfile import Column, pounds_cell, write_csv
from marketplace.core.letters import absolute
from marketplace.core.pages import page
from marketplace.public.blueprint import blueprint
from search.asking import QuestionUnreadable, ask_needs
from search.finding import find_references
from tenders.needs.models import Need
from tenders.needs.status import status_expression

BATCH = 500
OURS, FACT = "this service", "needs"
COLUMNS = [
    Column("reference", "The need's reference here", "", FACT, lambda r: r.reference),
    Column("title", "Title", "", FACT, lambda r: r.title),
    Column("summary", "Summary", "", FACT, lambda r: r.summary),
    Column("buyer", "The council that asks", "", FACT, lambda r: r.buyer_name),
    Column("region", "Region of the work", "", FACT, lambda r: r.region),
    Column("status", "Status when the file was made", "", "read from the dates", lambda r: r.status),
    Column("published_at", "When it was published", "UTC", FACT, lambda r: r.published_at),
    Column("questions_close_at", "Until when questions could be asked", "UTC", FACT, lambda r: r.questions_close_at),
    Column("closes_at", "When bids close", "UTC", FACT, lambda r: r.closes_at),
    Column("estimated_value_gbp", "Estimated value including VAT", "pounds", FACT, lambda r: pounds_cell(r.value)),
    Column("cpv_codes", "CPV 2008 codes, parted by spaces", "", FACT, lambda r: r.cpv_codes),
    Column("source", "Where it was first published; empty when here", "", FACT, lambda r: r.source),
    Column("source_url", "Its page there", "", FACT, lambda r: r.source_url),
    Column("url", "Its page here", "", OURS, lambda r: absolute(f"/needs/{r.reference}")),
]


@blueprint.route("/open-data")
@public
def open_data() -> Any:
    return page("marketplace/public/open_data.html", title="Open data", columns=COLUMNS)


@blueprint.route("/needs.csv")
@public
def needs_csv() -> Response:
    question = ask_needs(request.args)
    if question.note:
        raise QuestionUnreadable(question.note)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "needs.csv")
        write_csv(path, COLUMNS, _every_row() if question.is_plain else _rows(find_references(question)))
        content = path.read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="needs.csv"'}
    return Response(content, mimetype="text/csv", headers=headers)


def _every_row() -> Iterator[Any]:
    return iter(db.session.execute(_query().order_by(Need.id).execution_options(yield_per=500)))


def _rows(references: Sequence[str]) -> Iterator[Any]:
    """The needs of a search, in its order."""
    for first in range(0, len(references), BATCH):
        batch = references[first : first + BATCH]
        found = {row.reference: row for row in db.session.execute(_query().where(Need.reference.in_(batch)))}
        yield from (found[each] for each in batch if each in found)


def _query() -> Select[Any]:
    columns = (
        Need.reference, Need.title, Need.summary, Need.buyer_name, Need.region, status_expression().label("status"),
        Need.published_at, Need.questions_close_at, Need.closes_at, Need.estimated_value_pence.label("value"),
        Need.cpv_codes, Need.source, Need.source_url,
    )  # fmt: skip
    return select(*columns).where(Need.published_at.is_not(None))
