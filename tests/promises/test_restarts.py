"""D5, D8, D12: a database that is away and back, new programs without a failed request, a quick cold start."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command as alembic

from marketplace import config, upgrade
from marketplace.core import db
from marketplace.serving import free_port
from marketplace.timetable import last_beat
from tests import databases, making, postgres
from tests.conftest import settings_for
from tests.pageclient import PageClient
from tests.promises.load import Load, Seen, outage_faults
from tests.promises.proof import Proof, is_long
from tests.served import Served, environment_for, make_durable, served, wait_until_it_answers

PATIENCE = 2.0  # seconds, the promise's
SLOWEST_START = 12.0  # times as long
REQUESTS = 50_000  # the promise's, over all restarts of a long run
BUSY_MACHINE = 8.0  # seconds more that a shared machine may take before a test calls it broken


@contextmanager
def run_command(settings: config.Settings, folder: Path) -> Iterator[tuple[Served, float]]:
    """`marketplace run`, and the seconds until its first page."""
    make_durable(settings)
    port = free_port(30_000 + os.getpid() % 1_000 * 10)
    log, began = folder / "run.log", time.monotonic()
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.cli", "run", "--port", str(port)],
            cwd=config.CHECKOUT, env=environment_for(settings), stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    made = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until_it_answers(made, page="/needs")
        yield made, time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.slow
def test_new_programs_without_a_failed_request(house: config.Settings, tmp_path: Path, proof: Proof) -> None:
    """SIGHUP to `marketplace run`, again and again, under visitors; each time every web process is a new one."""
    renewals = proof.size("D8")
    between = -(-REQUESTS // renewals) if is_long() else 30
    with run_command(house, tmp_path) as (made, _cold):
        process, load = made.process, Load(made.port)
        with load.running():
            for _ in range(renewals):
                before = children(process.pid)
                load.wait_for(between, seconds=300)
                process.send_signal(signal.SIGHUP)
                _wait_until_replaced(process.pid, before)
            load.wait_for(30)
        assert process.poll() is None
    failed = load.failed()
    if len(load.seen) < renewals * between:
        failed.append(f"only {len(load.seen)} requests were asked")
    proof.tell("D8", f"{renewals} x SIGHUP to run under 4 visitors", count=len(load.seen), violations=failed)


@pytest.mark.slow
def test_new_programs_that_refuse_to_start_leave_the_old_ones_at_work(house: config.Settings, tmp_path: Path) -> None:
    """The database is at a revision that the programs on the disk do not know; the running ones have it open already."""
    with run_command(house, tmp_path) as (made, _cold):
        _wait_until(lambda: last_beat(db.engine()) is not None)  # the worker has read its programs too
        at_work = children(made.process.pid)
        for revision, said in (("0001", "did not start, so the old ones go on"), ("head", "The web processes were replaced")):
            with db.engine().execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
                alembic.stamp(upgrade._config(connection), revision)
            made.process.send_signal(signal.SIGHUP)
            _wait_until(lambda said=said: said in made.log.read_text())
            wait_until_it_answers(made, page="/needs")
            assert (at_work <= children(made.process.pid)) == (revision != "head")
        assert made.log.read_text().count("Run: marketplace upgrade") == 1


@pytest.mark.slow
def test_a_cold_start_is_quick(house: config.Settings, tmp_path: Path, proof: Proof) -> None:
    """Beside the time in which Python imports the toolkits alone, so that a busy machine is not called a slow start."""
    starts = proof.size("D12")
    ratios, seconds = [], []
    for _ in range(starts):
        began = time.monotonic()
        toolkits = [sys.executable, "-c", "import flask, sqlalchemy.orm, alembic.command"]
        subprocess.run(toolkits, env=environment_for(house), check=True)
        alone = time.monotonic() - began
        with run_command(house, tmp_path) as (_made, cold):
            seconds.append(cold)
            ratios.append(cold / alone)
    best = min(ratios)
    proof.tell(
        "D12", "start of run to first page, beside importing the toolkits", count=starts,
        violations=[f"{best:.1f} times as long"] if best > SLOWEST_START else [],
        measured=f"{min(seconds):.1f} s, {best:.1f} times as long",
    )  # fmt: skip


def children(pid: int) -> set[int]:
    """Processes that this one started."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def descendants(pid: int) -> set[int]:
    below = children(pid)
    return below.union(*(descendants(each) for each in below))


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def _wait_until_replaced(pid: int, before: set[int]) -> None:
    until = time.monotonic() + 240
    while children(pid) & before or len(children(pid)) < 2:
        assert time.monotonic() < until, "the processes were not replaced"
        time.sleep(0.05)


@contextmanager
def killed(data: Path) -> Iterator[None]:
    """A PostgreSQL server that ends at once, without a shutdown, and is started again."""
    command = shlex.split((data / "postmaster.opts").read_text())
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    while (data / "postmaster.pid").exists():
        time.sleep(0.02)
    yield
    # A server does not run as root, and its folder belongs to whoever it runs as.
    owner = {"user": data.stat().st_uid, "group": data.stat().st_gid} if os.geteuid() == 0 else {}
    with (data.parent / "log-again").open("wb") as log:
        subprocess.run(["setsid", "-f", *command], check=True, cwd="/", stdout=log, stderr=log, **owner)
    until = time.monotonic() + 60
    while not _is_ready(data):
        assert time.monotonic() < until, (data.parent / "log-again").read_text()
        time.sleep(0.02)


def _is_ready(data: Path) -> bool:
    try:
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False


@contextmanager
def frozen(data: Path) -> Iterator[None]:
    """A server all of whose processes stop where they are, as those of a machine that hangs."""
    master = int((data / "postmaster.pid").read_text().split()[0])
    pids = {master, *descendants(master)}
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pids:
            os.kill(each, signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR")
@pytest.mark.parametrize("outage", [killed, frozen])
def test_a_database_server_that_is_away_and_back(outage, tmp_path: Path, proof: Proof) -> None:
    """Under visitors: told within two seconds to come back, and served within two seconds of its return."""
    if not os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("only where the database is a PostgreSQL server; below for SQLite")
    seconds = proof.size("D5")
    with postgres.server() as url:
        data = _data_folder(url)
        made = databases.template(tmp_path, url)
        settings = settings_for(tmp_path / "home", made.url)
        with served(settings, tmp_path) as server:
            load = Load(server.port)
            with load.running():
                load.wait_for(20)
                gone = time.monotonic()
                with outage(data):
                    time.sleep(seconds)
                back = time.monotonic()
                time.sleep(PATIENCE + BUSY_MACHINE)
                load.wait_for(20)
        proof.tell(
            "D5",
            f"server {outage.__name__} for {seconds} s under 4 visitors",
            count=len(load.seen),
            violations=outage_faults(load.seen, gone, back, PATIENCE + BUSY_MACHINE),
            measured=_measured(load.seen, gone, back),
        )


def _data_folder(url: str) -> Path:
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found is not None
    return Path(found[0])


def _measured(seen: list[Seen], gone: float, back: float) -> str:
    away = [each.seconds for each in seen if gone < each.began < back and each.status == 503]
    well = min((each.began + each.seconds - back for each in seen if each.status == 200 and each.began > back - 5
                and each.began + each.seconds > back), default=0.0)  # fmt: skip
    last = max((each.began - back for each in seen if each.status == 503), default=0.0)
    return (
        f"{len(away)} x 503, slowest {max(away, default=0):.1f} s; first page {well:.1f} s, "
        f"last 503 {max(last, 0):.1f} s after its return"
    )


def test_a_database_file_that_somebody_holds(client: PageClient, house: config.Settings, proof: Proof) -> None:
    """SQLite: reading goes on, writing is refused with when to come back, and works as soon as the file is free."""
    if not house.url.startswith("sqlite"):
        return
    proof.size("D5")
    email = making.member(making.council(), "officer").person.email
    db.session.rollback()
    db.wait_for_lock(0.2)
    holder = sqlite3.connect(house.url.removeprefix("sqlite:///"), isolation_level=None)
    found = []
    try:
        page = client.get("/sign-in")
        holder.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        page = client.submit(page, "Sign in", status=503, email=email, password=making.PASSWORD)
        if time.monotonic() - began > PATIENCE + BUSY_MACHINE:
            found.append(f"refused after {time.monotonic() - began:.1f} s")
        if not page.has("does not answer just now"):
            found.append("the refusal does not say why")
        client.get("/needs")
        holder.execute("ROLLBACK")
        client.sign_in(email, making.PASSWORD)
    finally:
        db.wait_for_lock(db.LONGEST_WAIT)
        holder.close()
    proof.tell("D5", "SQLite held by another program: write, read, write", count=3, violations=found)


def test_the_checker_catches_what_would_break_it() -> None:
    fine = [Seen(0, 0.1, 200), Seen(2, 0.5, 503, "5"), Seen(12, 0.1, 200)]
    assert outage_faults(fine, 1, 10, 2) == []
    for broken, said in (
        (Seen(3, 2.5, 503, "5"), "took 2.5 s"), (Seen(3, 0.1, 503), "without Retry-After"),
        (Seen(3, 0.1, 500), "answered 500"), (Seen(3, 0.1, 0, fault="reset"), "no answer: reset"),
        (Seen(13, 0.1, 503, "5"), "after the database was back"),
    ):  # fmt: skip
        assert any(said in each for each in outage_faults([*fine, broken], 1, 10, 2)), said
    assert outage_faults(fine[:2], 1, 10, 2) and outage_faults([fine[0], fine[2]], 1, 10, 2)
