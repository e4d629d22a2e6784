"""The counts beside a list are what SQL counts in the database, by every engine and on either database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, and_, case, func, select
from werkzeug.datastructures import MultiDict

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.journal import record
from search import indexing
from search.asking import ask_for_all
from search.documents import BUDGET_BANDS, CLOSING_DAYS, MILES, Kind
from search.engine import Results
from search.finding import find, find_references
from suppliers.evidence.models import Evidence
from suppliers.profiles.models import Supplier, SupplierCapability
from tenders.needs.models import Need, NeedCapability
from tenders.needs.status import status_expression
from tests import making

PLACES = [("London", 51.5, -0.1), ("London", 51.6, -0.2), ("Wales", 51.5, -3.2), ("Scotland", 55.9, -3.2)]
CAPABILITIES = ["case-management", "cloud-hosting", "training"]
THRESHOLD = 207_720_00  # from 1 January 2026, in pence including VAT
COUNCILS = {"Hackney Council": "london", "Kent County Council": "county", "Leeds City Council": "metropolitan"}
N = Need


@pytest.fixture(params=["whoosh", "tantivy", "postgresql"])
def market(app, request) -> None:
    if request.param == "postgresql" and not config.current().url.startswith("postgresql"):
        pytest.skip("only where the database is PostgreSQL")
    config.install(replace(config.current(), search_engine=request.param))
    draw, now = random.Random(11), clock.now()
    councils = [making.council(name) for name in COUNCILS]
    for number in range(40):
        region, latitude, longitude = draw.choice(PLACES)
        making.open_need(
            draw.choice(councils), title=f"Parking {number}", region=region, latitude=latitude, longitude=longitude,
            published_at=now - timedelta(days=draw.choice([1, 5, 80])),
            closes_at=now + timedelta(days=draw.choice([-3, 2, 7, 10, 20, 45, 90])),
            estimated_value_pence=draw.choice([9_000_00, 10_000_00, 60_000_00, THRESHOLD, 900_000_00]),
            is_reserved_for_smes=draw.random() < 0.2,
            **draw.choice([{}, {}, {}, {"withdrawn_at": now, "withdrawal_reason": "No money"}]),
        )  # fmt: skip
    for number in range(30):
        region, latitude, longitude = draw.choice(PLACES)
        making.supplier(
            f"Parking firm {number}", source="test", source_id=str(number), region=region, latitude=latitude,
            longitude=longitude, size=draw.choice(["micro", "small", ""]),
        )  # fmt: skip
    with db.one_action("test"):
        for each in db.session.scalars(select(Supplier).order_by(Supplier.id)):
            for code in draw.sample(CAPABILITIES, draw.randrange(3)):
                each.capability_rows.append(SupplierCapability(code=code))
            for name, days in draw.sample([("ISO 27001", 30), ("Cyber Essentials", -1), ("Cyber Essentials", 0)], 2):
                ends_on = clock.today() + timedelta(days=days)
                paper = Evidence(kind="certificate", name=name, expires_on=ends_on, added_at=now)
                paper.supplier_id = each.id
                db.session.add(paper)
        record(making.MadeForTest(subject="test"))
    indexing.rebuild_index(lambda _: None)


def counted(group: Any, where: ColumnElement[bool]) -> dict[str, int]:
    query = select(group, func.count(func.distinct(N.id))).where(N.published_at.is_not(None), where)
    return {str(value): count for value, count in db.session.execute(query.group_by(group)) if value}


def facets(kind: Kind, asked: list[tuple[str, str]]) -> tuple[Results, dict[str, dict[str, int]]]:
    results = find(ask_for_all(kind, MultiDict(asked))).results
    return results, {name: {each.value: each.count for each in counts} for name, counts in results.facets.items()}


def lines() -> Iterator[tuple[str, list[tuple[str, str]], ColumnElement[bool]]]:
    """Each filter: its facet, what an address says, and the same in SQL."""
    now = clock.now()
    is_open = status_expression() == "open"
    yield "status", [], is_open
    yield "region", [("region", "London"), ("region", "Wales")], N.region.in_(["London", "Wales"])
    yield "budget_band", [("budget", "under-10k")], N.estimated_value_pence < 10_000_00
    yield "closing", [("closing", "14")], is_open & (N.closes_at <= now + timedelta(days=14))
    small = N.is_reserved_for_smes.is_(False) & (N.estimated_value_pence < THRESHOLD)
    yield "small_firms", [("small-firms", "suits")], small


@pytest.mark.parametrize("chosen", [(), ("region",), ("budget_band", "region"), ("closing",), ("small_firms", "region")])
def test_counts_of_needs_are_what_sql_counts(market, chosen: tuple[str, ...]) -> None:
    in_use = {name: (asked, where) for name, asked, where in lines() if name in (*chosen, "status")}
    results, found = facets(Kind.NEED, [pair for asked, _ in in_use.values() for pair in asked])

    def others(facet: str) -> ColumnElement[bool]:
        return and_(N.id > 0, *(where for name, (_, where) in in_use.items() if name != facet))

    assert results.total == db.session.scalar(select(func.count(N.id)).where(others("")))
    assert found["region"] == counted(N.region, where=others("region"))
    status = status_expression()
    assert found["status"] == counted(status, where=others("status"))
    band = case(*((N.estimated_value_pence < end, key) for key, end in BUDGET_BANDS if end), else_=BUDGET_BANDS[-1][0])
    assert found["budget_band"] == counted(band, where=others("budget_band"))
    small = case((N.is_reserved_for_smes, "reserved"), (N.estimated_value_pence < THRESHOLD, "suits"), else_="")
    assert found["small_firms"] == counted(small, where=others("small_firms"))
    codes = select(NeedCapability.code, func.count()).join(N, N.id == NeedCapability.need_id).where(others(""))
    assert found["capability"] == dict(db.session.execute(codes.group_by(NeedCapability.code)).all())
    buyer = case(COUNCILS, value=N.buyer_name)
    assert found["buyer_kind"] == counted(buyer, where=others("buyer_kind"))
    is_open = status_expression() == "open"
    for days in CLOSING_DAYS:
        within = is_open & (N.closes_at <= clock.now() + timedelta(days=days))
        expected = db.session.scalar(select(func.count(N.id)).where(others("closing"), within))
        assert found["closing"].get(str(days), 0) == expected


@pytest.mark.parametrize(
    "asked",
    [
        [],
        [("region", "London")],
        [("evidence", "iso-27001")],
        [("size", "micro"), ("near", "EC1A 1BB"), ("within", "100")],
    ],
)
def test_counts_of_suppliers_are_what_sql_counts(market, asked: list[tuple[str, str]]) -> None:
    results, found = facets(Kind.SUPPLIER, [*asked, ("q", "parking")])
    wheres = {
        "region": Supplier.region == "London",
        "size": Supplier.size == "micro",
        "evidence": held("ISO 27001"),
        "distance": Supplier.region == "London",  # Cardiff is farther than a hundred miles from the City of London
    }
    names = {"near": "distance"}
    in_use = {names.get(name, name) for name, _ in asked} & wheres.keys()

    def count(facet: str, *more: ColumnElement[bool]) -> int:
        where = and_(Supplier.id > 0, *(wheres[name] for name in in_use - {facet}), *more)
        return db.session.scalar(select(func.count(Supplier.id)).where(where)) or 0

    if "distance" in in_use:
        assert set(found["distance"]) <= set(map(str, MILES)) and found["distance"]["100"] == count("")
    assert results.total == count("")
    for region in ("London", "Wales", "Scotland"):
        assert found["region"].get(region, 0) == count("region", Supplier.region == region)
    for size in ("micro", "small"):
        assert found["size"].get(size, 0) == count("size", Supplier.size == size)
    for key, name in (("iso-27001", "ISO 27001"), ("cyber-essentials", "Cyber Essentials")):
        assert found["evidence"].get(key, 0) == count("evidence", held(name))
    for code in CAPABILITIES:
        has = select(SupplierCapability.code).where(SupplierCapability.supplier_id == Supplier.id)
        assert found["capability"].get(code, 0) == count("", has.where(SupplierCapability.code == code).exists())


def held(name: str) -> ColumnElement[bool]:
    in_date = select(Evidence.id).where(
        Evidence.supplier_id == Supplier.id, Evidence.name == name, Evidence.expires_on >= clock.today()
    )
    return in_date.exists()


def test_lists_files_and_counts_agree(market) -> None:
    asked = MultiDict([("q", "parking"), ("region", "London"), ("status", "all")])
    question = ask_for_all(Kind.NEED, asked)
    results = find(question).results
    assert len(find_references(question)) == results.total > 0
    for each in results.facets["budget_band"]:
        narrowed = ask_for_all(Kind.NEED, MultiDict([*asked.items(multi=True), ("budget", each.value)]))
        assert find(narrowed).results.total == each.count == len(find_references(narrowed))
