"""Writing exports: one snapshot of the database, whole files in a folder, and what they say of themselves."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace import config
from marketplace.auditors.dictionary import DICTIONARY, dictionary_rows
from marketplace.auditors.exports import EXPORTS, Export, Scope
from marketplace.auditors.exports.journal import RECIPE
from marketplace.core import db
from marketplace.core.csvfile import WrittenFile, write_csv
from marketplace.core.journal import GENESIS, JournalHead, canonical_json, plain
from marketplace.core.pages import plural

FORMAT = "market-export-1"
CELLS = (
    "UTF-8, commas, CRLF line ends; a header even when there are no rows. Instants are UTC (ISO 8601, Z), days "
    "ISO 8601, money plain pounds with two places, claims true or false, an empty cell nothing. A text cell that a "
    "spreadsheet would run as a formula (it begins with = + - @, a tab or a line end) has an apostrophe before it, and "
    "one that begins with an apostrophe has one more: take one leading apostrophe away from text cells to have the "
    "original."
)


@dataclass(frozen=True)
class Written:
    """Files that are whole on disk, the instant of their snapshot, and where the journal stood in it."""

    scope: Scope
    journal_lines: int
    journal_hash: str
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
        journal_head(current)  # the first read fixes the instant
        yield current


def journal_head(current: Session) -> tuple[int, str]:
    """How many lines the journal has in this snapshot, and the last one's hash."""
    row = current.execute(select(JournalHead.count, JournalHead.hash).where(JournalHead.id == 1)).first()
    if row is None:
        return 0, GENESIS
    count, last_hash = row
    return count, last_hash


def write_one(export: Export, scope: Scope, folder: Path, bom: bool = False) -> Written:
    """One export into the folder."""
    with snapshot() as current:
        file = _write(export, current, scope, folder, bom)
        return Written(scope, *journal_head(current), (file,))


def _write(export: Export, current: Session, scope: Scope, folder: Path, bom: bool) -> WrittenFile:
    with closing(export.rows(current, scope)) as rows:
        return write_csv(folder / export.file_name, export.columns, rows, bom=bom)


def write_everything(scope: Scope, folder: Path, tell: Callable[[str], Any], bom: bool = False) -> Written:
    """Every export, dictionary.csv and manifest.json into the folder, all of one snapshot."""
    files = []
    with snapshot() as current:
        for export in EXPORTS:
            files.append(_write(export, current, scope, folder, bom))
            tell(f"{export.file_name}: {plural(files[-1].rows, 'row')}")
        files.append(write_csv(folder / DICTIONARY, *dictionary_rows(), bom=bom))
        written = Written(scope, *journal_head(current), tuple(files))
    (folder / "manifest.json").write_text(manifest_text(written), encoding="utf-8")
    return written


def manifest_text(written: Written) -> str:
    """What manifest.json says."""
    manifest = {
        "format": FORMAT,
        "service": config.current().service_name,
        "as_of": plain(written.scope.as_of),
        "filters": written.scope.filters,
        "journal": {"lines": written.journal_lines, "hash": written.journal_hash, "recipe": RECIPE},
        "cells": CELLS,
        "files": [asdict(each) for each in written.files],
    }
    return json.dumps(json.loads(canonical_json(manifest)), indent=2, ensure_ascii=False) + "\n"


def pack(folder: Path, archive: Path) -> None:
    """Every file of the folder as a zip."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.iterdir()):
            out.write(path, path.name)
