"""B9: the service is away, comes back, and every deadline that this hit is listed by one command, with a proposal."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from marketplace import cli, config
from marketplace.core import clock, db
from tenders.needs.models import Need
from tenders.outages import queries, watch
from tenders.outages.models import Outage
from tests import making
from tests.conftest import START
from tests.house.walking import ROOT
from tests.promises.proof import Proof, is_long

T = TypeVar("T")
LIMIT = timedelta(seconds=60)
REFERENCE = re.compile(r"^  (N-[0-9]{4}-[0-9]{4,});", re.MULTILINE)


def kept(needs: Iterable[Need]) -> list[SimpleNamespace]:
    """What the checker knows of each need; the rows themselves do not outlast the watch's session."""
    return [SimpleNamespace(reference=n.reference, closes_at=n.closes_at, published_at=n.published_at) for n in needs]


def missed(needs: Iterable[Any], began_at: datetime, ended_at: datetime, listed: set[str]) -> list[str]:
    """The checker: needs that the list lacks, and those that it should not have. Written anew, not taken from the rule."""
    wrong = []
    for need in needs:
        late = (need.closes_at - ended_at).total_seconds()
        belongs = need.closes_at >= began_at and late <= 86_400 and need.published_at is not None
        if belongs != (need.reference in listed):
            wrong.append(f"{need.reference} closes at {need.closes_at}: {'not listed' if belongs else 'listed'}")
    return wrong


def test_the_checker_sees_a_planted_miss(house: config.Settings) -> None:
    need = making.open_need(closes_at=START + timedelta(minutes=5))
    ended_at = START + timedelta(minutes=10)
    assert missed([need], START, ended_at, set()) and not missed([need], START, ended_at, {need.reference})
    assert missed([making.open_need()], START, ended_at, {"N-2026-0000"}) == []


def test_ten_minutes_away_with_a_faked_clock(
    house: config.Settings, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, chosen = proof.size("B9"), random.Random(9)
    watch.Watch("", LIMIT).one_beat()
    council = making.council()
    needs = kept(
        making.open_need(council, closes_at=START + timedelta(seconds=chosen.randint(-3_600, 150_000)))
        for _ in range(count)
    )
    clock.pass_time(minutes=10)
    monkeypatch.setattr(watch, "started_at", lambda: None)  # the test's machine was not off
    for _ in range(2):  # what starts again, and starts again
        watch.Watch("", LIMIT).one_beat()
    monkeypatch.setattr(cli, "prepare_current", config.current)
    said = CliRunner().invoke(cli.outages, [])
    listed = REFERENCE.findall(said.stdout)
    wrong = missed(needs, START, clock.now(), set(listed))
    wrong += [f"{each} is listed twice" for each in set(listed) if listed.count(each) > 1]
    hits = queries.pending_hits()
    wrong += [f"no later time for {each.need.reference}" for each in hits
              if queries.proposal_for(each, clock.now()) < each.closes_at + timedelta(minutes=10)]  # fmt: skip
    assert hits and len(hits) < count  # both kinds were tried
    proof.tell("B9", "10 min away, faked clock", count=count, violations=wrong, measured=f"{len(hits)} listed")


@pytest.mark.slow  # a real service is started twice
def test_a_service_that_is_killed_and_started_again(proof: Proof, tmp_path: Path) -> None:
    proof.size("B9")
    if os.environ.get("TEST_DATABASE_URL"):
        proof.told.add("B9")
        pytest.skip("the service that is killed keeps a database of its own, on SQLite")
    # As an operator has it, so that the long run measures what councils wait for.
    limit = config.Settings().outage_seconds if is_long() else 3
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MARKETPLACE_")},
        "MARKETPLACE_HOME": str(tmp_path),
        "MARKETPLACE_OUTAGE_SECONDS": str(limit),
        "MARKETPLACE_WEB_WORKERS": "1",
    }
    _command(environment, "upgrade")
    settings = config.Settings(home=tmp_path, secret_key="only for tests", password_cost="cheap")
    config.install(settings)
    db.connect(settings.url)
    _serve_until(environment, lambda: {"web", "worker"} <= set(_fresh(queries.seen_parts)))
    now = clock.now()
    council = making.council()
    needs = kept(
        making.open_need(council, published_at=now - timedelta(days=1), closes_at=now + timedelta(seconds=each))
        for each in (-500, 1, 3_600, 86_000, 200_000)
    )
    time.sleep(limit + 2)
    began = time.monotonic()
    _serve_until(environment, lambda: bool(_ended()))
    took = time.monotonic() - began
    outage = _ended()[-1]
    assert outage.ended_at is not None
    offered = {each.need.reference for each in _fresh(queries.pending_hits) if queries.proposal_for(each, clock.now())}
    listed = REFERENCE.findall(_command(environment, "outages"))
    wrong = missed(needs, outage.began_at, outage.ended_at, set(listed))
    assert len(listed) == 3
    wrong += [f"no later time is offered for {each}" for each in sorted(set(listed) - offered)]
    if took > LIMIT.total_seconds():
        wrong.append(f"listed and offered only {took:.1f} s after the service was back")
    db.session.remove()
    db.engine().dispose()
    proof.tell("B9", "killed, started again", count=len(needs), violations=wrong, measured=f"{limit} s count as away; listed, each with a later time, {took:.1f} s after the start")


def _fresh(read: Callable[[], T]) -> T:
    db.session.rollback()
    return read()


def _ended() -> list[Outage]:
    query = select(Outage).where(Outage.ended_at.is_not(None)).order_by(Outage.id)
    return _fresh(lambda: list(db.session.scalars(query)))


def _command(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "marketplace.cli", *words],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _serve_until(environment: dict[str, str], seen: Callable[[], bool]) -> None:
    """Serves until something is seen in the database, then kills the program and its children at once."""
    served = subprocess.Popen(
        [sys.executable, "-m", "marketplace.cli", "run"],
        env=environment, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(600):
            if seen():
                return
            assert served.poll() is None, "the service ended by itself"
            time.sleep(0.1)
        pytest.fail("nothing was seen within a minute")
    finally:
        os.killpg(served.pid, signal.SIGKILL)
        served.wait()
