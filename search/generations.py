"""Where an index lives on disk: numbered folders, a CURRENT file that names the one in use, and the two locks.

A rebuild fills a new folder while the old one answers; replacing CURRENT is the only moment of change, so a kill at
any time leaves one whole index in use. Every folder says of which shape it is: after an upgrade that changes what is
indexed, the old one is stale and is not read. The home must be writable by the service alone: Whoosh reads pickles.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from search.documents import Document, Kind, from_json, to_json
from search.engine import RebuildRunning, SearchUnavailable

_SHAPE = "SHAPE"


class Generations:
    """The folders of one index under its home."""

    def __init__(self, home: Path, shape: str = "") -> None:
        self.home = home
        self._shape = shape
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
        """The folder in use; None when there is none yet, raises SearchUnavailable when it is of another shape."""
        folder = self._pointed()
        if folder is not None and _read(folder / _SHAPE) != self._shape:
            raise SearchUnavailable("The search index was made by another version: run `marketplace reindex`")
        return folder

    def _pointed(self) -> Path | None:
        name = _read(self._pointer)
        return None if name is None else self.home / name.strip()

    def make_next(self) -> Path:
        """A new folder, empty but for its shape, not yet in use; call inside `rebuilding`.

        What killed or failed rebuilds left is taken away first: on a full disk every attempt would leave more.
        """
        self._take_away_unused()
        numbers = [int(path.name[2:]) for path in self._folders()]
        path = self.home / f"g-{max(numbers, default=0) + 1:06d}"
        path.mkdir(mode=0o700)
        (path / _SHAPE).write_text(self._shape)
        return path

    def _folders(self) -> list[Path]:
        return [path for path in self.home.glob("g-*") if path.name[2:].isdigit()]

    def _take_away_unused(self) -> None:
        """Folders later than the one in use; nobody ever read them. No index is made while another one rebuilds."""
        used = self._pointed()
        for path in self._folders():
            if used is None or path.name > used.name:
                shutil.rmtree(path, ignore_errors=True)

    def use(self, folder: Path) -> None:
        """Makes this folder the one in use and takes away all but it and the one before, which readers may hold."""
        before = self._pointed()
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
        """Holds the right to rebuild, and what is written meanwhile is noted; raises RebuildRunning."""
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

    def is_rebuilding(self) -> bool:
        """Whether a living process rebuilds; what a killed one noted is cleared away. Call inside `writing`."""
        if not self._touched.exists():
            return False
        with (self.home / "rebuild.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            self._touched.unlink(missing_ok=True)
        return False

    def note(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]]) -> None:
        """Keeps what is written during a rebuild for the new folder; call inside `writing`, before the write."""
        with self._touched.open("a", encoding="utf-8", errors="surrogatepass") as lines:
            for document in upserts:
                lines.write(json.dumps((document.kind, document.reference, to_json(document))) + "\n")
            lines.writelines(json.dumps((kind, reference, None)) + "\n" for kind, reference in removals)

    def noted(self) -> tuple[list[Document], list[tuple[Kind, str]]]:
        """The documents written since the rebuild began, as they were written last, and the removals."""
        last: dict[tuple[Kind, str], str | None] = {}
        for line in self._touched.read_text().splitlines() if self._touched.exists() else []:
            kind, reference, written = json.loads(line)
            last[Kind(kind), reference] = written
        upserts = [from_json(kind, written) for (kind, _), written in last.items() if written is not None]
        return upserts, [key for key, written in last.items() if written is None]


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


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
