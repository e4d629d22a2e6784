"""Advice on the words and dates of a need."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tenders.needs.advice import clarity_advice
from tenders.needs.models import Requirement
from tests.rules.test_needs import NOW, said, whole_need


def test_six_essentials_are_enough() -> None:
    need = whole_need()
    need.requirements = [Requirement(kind="essential", position=n, text=f"Thing {n}") for n in range(6)]
    assert "essential requirements" not in said(clarity_advice(need, NOW))
    need.requirements.append(Requirement(kind="essential", position=7, text="One more"))
    assert "7 essential requirements" in said(clarity_advice(need, NOW), "requirements")


@pytest.mark.parametrize(
    ("words", "section"),
    [
        ({"problem": "We need a holistic, seamless service."}, "problem"),
        ({"constraints": "Must be built on Salesforce."}, "constraints"),
        ({"outcomes": "Residents are happier."}, "outcomes"),
        ({"summary": "word " * 40 + "."}, "title-and-summary"),
    ],
)
def test_words_that_are_hard_to_answer(words: dict[str, str], section: str) -> None:
    assert said(clarity_advice(whole_need(**words), NOW), section)


def test_a_product_may_be_named_where_it_exists_or_has_an_equivalent() -> None:
    need = whole_need(what_exists="We run Salesforce.", constraints="Works with Oracle or equivalent.")
    assert said(clarity_advice(need, NOW), "what-exists") == "" and said(clarity_advice(need, NOW), "constraints") == ""


def test_a_word_inside_another_is_not_meant() -> None:
    assert (
        "sap" not in said(clarity_advice(whole_need(constraints="The data must not disappear. Sapling."), NOW)).lower()
    )


def test_a_turnover_test_is_noticed() -> None:
    need = whole_need()
    need.requirements[0].text = "A turnover of £2 million"
    assert "section 85" in said(clarity_advice(need, NOW), "requirements")


@pytest.mark.parametrize(
    ("closes_at", "words"),
    [
        (datetime(2026, 12, 21, 12, tzinfo=UTC), "Monday by noon"),
        (datetime(2026, 12, 19, 14, tzinfo=UTC), "Saturday"),
        (datetime(2026, 12, 25, 14, tzinfo=UTC), "bank holiday"),
        (datetime(2026, 12, 18, 16, 30, tzinfo=UTC), "late on a Friday"),
        (datetime(2026, 12, 16, 23, 59, tzinfo=UTC), "office hours"),
        (datetime(2026, 11, 27, 14, tzinfo=UTC), "time to bid is short"),
    ],
)
def test_closing_times_that_hurt_small_firms(closes_at: datetime, words: str) -> None:
    assert words in said(clarity_advice(whole_need(closes_at=closes_at), NOW), "dates")


def test_a_good_closing_time_gets_no_advice() -> None:
    assert said(clarity_advice(whole_need(closes_at=datetime(2026, 12, 16, 14, tzinfo=UTC)), NOW), "dates") == ""
