"""Which notices an event calls for, by when, and what can be put on record."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tenders import regimes
from tenders.notices import rules
from tenders.notices.models import Notice

DAY = date(2026, 12, 1)
REGIME = regimes.regime_on("ENG", date(2026, 11, 24))
SMALL, NOTIFIABLE, ABOVE = 1_000_000, 5_000_000, 30_000_000


def called(event: str, value: int | None, regime: Any = REGIME, **facts: Any) -> tuple[str, date | None] | None:
    due = rules.notice_called_for(event, facts, DAY, regime, value)
    return (due.kind, due.due_on) if due else None


@pytest.mark.parametrize(
    ("event", "small", "notifiable", "above"),
    [
        ("NeedPublished", None, ("UK4", None), ("UK4", None)),
        ("SummariesSent", None, None, ("UK6", None)),
        ("ContractSigned", None, ("UK7", None), ("UK7", date(2026, 12, 30))),
        ("ContractEnded", None, None, ("UK11", date(2026, 12, 30))),
        ("NoAwardMade", None, None, ("UK12", None)),
        ("ContractSaved", None, None, None),
    ],
)
def test_the_value_decides(event: str, small: Any, notifiable: Any, above: Any) -> None:
    assert [called(event, each) for each in (SMALL, NOTIFIABLE, ABOVE)] == [small, notifiable, above]


def test_a_value_that_cannot_be_estimated_counts_as_above() -> None:
    assert called("SummariesSent", None) == ("UK6", None)


def test_a_change_calls_for_a_notice_only_when_its_test_says_so() -> None:
    assert called("ChangeProposed", ABOVE, needs_notice=False) is None
    assert called("ChangeProposed", ABOVE, needs_notice=True) == ("UK10", None)
    assert called("ChangeProposed", SMALL, needs_notice=True) == ("UK10", None)


def test_a_small_contract_that_became_public_ends_with_a_notice() -> None:
    assert called("ContractEnded", NOTIFIABLE, is_public=True) == ("UK11", date(2026, 12, 30))


def test_northern_ireland_has_no_notices_below_the_threshold() -> None:
    northern = regimes.regime_on("NIR", date(2026, 11, 24))
    assert called("ContractSigned", NOTIFIABLE, northern) is None
    assert called("ContractSigned", ABOVE, northern) == ("UK7", date(2026, 12, 30))


def test_overdue_is_the_day_after_the_last() -> None:
    notice = Notice(kind="UK7", due_on=date(2026, 12, 30))
    assert not notice.is_overdue(date(2026, 12, 30))
    assert notice.is_overdue(date(2026, 12, 31))
    notice.published_on = date(2026, 12, 31)
    assert not notice.is_overdue(date(2027, 1, 5))
    assert notice.was_late


def test_a_record_needs_number_and_a_day_that_has_come() -> None:
    notice = Notice(kind="UK7")
    found = rules.recording_problems(notice, " ", "find-tender", date(2026, 12, 2), DAY)
    assert [each.field for each in found] == ["number", "url", "published_on"]
    assert rules.recording_problems(notice, "012345-2026", "", DAY, DAY) == []
    for number, url, field in (("banana", "", "number"), ("DEMO-N-2026-0001", "", "number"), ("012345-2026", "x", "url")):
        assert [each.field for each in rules.recording_problems(notice, number, url, DAY, DAY)] == [field]
    assert rules.recording_problems(notice, "DEMO-N-2026-0001", "", DAY, DAY, allows_demonstration=True) == []
    notice.published_on, notice.number = DAY, "012345-2026"
    assert "on record already" in rules.recording_problems(notice, "1", "", DAY, DAY)[0].message
