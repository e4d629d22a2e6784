"""Writing exports: one snapshot of the database, whole files in a folder, and what they say of themselves."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.auditors.dictionary import DICTIONARY, dictionary_rows
from marketplace.auditors.exports import EXPORTS, Export, Scope
from marketplace.auditors.manifest import Standing, manifest_text
from marketplace.core import clock, db, merkle
from marketplace.core.csvfile import WrittenFile, write_csv
from marketplace.core.journal import GENESIS, JournalHead
from marketplace.core.pages import plural


@dataclass(frozen=True)
class Written:
    """Files that are whole on disk, the instant of their snapshot (in `scope`), and where the journal stood in it."""

    scope: Scope
    journal: Standing
    files: tuple[WrittenFile, ...]

    @property
    def rows(self) -> int:
        """Rows of the exports, without the dictionary's."""
        return sum(each.rows for each in self.files if each.name != DICTIONARY)


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session whose every read sees one instant: one read transaction (REPEATABLE READ on PostgreSQL)."""
    engine = db.engine()
    asked: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        asked = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**asked) as connection, Session(bind=connection) as current:
        journal_standing(current)  # the first read fixes the instant
        yield current


def journal_standing(current: Session) -> Standing:
    """How many lines the journal has in this snapshot, the last one's hash, the root of the tree over them."""
    head = JournalHead.__table__.c
    row = current.execute(select(head.count, head.hash, head.frontier).where(head.id == 1)).first()
    count, last_hash, frontier = row or (0, GENESIS, b"")
    return Standing(count, last_hash, merkle.root_of(frontier).hex())


@contextmanager
def _snapshot_of(scope: Scope) -> Iterator[tuple[Session, Scope]]:
    """A snapshot, and the scope as of now: after its first read, so that nothing in it is later than it says."""
    with snapshot() as current:
        yield current, replace(scope, as_of=clock.now())


def write_one(export: Export, scope: Scope, folder: Path, bom: bool = False) -> Written:
    """One export into the folder."""
    with _snapshot_of(scope) as (current, here):
        file = _write(export, current, here, folder, bom)
        return Written(here, journal_standing(current), (file,))


def _write(export: Export, current: Session, scope: Scope, folder: Path, bom: bool) -> WrittenFile:
    with closing(export.rows(current, scope)) as rows:
        return write_csv(folder / export.file_name, export.columns, rows, bom=bom)


def write_everything(scope: Scope, folder: Path, tell: Callable[[str], Any], bom: bool = False) -> Written:
    """Every export, dictionary.csv and the signed manifest.json into the folder, all of one snapshot."""
    files = []
    with _snapshot_of(scope) as (current, here):
        for export in EXPORTS:
            files.append(_write(export, current, here, folder, bom))
            tell(f"{export.file_name}: {plural(files[-1].rows, 'row')}")
        files.append(write_csv(folder / DICTIONARY, *dictionary_rows(), bom=bom))
        written = Written(here, journal_standing(current), tuple(files))
    (folder / "manifest.json").write_text(manifest_text(here, written.journal, files), encoding="utf-8")
    return written


def pack(folder: Path, archive: Path) -> None:
    """Every file of the folder as a zip."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.iterdir()):
            out.write(path, path.name)
