"""Working days across the UK's three lists of bank holidays."""

from datetime import date

import pytest

from marketplace.core.working_days import (
    CalendarEnds,
    add_working_days,
    is_working_day,
    last_known_day,
    last_of_working_days,
    next_working_day,
    working_days_between,
)


@pytest.mark.parametrize(
    "holiday",
    [
        date(2026, 11, 30),  # St Andrew's Day, Scotland alone
        date(2026, 1, 2),  # Scotland alone
        date(2026, 3, 17),  # St Patrick's Day, Northern Ireland alone
        date(2026, 7, 13),  # Battle of the Boyne, Northern Ireland alone
        date(2026, 8, 31),  # summer holiday, not in Scotland
        date(2026, 8, 3),  # summer holiday, Scotland alone
        date(2026, 12, 28),  # Boxing Day moved from Saturday
    ],
)
def test_holiday_in_one_part_is_no_working_day_anywhere(holiday: date) -> None:
    assert not is_working_day(holiday)


def test_weekends_are_not_working_days_and_plain_weekdays_are() -> None:
    assert [is_working_day(date(2026, 11, day)) for day in range(23, 30)] == [True] * 5 + [False] * 2


def test_adding_skips_weekends_and_holidays_in_both_directions() -> None:
    assert add_working_days(date(2026, 12, 24), 1) == date(2026, 12, 29)
    assert add_working_days(date(2026, 12, 29), -1) == date(2026, 12, 24)
    assert add_working_days(date(2026, 11, 28), 0) == date(2026, 11, 28)


def test_a_period_counts_its_first_day_only_when_it_is_worked() -> None:
    assert last_of_working_days(date(2026, 11, 23), 1) == date(2026, 11, 23)
    assert last_of_working_days(date(2026, 11, 28), 1) == date(2026, 12, 1)
    assert next_working_day(date(2026, 11, 28)) == date(2026, 12, 1)
    with pytest.raises(ValueError):
        last_of_working_days(date(2026, 11, 23), 0)


def test_counting_between_days() -> None:
    assert working_days_between(date(2026, 11, 23), date(2026, 12, 3)) == 8
    assert working_days_between(date(2026, 12, 3), date(2026, 11, 23)) == 0


def test_beyond_the_known_years_is_refused_and_says_so() -> None:
    beyond = last_known_day().replace(year=last_known_day().year + 1)
    with pytest.raises(CalendarEnds, match=str(last_known_day().year)):
        is_working_day(beyond)
    with pytest.raises(CalendarEnds):
        add_working_days(last_known_day(), 3)
    with pytest.raises(CalendarEnds):
        is_working_day(date(2011, 12, 30))
