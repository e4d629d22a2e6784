"""Open data: what there is to take away, and every public need and supplier as CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask import Response, request, send_file
from sqlalchemy import Select, select

from marketplace.accounts.access import public
from marketplace.core import clock, db
from marketplace.core.csvfile import Column, pounds_cell, write_csv
from marketplace.core.letters import absolute
from marketplace.core.pages import page
from marketplace.public.blueprint import blueprint
from search.asking import ask_for_all
from search.documents import Kind, SupplierDocument
from search.finding import find_references
from search.gathering import supplier_documents
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import each_supplier, public_suppliers
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
PROFILE = "suppliers"
SUPPLIER_COLUMNS = [
    Column("reference", "The supplier's reference here", "", PROFILE, lambda r: r.supplier.reference),
    Column("name", "Name", "", PROFILE, lambda r: r.supplier.name),
    Column("summary", "What it does, in its own words", "", PROFILE, lambda r: r.supplier.summary),
    Column("region", "Region that it is based in", "", PROFILE, lambda r: r.supplier.region),
    Column("outcode", "First half of its postcode", "", PROFILE, lambda r: r.supplier.outcode),
    Column("size", "Size: micro, small, medium or large", "", PROFILE, lambda r: r.supplier.size),
    Column("capabilities", "Codes of what it can do, parted by spaces", "", PROFILE,
           lambda r: " ".join(r.supplier.capabilities)),
    Column("evidence", "Certificates and insurance in date, as declared, parted by spaces", "", PROFILE,
           lambda r: " ".join(each.key for each in r.document.evidence if each.ends_at is None or r.at < each.ends_at)),
    Column("has_worked_with_councils", "Whether past work, clients or awards known here name a council", "", OURS,
           lambda r: r.document.has_worked_with_councils),
    Column("website", "Website", "", PROFILE, lambda r: r.supplier.website),
    Column("source", "Where the profile was made from; empty when the firm keeps it here", "", PROFILE,
           lambda r: r.supplier.source),
    Column("updated_at", "When the profile last changed", "UTC", PROFILE, lambda r: r.supplier.updated_at),
    Column("url", "Its page here", "", OURS, lambda r: absolute(r.document.url)),
]  # fmt: skip


@blueprint.route("/open-data")
@public
def open_data() -> Any:
    return page(
        "marketplace/public/open_data.html", title="Open data", columns=COLUMNS, supplier_columns=SUPPLIER_COLUMNS
    )


@blueprint.route("/needs.csv")
@public
def needs_csv() -> Response:
    question = ask_for_all(Kind.NEED, request.args)
    return _sent("needs.csv", COLUMNS, _every_row() if question.is_plain else _rows(find_references(question)))


@blueprint.route("/suppliers.csv")
@public
def suppliers_csv() -> Response:
    question = ask_for_all(Kind.SUPPLIER, request.args)
    batches = each_supplier(BATCH) if question.is_plain else _suppliers(find_references(question))
    return _sent("suppliers.csv", SUPPLIER_COLUMNS, _supplier_rows(batches))


def _sent(name: str, columns: Sequence[Column], rows: Iterable[Any]) -> Response:
    """A whole file on disk first, so that a fault on the way is an error and no short file; then sent piece by piece."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write_csv(path, columns, rows)
        opened = path.open("rb")  # lives on until it is closed, though its name goes
    sent = send_file(opened, mimetype="text/csv", as_attachment=True, download_name=name)
    sent.headers["Content-Type"] = "text/csv; charset=utf-8"
    return sent


class _SupplierRow(NamedTuple):
    supplier: Supplier
    document: SupplierDocument
    at: datetime


def _suppliers(references: Sequence[str]) -> Iterator[list[Supplier]]:
    """The suppliers of a search, in its order."""
    for first in range(0, len(references), BATCH):
        batch = list(references[first : first + BATCH])
        found = {each.reference: each for each in public_suppliers(batch)}
        yield [found[each] for each in batch if each in found]


def _supplier_rows(batches: Iterable[list[Supplier]]) -> Iterator[_SupplierRow]:
    at = clock.now()
    for batch in batches:
        for supplier, document in zip(batch, supplier_documents(batch), strict=True):
            yield _SupplierRow(supplier, document, at)


def _every_row() -> Iterator[Any]:
    db.in_one_transaction()
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
