"""CSV cells: what is written reads back, and nothing runs as a formula."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.csvfile import Column, cell, uncell, write_csv

COLUMNS = [
    Column("name", "what it is called", "", "x.name", lambda row: row[0]),
    Column("n", "how many", "", "x.n", lambda row: row[1]),
]


@pytest.mark.parametrize("text", ["=1+1", "+44", "-5 apples", "@cmd", "\tx", "\rx", "\nx", "＝1", "'quoted"])
def test_words_that_a_spreadsheet_would_run_are_made_safe_and_come_back(text: str) -> None:
    assert cell(text).startswith("'")
    assert uncell(cell(text)) == text


def test_numbers_days_instants_and_claims_are_plain() -> None:
    assert cell(-5) == "-5"
    assert cell(Decimal("-1200.50")) == "-1200.50"
    assert cell(date(2026, 3, 29)) == "2026-03-29"
    assert cell(datetime(2026, 3, 29, 1, 0, 0, 5, tzinfo=UTC)) == "2026-03-29T01:00:00.000005Z"
    assert (cell(True), cell(False), cell(None)) == ("true", "false", "")


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), st.integers())))
def test_every_text_reads_back_with_a_plain_reader(rows: list[tuple[str, int]]) -> None:
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / "roundtrip-test.csv"
    written = write_csv(path, COLUMNS, rows)
    try:
        content = path.read_bytes()
        with path.open(encoding="utf-8", newline="") as text:
            read = list(csv.reader(text))
    finally:
        path.unlink()
    assert read[0] == ["name", "n"]
    assert [(uncell(name), int(n)) for name, n in read[1:]] == rows
    assert written.rows == len(rows) and written.sha256 == hashlib.sha256(content).hexdigest()


def test_an_empty_file_still_has_its_header(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", COLUMNS, [])
    assert (tmp_path / "x.csv").read_bytes() == b"name,n\r\n"
    write_csv(tmp_path / "y.csv", COLUMNS, [], bom=True)
    assert (tmp_path / "y.csv").read_bytes().startswith(b"\xef\xbb\xbfname")
