"""The questions of addresses: read strictly, the same text for the same question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import MultiDict

from search.asking import (
    QuestionUnreadable,
    ask_again,
    ask_for_all,
    ask_needs,
    ask_suppliers,
    in_words,
)
from search.documents import Kind, NeedDocument, Passage, Status
from search.engine import Sort
from search.one_need import OneNeed

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_empty_fields_of_the_form_ask_nothing() -> None:
    question = ask_needs(MultiDict([("q", " "), ("capability", ""), ("near", ""), ("within", "25"), ("sort", "")]))
    assert question.is_plain and question.query_string == ""


def test_a_question_is_read_and_written_alike() -> None:
    asked = MultiDict([("status", "closed"), ("q", " parking   permits "), ("region", "Wales"), ("region", "London"),
                       ("near", "LN1"), ("within", "10"), ("page", "3")])  # fmt: skip
    question = ask_needs(asked)
    assert question.query_string == "q=parking+permits&status=closed&region=Wales&region=London&near=LN1&within=10"
    assert ask_again(question.query_string).filters == question.filters
    assert question.page == 3 and question.filters.statuses == {Status.CLOSED}
    assert question.filters.near is not None and question.filters.near.miles == 10
    assert in_words(question) == "“parking permits”, Closed, Wales, London, Near LN1, 10 miles"


@pytest.mark.parametrize(
    "pair",
    [("colour", "red"), ("status", "draft"), ("region", "Narnia"), ("page", "0"), ("page", "x"), ("closing", "9999"),
     ("sort", "price"), ("budget", "lots"), ("category", "abc"), ("capability", "magic"), ("buyer-kind", "king"),
     ("size", "micro")],
)  # fmt: skip
def test_what_means_nothing_is_refused_by_name(pair: tuple[str, str]) -> None:
    with pytest.raises(QuestionUnreadable) as refused:
        ask_needs(MultiDict([pair]))
    assert pair[0] in refused.value.message and refused.value.status == 400


@pytest.mark.parametrize("name", ["q", "sort", "near", "within", "closing", "page", "after"])
def test_what_can_be_asked_once_is_refused_twice(name: str) -> None:
    same = {"sort": ("newest", "value"), "near": ("LN1", "LN2"), "q": ("bins", "parks")}.get(name, ("7", "14"))
    with pytest.raises(QuestionUnreadable) as refused:
        ask_needs(MultiDict([(name, each) for each in same]))
    assert f"“{name}” can be asked once only" in refused.value.message
    ask_needs(MultiDict([(name, same[0]), (name, same[0]), (name, "")]))


def test_the_new_filters_are_read_and_told() -> None:
    question = ask_needs(MultiDict([("buyer-kind", "nhs"), ("small-firms", "suits"), ("small-firms", "reserved")]))
    assert question.filters.buyer_kinds == {"nhs"} and question.filters.small_firms == {"suits", "reserved"}
    assert "NHS and health bodies" in in_words(question) and "Suits small firms" in in_words(question)
    firm = ask_suppliers(MultiDict([("evidence", "iso-27001"), ("councils", "yes")]))
    assert firm.filters.evidence == {"iso-27001"} and firm.filters.has_worked_with_councils
    for pair in (("evidence", "iso-1"), ("councils", "no"), ("small-firms", "yes")):
        with pytest.raises(QuestionUnreadable):
            ask_suppliers(MultiDict([pair]))


def test_distance_orders_only_with_a_place() -> None:
    near = ask_suppliers(MultiDict([("near", "LN1 1YL"), ("sort", "distance")]))
    assert near.sort is Sort.DISTANCE and near.query_string == "near=LN1+1YL&sort=distance"
    without = ask_suppliers(MultiDict([("sort", "distance"), ("region", "Wales")]))
    assert without.sort is Sort.RELEVANCE and without.query_string == "region=Wales" and "postcode" in without.note
    with pytest.raises(QuestionUnreadable):
        ask_for_all(Kind.SUPPLIER, MultiDict([("sort", "distance")]))


def test_needs_and_suppliers_know_different_words() -> None:
    assert ask_suppliers(MultiDict([("size", "micro")])).filters.sizes == {"micro"}
    with pytest.raises(QuestionUnreadable):
        ask_suppliers(MultiDict([("status", "open")]))


def test_an_unknown_postcode_is_said_and_not_used() -> None:
    question = ask_needs(MultiDict([("near", "QQ9 9QQ")]))
    assert question.filters.near is None and "QQ9 9QQ" in question.note


def test_open_needs_are_meant_unless_others_are_asked_for() -> None:
    assert ask_needs(MultiDict([("status", "open")])).is_plain
    assert ask_needs(MultiDict([("region", "Wales")])).filters.statuses == {Status.OPEN}
    mixed = ask_needs(MultiDict([("status", "open"), ("status", "all")]))
    assert mixed.filters.statuses == set() and mixed.query_string == "status=all"
    assert ask_suppliers(MultiDict([("region", "Wales")])).filters.statuses == set()


@pytest.mark.parametrize(("name", "value"), [("q", "£"), ("q", "AND OR"), ("near", "nonsense")])
def test_what_cannot_be_used_is_said_and_leaves_the_address(name: str, value: str) -> None:
    question = ask_needs(MultiDict([(name, value), ("region", "Wales")]))
    assert question.query_string == "region=Wales" and value in question.note and question.in_box(name) == value


def need(**facts) -> OneNeed:
    words = {
        "reference": "N-1",
        "title": "Bin reports",
        "buyer": "Ashby Council",
        "published_at": NOW,
        "region": "London",
        "value_pence": 20_000_00,
        "passages": (Passage("Requirement 1", "Case management for missed collections"),),
    }
    return OneNeed(NeedDocument(**{**words, **facts}))


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [("q=bins", True), ("q=%22case+management%22", True), ("q=%22management+case%22", False), ("q=bins+-case", False),
     ("q=housing", False), ("q=housing+OR+bins", True), ("region=London", True), ("q=bins&region=Wales", False),
     ("budget=10k-30k", True), ("budget=under-10k", False), ("status=open", True), ("status=awarded", False),
     ("q=bins&colour=red", False)],
)  # fmt: skip
def test_one_need_is_found_as_the_page_would(asked: str, is_found: bool) -> None:
    assert need().is_found_by(asked) is is_found
