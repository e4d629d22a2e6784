"""A need meets every saved search that finds it: the same answer as the page's search, from few candidates."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.asking import ask_again
from search.documents import NeedDocument, Passage, Status
from search.fallback import FallbackEngine
from search.one_need import OneNeed
from search.percolator import EVERY, Sample, keys_of_need, keys_of_search

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
# Words that mean the same, that share a stem, that stand in one another's phrases; little words; numbers.
WORDS = ["bin", "refuse", "waste", "CRM", "customer", "relationship", "management", "case", "managing", "parking", "permits", "permit", "housing", "repairs", "digitise", "digitize", "the", "of", "and", "e-mail", "email", "café", "£30,000", "30k", "c++", ".net", "self-service", "edrms", "document", "records"]
PLACES = {"LN1": (53.24, -0.54), "EH1": (55.95, -3.19), "TR18": (50.12, -5.54), "SW1A": (51.5, -0.13)}
CAPABILITIES = ("case-management", "booking")

text = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
pieces = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map("-{}".format),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(lambda words: '"{}"'.format(" ".join(words))),
    st.just("OR"),
    st.text(max_size=6),
)


@st.composite
def needs(draw: st.DrawFn) -> NeedDocument:
    place = draw(st.sampled_from([None, *PLACES.values()]))
    return NeedDocument(
        reference="N-2026-0001",
        title=draw(text),
        buyer=draw(st.sampled_from(["Ashby Council", "Waste Partnership"])),
        published_at=NOW - timedelta(days=draw(st.integers(0, 3))),
        closes_at=draw(st.sampled_from([None, NOW + timedelta(days=3), NOW + timedelta(days=30)])),
        ended=draw(st.sampled_from([None, None, Status.WITHDRAWN])),
        region=draw(st.sampled_from([None, "London", "Wales"])),
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
        cpv_codes=draw(st.sampled_from([(), ("48000000",), ("72200000", "48000000")])),
        value_pence=draw(st.sampled_from([None, 5_000_00, 20_000_00, 900_000_00])),
        capabilities=draw(st.sampled_from([(), CAPABILITIES[:1], CAPABILITIES])),
        passages=tuple(Passage(label, draw(text)) for label in draw(st.sampled_from([(), ("Summary",), ("A", "B")]))),
    )


@st.composite
def searches(draw: st.DrawFn) -> str:
    values = [("q", " ".join(draw(st.lists(pieces, max_size=4))))]
    choices = {
        "status": ("all", "open"),
        "region": ("London", "Wales"),
        "category": ("480", "722"),
        "capability": CAPABILITIES,
        "budget": ("under-10k", "10k-30k", "250k-and-over"),
        "closing": ("7",),
        "near": tuple(PLACES),
        "within": ("5", "100", "900"),
        "source": ("ours",),
    }
    for name in draw(st.lists(st.sampled_from(list(choices)), max_size=3, unique=True)):
        values.append((name, draw(st.sampled_from(choices[name]))))
    return ask_again(urlencode([pair for pair in values if pair[1].strip()])).query_string


class Percolator:
    """The table of keys, in memory."""

    def __init__(self, asked: list[str], sample: Sample) -> None:
        self.waiting: dict[str, set[str]] = defaultdict(set)
        for each in asked:
            for key in keys_of_search(ask_again(each), sample):
                self.waiting[key].add(each)

    def candidates(self, need: OneNeed) -> set[str]:
        return {each for key in keys_of_need(need) for each in self.waiting.get(key, ())}


@settings(max_examples=300)
@given(st.lists(needs(), min_size=1, max_size=4), st.lists(searches(), min_size=1, max_size=12))
def test_a_need_meets_what_the_search_would_find(documents: list[NeedDocument], asked: list[str]) -> None:
    sample = Sample(OneNeed(each, NOW) for each in documents[1:])
    percolator = Percolator(asked, sample)
    for document in documents:
        need, engine = OneNeed(document, NOW), FallbackEngine([document])
        met = {each for each in percolator.candidates(need) if need.is_found_by(each)}
        questions = {each: ask_again(each) for each in asked}
        found = {each for each, q in questions.items() if engine.search_needs(q.query, q.filters, now=NOW).total}
        assert met == found


SAMPLE = Sample(OneNeed(NeedDocument(reference=f"N-{n}", title="housing repairs", buyer="A", published_at=NOW,
                                     region="London")) for n in range(20))  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ("q=housing+drones", {"word:drone"}),  # the rarer word
        ("q=%22housing+drones%22", {"word:drone"}),
        ("q=drones+OR+kites", {"word:drone", "word:kite"}),  # either will do, so both
        ("q=housing&region=Wales", {"region:Wales"}),
        ("q=-training", {EVERY}),  # nothing that a need must have
        ("closing=7", {EVERY}),
        ("status=all", {EVERY}),
        ("near=LN1&within=900", {EVERY}),  # half the map is no condition
        ("q=the", {"word:the"}),
    ],
)
def test_a_search_waits_under_the_rarest_thing_that_it_needs(asked: str, keys: set[str]) -> None:
    assert keys_of_search(ask_again(asked), SAMPLE) == keys


def test_a_distance_waits_under_the_squares_that_it_touches() -> None:
    keys = keys_of_search(ask_again("near=LN1&within=25"), SAMPLE)
    assert "square:53,-1" in keys and len(keys) <= 6


def test_what_matched_is_told_in_the_words_of_the_need() -> None:
    need = OneNeed(
        NeedDocument(
            reference="N-1",
            title="Refuse rounds",
            buyer="Ashby Council",
            published_at=NOW,
            region="London",
            passages=(Passage("Requirement 1", "Missed bin reports and refuse tracking"),),
        )
    )
    assert need.why("q=refuse+-training&region=London") == [
        "“Refuse” (Title, Requirement 1)",
        "does not mention “training”",
        "London",
    ]
    assert need.why("q=%22missed+bins%22") == ["“Missed bin” (Requirement 1)"]
    assert need.why("q=waste") == ["“bin”, which means “waste” (Requirement 1)"]
    assert need.why("q=bins&colour=red") == []
