"""Whose turn it is: quick requests one after another, and none that waits for a slow one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event, Semaphore, current_thread
from typing import Any

import pytest

from marketplace.edge import worker
from marketplace.edge.worker import Threads

LONG = 10.0  # seconds, after which a test has failed


@pytest.fixture
def threads() -> Iterator[Callable[..., Threads]]:
    made: list[Threads] = []

    def make(serve: Callable[[Any], None], count: int = 4) -> Threads:
        made.append(Threads(count, serve))
        return made[-1]

    yield make
    for each in made:
        each.shutdown(wait=True)


def test_quick_requests_are_answered_one_after_another(threads, monkeypatch) -> None:
    monkeypatch.setattr(worker, "PATIENCE", LONG)
    at_work, answered, served = [0], [], Semaphore(0)

    def serve(number: Any) -> None:
        at_work[0] += 1
        assert at_work[0] == 1
        time.sleep(0.001)
        at_work[0] -= 1
        answered.append(number)
        served.release()

    pool = threads(serve)
    for number in range(100):
        pool.put(number)
    for _ in range(100):
        assert served.acquire(timeout=LONG)
    assert answered == list(range(100))


def test_a_slow_request_does_not_keep_the_next(threads) -> None:
    go_on, quick = Event(), Event()
    pool = threads(lambda wait: go_on.wait(LONG) if wait else quick.set())
    pool.put(True)
    time.sleep(5 * worker.PATIENCE)
    pool.put(False)
    assert quick.wait(LONG) and not go_on.is_set()
    quick.clear()
    for wait in (True, True, False):
        pool.put(wait)
    assert quick.wait(LONG) and not go_on.is_set()
    go_on.set()


def test_what_came_during_slow_ones_is_answered_when_the_first_ends(threads) -> None:
    one_ends, served = Semaphore(0), Semaphore(0)

    def serve(wait: Any) -> None:
        if wait:
            assert one_ends.acquire(timeout=LONG)
        served.release()

    pool = threads(serve, count=2)
    for wait in (True, True, False, False):
        pool.put(wait)
    time.sleep(5 * worker.PATIENCE)
    assert not served.acquire(blocking=False)
    one_ends.release()
    for _ in range(3):
        assert served.acquire(timeout=LONG)
    one_ends.release()
    assert served.acquire(timeout=LONG)


def test_requests_that_come_one_at_a_time_are_each_answered(threads) -> None:
    served = Semaphore(0)
    names = set()

    def serve(_request: Any) -> None:
        names.add(current_thread().name)
        served.release()

    pool = threads(serve, count=3)
    for number in range(200):
        pool.put(number)
        assert served.acquire(timeout=LONG)
        if number % 50 == 0:
            time.sleep(2 * worker.PATIENCE)
    assert names <= {"request 0", "request 1", "request 2"}


def test_what_waits_is_answered_before_the_threads_end(threads) -> None:
    answered: list[Any] = []
    pool = threads(lambda number: (time.sleep(0.002), answered.append(number)), count=3)
    for number in range(20):
        pool.put(number)
    pool.shutdown(wait=True)
    assert sorted(answered) == list(range(20))


def test_a_thread_outlives_a_request_that_could_not_be_answered(threads) -> None:
    served = Semaphore(0)

    def serve(number: Any) -> None:
        served.release()
        if number == 0:
            raise OSError("planted")

    pool = threads(serve, count=1)
    for number in range(2):
        pool.put(number)
    assert served.acquire(timeout=LONG) and served.acquire(timeout=1)
