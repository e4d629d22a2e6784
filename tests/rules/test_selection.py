"""Facets, filters and order: each count is what choosing it gives, and columns select as the plain reference does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.columns import Columns
from search.documents import (
    CLOSING_DAYS,
    MILES,
    Held,
    Kind,
    NeedDocument,
    Status,
    SupplierDocument,
    from_json,
    to_json,
)
from search.engine import Filters, Near, Sort
from search.selection import facts_of, select

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PLACES = [(51.5, -0.1), (51.55, -0.1), (51.7, 0.2), (52.5, -1.9), (55.9, -3.2), (None, None)]
REGIONS, KINDS = ["London", "Wales", None], ["county", "nhs", "other"]
PAPERS = ["cyber-essentials", "iso-27001", "public-liability"]
SEVERAL = st.lists(st.sampled_from(["booking", "portal", "payments"]), max_size=3, unique=True).map(tuple)


def some(*values):
    return st.sampled_from(values)


@st.composite
def needs(draw) -> list[NeedDocument]:
    made = []
    for number in range(draw(st.integers(0, 25))):
        latitude, longitude = draw(st.sampled_from(PLACES))
        hours = draw(st.none() | st.integers(-100, 2000))
        made.append(
            NeedDocument(
                reference=f"N-{number}", title="Need", buyer=draw(some("A Council", "B Council")),
                published_at=NOW + timedelta(days=draw(some(-9, -2, -1, 0, 1))),
                closes_at=None if hours is None else NOW + timedelta(hours=hours),
                ended=draw(some(None, None, Status.AWARDED, Status.WITHDRAWN, Status.CLOSED)),
                region=draw(st.sampled_from(REGIONS)), latitude=latitude, longitude=longitude,
                cpv_codes=tuple(draw(st.lists(some("72000000", "72200000", "48000000"), max_size=3))),
                value_pence=draw(some(None, 0, 5_000_00, 10_000_00, 99_999_99, 900_000_00)),
                capabilities=draw(SEVERAL), buyer_kind=draw(st.sampled_from(KINDS)),
                small_firms=draw(some(None, "reserved", "suits")), source=draw(some("ours", "central")),
            )
        )  # fmt: skip
    return made


@st.composite
def suppliers(draw) -> list[SupplierDocument]:
    days = some(None, *(NOW.date() + timedelta(days=step) for step in (-30, -1, 0, 1, 30)))
    made = []
    for number in range(draw(st.integers(0, 25))):
        latitude, longitude = draw(st.sampled_from(PLACES))
        made.append(
            SupplierDocument(
                reference=f"S-{number}", name="Firm", updated_at=NOW - timedelta(days=draw(some(0, 1, 2))),
                region=draw(st.sampled_from(REGIONS)), latitude=latitude, longitude=longitude,
                size=draw(some(None, "micro", "large")), capabilities=draw(SEVERAL),
                evidence=tuple(draw(st.lists(st.builds(Held, st.sampled_from(PAPERS), days), max_size=4))),
                has_worked_with_councils=draw(st.booleans()), source=draw(some("ours", "central")),
            )
        )  # fmt: skip
    return made


def sets(*values):
    return st.frozensets(st.sampled_from(values), max_size=2)


FILTERS = st.builds(
    Filters,
    statuses=sets("open", "closed", "awarded"),
    regions=sets("London", "Wales"),
    buyers=sets("A Council"),
    categories=sets("720", "480"),
    budget_bands=sets("under-10k", "30k-100k"),
    capabilities=sets("booking", "portal"),
    sources=sets("ours"),
    buyer_kinds=sets("county", "nhs"),
    small_firms=sets("reserved", "suits"),
    closing_within_days=some(None, None, 7, 30, 45),
    near=some(None, None, Near(51.5, -0.1, 5), Near(51.5, -0.1, 100), Near(55.9, -3.2, 40)),
)
SUPPLIER_FILTERS = st.builds(
    Filters,
    regions=sets("London", "Wales"),
    sizes=sets("micro", "large"),
    capabilities=sets("booking", "portal"),
    sources=sets("ours"),
    evidence=sets(*PAPERS),
    has_worked_with_councils=st.booleans(),
    near=some(None, None, Near(51.5, -0.1, 25), Near(55.9, -3.2, 100)),
)


def chosen(kind, documents, filters, sort=Sort.NEWEST):
    found = [(float(len(each.reference) % 3), facts_of(each), row) for row, each in enumerate(documents)]
    return select(kind, found, filters, sort, NOW)


def narrowed(filters: Filters, facet: str, value: str) -> Filters:
    """The filters with this choice of the facet in place of what stood in its line."""
    if facet == "closing":
        return replace(filters, closing_within_days=int(value))
    if facet == "distance":
        assert filters.near is not None
        return replace(filters, near=replace(filters.near, miles=float(value)))
    if facet == "councils":
        return replace(filters, has_worked_with_councils=True)
    lines = {"status": "statuses", "category": "categories", "capability": "capabilities", "evidence": "evidence",
             "small_firms": "small_firms"}  # fmt: skip
    return replace(filters, **{lines.get(facet, f"{facet}s"): frozenset({value})})


@settings(max_examples=60, deadline=None)
@given(needs(), FILTERS)
def test_every_count_is_what_choosing_it_gives(documents, filters) -> None:
    for facet, counts in chosen(Kind.NEED, documents, filters).facets.items():
        for each in counts:
            assert len(chosen(Kind.NEED, documents, narrowed(filters, facet, each.value)).chosen) == each.count, facet


@settings(max_examples=60, deadline=None)
@given(suppliers(), SUPPLIER_FILTERS)
def test_every_count_of_suppliers_is_what_choosing_it_gives(documents, filters) -> None:
    for facet, counts in chosen(Kind.SUPPLIER, documents, filters).facets.items():
        for each in counts:
            assert len(chosen(Kind.SUPPLIER, documents, narrowed(filters, facet, each.value)).chosen) == each.count


@settings(max_examples=40, deadline=None)
@given(needs(), some("open", "closed", "awarded", "withdrawn"), some(None, "London"), some(*CLOSING_DAYS))
def test_choices_that_are_not_counted_give_nothing(documents, status, region, days) -> None:
    filters = Filters(statuses=frozenset({status}), regions=frozenset({region} if region else ()))
    facets = {name: {each.value: each.count for each in counts}
              for name, counts in chosen(Kind.NEED, documents, filters).facets.items()}  # fmt: skip
    plain = [each for each in documents if each.published_at <= NOW and each.region in {region or each.region}]
    closing = [each for each in plain if not each.ended and each.closes_at and each.closes_at >= NOW]
    in_time = [each for each in closing if each.closes_at <= NOW + timedelta(days=days)]
    assert facets["closing"].get(str(days), 0) == (len(in_time) if status == "open" else 0)
    assert facets["status"].get("awarded", 0) == sum(each.ended is Status.AWARDED for each in plain)
    assert facets["distance"] == {}


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(list(Sort)))
def test_columns_select_as_the_reference_does(kind, data, sort) -> None:
    is_need = kind is Kind.NEED
    documents = data.draw(needs() if is_need else suppliers())
    filters = data.draw(FILTERS if is_need else SUPPLIER_FILTERS)
    scores = data.draw(st.lists(some(0.5, 1.0, 1.0000001, 2.0), min_size=len(documents), max_size=len(documents)))
    facts = [facts_of(each) for each in documents]
    found = list(zip(scores, facts, range(len(facts)), strict=True))[::2]
    plain = select(kind, found, filters, sort, NOW)
    rows = np.array([row for *_, row in found], dtype=np.int64)
    quick = Columns(kind, facts).select(rows, np.array([score for score, *_ in found]), filters, sort, NOW)
    assert quick.facets == plain.facets
    assert list(quick.chosen) == list(plain.chosen) and quick.chosen[:2] == list(plain.chosen)[:2]


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(list(Sort)))
def test_columns_that_took_over_are_as_those_made_anew(kind, data, sort) -> None:
    is_need = kind is Kind.NEED
    first = [facts_of(each) for each in data.draw(needs() if is_need else suppliers())]
    later = [facts_of(each) for each in data.draw(needs() if is_need else suppliers())]
    kept = [each for each in first if data.draw(st.booleans())]
    facts = [*kept, *later[::2]] if data.draw(st.booleans()) else [*later[::2], *reversed(kept)]
    filters = data.draw(FILTERS if is_need else SUPPLIER_FILTERS)
    before = Columns(kind, first)
    before.select(before.every, np.zeros(len(first)), filters, sort, NOW)
    after, anew = Columns(kind, facts, before), Columns(kind, facts)
    scores = np.arange(len(facts)) % 3.0
    one, other = (each.select(each.every, scores, filters, sort, NOW) for each in (after, anew))
    assert one.facets == other.facets and [each[0] for each in one.chosen] == [each[0] for each in other.chosen]
    assert {each[2] for each in one.chosen} == {each[2] for each in other.chosen}


def test_a_paper_counts_through_its_last_day_in_london() -> None:
    firm = SupplierDocument(
        reference="S-1",
        name="Firm",
        updated_at=NOW,
        evidence=(Held("iso-27001", date(2026, 7, 1)), Held("iso-27001", date(2026, 6, 1)), Held("iso-9001")),
    )
    found = [(1.0, facts_of(firm), 0)]
    ask = Filters(evidence=frozenset({"iso-27001"}))
    midnight = datetime(2026, 7, 1, 23, tzinfo=UTC)
    for at, is_held in ((midnight - timedelta(microseconds=1), True), (midnight, False)):
        selection = select(Kind.SUPPLIER, found, ask, Sort.RELEVANCE, at)
        assert bool(selection.chosen) is is_held
        evidence = {each.value for each in selection.facets["evidence"]}
        assert evidence == ({"iso-27001", "iso-9001"} if is_held else {"iso-9001"})
    assert from_json(Kind.SUPPLIER, to_json(firm)) == firm


def test_the_nearest_first_and_what_has_no_place_last() -> None:
    firms = [
        SupplierDocument(reference=f"S-{n}", name="F", updated_at=NOW, latitude=place[0], longitude=place[1])
        for n, place in enumerate(PLACES)
    ]
    selection = chosen(Kind.SUPPLIER, firms, Filters(near=Near(55.9, -3.2, 1000)), Sort.DISTANCE)
    assert [facts.reference for _, facts, _ in selection.chosen] == ["S-4", "S-3", "S-2", "S-1", "S-0"]
    assert {each.value: each.count for each in selection.facets["distance"]} == {str(miles): 1 for miles in MILES}


def test_suppliers_that_tie_take_turns() -> None:
    firms = [SupplierDocument(reference=f"S-{n}", name="F", updated_at=NOW) for n in range(8)]
    found = [(1.0, facts_of(each), row) for row, each in enumerate(firms)]
    firsts = {select(Kind.SUPPLIER, found, Filters(), sort, NOW + timedelta(days=day)).chosen[0][2]
              for day in range(40) for sort in (Sort.RELEVANCE, Sort.NEWEST)}  # fmt: skip
    assert len(firsts) > 5
