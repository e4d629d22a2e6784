"""D10: whoever follows the journal by its cursor sees each line once, however many write at the same time."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from marketplace.core import db, jobs
from marketplace.core.journal import Event, JournalLine, record
from marketplace.serving import THREADS
from tests.promises.proof import Proof

WRITERS = 20
MOST_AT_ONCE = 9  # lines of one action


@dataclass(frozen=True, kw_only=True)
class Counted(Event):
    """Something that must be seen once."""

    writer: int
    number: int


@db.action
def count_on(writer: int, numbers: Iterable[int]) -> None:
    for number in numbers:
        record(Counted(subject="count", writer=writer, number=number))


@pytest.mark.slow
@pytest.mark.usefixtures("house")
def test_a_cursor_never_skips_or_repeats(proof: Proof) -> None:
    each_writes = max(MOST_AT_ONCE, proof.size("D10") // WRITERS)
    count_on(WRITERS, [0])  # the journal has its head before they race for it
    seen: Counter[tuple[int, int]] = Counter()
    ears = jobs.Listener("ears", frozenset({"Counted"}), lambda lines: seen.update(map(_named, lines)), takes_batches=True)
    turns = threading.Semaphore(THREADS)  # more are never at work in a web process
    # Daemons: when the reader fails, no writer outlives it.
    threads = [threading.Thread(target=_write, args=[writer, each_writes, turns], daemon=True) for writer in range(WRITERS)]
    for each in threads:
        each.start()
    cursor, followed = 0, Counter[tuple[int, int]]()
    while any(each.is_alive() for each in threads):
        cursor = _follow(cursor, followed)
        jobs.enter_deliveries(ears)
        jobs.deliver(ears)
    cursor = _follow(cursor, followed)
    while jobs.enter_deliveries(ears) or jobs.deliver(ears):
        pass
    meant = {(writer, number) for writer in range(WRITERS) for number in range(each_writes)}
    for tried, found in (("by the line's number alone", followed), ("by the worker's deliveries", seen)):
        wrong = [f"skipped {each}" for each in meant - found.keys()] + [f"{each}: {n} times" for each, n in found.items() if n != 1]
        proof.tell("D10", f"{WRITERS} writers, a reader {tried}", count=len(meant), violations=wrong)


def test_a_cursor_by_time_would_skip() -> None:
    """The comparison can fail: a line that is committed late is missed by who asks for what is newer than the last."""
    committed_in_order = [3, 1, 2]
    followed, last = [], 0
    for number in committed_in_order:
        if number > last:
            followed.append(number)
            last = number
    assert set(committed_in_order) - set(followed) == {1, 2}


def _write(writer: int, count: int, turns: threading.Semaphore) -> None:
    """Actions of one line to nine, as actions are; the number in the table is of lines."""
    chance, number = random.Random(writer), 0
    while number < count:
        following = min(count, number + chance.randint(1, MOST_AT_ONCE))
        with turns:
            try:
                count_on(writer, range(number, following))
            except (OperationalError, PoolTimeout):
                following = number  # too many at once: nothing of it is written, and whoever sent it sends it again
            db.session.remove()
        number = following


def _named(line: JournalLine) -> tuple[int, int]:
    return line.facts["writer"], line.facts["number"]


def _follow(cursor: int, followed: Counter[tuple[int, int]]) -> int:
    """What an outside reader does: asks for lines after the last number that it saw."""
    lines = db.session.scalars(
        select(JournalLine).where(JournalLine.number > cursor, JournalLine.event == "Counted").order_by(JournalLine.number)
    ).all()
    followed.update(map(_named, lines))
    last = lines[-1].number if lines else cursor
    db.session.rollback()
    return last
