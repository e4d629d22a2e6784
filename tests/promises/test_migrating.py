"""D4: every migration up, down and up again with rows in the tables, while somebody reads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table

from marketplace.core import db
from marketplace.upgrade import differences, downgrade, newest_revision, upgrade
from tests import databases
from tests.house.walking import ROOT
from tests.promises.proof import Proof

FIRMS = 50
LONGEST = 10.0  # seconds; a read that takes so long stands behind a lock. The promise's one second is told, not asserted.
COUNTED = ("people", "organisations", "suppliers", "needs", "bids", "bid_versions", "mails", "journal_lines")


@dataclass
class Reader:
    """Reads needs and bids all the time; how long each read took, and what failed."""

    engine: Engine
    took: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._read)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _read(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                with self.engine.connect() as connection:
                    for table in ("needs", "bids"):
                        connection.exec_driver_sql(f"SELECT reference FROM {table} ORDER BY id DESC LIMIT 20").all()
            except Exception as fault:
                self.failed.append(str(fault).splitlines()[0])
            self.took.append(time.monotonic() - began)
            time.sleep(0.002)


@pytest.mark.slow
def test_every_migration_up_down_and_up_with_rows_and_a_reader(tmp_path: Path, proof: Proof) -> None:
    bids, wrong = proof.size("D4"), []
    made = databases.empty(tmp_path, os.environ.get("TEST_DATABASE_URL", ""))
    engine, reading = db.make_engine(made.url), db.make_engine(made.url)
    numbers = [path.name[:4] for path in sorted((ROOT / "migrations/versions").glob("*.py"))]
    assert numbers[-1] == newest_revision()
    try:
        upgrade(engine, numbers[0])
        fill(engine, bids)
        before, reader, slowest = counted(engine), Reader(reading), (0.0, "")
        way = [*((upgrade, each) for each in numbers[1:]), *((downgrade, each) for each in reversed(numbers[:-1])),
               *((upgrade, each) for each in numbers[1:])]  # fmt: skip
        with reader.running():
            for step, number in way:
                began = time.monotonic()
                step(engine, number)
                slowest = max(slowest, (time.monotonic() - began, f"{step.__name__} to {number}"))
                if (now := counted(engine)) != before:
                    wrong.append(f"{step.__name__} to {number}: {now} rows, before {before}")
        wrong += [f"reader: {each}" for each in reader.failed]
        wrong += [f"differs from the models: {each}" for each in differences(engine)]
        longest = max(reader.took)
        if longest > LONGEST:
            wrong.append(f"a reader waited {longest:.1f} s")
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM mails WHERE id = 1")
        assert counted(engine) != before, "a lost row must be found"
    finally:
        engine.dispose()
        reading.dispose()
        made.remove()
    proof.tell(
        "D4", f"{len(numbers)} migrations up, down and up with {bids} bids and a reader", count=len(way), violations=wrong,
        measured=f"slowest step {slowest[0]:.2f} s ({slowest[1]}); longest of {len(reader.took)} reads {longest:.2f} s",
    )  # fmt: skip


def fill(engine: Engine, bids: int) -> None:
    """Rows in the tables of the first migration: bids of 50 firms, a version, a mail and a line for each."""
    put(engine, "people", [{"id": 1, "pseudonym": "p-1", "email": "ann@example.org"}])
    firms = range(1, FIRMS + 1)
    put(engine, "organisations", [{"id": each, "reference": f"S-{each}", "slug": f"s-{each}", "kind": "supplier"} for each in firms])
    put(engine, "suppliers", [{"id": each} for each in firms])
    needs = range(1, -(-bids // FIRMS) + 1)
    put(engine, "needs", [{"id": n, "reference": f"N-{n}", "source": "elsewhere", "source_id": str(n)} for n in needs])
    every = range(1, bids + 1)
    put(engine, "bids", [
        {"id": n, "reference": f"B-{n}", "need_id": (n - 1) // FIRMS + 1, "supplier_id": (n - 1) % FIRMS + 1} for n in every
    ])  # fmt: skip
    put(engine, "bid_versions", [{"id": n, "bid_id": n, "number": 1, "idempotency_key": str(n)} for n in every])
    put(engine, "mails", [{"id": n, "key": f"{n}:x", "recipient": "ann@example.org"} for n in every])
    put(engine, "journal_lines", [{"number": n, "details": "{}", "hash": f"{n:064x}"} for n in every])
    put(engine, "journal_head", [{"id": 1, "count": bids, "hash": f"{bids:064x}"}])


def put(engine: Engine, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows of a table as it is now: what is not given and must be there is empty."""
    table = Table(name, MetaData(), autoload_with=engine)
    empties = {str: "", bytes: b"", int: 0, bool: False, datetime: datetime(2026, 1, 1, 10, tzinfo=UTC)}
    missing = [each for each in table.columns if not each.nullable and each.name not in rows[0]]
    values = {each.name: empties[each.type.python_type] for each in missing}
    with engine.begin() as connection:
        if name == "journal_head":  # the first migration has put one there
            connection.execute(table.delete())
        connection.execute(table.insert(), [{**values, **each} for each in rows])


def counted(engine: Engine) -> dict[str, int]:
    """How many rows each table has."""
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in COUNTED}
