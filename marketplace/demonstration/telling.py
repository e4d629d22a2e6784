"""Telling purchases in the order of time: each story says when its next deed happens, and the earliest goes first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from marketplace.core import clock

# A story yields the instant (UTC) of its next deed and does that deed when it is resumed.
Story = Iterator[datetime]
TUESDAY, THURSDAY, SATURDAY = 1, 3, 5
ONE_DAY = timedelta(days=1)


def tell_stories(stories: Iterable[Story], until: datetime) -> None:
    """Runs every story to its end with the clock at each deed's instant; none may happen after `until`."""
    waiting: list[tuple[datetime, int, Story]] = []
    for number, story in enumerate(stories):
        _wait(waiting, number, story, next(story, None), until)
    while waiting:
        at, number, story = heapq.heappop(waiting)
        with clock.clock_at(at):
            following = next(story, None)
        _wait(waiting, number, story, following and max(following, at), until)


def _wait(
    waiting: list[tuple[datetime, int, Story]], number: int, story: Story, at: datetime | None, until: datetime
) -> None:
    if at is None:
        return
    if at > until:
        raise ValueError(f"Story {number} goes on at {at}, after {until}.")
    heapq.heappush(waiting, (at, number, story))


@dataclass(frozen=True)
class Days:
    """Instants counted from the day of the demonstration, in London's working hours and never in the future."""

    now: datetime

    @property
    def today(self) -> date:
        return clock.london_day(self.now)

    def ago(self, days: int, at: str) -> datetime:
        """So many days ago at this time, or on the last weekday before."""
        day = self.today - timedelta(days=days)
        while day.weekday() >= SATURDAY:
            day -= ONE_DAY
        return min(_london(day, at), self.now)

    def after(self, start: datetime, days: int, at: str) -> datetime:
        """So many days after an instant, or on the next weekday; now, when that has not come yet."""
        day = clock.london_day(start) + timedelta(days=days)
        while day.weekday() >= SATURDAY:
            day += ONE_DAY
        return min(max(_london(day, at), start), self.now)

    def closed(self, days: int, at: str = "12:00") -> datetime:
        """A closing time on a Tuesday, Wednesday or Thursday, at least so many days ago."""
        day = self.today - timedelta(days=days)
        while not TUESDAY <= day.weekday() <= THURSDAY:
            day -= ONE_DAY
        return _london(day, at)

    def closes(self, days: int, at: str) -> datetime:
        """A closing time on a Tuesday, Wednesday or Thursday, at least so many days ahead."""
        day = self.today + timedelta(days=days)
        while not TUESDAY <= day.weekday() <= THURSDAY:
            day += ONE_DAY
        return _london(day, at)


def weekday_before(instant: datetime) -> datetime:
    """The instant itself, or the same time on the Friday before when it falls on a weekend."""
    return instant - max(0, instant.weekday() - SATURDAY + 1) * ONE_DAY


def _london(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), clock.LONDON)
