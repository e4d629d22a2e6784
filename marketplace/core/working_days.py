"""Working days as the Procurement Act counts them: a bank holiday anywhere in the UK is nobody's working day (s123)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from marketplace.core.errors import Refusal

if TYPE_CHECKING:
    from govuk_bank_holidays.bank_holidays import BankHolidays

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class CalendarEnds(Refusal):
    """The day lies outside the years whose bank holidays are known, so nobody can say whether it is a working day."""

    status = 422


@cache
def bank_holidays() -> frozenset[date]:
    """Every known bank holiday of England and Wales, Scotland and Northern Ireland together."""
    lists = _calendar().data
    return frozenset(holiday["date"] for division in lists.values() for holiday in division)


@cache
def first_known_day() -> date:
    """1 January of the first year that all three lists cover."""
    return date(max(division[0]["date"].year for division in _calendar().data.values()), 1, 1)


@cache
def last_known_day() -> date:
    """31 December of the last year that all three lists cover."""
    return date(min(division[-1]["date"].year for division in _calendar().data.values()), 12, 31)


def is_within_calendar(day: date) -> bool:
    """True when bank holidays are known for the year of `day`."""
    return first_known_day() <= day <= last_known_day()


def is_working_day(day: date) -> bool:
    """Not Saturday, Sunday or a bank holiday in any part of the UK; raises CalendarEnds outside the known years."""
    if not is_within_calendar(day):
        raise CalendarEnds(
            f"Bank holidays are known from {first_known_day().year} to {last_known_day().year}. "
            f"Choose a date in those years; {day.isoformat()} cannot be counted yet."
        )
    return day.weekday() < SATURDAY and day not in bank_holidays()


def add_working_days(start: date, days: int) -> date:
    """The working day that is `days` after `start`, or before it when negative; `start` itself is not counted."""
    step = ONE_DAY if days >= 0 else -ONE_DAY
    day, left = start, abs(days)
    while left:
        day += step
        left -= is_working_day(day)
    return day


def last_of_working_days(first: date, days: int) -> date:
    """The last of `days` working days beginning with `first`; `first` counts when it is a working day itself."""
    if days < 1:
        raise ValueError("A period of working days has at least one.")
    return add_working_days(first - ONE_DAY, days)


def working_days_between(first: date, last: date) -> int:
    """How many working days there are from `first` to `last`, both counted; none when `last` is earlier."""
    return sum(is_working_day(first + timedelta(days=number)) for number in range((last - first).days + 1))


def next_working_day(day: date) -> date:
    """`day` itself when it is a working day, else the first one after it."""
    return last_of_working_days(day, 1)


@cache
def _calendar() -> BankHolidays:
    from govuk_bank_holidays.bank_holidays import BankHolidays  # brings the library along that asks

    # The package asks GOV.UK first unless told not to; its own copy keeps answers the same on every machine.
    return BankHolidays(use_cached_holidays=True)
