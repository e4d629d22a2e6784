"""Whatever is typed is read at once, keeps the limits, and every engine in memory answers it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.documents import NeedDocument, Passage, SupplierDocument
from search.engine import Filters
from search.fallback import FallbackEngine
from search.queries import (
    MOST_ALTERNATIVES,
    MOST_TERMS,
    also_searched,
    any_word_of,
    describe,
    parse_query,
)
from search.spelling import did_you_mean
from search.words import LONGEST_WORD, clean, split_words
from tests.quick import cpu_of
from tests.rules.hostile import hostile_strings

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SOME = "Report a missed bin; the café’s £30,000 e-mail system in C++ and .NET, 24/7, for R&D of refuse and waste."
ENGINE = FallbackEngine(
    [
        NeedDocument(
            reference="N-1", title="Bins", buyer="Leeds", published_at=NOW, passages=(Passage("The problem", SOME),)
        ),
        SupplierDocument(reference="S-1", name="The Of Ltd", updated_at=NOW, passages=(Passage("About", SOME),)),
    ]
)
COUNTS = {"missed": 3, "refuse": 2, "waste": 9, "system": 4, "report": 5}

# Long texts of the pieces that break search boxes, of all that Unicode has, and of one piece again and again.
PIECES = st.sampled_from(["OR", "NOT", "-", '"', "|", "&", "'", "*", "(", ")", " ", "the", "crm", "e-", "£1.", "k", ".net",
                          "\u0301", "\u202e", "\x00", "\ud800", "ﷺ", "½", "😀", "1,", "%", "\\", ":", "/", "a", "LN1 1YL"])  # fmt: skip
TYPED = st.one_of(
    st.text(st.characters(codec=None, categories=("L", "M", "N", "P", "S", "Z", "C")), max_size=400),
    st.lists(PIECES, max_size=300).map("".join),
    st.lists(PIECES, max_size=60).map(" ".join),
    st.builds(lambda piece, times: piece * times, st.text(min_size=1, max_size=5), st.integers(1, 2000)),
)


def read(text: str) -> float:
    """Reads it and checks what every reading must hold; gives the seconds that it took."""
    query = parse_query(text)
    taken = cpu_of(lambda: parse_query(text), enough=0.5)
    terms = [term for clause in query.clauses for term in clause.typed]
    assert sum(len(term.stems) for term in (*terms, *query.excluded)) <= MOST_TERMS
    for clause in query.clauses:
        assert len(clause.meant) <= MOST_ALTERNATIVES
        for term in clause.terms:
            assert term.stems and all(stem.isalnum() and len(stem) <= LONGEST_WORD * 2 for stem in term.stems), term
    for shown in (describe(query), *also_searched(query), query.text):
        shown.encode("utf-8")
    again = any_word_of(query)
    if again is not None:
        assert len(parse_query(again.text).clauses) <= 1
    mended = did_you_mean(query, COUNTS)
    assert mended is None or parse_query(mended).clauses
    return taken


@pytest.mark.parametrize("number", range(0, len(hostile_strings()), 50))
def test_the_list_of_hostile_strings_is_answered(number: int) -> None:
    for text in hostile_strings()[number : number + 50]:
        assert read(text) < 0.5, text[:80]
        for search in (ENGINE.search_needs, ENGINE.search_suppliers):
            assert search(parse_query(text), Filters(), now=NOW).total in (0, 1)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(TYPED)
def test_anything_typed_is_read(text: str) -> None:
    assert read(text) < 0.5
    ENGINE.search_needs(parse_query(text), Filters(), now=NOW)


@settings(max_examples=200, deadline=None)
@given(TYPED)
def test_words_are_letters_and_digits_at_their_place(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    for word in split_words(cleaned):
        assert word.stem.isalnum() and 0 <= word.start < word.end <= len(cleaned)
