"""Whether the clocks that this service lives by agree: this process's, the database server's, the disk's, the worker's.

A closing time that two machines reach at different moments is no closing time. So the clocks are compared when the
service starts and every few seconds after; while they differ by more than TOLERANCE nothing is published, moved or
opened, and it is said on pages and in the log. The instants that bids were received at stay what they were.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine, text

from marketplace.core import clock
from marketplace.core.errors import Problem

TOLERANCE = timedelta(seconds=2)
EVERY = 10.0  # seconds between two looks
DATABASE, DISK, WORKER, PROXY = "the database server’s", "the disk’s", "the worker’s", "the proxy’s"
_SAID_AGAIN_AFTER = 60.0  # seconds
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """How far another clock is ahead of this process's (behind when negative): the least that it can be."""

    whose: str
    ahead: timedelta

    @property
    def is_too_large(self) -> bool:
        return abs(self.ahead) > TOLERANCE

    @property
    def words(self) -> str:
        seconds = abs(self.ahead).total_seconds()
        amount = f"{seconds:.1f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
        return f"{self.whose} clock is {amount} {'ahead of' if self.ahead > timedelta() else 'behind'} this machine’s"


class ClocksDiffer(Exception):
    """The service does not start: its clocks differ. Says which, by how much, and what to do."""


def outside(at: datetime, first: datetime, last: datetime) -> timedelta:
    """How far an instant lies after the last of two (positive) or before the first (negative); zero between them."""
    return max(at - last, timedelta()) + min(at - first, timedelta())


def compare_database(engine: Engine) -> Difference | None:
    """Asks a PostgreSQL server the time. None for SQLite, which has no clock of its own. Raises SQLAlchemyError."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))  # what connecting takes is not the clock's fault
        first = clock.now()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return Difference(DATABASE, outside(theirs, first, clock.now()))


def compare_disk(folder: Path) -> Difference:
    """Writes a file and reads when the disk says it was written; a folder on another machine has that one's clock."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".clock-{os.getpid()}"
    try:
        first = clock.now()
        probe.write_bytes(b"")
        written = datetime.fromtimestamp(probe.stat().st_mtime, UTC)
        return Difference(DISK, outside(written, first, clock.now()))
    finally:
        probe.unlink(missing_ok=True)


class Beats:
    """Compares the clock of whoever writes the time every so often, from the moments at which a new time was seen."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: tuple[datetime | None, float] | None = None

    def see(self, beat: datetime | None) -> Difference | None:
        """`beat`: the time last written. None when it is not a new one: then nothing can be told."""
        before, self._last = self._last, (beat, self._monotonic())
        if before is None or beat is None or beat == before[0]:
            return None
        # It was written after we looked last and before now; our own clock then is what it should have said.
        return Difference(WORKER, outside(beat, clock.now() - timedelta(seconds=self._last[1] - before[1]), clock.now()))


class Clocks:
    """What is known of the differences in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, Difference] = {}
        self._said_at = float("-inf")

    def put(self, differences: Iterable[Difference | None]) -> None:
        """Keeps what was measured, one for each clock, and logs what is too much, again each minute."""
        with self._lock:
            self._found.update({each.whose: each for each in differences if each is not None})
        if self.too_large() and time.monotonic() - self._said_at > _SAID_AGAIN_AFTER:
            self._said_at = time.monotonic()
            _logger.error("%s", in_words(self.too_large()))

    def known(self) -> list[Difference]:
        """Each clock's last difference, by name."""
        with self._lock:
            return sorted(self._found.values(), key=lambda each: each.whose)

    def too_large(self) -> list[Difference]:
        return [each for each in self.known() if each.is_too_large]

    def forget(self) -> None:
        """For tests."""
        with self._lock:
            self._found.clear()


_clocks = Clocks()


def put(*differences: Difference | None) -> None:
    """Tells this process of differences that were measured."""
    _clocks.put(differences)


def known() -> list[Difference]:
    """Every clock that this process has been compared with, and the last difference."""
    return _clocks.known()


def differs(whose: str) -> bool:
    """Whether that clock differs from this process's by more than TOLERANCE, as far as is known."""
    return any(each.whose == whose for each in _clocks.too_large())


def forget() -> None:
    """For tests: nothing is known."""
    _clocks.forget()


def problems() -> list[Problem]:
    """What stands in the way of everything that must happen at a certain time; empty while the clocks agree."""
    found = _clocks.too_large()
    return [Problem(in_words(found))] if found else []


def in_words(found: Iterable[Difference]) -> str:
    """For people: which clocks differ, what is stopped, and who puts it right."""
    said = "; ".join(each.words for each in found)
    return (
        f"The clocks of this service differ: {said}. Until its administrator has put them right, nothing is published, "
        "no closing time is moved and no bids are opened."
    )


def look(engine: Engine, folder: Path) -> list[Difference]:
    """Compares what can be compared at once, keeps it, and returns it. A stopped clock is compared with nothing."""
    if clock.is_stopped():
        return []
    found = [each for each in (compare_database(engine), compare_disk(folder)) if each is not None]
    put(*found)
    return found


def insist_at_start(engine: Engine, folder: Path) -> None:
    """Raises ClocksDiffer when the service must not start."""
    found = [each for each in look(engine, folder) if each.is_too_large]
    if found:
        said = "; ".join(each.words for each in found)
        raise ClocksDiffer(
            f"The clocks differ by more than {TOLERANCE.seconds} seconds: {said}. "
            "Put them right (network time on every machine, then start again): closing times depend on them."
        )


def watch(engine: Engine, folder: Path, beat: Callable[[Engine], datetime | None]) -> None:
    """Looks every few seconds for as long as the process lives; for a thread of its own."""
    beats = Beats()
    while True:
        try:
            look(engine, folder)
            put(beats.see(beat(engine)))
        except Exception:  # the database may be away for a while; that is seen, and said, by others
            _logger.warning("the clocks could not be compared; it is tried again", exc_info=True)
        time.sleep(EVERY)
