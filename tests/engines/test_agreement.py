"""Every engine finds, counts and filters as the plain reference does: on generated documents and on real needs."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace import demo_data
from search.documents import Kind, NeedDocument, Passage
from search.engine import Filters, Near, Sort
from search.fallback import FallbackEngine
from search.queries import parse_query
from tests.engines.conftest import KEEPING, opening
from tests.engines.documents import DAY, NOW, collection

SIZE = 120
DOCUMENTS = collection(5, SIZE)
_WORDS = st.sampled_from(
    ["housing", "repairs", "repair", "park", "parking", "crm", "café", "cafe", "organization", "£50,000", "20%", "the",
     "access", "N-7", "Hackney", "72200000", "bin", "unknownword", "e-mail", "waste OR bins", '"social care"',
     '"case management system"', '"the of"', "-housing", '-"street lighting"', "OR", "NOT school", "meals|library"]
)  # fmt: skip
QUERIES = st.lists(_WORDS, max_size=4).map(" ".join)


def _some(*values: str) -> st.SearchStrategy[frozenset[str]]:
    return st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(values), min_size=1, max_size=2))


FILTERS = st.builds(
    Filters,
    statuses=_some("open", "closed", "awarded", "withdrawn", "not-awarded"),
    regions=_some("London", "Wales", "South East", "Mars"),
    buyers=_some("Hackney Council", "NHS Wales"),
    categories=_some("722", "480"),
    budget_bands=_some("under-10k", "10k-30k", "30k-100k", "250k-and-over"),
    capabilities=_some("housing", "maps"),
    sizes=_some("micro", "large"),
    sources=_some("ours"),
    buyer_kinds=_some("other", "county"),
    small_firms=_some("reserved", "suits"),
    evidence=_some("cyber-essentials", "iso-27001"),
    has_worked_with_councils=st.booleans(),
    closing_within_days=st.sampled_from([None, None, 7, 30]),
    near=st.sampled_from([None, None, Near(51.5, -0.1, 25), Near(52.0, -1.0, 60)]),
)
INSTANTS = st.integers(-40, 40).map(lambda days: NOW + days * DAY) | st.just(NOW + timedelta(microseconds=1))


@pytest.fixture(scope="module")
def reference() -> FallbackEngine:
    return FallbackEngine(DOCUMENTS)


@pytest.fixture(scope="module", params=KEEPING)
def engine(request, tmp_path_factory):
    """Written in pieces, some documents twice and some taken out again, as months of use would."""
    for open_again in opening(request.param, tmp_path_factory.mktemp("agreement")):
        made, draw = open_again(), Random(3)
        made.rebuild(DOCUMENTS[::2])
        made.write(collection(6, SIZE)[:7])
        made.write(DOCUMENTS[: SIZE // 2], [(Kind.SUPPLIER, "S-1"), (Kind.NEED, "N-3"), (Kind.NEED, "N-none")])
        made.write(draw.sample(DOCUMENTS, 20))
        made.write(DOCUMENTS)
        yield open_again()


def _outcome(engine, kind, text, filters, sort, now):
    search = engine.search_needs if kind is Kind.NEED else engine.search_suppliers
    results = search(parse_query(text), filters, sort, now=now, page_size=400)
    hits = {hit.reference: (hit.document, hit.title, hit.snippets, hit.matched_terms) for hit in results.hits}
    return hits, results.total, results.facets, results.did_you_mean is None


@settings(max_examples=80, deadline=None)
@given(text=QUERIES, filters=FILTERS, kind=st.sampled_from(Kind), sort=st.sampled_from(Sort), now=INSTANTS)
def test_the_same_results_facets_and_snippets(engine, reference, text, filters, kind, sort, now):
    assert _outcome(engine, kind, text, filters, sort, now) == _outcome(reference, kind, text, filters, sort, now)


@settings(max_examples=30, deadline=None)
@given(filters=FILTERS, sort=st.sampled_from([each for each in Sort if each is not Sort.RELEVANCE]), now=INSTANTS)
def test_the_same_order_where_order_is_a_fact(engine, reference, filters, sort, now):
    def order(each):
        return [name for name, _ in each.ranked(parse_query(""), filters, sort, now=now)]

    assert order(engine) == order(reference)


def test_the_same_documents(engine, reference):
    assert all(engine.references(kind) == reference.references(kind) for kind in Kind)


@pytest.mark.parametrize("number", range(0, SIZE, 17))
def test_the_same_matches(engine, reference, number):
    """Scores may differ a little: an engine counts replaced passages until it tidies up."""
    need, firm = DOCUMENTS[number], DOCUMENTS[SIZE + number]
    for passages, kind in ((need.passages, Kind.SUPPLIER), (firm.passages, Kind.NEED)):
        ours, theirs = (each.match(passages, kind, 400, now=NOW) for each in (engine, reference))
        assert {match.reference for match in ours} == {match.reference for match in theirs}
        best = {match.reference for match in theirs[:3]}
        assert not best or best & {match.reference for match in ours[:5]}
        for match in ours:
            assert match.score > 0


@pytest.fixture(scope="module", params=KEEPING)
def real(request, tmp_path_factory):
    documents = real_needs()
    reference = FallbackEngine(documents)
    for open_again in opening(request.param, tmp_path_factory.mktemp("real")):
        made = open_again()
        made.rebuild(documents)
        yield made, reference


def test_the_same_on_real_needs(real):
    """Titles as typed, their words, and pairs of words as a phrase."""
    engine, reference = real
    needs = real_needs()
    words = [word for need in needs for word in need.title.split()]
    asked = [need.title for need in needs[::7]] + words[::29]
    asked += [f'"{one} {other}" OR {one} -{other}' for one, other in zip(words[::61], words[1::61], strict=False)]
    for text in asked:
        ours, theirs = (set(dict(each.ranked(parse_query(text), Filters(), now=NOW))) for each in (engine, reference))
        assert ours == theirs, text


def real_needs() -> list[NeedDocument]:
    """The real needs of the demonstration, with what their file says of them."""
    lines = Path(demo_data.__file__).with_name("needs.jsonl").read_text(encoding="utf-8").splitlines()
    return [_real_need(number, json.loads(line)) for number, line in enumerate(lines)]


def _real_need(number: int, line: dict) -> NeedDocument:
    texts = [(key, value) for key, value in line.items() if isinstance(value, str) and " " in value and key != "title"]
    return NeedDocument(
        reference=f"N-R-{number}",
        title=line["title"],
        buyer=line["buyer"],
        published_at=NOW - number * DAY,
        closes_at=NOW + (number % 40 - 20) * DAY,
        passages=tuple(Passage(key, value) for key, value in texts),
    )
