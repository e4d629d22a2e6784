"""D11: web and worker under mixed load for long; their memory and open handles stay flat."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from marketplace import config
from marketplace.config import Settings
from tests.promises.history import History
from tests.promises.load import Load
from tests.promises.market import make_market
from tests.promises.proof import Proof, is_long
from tests.promises.test_recovery import acting
from tests.served import environment_for, served

WARM = 0.4  # of the time, in which caches fill; what is judged comes after
MOST_MB_A_MINUTE = 1.0
MOST_HANDLES = 8  # more than after warming up: connections of the pool and threads that happen to be at work
# In seconds nothing can be said of a slope; then this much growth is a leak that anybody would see.
MOST_MB_SHORT = 60.0


@dataclass(frozen=True)
class Reading:
    """What a process holds at an instant: memory in megabytes, and open handles."""

    at: float
    megabytes: float
    handles: int


def read(pid: int) -> Reading:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Reading(time.monotonic(), pages * 4096 / 1e6, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def slope(readings: Sequence[Reading]) -> float:
    """Megabytes a minute, by least squares."""
    times = [each.at / 60 for each in readings]
    middle, mean = sum(times) / len(times), sum(each.megabytes for each in readings) / len(readings)
    spread = sum((each - middle) ** 2 for each in times)
    return sum((at - middle) * (each.megabytes - mean) for at, each in zip(times, readings, strict=True)) / spread


def leaks(name: str, readings: Sequence[Reading], long: bool) -> list[str]:
    """What grew after warming up, in words."""
    warm = readings[int(len(readings) * WARM) :]
    found = []
    growth = warm[-1].megabytes - warm[0].megabytes
    if long and slope(warm) >= MOST_MB_A_MINUTE:
        found.append(f"{name}: {slope(warm):.2f} MB more each minute")
    if not long and growth >= MOST_MB_SHORT:
        found.append(f"{name}: {growth:.0f} MB more")
    third = max(1, len(warm) // 3)
    handles = min(each.handles for each in warm[-third:]) - max(each.handles for each in warm[:third])
    if handles > (0 if long else MOST_HANDLES):
        found.append(f"{name}: {handles} handles more")
    return found


@contextmanager
def worker_of(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "marketplace.cli", "worker"], cwd=config.CHECKOUT,
        env=environment_for(settings, MARKETPLACE_WORKER_PAUSE_SECONDS="0.1"), start_new_session=True,
    )  # fmt: skip
    try:
        yield process
        assert process.poll() is None, "the worker has ended"
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
def test_memory_and_handles_stay_flat(app: Flask, house: Settings, tmp_path: Path, proof: Proof) -> None:
    """Visitors of lists, firms that write, submit and withdraw, and the worker that tells of it."""
    seconds, history = proof.size("D11"), History()
    market = make_market(firms=4)
    with served(house, tmp_path) as copy, worker_of(house) as worker:
        load = Load(copy.port, visitors=2)
        with load.running(), market.bidders(app, copy.address, history) as bidders, acting(bidders):
            load.wait_for(20)
            pids = {"worker": worker.pid, **{f"web {n}": each for n, each in enumerate(copy.workers, start=1)}}
            kept: dict[str, list[Reading]] = {name: [] for name in pids}
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                for name, pid in pids.items():
                    kept[name].append(read(pid))
                time.sleep(0.5)
    submitted = sum(each.kind == "submit" and each.outcome == "ok" for each in history.operations)
    wrong = [each for name, readings in kept.items() for each in leaks(name, readings, is_long())]
    wrong += [f"a page: {each}" for each in load.failed()]
    wrong += [] if submitted else ["nobody submitted a bid"]
    told = "; ".join(_measured(name, readings) for name, readings in kept.items())
    proof.tell(
        "D11", f"{seconds} s of visitors, bidders and worker ({submitted} bids, {len(load.seen)} pages)",
        count=len(load.seen) + len(history.operations), violations=wrong, measured=told,
    )  # fmt: skip


def _measured(name: str, readings: Sequence[Reading]) -> str:
    warm = readings[int(len(readings) * WARM) :]
    return (
        f"{name} {warm[-1].megabytes:.0f} MB ({slope(warm):+.1f} MB/min), "
        f"handles {warm[0].handles} to {warm[-1].handles}"
    )


def test_the_checker_sees_a_leak() -> None:
    flat = [Reading(float(each), 100 + each % 3, 30 + each % 2) for each in range(100)]
    assert leaks("web", flat, True) == [] == leaks("web", flat, False)
    assert "MB more each minute" in leaks("web", [Reading(r.at, 100 + r.at * 0.05, 30) for r in flat], True)[0]
    assert "MB more" in leaks("web", [Reading(r.at, 100 + r.at * 2, 30) for r in flat], False)[0]
    assert "handles more" in leaks("web", [Reading(r.at, 100, 30 + int(r.at)) for r in flat], False)[0]
