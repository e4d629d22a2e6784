"""How promptly a council pays: the formulas, their bands at the edges, and the periods."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.payments.reports.rules import (
    PaidSum,
    PayableSum,
    Period,
    bands,
    figures,
    half_year,
    months,
    publishing_problems,
    quarter,
)
from tenders.regimes.dates import payment_due_on

HALF = half_year(date(2026, 5, 1))
RECEIVED = date(2026, 4, 10)


def paid(days: int, pence: int = 10_000, received_on: date = RECEIVED, small: bool = False) -> PaidSum:
    return PaidSum(received_on, payment_due_on(received_on), received_on + timedelta(days=days), pence, small)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 3, 31), date(2025, 10, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 1), date(2026, 9, 30)),
        (date(2026, 9, 30), date(2026, 4, 1), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2027, 3, 31)),
    ],
)
def test_half_years_end_in_march_and_september(day: date, first: date, last: date) -> None:
    assert half_year(day) == Period(first, last)


def test_quarters_are_the_calendar_s() -> None:
    assert quarter(date(2026, 2, 28)) == Period(date(2026, 1, 1), date(2026, 3, 31))
    assert quarter(date(2026, 11, 22)) == Period(date(2026, 10, 1), date(2026, 12, 31))


def test_day_30_is_within_30_though_it_is_one_day_after_the_last_lawful_day() -> None:
    found = figures([paid(29), paid(30), paid(31), paid(60), paid(61)], [], 0, HALF)
    assert (found.within_30, found.within_60, found.over_60) == (Decimal("40.0"), Decimal("40.0"), Decimal("20.0"))
    assert found.legal_late == 4 and found.average_days == Decimal("42.2")


def test_what_became_payable_and_was_not_paid_is_a_share_of_pounds() -> None:
    payable = [
        PayableSum(HALF.starts_on, 30_000, 0),
        PayableSum(HALF.ends_on, 10_000, 2_500),
        PayableSum(HALF.ends_on + timedelta(days=1), 99_999, 99_999),
    ]
    found = figures([], payable, 2, HALF)
    assert (found.payable_pence, found.unpaid_pence, found.not_paid) == (40_000, 2_500, Decimal("6.3"))
    assert found.disputed == 2


def test_nothing_paid_is_no_figure_and_not_nought() -> None:
    found = figures([], [], 0, HALF)
    assert found.payments == 0
    assert found.average_days is found.within_30 is found.not_paid is found.small_firm_average_days is None


def test_only_what_arrived_in_the_half_year_counts() -> None:
    early, late = paid(5, received_on=date(2026, 3, 20)), paid(5, received_on=date(2026, 9, 28))
    assert figures([early, paid(10), late], [], 0, HALF).average_days == Decimal("10.0")


def test_small_firms_are_told_apart() -> None:
    found = figures([paid(10, small=True), paid(20, small=True), paid(60)], [], 0, HALF)
    assert (found.small_firm_payments, found.small_firm_average_days) == (2, Decimal("15.0"))


@given(st.lists(st.integers(0, 170), min_size=1, max_size=60))
def test_shares_and_bars_account_for_every_payment(days: list[int]) -> None:
    sums = [paid(each) for each in days]
    found = figures(sums, [], 0, HALF)
    assert found.within_30 is not None and found.within_60 is not None and found.over_60 is not None
    assert abs(found.within_30 + found.within_60 + found.over_60 - 100) <= Decimal("0.1")
    assert sum(number for _, number in bands(sums, HALF)) == found.payments
    assert sum(number for _, _, number in months(sums, HALF)) == found.payments


def test_a_report_waits_for_the_end_of_its_half_year_and_for_a_name() -> None:
    said = [each.message for each in publishing_problems(HALF, date(2026, 9, 30), " ", "", True)]
    assert said[0] == "The half-year ends on 30 September 2026: publish the report after that day"
    assert "published already" in said[1] and "name of the director" in said[2] and "title" in said[3]
    assert publishing_problems(HALF, date(2026, 10, 1), "Ann Lee", "Director of Finance", False) == []
