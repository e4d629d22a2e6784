"""What every engine answers, over a small collection: one set of tests for all of them."""

from datetime import timedelta

import pytest

from search.documents import Kind, Passage, from_json, to_json
from search.engine import Filters, Near, Sort
from search.queries import parse_query
from search.selection import turn
from tests.engines.documents import DAY, NEEDS, NOW, SUPPLIERS
from tests.quick import cpu_of

HOSTILE = [
    "*", "*a*e*i*o*u*", "?" * 12 + "*", "*:*", "[a to z]", "text:[a to zzzz]", "(" * 3000 + "ba" + ")" * 3000,
    "NOT " * 500 + "ba", "a" * 100_000, '"' * 20_000, "ba^" + "9" * 400, "((((ba", "nofield:x", ":" * 5000,
    "\u202e\x00\U0001f4a9" * 2000, "ba ANDNOT " * 400 + "be", '"a b c"~100000', "' OR 1=1 --", "<script>", "\ud800x",
    " ".join("*" + c + "*" for c in "bcdfglmnprst"), "the", "-the", "%00", "\\", "ﬁ Ⅷ ½", "a\u0301" * 500,
]  # fmt: skip


def found(engine, text, sort=Sort.RELEVANCE, now=NOW, **filters):
    results = engine.search_needs(parse_query(text), Filters(**filters), sort, now=now)
    return [hit.reference for hit in results.hits]


def firms(engine, text="", sort=Sort.RELEVANCE, now=NOW, **filters):
    results = engine.search_suppliers(parse_query(text), Filters(**filters), sort, now=now)
    return {hit.reference for hit in results.hits}


def facets(results):
    return {name: {each.value: each.count for each in counts} for name, counts in results.facets.items()}


def test_words_phrases_and_exclusions(engine):
    assert set(found(engine, "housing")) == {"N-1", "N-3"}
    assert found(engine, "housing -social") == ["N-1"]
    assert set(found(engine, "repairs OR reminder")) == {"N-1", "N-2"}
    assert found(engine, '"social care"') == ["N-3"] and found(engine, '"care social"') == []
    assert found(engine, "-housing -case") == ["N-2", "N-4"]
    assert found(engine, '"done works"') == [], "a phrase does not reach from one passage into the next"


def test_folding_numbers_and_names(engine):
    assert found(engine, "cafe") == found(engine, "CAFÉ'S") == ["N-3"]
    assert found(engine, "£50,000") == found(engine, "50000") == found(engine, "20%") == ["N-2"]
    assert found(engine, "reading council") == ["N-2"] and found(engine, "N-1") == ["N-1"]
    assert found(engine, "crm") == ["N-4"]


def test_open_needs_come_first_and_titles_count_more(engine):
    assert found(engine, "case management")[:2] == ["N-1", "N-3"]
    assert found(engine, "case management", now=NOW - 20 * DAY)[0] == "N-3"


def test_status_is_read_from_the_clock_with_nothing_written(engine):
    closing = NOW + 2 * DAY
    assert found(engine, "bin", now=closing, statuses=frozenset({"open"})) == ["N-2"]
    assert found(engine, "bin", now=closing + timedelta(microseconds=1), statuses=frozenset({"open"})) == []
    assert found(engine, "", now=NOW + DAY, statuses=frozenset({"open"}))[0] == "N-5"


def test_filters(engine):
    assert found(engine, "", regions=frozenset({"Wales", "South East"})) == ["N-2", "N-4"]
    assert found(engine, "", closing_within_days=3) == ["N-2"]
    assert found(engine, "", near=Near(51.53, -0.1, 10)) == ["N-1"]
    assert found(engine, "", near=Near(51.53, -0.1, 60)) == ["N-1", "N-2"]
    assert found(engine, "", budget_bands=frozenset({"30k-100k"})) == ["N-1"]
    assert found(engine, "", categories=frozenset({"722"}), capabilities=frozenset({"housing repairs"})) == ["N-1"]
    assert found(engine, "", buyers=frozenset({"Reading Council"}), statuses=frozenset({"awarded"})) == []


def test_facets_count_what_choosing_them_would_give(engine):
    regions = frozenset({"London"})
    results = engine.search_needs(parse_query(""), Filters(regions=regions), now=NOW)
    counted = facets(results)
    assert counted["region"] == {"London": 2, "South East": 1, "Wales": 1}
    assert counted["status"] == {"open": 1, "closed": 1}
    for name, counts in (("regions", counted["region"]), ("statuses", counted["status"])):
        for value, count in counts.items():
            chosen = {"regions": regions} | {name: frozenset({value})}
            assert len(found(engine, "", **chosen)) == count


def test_orders(engine):
    assert found(engine, "", Sort.CLOSING_SOONEST) == ["N-2", "N-1", "N-3", "N-4"]
    assert found(engine, "", Sort.NEWEST) == ["N-1", "N-2", "N-3", "N-4"]
    assert found(engine, "", Sort.VALUE) == ["N-3", "N-1", "N-2", "N-4"]


def test_pages_hold_every_result_once(engine):
    pages = [engine.search_needs(parse_query(""), Filters(), page=n, now=NOW, page_size=3) for n in (1, 2, 3)]
    assert [len(page.hits) for page in pages] == [3, 1, 0] and {page.total for page in pages} == {4}
    assert len({hit.reference for page in pages for hit in page.hits}) == 4


def test_hits_show_why_as_plain_pieces(engine):
    hit = engine.search_needs(parse_query("repairs case"), Filters(), now=NOW).hits[0]
    assert ("repair", True) in hit.title and "".join(text for text, _ in hit.title) == "Report a housing repair online"
    assert {snippet.label for snippet in hit.snippets} == {"Requirement 1", "Requirement 2"}
    assert hit.matched_terms == ("repairs", "case") and hit.document.buyer == "Hackney Council"


def test_did_you_mean(engine):
    results = engine.search_needs(parse_query("huosing repiars"), Filters(), now=NOW)
    assert results.total == 0 and results.did_you_mean in ("housing repair", "housing repairs")
    assert engine.search_needs(parse_query("housing"), Filters(), now=NOW).did_you_mean is None


def test_suppliers(engine):
    results = engine.search_suppliers(parse_query("repairs"), Filters(), now=NOW)
    assert [hit.reference for hit in results.hits] == ["S-1"]
    assert engine.search_suppliers(parse_query(""), Filters(sizes=frozenset({"medium"})), now=NOW).total == 1
    assert {each.value for each in results.facets["size"]} == {"micro"}


def test_evidence_counts_through_its_last_day(engine):
    held = frozenset({"cyber-essentials"})
    assert firms(engine, evidence=held) == {"S-1"} and firms(engine, evidence=held, now=NOW + DAY) == set()
    assert firms(engine, evidence=frozenset({"iso-27001"}), now=NOW + 900 * DAY) == {"S-1"}
    assert firms(engine, has_worked_with_councils=True) == {"S-1"}
    counted = facets(engine.search_suppliers(parse_query(""), Filters(), now=NOW))
    assert counted["evidence"] == {"cyber-essentials": 1, "iso-27001": 1} and counted["councils"] == {"yes": 1}


def test_the_nearest_first(engine):
    near = Near(51.45, -0.97, 500)
    assert found(engine, "", Sort.DISTANCE, near=near) == ["N-2", "N-1"]
    counted = facets(engine.search_needs(parse_query(""), Filters(near=near), now=NOW))
    assert counted["distance"] == {"5": 1, "10": 1, "25": 1, "50": 2, "100": 2}


def test_similar_needs(engine):
    passages = [Passage("Title", NEEDS[0].title), *NEEDS[0].passages]
    alike = dict(engine.similar(passages, now=NOW))
    assert alike["N-1"] == pytest.approx(1, rel=0.05) and alike["N-3"] < 1 and "N-5" not in alike


def test_matches_say_why(engine):
    passages = [Passage("Title", NEEDS[0].title), *NEEDS[0].passages]
    matches = engine.match(passages, Kind.SUPPLIER, now=NOW)
    assert matches[0].reference == "S-1" and matches[0].score > 0
    reason = matches[0].matched[0]
    assert reason.term in ("repair", "housing repair") and "Housing repairs booking" in reason.sentence
    assert reason.passage_label == "Past work 1" and matches[0].not_mentioned
    needs = engine.match(list(SUPPLIERS[0].passages), Kind.NEED, now=NOW)
    assert [match.reference for match in needs][:1] == ["N-1"]
    assert not {match.reference for match in needs} & {"N-3", "N-4", "N-5"}, "only what can be bid for"


def test_ranked_is_the_whole_list_in_order(engine):
    assert [name for name, _ in engine.ranked(parse_query(""), Filters(), Sort.VALUE, now=NOW)] == found(
        engine, "", Sort.VALUE
    )
    assert {name for name, _ in engine.ranked(parse_query(""), Filters(), kind=Kind.SUPPLIER, now=NOW)} == {
        "S-1",
        "S-2",
    }


def test_an_engine_says_what_it_is(engine):
    assert engine.is_ready() and engine.is_healthy() and engine.name and engine.promised >= 0
    assert len(engine.references(Kind.NEED)) == len(NEEDS) and len(engine.references(Kind.SUPPLIER)) == len(SUPPLIERS)


def test_equal_suppliers_take_turns(engine):
    days = [NOW + n * DAY for n in range(20)]
    firsts = {engine.search_suppliers(parse_query(""), Filters(), now=day).hits[0].reference for day in days}
    assert firsts == {"S-1", "S-2"}
    assert turn("S-1", NOW) == turn("S-1", NOW + timedelta(hours=1)) != turn("S-1", NOW + DAY)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_are_answered_soon(engine, text):
    for search in (engine.search_needs, engine.search_suppliers):
        assert search(parse_query(text), Filters(), now=NOW).total >= 0
        assert cpu_of(lambda: search(parse_query(text), Filters(), now=NOW)) < 1  # noqa: B023


def test_documents_keep_everything_through_json():
    for document in NEEDS + SUPPLIERS:
        assert from_json(document.kind, to_json(document)) == document
