"""The dates of a need, past and ahead, from one function that pages and the worker read; and dates to propose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from marketplace.core import clock
from marketplace.core.clock import london_day
from marketplace.core.moments import london_instant
from marketplace.core.working_days import CalendarEnds, is_working_day
from tenders.needs.models import Need
from tenders.regimes import Regime

TUESDAY, THURSDAY = 1, 3
CLOSING_TIME = time(14)


@dataclass(frozen=True)
class Entry:
    """One date: `at` is an instant, or a day for what is only expected."""

    at: datetime | date
    code: str
    title: str
    is_past: bool
    text: str = ""
    href: str = ""


FACTS = (
    ("published", "published_at", "Published"),
    ("questions_close", "questions_close_at", "Questions close"),
    ("closes", "closes_at", "Bids close"),
    ("withdrawn", "withdrawn_at", "Withdrawn"),
    ("opened", "opened_at", "Bids opened"),
    ("assessed", "scores_frozen_at", "Scores agreed"),
    ("award_expected", "award_expected_on", "Award expected"),
    ("awarded", "awarded_at", "Awarded"),
    ("no_award", "no_award_at", "Ended without award"),
    ("contracted", "contracted_at", "Contract signed"),
    ("starts", "starts_on", "Contract starts"),
    ("ends", "ends_on", "Contract ends"),
)


def timeline(need: Need, now: datetime | None = None) -> list[Entry]:
    """Every known date of the need in order of time; what an end has overtaken is left out."""
    now = now or clock.now()
    ended_at = need.withdrawn_at or need.no_award_at
    return sorted(_entries(need, now, ended_at), key=lambda each: _instant(each.at))


def _entries(need: Need, now: datetime, ended_at: datetime | None) -> Iterator[Entry]:
    for code, fact, title in FACTS:
        at = getattr(need, fact)
        overtaken = code == "award_expected" and (need.awarded_at or need.no_award_at)
        if at is None or overtaken or (ended_at and _instant(at) > ended_at):
            continue
        yield Entry(at, code, title, _instant(at) <= now)


def _instant(at: datetime | date) -> datetime:
    return at if isinstance(at, datetime) else london_instant(at, time(23, 59))


def suggested_closing(regime: Regime, value_pence: int | None, now: datetime) -> datetime:
    """A closing time to propose: after the recommended period, midweek, at 2pm, on a working day."""
    day = regime.recommended_deadline(london_day(now), value_pence)
    while not (TUESDAY <= day.weekday() <= THURSDAY and _works(day)):
        day += timedelta(days=1)
    return london_instant(day, CLOSING_TIME)


def suggested_questions_close(regime: Regime, closes_at: datetime) -> datetime:
    """The customary days before closing, moved back to a working day, at 5pm."""
    day = london_day(closes_at) - timedelta(days=regime.number("questions.cutoff"))
    while not _works(day):
        day -= timedelta(days=1)
    return london_instant(day, time(17))


def _works(day: date) -> bool:
    try:
        return is_working_day(day)
    except CalendarEnds:
        return day.weekday() < 5
