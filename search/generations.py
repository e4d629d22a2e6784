"""Where an index lives on disk: numbered folders, a CURRENT file that names the one in use, and the two locks.

A rebuild fills a new folder while the old one answers; replacing CURRENT is the only moment of change, so a kill at
any time leaves one whole index in use. The folder must be writable by the service alone: Whoosh reads pickles from it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.documents import Kind
from search.engine import RebuildRunning


class Generations:
    """The folders of one index under its home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._pointer = home / "CURRENT"
        self._touched = home / "TOUCHED"

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever another generation comes into use; None when there is none."""
        try:
            found = self._pointer.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def current(self) -> Path | None:
        """The folder in use."""
        try:
            return self.home / self._pointer.read_text().strip()
        except FileNotFoundError:
            return None

    def make_next(self) -> Path:
        """A new empty folder, not yet in use."""
        numbers = [int(path.name[2:]) for path in self.home.glob("g-*") if path.name[2:].isdigit()]
        path = self.home / f"g-{max(numbers, default=0) + 1:06d}"
        path.mkdir(mode=0o700)
        return path

    def use(self, folder: Path) -> None:
        """Makes this folder the one in use and takes away all but it and the one before, which readers may hold."""
        before = self.current()
        _settle(folder)
        beside = self._pointer.with_suffix(".new")
        beside.write_text(folder.name)
        _sync(beside)
        os.replace(beside, self._pointer)
        _sync(self.home)
        for path in self.home.glob("g-*"):
            if path not in (folder, before):
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Waits to be the only writer; the kernel frees the lock of a process that dies."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "write.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Holds the right to rebuild and keeps note of what is written meanwhile; raises RebuildRunning."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "rebuild.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RebuildRunning(str(self.home)) from error
            with self.writing():
                self._touched.write_text("")
            try:
                yield
            finally:
                self._touched.unlink(missing_ok=True)

    def note(self, touched: list[tuple[Kind, str]]) -> None:
        """Remembers references written during a rebuild; call inside `writing`, before the write."""
        if self._touched.exists():
            with self._touched.open("a") as lines:
                lines.writelines(json.dumps(pair) + "\n" for pair in touched)

    def noted(self) -> set[tuple[Kind, str]]:
        """What was written since the rebuild began."""
        lines = self._touched.read_text().splitlines() if self._touched.exists() else []
        return {(Kind(kind), reference) for kind, reference in map(json.loads, lines)}


def _settle(folder: Path) -> None:
    """Forces a finished folder to the disk, since Whoosh itself never does."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
