"""Days and times on London's clock: reading, writing, and the two nights when the clock jumps."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from marketplace.core import moments
from marketplace.core.moments import NotAMoment, london_instant, parse_month, parse_time_of_day


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("14:00", time(14)), ("2pm", time(14)), ("2:30pm", time(14, 30)), ("2.30 p.m.", time(14, 30)),
        ("noon", time(12)), ("Midday", time(12)), ("12pm", time(12)), ("1400", time(14)), ("0:00", time(0)),
        ("09.05", time(9, 5)), ("11:59PM", time(23, 59)), ("12:30am", time(0, 30)),
    ],
)  # fmt: skip
def test_reads_times(typed: str, at: time) -> None:
    assert parse_time_of_day(typed) == at


@pytest.mark.parametrize("typed", ["", "2", "24:00", "12:60", "14pm", "0am", "tea", "midnight", "12am", "2:3", "-1:00"])
def test_refuses_times_that_say_too_little_or_too_much(typed: str) -> None:
    with pytest.raises(NotAMoment, match="Enter"):
        parse_time_of_day(typed)


def test_midnight_is_refused_because_it_could_mean_two_days() -> None:
    with pytest.raises(NotAMoment, match="start or the end of the day"):
        parse_time_of_day("midnight")


def test_months_by_number_or_name() -> None:
    assert [parse_month(text) for text in ("3", "03", "mar", "March", "SEPT")] == [3, 3, 3, 3, 9]
    for text in ("13", "0", "ma", "x", "", "3.0"):
        with pytest.raises(NotAMoment):
            parse_month(text)


def test_an_instant_follows_summer_time() -> None:
    assert london_instant(date(2026, 1, 5), time(14)) == datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert london_instant(date(2026, 7, 6), time(14)) == datetime(2026, 7, 6, 13, tzinfo=UTC)


def test_the_hour_that_the_clock_skips_is_refused() -> None:
    with pytest.raises(NotAMoment, match="go forward"):
        london_instant(date(2026, 3, 29), time(1, 30))
    assert london_instant(date(2026, 3, 29), time(0, 59)) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert london_instant(date(2026, 3, 29), time(2)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_refused() -> None:
    with pytest.raises(NotAMoment, match="happens twice"):
        london_instant(date(2026, 10, 25), time(1, 30))
    assert london_instant(date(2026, 10, 25), time(2)) == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_writes_moments_in_london() -> None:
    assert moments.moment(datetime(2026, 3, 4, 13, 0, tzinfo=UTC)) == "1:00pm on Wednesday 4 March 2026"
    assert moments.moment(datetime(2026, 7, 6, 11, 0, tzinfo=UTC)) == "noon on Monday 6 July 2026"
    assert moments.moment(datetime(2026, 7, 5, 23, 0, tzinfo=UTC)) == "midnight at the start of Monday 6 July 2026"
    assert (
        moments.moment_to_second(datetime(2026, 3, 4, 12, 0, 7, tzinfo=UTC)) == "12:00:07pm on Wednesday 4 March 2026"
    )
    assert moments.short_moment(datetime(2026, 3, 4, 0, 5, tzinfo=UTC)) == "4 Mar 2026, 12:05am"


def test_a_day_is_london_s_day() -> None:
    assert moments.day(datetime(2026, 7, 5, 23, 30, tzinfo=UTC)) == "6 July 2026"
    assert moments.day(date(2026, 3, 4)) == "4 March 2026"
    assert moments.weekday_and_day(date(2026, 3, 4)) == "Wednesday 4 March 2026"


def test_iso_is_utc() -> None:
    assert moments.iso(datetime(2026, 7, 6, 13, 0, 5, 99, tzinfo=UTC)) == "2026-07-06T13:00:05Z"
    assert moments.iso(date(2026, 7, 6)) == "2026-07-06"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=3, hours=4, minutes=9), "3 days and 4 hours"), (timedelta(days=1), "1 day"),
        (timedelta(minutes=61), "1 hour and 1 minute"), (timedelta(seconds=30), "less than a minute"),
        (timedelta(0), ""), (-timedelta(days=1), ""),
    ],
)  # fmt: skip
def test_time_left(left: timedelta, said: str) -> None:
    start = datetime(2026, 3, 4, tzinfo=UTC)
    assert moments.time_left(start + left, start) == said


def test_noon_and_midnight_to_the_second_are_named() -> None:
    assert moments.clock_time(time(12), seconds=True) == "12:00:00 noon"
    assert moments.clock_time(time(0), seconds=True) == "12:00:00 midnight"
    assert moments.clock_time(time(0, 0, 1), seconds=True) == "12:00:01am"


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (timedelta(microseconds=1), "0.001 seconds"), (timedelta(milliseconds=412), "0.412 seconds"),
        (timedelta(seconds=59, microseconds=999_999), "60.000 seconds"), (timedelta(minutes=2), "2 minutes"),
        (timedelta(hours=2, minutes=3, seconds=4), "2 hours and 3 minutes"),
    ],
)  # fmt: skip
def test_how_late_is_said_to_the_thousandth(late: timedelta, said: str) -> None:
    limit = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert moments.lateness(limit + late, limit) == said
