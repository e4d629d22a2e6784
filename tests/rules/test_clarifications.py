"""When questions may be asked and answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tenders.clarifications import rules, telltales
from tenders.clarifications.models import Clarification
from tenders.clarifications.telltales import EMAIL, FIRM, PERSON, PHONE, Asker
from tests.rules.test_needs import NOW, said, whole_need


def test_questions_close_to_the_microsecond() -> None:
    need = whole_need(published_at=NOW, source="", authority_id=1)
    until = need.questions_close_at
    assert until is not None
    assert rules.asking_problems(need, "May we host it abroad?", until) == []
    assert "Questions closed" in said(rules.asking_problems(need, "And?", until + timedelta(microseconds=1)))


def test_drafts_withdrawn_and_imported_needs_take_no_questions() -> None:
    assert rules.asking_time_problems(whole_need(source="", authority_id=1), NOW)
    assert rules.asking_time_problems(whole_need(source="", authority_id=1, published_at=NOW, withdrawn_at=NOW), NOW)
    assert "imported" in said(rules.asking_time_problems(whole_need(source="x", published_at=NOW), NOW))


def test_an_empty_question_is_no_question() -> None:
    need = whole_need(published_at=NOW, source="", authority_id=1)
    assert [each.field for each in rules.asking_problems(need, " \n", NOW)] == ["question"]
    assert [each.field for each in rules.asking_problems(need, "x" * 4001, NOW)] == ["question"]


def test_an_answer_needs_both_texts_once() -> None:
    asked = Clarification(question="Who?")
    assert {each.field for each in rules.answering_problems(asked, "", " ")} == {"published_question", "answer"}
    assert rules.answering_problems(asked, "Who?", "We.") == []
    asked.answered_at = NOW
    assert "answered already" in said(rules.answering_problems(asked, "Who?", "We."))


def test_answers_end_with_the_bids() -> None:
    need = whole_need(published_at=NOW)
    assert need.closes_at is not None
    assert rules.answering_time_problems(need, need.closes_at) == []
    assert rules.answering_time_problems(need, need.closes_at + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to a.b@firm.co.uk", {EMAIL}),
        ("Write to ab (at) firm.co.uk", {EMAIL}),
        ("Ring +44 (0)20 7946 0000 or 07700-900123", {PHONE}),
        ("From 01-04-2026 12:00 to 02.03.2027, N-2026-0042, £10,000,000,000, CPV 72000000-5", set()),
        ("We at Bright Data ask", {FIRM}),
        ("brightdata’s clients, see BRIGHT-DATA.example", {FIRM}),
        ("Regards, P. Shah", {PERSON}),
        ("Is the data bright, and who is Shah?", set()),
    ],
)
def test_words_that_tell_who_asks(text: str, found: set[str]) -> None:
    asker = Asker("BrightData Ltd", "https://www.bright-data.example", "Priya Shah")
    assert telltales.contact_kinds(text) | telltales.name_kinds(text, asker, "") == found


def test_a_firm_named_by_a_word_of_the_need_may_use_that_word() -> None:
    asker = Asker("Housing Ltd")
    assert telltales.name_kinds("Is housing data moved?", asker, "Housing repairs") == set()
    assert telltales.name_kinds("We at Housing Limited ask", asker, "Housing repairs") == set()
    assert telltales.name_kinds("We at Housing Ltd ask", asker, "Housing repairs") == {FIRM}
