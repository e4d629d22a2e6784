"""Clocks that differ are found, said aloud, and stop what must happen at a certain time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.core import clock, clocks
from marketplace.core.arrival import ARRIVAL, Arrival
from marketplace.core.clocks import Beats, Difference, outside

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    clocks.forget()
    yield
    clocks.forget()


def test_between_two_looks_nothing_differs_and_outside_it_is_the_least_that_it_can_be() -> None:
    later = NOON + timedelta(seconds=3)
    assert outside(NOON + timedelta(seconds=1), NOON, later) == timedelta()
    assert outside(NOON + timedelta(seconds=8), NOON, later) == timedelta(seconds=5)
    assert outside(NOON - timedelta(seconds=5), NOON, later) == timedelta(seconds=-5)


@pytest.mark.parametrize("seconds", [-300, -15, 0, 15, 300])
def test_a_worker_whose_clock_differs_is_found_by_when_its_times_are_seen(seconds: int) -> None:
    ticks, theirs = [100.0], timedelta(seconds=seconds)
    beats = Beats(lambda: ticks[0])
    with clock.clock_at(NOON):
        assert beats.see(NOON + theirs) is None, "one look tells nothing: it may have been written long ago"
    ticks[0] += 10
    with clock.clock_at(NOON + timedelta(seconds=10)):
        assert beats.see(NOON + theirs) is None, "the same time again tells nothing: the worker may have stopped"
    ticks[0] += 10
    with clock.clock_at(NOON + timedelta(seconds=20)):
        found = beats.see(NOON + timedelta(seconds=15) + theirs)
    assert found is not None and found.is_too_large == bool(seconds)
    assert abs(found.ahead - theirs) <= timedelta(seconds=10)


def test_a_difference_is_said_in_words_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    assert clocks.problems() == []
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            clocks.put(Difference(clocks.DATABASE, timedelta(seconds=-301)), Difference(clocks.DISK, timedelta()))
    assert [each.message for each in caplog.records].count(clocks.problems()[0].message) <= 1
    assert "the database server’s clock is 5 minutes behind this machine’s" in clocks.problems()[0].message
    assert "no closing time is moved" in clocks.problems()[0].message
    clocks.put(Difference(clocks.DATABASE, timedelta(seconds=2)))
    assert clocks.problems() == [], "two seconds are borne"


def test_a_proxys_clock_is_judged_by_the_least_delay_and_then_not_believed(app, monkeypatch) -> None:
    from dataclasses import replace

    from marketplace import config
    from tenders.bids import receipt_time

    config.install(replace(config.current(), receipt_header="X-Received-At"))
    receipt_time._delays.clear()

    def ask(came: datetime, said: datetime) -> None:
        environ = {ARRIVAL: Arrival(came, False, ""), "HTTP_X_RECEIVED_AT": f"{said.timestamp():.3f}"}
        receipt_time._compare_proxy(environ)

    for number in range(receipt_time.DELAYS - 1):
        ask(NOON, NOON - timedelta(seconds=30 + number))
    assert not clocks.differs(clocks.PROXY), "slow requests alone say nothing yet"
    ask(NOON, NOON - timedelta(milliseconds=4))
    assert not clocks.differs(clocks.PROXY)
    for _ in range(receipt_time.DELAYS):
        ask(NOON, NOON - timedelta(seconds=30))
    assert clocks.differs(clocks.PROXY)
    clocks.forget()
    ask(NOON, NOON + timedelta(seconds=5))
    assert "ahead of" in clocks.problems()[0].message
    receipt_time._delays.clear()
