"""The trace's files: added to by many at once, cut short by a full disk, put on record, checked, removed."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from marketplace import cli, config
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from tenders.bids import opening
from tenders.traces import book as books
from tenders.traces.book import Book, current_book
from tenders.traces.keeping import keep_pieces, remove_old, verify_trace
from tenders.traces.report import trace_warnings
from tests import bidding, making
from tests.house.walking import ROOT

pytestmark = pytest.mark.usefixtures("house")


def note(number: int = 1, about: str = "B-2026-7kxq-3fhd") -> None:
    assert current_book().add({"at": clock.now(), "id": f"{number:016x}", "about": about, "status": 200})


def today() -> Path:
    return current_book().folder / f"{clock.now().date().isoformat()}.jsonl"


def found(about: str = "B-2026-7kxq-3fhd") -> list[dict[str, object]]:
    return list(current_book().lines_with([about], clock.now().date() - timedelta(days=30)))


def test_lines_of_one_bid_are_found_over_days_and_of_no_other() -> None:
    note(1)
    note(2, about="B-2026-zzzz-zzzz")
    clock.pass_time(days=1)
    note(3)
    assert [each["id"] for each in found()] == [f"{1:016x}", f"{3:016x}"]


def test_threads_and_processes_do_not_mix_their_lines(house: config.Settings) -> None:
    script = (
        "import sys; from pathlib import Path; from tenders.traces.book import Book; book = Book(Path(sys.argv[1]));"
        "[book.add({'at': 'x', 'id': f'{sys.argv[2]}-{n}', 'about': 'B-2026-7kxq-3fhd', 'told': 'y' * 200})"
        " for n in range(300)]"
    )
    clock.set_clock(None)
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(house.trace_folder), str(n)], cwd=ROOT) for n in range(2)
    ]
    threads = [Thread(target=lambda: [note(n) for n in range(200)]) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.wait(60) for each in started] == [0, 0]
    lines = b"".join(each.read_bytes() for each in house.trace_folder.iterdir()).splitlines()
    assert len([json.loads(each) for each in lines]) == 2 * 300 + 3 * 200


def test_a_full_disk_stops_nothing_and_is_said_aloud(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    note(1)
    write = os.write

    def full(file: int, content: bytes) -> int:
        written = write(file, content[: len(content) // 2])
        monkeypatch.setattr(books.os, "write", nothing)
        return written

    def nothing(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(books.os, "write", full)
    with caplog.at_level(logging.ERROR):
        assert [current_book().add({"at": clock.now(), "id": "lost", "about": "B"}) for _ in range(3)] == [False] * 3
    assert caplog.text.count("CANNOT BE WRITTEN") == 1
    monkeypatch.setattr(books.os, "write", write)
    clock.pass_time(seconds=5)
    note(2)
    lines = found()
    assert [each.get("id") for each in lines if "lost" not in each] == [f"{1:016x}", f"{2:016x}"]
    assert [each["lost"] for each in lines if "lost" in each] == [3]
    assert "could not be noted between 10:00:00am" in trace_warnings()[0]


def test_pieces_go_on_record_once_and_hold() -> None:
    assert keep_pieces() == 0
    note(1)
    assert keep_pieces() == 1 and keep_pieces() == 0
    note(2)
    clock.pass_time(days=1)
    note(3)
    assert keep_pieces() == 2
    verdict = verify_trace()
    assert verdict.is_whole and verdict.pieces == 3 and verdict.unrecorded == 0
    note(4)
    assert verify_trace().unrecorded > 0


def alter_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)


def drop_a_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def put_a_line_before(path: Path) -> None:
    path.write_bytes(b'{"at":"2026-11-24T09:00:00Z"}\n' + path.read_bytes())


def cut_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("spoil", [alter_a_byte, drop_a_line, put_a_line_before, cut_the_end, Path.unlink])
def test_every_later_change_shows(spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        note(number)
    keep_pieces()
    monkeypatch.setattr(cli, "prepare_current", config.current)
    assert CliRunner().invoke(cli.audit_trace, []).exit_code == 0
    current_book().close()
    spoil(today())
    said = CliRunner().invoke(cli.audit_trace, [])
    assert said.exit_code == 1 and "2026-11-24.jsonl, bytes 0 to" in said.output and "line" in said.output


def test_it_cannot_tell_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "prepare_current", lambda: (_ for _ in ()).throw(OSError("no disk")))
    assert CliRunner().invoke(cli.audit_trace, []).exit_code == 2


def test_a_day_past_its_time_goes_on_record_and_leaves_the_rest_whole() -> None:
    note(1)
    keep_pieces()
    clock.pass_time(days=1199)
    note(2)
    keep_pieces()
    assert remove_old() == 0
    clock.pass_time(days=2)
    assert remove_old() == 1 and len(current_book().names()) == 1
    assert verify_trace().is_whole


def test_an_opening_puts_the_trace_on_record_first() -> None:
    made = bidding.purchase()
    note(1)
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, making.OPENING)
    events = [each.event for each in db.session.scalars(select(JournalLine).order_by(JournalLine.number))]
    assert events[-2:] == ["TraceKept", "OpeningBegun"]
    assert verify_trace().is_whole and verify_trace().pieces == 1


def test_a_folder_that_cannot_be_read_stops_no_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bidding.purchase()
    note(1)
    bidding.close(made.need)
    monkeypatch.setattr(Book, "sha256", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
    opening.begin_opening(made.need.id, made.first, making.OPENING)
