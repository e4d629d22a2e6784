"""python -m tests.bench.journal [LINES]: how long `audit verify` takes over a long journal (P18: one million lines).

The lines are written past the application, as it would have written them; then the whole record is checked once.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import insert

from marketplace import config
from marketplace.core import clock, db, journal, merkle
from marketplace.core.journal import GENESIS, JournalHead, JournalLine, line_hash
from marketplace.transparency.checking import check_record, read_witnessed
from marketplace.transparency.checkpoints import find_newest, make_checkpoint
from tests import databases
from tests.conftest import START, settings_for

BATCH = 5000


def fill(lines: int) -> None:
    """Writes so many lines, chained, with their head."""
    before, frontier, rows = GENESIS, b"", []
    with db.housekeeping() as current:
        for number in range(1, lines + 1):
            row = {
                "number": number, "at": START + timedelta(seconds=number), "event": "BidDraftSaved", "actor": f"{number:032x}",
                "organisation": "", "role": "bidder", "subject": f"B-2026-{number % 50_000:05d}", "need": "", "authority": "",
                "details": '{"part":"answer","was_removed":false}', "previous_hash": before,
            }  # fmt: skip
            before = row["hash"] = line_hash(SimpleNamespace(**row))
            frontier = merkle.extend(frontier, number - 1, journal.leaf_of(before))
            rows.append(row)
            if len(rows) == BATCH or number == lines:
                current.execute(insert(JournalLine.__table__), rows)
                rows = []
        current.execute(
            insert(JournalHead.__table__), {"id": 1, "count": lines, "hash": before, "frontier": frontier}
        )


def timed(name: str, work: object) -> object:
    assert callable(work)
    began, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{name}: {time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s of CPU", flush=True)
    return result


def main(lines: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = databases.template(Path(folder), "")
        url = template.copy(Path(folder))
        config.install(settings_for(Path(folder, "home"), url))
        db.connect(url)
        clock.set_clock(START)
        timed(f"write {lines:,} lines", lambda: fill(lines))
        timed("first checkpoint", make_checkpoint)
        newest = find_newest()
        assert newest is not None
        saved = newest.note
        report = timed("audit verify with an old checkpoint", lambda: check_record(read_witnessed([saved])))
        assert report.is_whole, report  # type: ignore[attr-defined]
        db.session.remove()


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000)
