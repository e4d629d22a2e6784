"""The trace's files: one a day under the home's folder trace/, a line of JSON for each thing noted, only ever added to.

Every line is one write to a file opened for appending, so that processes and threads do not mix theirs. Nothing waits
for the disk: what a power cut takes with it are the last seconds of the trace, never of a bid.
"""

from __future__ import annotations

import hashlib
import json
import logging
import mmap
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from marketplace import config
from marketplace.core import clock
from marketplace.core.journal import plain

_logger = logging.getLogger(__name__)
SUFFIX = ".jsonl"
# Every line begins so; a line that a full disk cut short is found by it.
BEGINNING = b'{"at":'
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=plain)
SAYS_SO_EVERY = timedelta(seconds=60)


class Book:
    """The day files of one home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._day: date | None = None
        self._file = -1
        self._process = 0
        # Lines that could not be written, since when, and when that was last said aloud.
        self.lost = 0
        self._lost_since: datetime | None = None
        self._said_at: datetime | None = None

    def add(self, line: dict[str, Any]) -> bool:
        """Writes one line at once; False when it could not be. Never raises: bidding goes on without a trace."""
        try:
            with self._lock:
                if self.lost:
                    self._write(_text({"at": clock.now(), "lost": self.lost, "since": self._lost_since}))
                    self.lost, self._lost_since = 0, None
                self._write(_text(line))
        except OSError as fault:
            self._say_lost(fault)
            return False
        return True

    def _write(self, content: bytes) -> None:
        file = self._opened()
        written = os.write(file, content)
        if written != len(content):
            os.write(file, b"\n")  # so that the next line begins on its own; raises where there is no room for it
            raise OSError(f"only {written} of {len(content)} bytes were written")

    def _opened(self) -> int:
        today = clock.now().date()
        if self._day != today or self._process != os.getpid():
            self.close()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            path = self.folder / f"{today.isoformat()}{SUFFIX}"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            self._day, self._process = today, os.getpid()
        return self._file

    def _say_lost(self, fault: OSError) -> None:
        now = clock.now()
        self.lost += 1
        self._lost_since = self._lost_since or now
        if self._said_at is None or now - self._said_at >= SAYS_SO_EVERY:
            self._said_at = now
            _logger.error("THE TRACE OF BIDDERS' REQUESTS CANNOT BE WRITTEN to %s: %s. Bids are taken all the same.", self.folder, fault)

    def close(self) -> None:
        """Lets go of the day's file."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = -1, None

    def names(self) -> list[str]:
        """The day files that are there, the oldest first."""
        return sorted(each.name for each in self.folder.glob("*" + SUFFIX)) if self.folder.is_dir() else []

    def size(self, name: str) -> int:
        """Bytes of a day file; 0 when it is not there."""
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return 0

    def sha256(self, name: str, begins: int, ends: int) -> str:
        """SHA-256 of a day file's bytes from `begins` up to `ends`; "" when they are not all there."""
        digest, left = hashlib.sha256(), ends - begins
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(begins)
                while left and (piece := file.read(min(left, 1_048_576))):
                    digest.update(piece)
                    left -= len(piece)
        except FileNotFoundError:
            return ""
        return "" if left else digest.hexdigest()

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def lines_with(self, words: list[str], since: date) -> Iterator[dict[str, Any]]:
        """Every line, from that day on, in which one of the words stands, and every line that says that some are lost."""
        sought = [*(each.encode() for each in words if each), b'"lost":']
        for name in self.names():
            if name >= since.isoformat():
                yield from _lines_of(self.folder / name, sought)


def _text(line: dict[str, Any]) -> bytes:
    return _ENCODER.encode(line).encode() + b"\n"


def _lines_of(path: Path, sought: list[bytes]) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            begins = set()
            for word in sought:
                at = content.find(word)
                while at >= 0:
                    begin = content.rfind(b"\n", 0, at) + 1
                    begins.add(begin)
                    end = content.find(b"\n", at)
                    at = content.find(word, end) if end >= 0 else -1
            for begin in sorted(begins):
                end = content.find(b"\n", begin)
                yield from _read(content[begin : end if end >= 0 else len(content)])


def _read(line: bytes) -> Iterator[dict[str, Any]]:
    """The line; what follows a line that was cut short stands behind it."""
    for piece in (line, line[line.rfind(BEGINNING) :]):
        try:
            found = json.loads(piece)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
        return


_books: dict[Path, Book] = {}


def current_book() -> Book:
    """The book of the home that this process serves."""
    folder = config.current().trace_folder
    book = _books.get(folder)
    if book is None:
        book = _books.setdefault(folder, Book(folder))
    return book
