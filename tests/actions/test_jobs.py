"""Deliveries: every line reaches its listener once it has worked, in order, whatever fails between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from marketplace.core import clock, db, jobs
from marketplace.core.journal import Event, record

pytestmark = pytest.mark.usefixtures("house")


@dataclass(frozen=True, kw_only=True)
class Rang(Event):
    """A bell rang."""


@dataclass(frozen=True, kw_only=True)
class Knocked(Event):
    """Somebody knocked."""


@db.action
def ring(times: int = 1) -> None:
    for _ in range(times):
        record(Rang(subject="bell"))
    record(Knocked(subject="door"))


def listener(react, takes_batches: bool = False) -> jobs.Listener:
    return jobs.Listener("ears", frozenset({"Rang"}), react, takes_batches)


def run(ears: jobs.Listener) -> int:
    while jobs.enter_deliveries(ears):
        pass
    return jobs.deliver(ears)


def test_only_the_events_asked_for_arrive_once() -> None:
    heard: list[int] = []
    ears = listener(lambda lines: heard.extend(line.number for line in lines))
    ring(3)
    assert jobs.has_unseen_lines(ears)
    assert run(ears) == 3
    assert heard == [1, 2, 3]
    assert run(ears) == 0 and not jobs.has_unseen_lines(ears)


def test_one_bad_line_does_not_hold_back_the_others_and_is_tried_again() -> None:
    heard: list[int] = []
    is_broken = True

    def react(lines) -> None:
        if lines[0].number == 1 and is_broken:
            raise OSError("no line out")
        heard.extend(line.number for line in lines)

    ears = listener(react)
    ring(2)
    assert run(ears) == 1
    assert heard == [2]
    is_broken = False
    assert run(ears) == 0, "not before the pause is over"
    clock.pass_time(minutes=1)
    assert run(ears) == 1
    assert heard == [2, 1]


def test_after_the_last_retry_it_is_given_up_and_kept_with_its_error() -> None:
    def react(lines) -> None:
        raise OSError("never works")

    ears = listener(react)
    ring()
    for _ in range(len(jobs.RETRIES) + 1):
        run(ears)
        clock.pass_time(hours=7)
    kept = db.session.query(jobs.Delivery).one()
    assert kept.gave_up_at is not None and "never works" in kept.last_error


def test_a_line_claimed_by_a_worker_that_died_comes_again_when_the_lease_is_over() -> None:
    heard: list[int] = []

    class Killed(BaseException):
        pass

    def die(lines) -> None:
        raise Killed

    ring()
    dying = listener(die)
    with pytest.raises(Killed):
        run(dying)
    db.session.rollback()
    ears = listener(lambda lines: heard.extend(line.number for line in lines))
    assert run(ears) == 0, "still leased"
    clock.pass_time(seconds=(jobs.LEASE + timedelta(seconds=1)).total_seconds())
    assert run(ears) == 1 and heard == [1]
