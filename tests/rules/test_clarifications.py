"""When questions may be asked and answered."""

from __future__ import annotations

from datetime import timedelta

from tenders.clarifications import rules
from tenders.clarifications.models import Clarification
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
