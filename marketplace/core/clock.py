"""now(), the only clock of the house. Tests set it; nothing else asks the time of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
_set_to: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC, to the microsecond."""
    return _set_to if _set_to is not None else datetime.now(UTC)


def is_stopped() -> bool:
    """Whether the clock was set, by a test or the demonstration, and so rules over every other time."""
    return _set_to is not None


def today() -> date:
    """The present day in London, where legal days are counted."""
    return now().astimezone(LONDON).date()


def london(instant: datetime) -> datetime:
    """The same instant on London's wall clock."""
    return instant.astimezone(LONDON)


def london_day(instant: datetime) -> date:
    """The day in London on which the instant falls."""
    return instant.astimezone(LONDON).date()


@contextmanager
def clock_at(instant: datetime) -> Iterator[None]:
    """For tests and the demonstration: inside the block it is `instant` and time stands still."""
    global _set_to
    before, _set_to = _set_to, instant.astimezone(UTC)
    try:
        yield
    finally:
        _set_to = before


def set_clock(instant: datetime | None) -> None:
    """For tests: stop the clock at `instant`, or let it run again with None."""
    global _set_to
    _set_to = instant.astimezone(UTC) if instant else None


def pass_time(**amount: float) -> None:
    """For tests: move a stopped clock on by timedelta's arguments."""
    if _set_to is None:
        raise RuntimeError("Stop the clock with set_clock() before you move it.")
    set_clock(_set_to + timedelta(**amount))
