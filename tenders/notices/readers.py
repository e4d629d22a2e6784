"""The door to other places' notices: a file in, notices and refusals out, one at a time.

`read_notices(path)` knows the format by the file's first line. `Reading` adds the tally and writes what
was refused aside, so that nothing is dropped unseen:

    reading = Reading(path, refused_path)
    for notice in reading:
        ...
    print(reading.tally.in_words())
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from tenders.notices.contracts_finder import (
    UnknownFormat,
    is_contracts_finder_header,
    read_contracts_finder,
)
from tenders.notices.imported import ReadNotice, RefusedRow
from tenders.notices.lines import text_lines
from tenders.notices.ocds_releases import parse, read_json_document, read_json_lines

MOST_REFUSED_SHARE = 0.01
LARGEST_DOCUMENT_BYTES = 200_000_000


def read_notices(path: Path) -> Iterator[ReadNotice | RefusedRow]:
    """Every notice or refused row of a Contracts Finder export or OCDS file; raises UnknownFormat."""
    lines = (line for line in text_lines(path))
    opening = list(islice((line for line in lines if line.strip()), 1))
    if not opening:
        raise UnknownFormat("The file is empty. Choose a Contracts Finder CSV export or an OCDS file.")
    first = opening[0].strip()
    if is_contracts_finder_header(first):
        return read_contracts_finder(chain(opening, lines))
    if not first.startswith(("{", "[")):
        raise UnknownFormat("This is neither a Contracts Finder CSV export nor OCDS releases in JSON or JSON lines.")
    # A line that is whole in itself starts JSON lines; otherwise the file is one document over many lines.
    if first.endswith(("}", "},", "}]")) and len(first) > 2:
        return read_json_lines(chain(opening, lines))
    return _read_document(path)


def _read_document(path: Path) -> Iterator[ReadNotice | RefusedRow]:
    if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
        raise UnknownFormat("The file is one JSON document over 200 MB. Convert it to JSON lines, one release a line.")
    try:
        document = parse("".join(text_lines(path)))
    except ValueError:
        # Lines cut off or broken: what can still be read as JSON lines is, and the rest is refused by line.
        return read_json_lines(text_lines(path))
    return read_json_document(document)


@dataclass
class Tally:
    """How a file was read: rows, notices, refusals by reason."""

    read: int = 0
    refused: int = 0
    remarked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.read + self.refused

    @property
    def has_too_many_refused(self) -> bool:
        """More than one row in a hundred could not be read."""
        return self.refused > self.rows * MOST_REFUSED_SHARE

    def count(self, row: ReadNotice | RefusedRow) -> None:
        """Adds one row."""
        if isinstance(row, RefusedRow):
            self.refused += 1
            self.reasons[row.reason] += 1
        else:
            self.read += 1
            self.remarked += bool(row.remarks)

    def in_words(self) -> str:
        """The tally as lines for a terminal."""
        lines = [f"{self.rows} rows: {self.read} read ({self.remarked} with remarks), {self.refused} refused"]
        return "\n".join([*lines, *(f"  {number} x {reason}" for reason, number in self.reasons.most_common())])


class Reading:
    """One pass over a file: iterating gives its notices, counts everything and writes refusals to JSON lines."""

    def __init__(self, path: Path, refused_path: Path | None = None) -> None:
        self.path, self.refused_path, self.tally = path, refused_path, Tally()

    def __iter__(self) -> Iterator[ReadNotice]:
        self.tally = Tally()
        if self.refused_path:
            self.refused_path.unlink(missing_ok=True)
        for row in read_notices(self.path):
            self.tally.count(row)
            if isinstance(row, ReadNotice):
                yield row
            else:
                self._write_aside(row)

    def _write_aside(self, row: RefusedRow) -> None:
        if self.refused_path is None:
            return
        with self.refused_path.open("a", encoding="utf-8") as out:
            kept = {"line": row.line, "last_line": row.last_line, "reason": row.reason, "raw": row.raw}
            out.write(json.dumps(kept, ensure_ascii=False) + "\n")
