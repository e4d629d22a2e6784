"""follow: a second copy that keeps up, for when the disk is lost: SQLite's database at one point in time, and every file.

What is lost with the disk is what came after the last round. Nothing is ever removed from the copy, and a database
that is shorter than its copy is not copied over it. PostgreSQL keeps up by its own means (docs/operating.md); then
only the files are copied here.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from marketplace.core.files import CHUNK, sync_folder


class CannotFollow(Exception):
    """Why there is no new copy, in words."""


@dataclass(frozen=True)
class Round:
    """What one round copied. `lines`: how many lines of the journal the copy holds, None when it was up to date."""

    files: int
    lines: int | None


class Follower:
    """Copies into `target`, which is laid out like a home. `database`: SQLite's file, None with another database."""

    def __init__(self, database: Path | None, files: Path, target: Path) -> None:
        self.database, self.files, self.target = database, files, target
        self._seen = -1
        self._line = self._open() if database else None

    def once(self) -> Round:
        """One round: first the rows, then the files, so that no row of the copy speaks of a file that it lacks.

        Raises CannotFollow, OSError.
        """
        self.target.mkdir(parents=True, exist_ok=True)
        lines = self._copy_database() if self._line else None
        return Round(self._copy_files(), lines)

    def close(self) -> None:
        if self._line:
            self._line.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(f"{self.database.absolute().as_uri()}?mode=ro", uri=True, timeout=15)  # type: ignore[union-attr]
        except sqlite3.Error as fault:
            raise CannotFollow(f"{self.database} cannot be read: {fault}") from fault

    def _copy_database(self) -> int | None:
        assert self._line and self.database
        copy = self.target / self.database.name
        part = copy.with_name(copy.name + ".part")
        try:
            # Changes with every commit of another connection.
            version = self._line.execute("PRAGMA data_version").fetchone()[0]
            if version == self._seen and copy.exists():
                return None
            part.unlink(missing_ok=True)
            with closing(sqlite3.connect(part)) as out:
                self._line.backup(out)
                out.execute("PRAGMA journal_mode = DELETE")  # one file; the service makes it a WAL again
            lines, before = _lines(part), _lines(copy) if copy.exists() else 0
        except sqlite3.Error as fault:
            raise CannotFollow(f"{self.database} cannot be copied: {fault}") from fault
        if lines < before:
            raise CannotFollow(f"The journal has {lines} lines and its copy {before}, so the copy is left as it is.")
        _into_place(part, copy)
        self._seen = version
        return lines

    def _copy_files(self) -> int:
        return sum(self._copy(each) for each in _finished(self.files))

    def _copy(self, source: Path) -> int:
        copy = self.target / self.files.name / source.relative_to(self.files)
        if copy.exists():  # a file of the store never changes under its name
            return 0
        copy.parent.mkdir(parents=True, exist_ok=True)
        part = copy.with_suffix(".part")
        try:
            with source.open("rb") as taken, part.open("wb") as out:
                shutil.copyfileobj(taken, out, CHUNK)
        except FileNotFoundError:  # a draft's file, taken out since the folder was listed
            part.unlink(missing_ok=True)
            return 0
        _into_place(part, copy)
        return 1


def _finished(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if each.is_file() and each.suffix != ".part")


def _lines(database: Path) -> int:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as line:
        return int((line.execute("SELECT count FROM journal_head WHERE id = 1").fetchone() or [0])[0])


def _into_place(part: Path, copy: Path) -> None:
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.rename(copy)
    sync_folder(copy.parent)
