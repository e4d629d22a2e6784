"""The two things an auditor does: make an export, and have the journal checked. Both stay on record."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from marketplace.accounts.models import Membership
from marketplace.auditors import queries, writing
from marketplace.auditors.events import ExportMade, JournalChecked
from marketplace.auditors.exports import Scope, get_export
from marketplace.auditors.writing import Written
from marketplace.core import clock
from marketplace.core.db import action
from marketplace.core.errors import Conflict
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import SYSTEM, Actor, record
from marketplace.core.pages import plural
from marketplace.transparency.checking import Report, check_record

EVERYTHING = "everything"


@dataclass(frozen=True)
class MadeExport:
    """An export on record, open to be sent: its bytes, the name to save it under, rows and SHA-256."""

    file: BinaryIO
    name: str
    rows: int
    sha256: str


def make_export(name: str, scope: Scope, member: Membership, for_excel: bool = False) -> MadeExport:
    """One export as CSV, or everything as a zip: written whole, then put on record, then handed over."""
    actor = member.actor("auditor")
    with _folder() as folder:
        made, path = _write(name, scope, folder, for_excel)
        sha256 = _sha256(path)
        _record_export(name, made, sha256, actor)
        stamp = made.scope.as_of.strftime("%Y%m%dT%H%M%SZ")
        # Open before the folder goes: nothing is left behind, whatever becomes of the sending.
        return MadeExport(path.open("rb"), f"{name}-{stamp}{path.suffix}", made.rows, sha256)


def _write(name: str, scope: Scope, folder: Path, bom: bool) -> tuple[Written, Path]:
    if name != EVERYTHING:
        export = get_export(name)
        return writing.write_one(export, scope, folder, bom), folder / export.file_name
    files = folder / "files"
    files.mkdir()
    made = writing.write_everything(scope, files, lambda _line: None, bom)
    archive = folder / f"{EVERYTHING}.zip"
    writing.pack(files, archive)
    return made, archive


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="market-export-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_everything(folder: Path, tell: Callable[[str], Any]) -> list[str]:
    """Every CSV, dictionary.csv and manifest.json in a new folder, whole or not at all; on record as the system's act.

    Returns the lines that sum it up. Raises Conflict when the folder has files in it.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty. Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    beside.mkdir(mode=0o700)
    try:
        made = writing.write_everything(Scope(clock.now()), beside, tell)
        sha256 = _sha256(beside / "manifest.json")
        failpoint("export: files written")
        _record_export(EVERYTHING, made, sha256, SYSTEM)
        failpoint("export: on record, not yet in its place")
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [
        f"{len(made.files)} CSV files, {plural(made.rows, 'row')}, in {folder}.",
        f"The journal had {plural(made.journal.lines, 'line')}. SHA-256 of manifest.json: {sha256}",
    ]


@action
def _record_export(name: str, made: Written, sha256: str, actor: Actor) -> None:
    scope = made.scope
    record(
        ExportMade(
            subject=name,
            authority=queries.council_reference(scope.council),
            as_of=scope.as_of,
            council=scope.council,
            from_on=scope.from_on,
            to_on=scope.to_on,
            rows=made.rows,
            sha256=sha256,
            files=[asdict(each) for each in made.files],
        ),
        actor,
    )


def check_journal(member: Membership) -> Report:
    """Checks what `marketplace audit verify` checks: chain, tree, checkpoints, rows of bids. Puts the result on record."""
    actor = member.actor("auditor")
    report = check_record()
    _record_check(report, actor)
    return report


@action
def _record_check(report: Report, actor: Actor) -> None:
    verdict = report.verdict
    record(
        JournalChecked(
            subject="journal",
            lines=verdict.lines,
            first_bad=verdict.first_bad,
            reason=verdict.reason,
            # Their number only: a fault names a row of a bid, which nobody reads before the opening.
            faults=len(report.faults),
            not_checked=report.not_checked,
        ),
        actor,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
