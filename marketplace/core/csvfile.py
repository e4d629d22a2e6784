"""CSV that reads back: UTF-8, RFC 4180, a header even when empty, text cells that no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from marketplace.core.journal import plain

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Column:
    """One column: heading, what it means, unit, where the value comes from, and how it is taken from a row."""

    heading: str
    meaning: str
    unit: str
    source: str
    value: Callable[[Any], Any]


@dataclass(frozen=True)
class WrittenFile:
    """A CSV that is whole on disk: name, rows without the header, SHA-256 of its bytes."""

    name: str
    rows: int
    sha256: str


def cell(value: Any) -> str:
    """One value as text: plain decimals, ISO dates, true/false, empty for nothing, and formula-safe words.

    A text cell that a spreadsheet would run gets a leading apostrophe; one that begins with an apostrophe gets
    another, so that taking one leading apostrophe away always gives the original back.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date):
        return plain(value)
    text = str(value).replace("\x00", "")
    return "'" + text if text.startswith((*DANGEROUS, "'")) else text


def uncell(text: str) -> str:
    """The original text of a cell written by `cell`."""
    return text[1:] if text.startswith("'") else text


def pounds_cell(pence: int | None) -> Decimal | None:
    """Pence as plain decimal pounds with two places, for a cell."""
    return None if pence is None else (Decimal(pence) / 100).quantize(Decimal("0.01"))


class _Hashing(io.RawIOBase):
    def __init__(self, out: Any) -> None:
        self.out, self.digest = out, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self.out.write(data)
        return len(data)


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Any], *, bom: bool = False) -> WrittenFile:
    """Writes rows to `path`, whole (the caller moves it into place); returns its row count and SHA-256."""
    count = 0
    with path.open("wb") as raw:
        hashing = _Hashing(raw)
        with io.TextIOWrapper(io.BufferedWriter(hashing), encoding="utf-8", newline="") as text:
            if bom:
                text.write("\ufeff")
            writer = csv.writer(text, lineterminator="\r\n")
            writer.writerow([each.heading for each in columns])
            for row in rows:
                writer.writerow([cell(each.value(row)) for each in columns])
                count += 1
    return WrittenFile(path.name, count, hashing.digest.hexdigest())


def csv_bytes(columns: Sequence[Column], rows: Iterable[Any]) -> bytes:
    """The same as bytes, for a few thousand rows that need no file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([each.heading for each in columns])
    writer.writerows([cell(each.value(row)) for each in columns] for row in rows)
    return text.getvalue().encode()
