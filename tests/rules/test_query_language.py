"""What may be typed into the search box and how it is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.queries import (
    LONGEST_QUERY,
    MOST_TERMS,
    also_searched,
    any_word_of,
    describe,
    parse_query,
)
from search.words import clean, split_words, stems
from tests.quick import cpu_of


def typed(query):
    return [[term.typed for term in clause.typed] for clause in query.clauses]


def test_words_phrases_minus_and_or():
    query = parse_query('case OR "housing repairs" platform -training -"data centre"')
    assert typed(query) == [["case", "housing repairs"], ["platform"]]
    assert [term.typed for term in query.excluded] == ["training", "data centre"]


@pytest.mark.parametrize("text", ["drupal theme|theming", "drupal theme || theming", "drupal theme OR theming"])
def test_the_bars_that_people_type_mean_or(text):
    assert typed(parse_query(text)) == [["drupal"], ["theme", "theming"]]


def test_not_in_capitals_excludes_and_and_in_capitals_joins():
    query = parse_query("cloud AND hosting NOT azure")
    assert typed(query) == [["cloud"], ["hosting"]] and query.excluded[0].stems == ("azur",)


@pytest.mark.parametrize("text", ["title:crm", "crm*", "c?rm", "[a TO z]", "crm~2", "crm^9", "(crm", "{crm}"])
def test_what_other_engines_treat_as_commands_is_words(text):
    query = parse_query(text)
    assert query.clauses and all(stem.isalnum() for clause in query.clauses for t in clause.typed for stem in t.stems)


@pytest.mark.parametrize("text", ["", "   ", None, '"', "-", "OR", "NOT", "£", "%", "*:*", "()", "\x00\u202e", '""""'])
def test_nothing_to_look_for_finds_everything(text):
    assert parse_query(text).is_empty and describe(parse_query(text)) == "everything"


def test_little_words_are_dropped_unless_they_are_all_there_is():
    assert typed(parse_query("the repair of the roads")) == [["repair"], ["roads"]]
    assert typed(parse_query("the who")) == [["the"], ["who"]]
    assert parse_query('"the who"').clauses[0].typed[0].stems == ("the", "who")


def test_long_queries_are_cut_and_say_so():
    many = parse_query(" ".join(f"word{n}" for n in range(15)))
    assert len(many.clauses) == MOST_TERMS and many.was_cut
    assert len(parse_query("a" * 5000).text) == LONGEST_QUERY and parse_query("x " * 300).was_cut
    assert parse_query('"' + "one two " * 20 + '"').was_cut
    assert not parse_query("case management").was_cut


def test_forms_of_a_word_meet():
    for one, other in [
        ("repairs", "repair"), ("Council’s", "councils"), ("café", "CAFE"), ("cafe\u0301", "café"),
        ("digitisation", "digitization"), ("£50,000", "50000"), ("20%", "20"), ("C#", "c#"),
    ]:  # fmt: skip
        assert stems(clean(one)) == stems(clean(other)), (one, other)
    assert stems("C++") != stems("C") and stems("don't") == stems("don’t") == ["dont"]


def test_words_know_their_place():
    text = "The council’s £50,000 café"
    assert [text[word.start : word.end] for word in split_words(text)] == ["The", "council’s", "50,000", "café"]


def test_words_of_the_same_meaning_are_looked_for_too():
    assert "customer relationship management" in also_searched(parse_query("crm"))
    assert "refuse" in also_searched(parse_query("bin collection"))
    assert "revenues and benefits" in also_searched(parse_query("revs and bens"))
    assert "crm" in also_searched(parse_query("customer relationship management"))
    assert also_searched(parse_query('"crm"')) == []


def test_described_in_words():
    assert describe(parse_query('housing repairs OR "big maintenance" -training')) == (
        "housing and (repairs or “big maintenance”), without training"
    )


def test_any_word_of_widens_a_search_of_several():
    wider = any_word_of(parse_query('housing "case management" -training'))
    assert wider.text == 'housing OR "case management"' and len(wider.clauses) == 1 and wider.excluded
    assert any_word_of(parse_query("housing")) is None


@given(st.text(max_size=400))
def test_any_text_is_read_within_the_limits(text):
    query = parse_query(text)
    words = [stem for clause in query.clauses for term in clause.typed for stem in term.stems]
    assert len(words) + sum(len(term.stems) for term in query.excluded) <= MOST_TERMS
    assert all(words) and isinstance(describe(query), str)


@pytest.mark.parametrize("piece", ["(", '"', "NOT ", "-", "a ANDNOT ", "*a", ":", "1,", "a'", "\U0001f4a9", "a-"])
def test_repeated_pieces_take_no_time(piece):
    assert cpu_of(lambda: parse_query(piece * 20_000)) < 1
    assert cpu_of(lambda: stems(clean(piece * 5_000))) < 1
