"""Questions to ask, the days of a scope, and the journal's recipe, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from marketplace.auditors.exports import EXPORTS, Scope, get_export
from marketplace.auditors.exports.journal import chain_fault
from marketplace.auditors.exports.shape import money
from marketplace.auditors.questions import Facts, questions_about
from marketplace.auditors.rules import scope_problems
from marketplace.core.csvfile import cell
from marketplace.core.errors import NotFound
from marketplace.core.journal import GENESIS, line_hash

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def codes(**facts: object) -> list[str]:
    return [each.code or each.text for each in questions_about(Facts(**facts))]  # type: ignore[arg-type]


def test_agreed_scores_outside_the_individual_ones_are_asked_about() -> None:
    assert codes(agreed_outside=2) == ["Why did the panel agree on scores that no evaluator came near?"]
    assert codes(agreed_outside=0) == []


def test_a_plain_purchase_raises_no_question() -> None:
    assert codes(
        window_days=25,
        bids=4,
        days_to_opening=1,
        prices_pence=(1, 2, 3, 4),
        totals=(Decimal(80), Decimal(70)),
        winner_rank=1,
        estimate_pence=100,
        award_pence=105,
        awards_to_winner=1,
        signed_pence=100,
        changes_pence=5,
        changes=1,
    ) == []  # fmt: skip


def test_what_may_not_be_seen_yet_raises_no_question() -> None:
    assert codes(window_days=20) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"window_days": 9}, "R003"),
        ({"unanswered": 2}, "R039"),
        ({"bids": 1}, "R018"),
        ({"bids": 0}, "Why did nobody bid?"),
        ({"late_attempts": 1}, "R030"),
        ({"bids": 3, "disregarded": 2}, "R035"),
        ({"prices_pence": (100, 100, 120)}, "R028"),
        ({"totals": (Decimal("80.5"), Decimal(80))}, "R024"),
        ({"winner_rank": 2}, "Why did another bid than the first win?"),
        ({"days_to_opening": 6}, "R060"),
        ({"days_from_last_material_change": 4}, "Could every bidder take the last change into account?"),
        ({"missing_returns": 1}, "Why do returns on conflicts lack?"),
        ({"estimate_pence": 100, "award_pence": 111}, "What explains the difference from the estimate?"),
        ({"awards_to_winner": 3}, "R055"),
        ({"signed_pence": 100, "changes_pence": 10, "changes": 1}, "R064"),
        ({"signed_pence": 100, "changes_pence": -60, "changes": 2}, "R064"),
    ],
)
def test_the_record_gives_reason_to_ask(facts: dict[str, object], code: str) -> None:
    assert codes(**facts) == [code]


def test_just_inside_the_limits_nothing_is_asked() -> None:
    assert codes(window_days=10, days_to_opening=5, days_from_last_material_change=5, awards_to_winner=2) == []
    assert codes(totals=(Decimal(81), Decimal(80)), bids=3, disregarded=1) == []
    assert codes(estimate_pence=100, award_pence=110, signed_pence=100, changes_pence=9, changes=1) == []


def test_questions_accuse_nobody() -> None:
    facts = Facts(window_days=1, bids=1, late_attempts=1, unanswered=1, winner_rank=3, missing_returns=1)
    for each in questions_about(facts):
        assert each.text.endswith("?") and each.facts.endswith(".")


def test_a_last_day_before_the_first_is_told() -> None:
    assert scope_problems(date(2026, 2, 1), date(2026, 1, 31))[0].field == "to_on"
    assert not scope_problems(date(2026, 2, 1), date(2026, 2, 1)) and not scope_problems(None, date(2026, 1, 1))


def test_the_manifest_names_only_the_filters_that_were_asked_for() -> None:
    assert Scope(NOW).filters == {} and Scope(NOW).is_whole
    assert Scope(NOW, "camden", date(2026, 1, 1)).filters == {"council": "camden", "from": "2026-01-01"}


def test_money_is_pounds_with_two_places() -> None:
    column = money("value_gbp", "", "")
    assert cell(column.value(SimpleNamespace(value_pence=-120_050))) == "-1200.50"
    assert cell(column.value(SimpleNamespace(value_pence=None))) == ""


def test_only_known_exports_are_found() -> None:
    assert get_export("bids") in EXPORTS
    with pytest.raises(NotFound):
        get_export("passwords")


# -- the journal's recipe


def line(number: int, before: str, **values: str) -> dict[str, str]:
    cells = {
        "number": str(number), "at": "2026-11-24T10:00:00.000000Z", "event": "MadeForTest", "actor": "system",
        "organisation": "", "role": "system", "subject": "x", "need": "", "authority": "", "details": "{}",
        "previous_hash": before, "is_withheld": "false", **values,
    }  # fmt: skip
    cells["hash"] = line_hash(SimpleNamespace(**{**cells, "number": number}))
    return cells


def test_a_chain_of_cells_holds_and_breaks() -> None:
    first = line(1, GENESIS)
    second = line(2, first["hash"])
    assert chain_fault([first, second]) == ""
    assert chain_fault([second]) == "line 1 is missing"
    assert chain_fault([first, {**second, "actor": "p_other"}]) == "line 2 does not match its hash"
    assert chain_fault([{**first, "hash": "0" * 64}, second]) == "line 1 does not match its hash"
    assert "does not follow" in chain_fault([first, line(2, GENESIS)])


def test_a_withheld_line_keeps_the_chain() -> None:
    first = line(1, GENESIS)
    hidden = line(2, first["hash"], event="BidSubmitted")
    third = line(3, hidden["hash"])
    blank = dict.fromkeys(hidden, "") | {
        "number": "2", "previous_hash": first["hash"], "hash": hidden["hash"], "is_withheld": "true"
    }  # fmt: skip
    assert chain_fault([first, blank, third]) == ""
    assert "line 3 does not follow" in chain_fault([first, {**blank, "hash": "f" * 64}, third])


def test_an_apostrophe_before_a_cell_is_taken_away_before_hashing() -> None:
    made = line(1, GENESIS, subject="=1+1")
    assert chain_fault([{**made, "subject": cell("=1+1")}]) == ""
