"""backup and restore: one archive with every row (one point in time) and every file. Keys are left out, and said so.

Rows are JSON lines, so the same archive restores into SQLite or PostgreSQL.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, Engine, LargeBinary, MetaData, Numeric, Table, func, insert, select, text

from marketplace.core import clock
from marketplace.core.db import UTCDateTime
from marketplace.core.failpoints import failpoint
from marketplace.core.files import CHUNK, sync_folder, write_whole
from marketplace.core.journal import plain
from marketplace.upgrade import newest_revision, revision_of, upgrade

FORMAT = "market-backup-1"
BATCH = 1000


class BackupRefused(Exception):
    """Why a backup or restore cannot be done, in words."""


def write_backup(
    engine: Engine, tables: MetaData, files: Path, target: Path, tell: Callable[[str], None]
) -> dict[str, int]:
    """Writes the archive beside `target` and moves it into place; returns rows by table."""
    if target.exists():
        raise BackupRefused(f"{target} exists already. Choose another name, or move it away first.")
    part = target.with_name(target.name + ".part")
    counts: dict[str, int] = {}
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            with engine.connect() as connection:
                _take_snapshot(connection)
                for table in tables.sorted_tables:
                    counts[table.name] = _write_table(archive, connection, table)
                    tell(f"{table.name}: {counts[table.name]} rows")
            failpoint("backup: rows written")
            file_count = _write_files(archive, files)
            about = {
                "format": FORMAT,
                "made_at": plain(clock.now()),
                "revision": revision_of(engine),
                "rows": counts,
                "files": file_count,
                "left_out": ["keys/ (signing and sealing keys: keep your own copy)", "index/ (run reindex)"],
            }
            archive.writestr("about.json", json.dumps(about, indent=1))
        _make_durable(part)
        failpoint("backup: written, not yet in its place")
        part.rename(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)
    return counts


def _take_snapshot(connection: Connection) -> None:
    # SQLite's read transaction is a snapshot by itself once it has read.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    else:
        connection.execute(text("SELECT 1 FROM alembic_version"))


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> int:
    rows = connection.execute(select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH))
    count = 0
    with archive.open(f"rows/{table.name}.jsonl", "w", force_zip64=True) as out:
        for row in rows:
            values = {name: _out(value) for name, value in row._mapping.items()}
            out.write((json.dumps(values, ensure_ascii=False) + "\n").encode())
            count += 1
    return count


def _out(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    return plain(value)


def _write_files(archive: zipfile.ZipFile, folder: Path) -> int:
    count = 0
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        if path.is_file() and path.suffix != ".part":
            count += _write_file(archive, path, f"files/{path.relative_to(folder).as_posix()}")
    return count


def _write_file(archive: zipfile.ZipFile, path: Path, name: str) -> int:
    try:
        source = path.open("rb")
    except FileNotFoundError:  # a draft's file, taken out since the folder was listed
        return 0
    with source, archive.open(name, "w", force_zip64=True) as out:
        shutil.copyfileobj(source, out, CHUNK)
    return 1


def _make_durable(path: Path) -> None:
    with path.open("rb") as written:
        os.fsync(written.fileno())


def read_backup(
    source: Path, engine: Engine, tables: MetaData, files: Path, tell: Callable[[str], None]
) -> dict[str, int]:
    """Restores an archive into an empty database and file folder, all rows in one transaction."""
    with zipfile.ZipFile(source) as archive:
        about = json.loads(archive.read("about.json"))
        if about.get("format") != FORMAT:
            raise BackupRefused(f"{source} is not a backup of this program.")
        if about["revision"] != newest_revision():
            raise BackupRefused(
                f"The backup is of revision {about['revision']}, this program works with {newest_revision()}. "
                "Restore with the version that made it, then upgrade."
            )
        upgrade(engine)
        counts = {}
        with engine.begin() as connection:
            _insist_empty(connection, tables)
            for table in tables.sorted_tables:
                counts[table.name] = _read_table(archive, connection, table)
                tell(f"{table.name}: {counts[table.name]} rows")
            _restart_numbers(connection, tables)
            failpoint("restore: rows written, not committed")
            # Before the rows count, so that a restore that is cut short can simply be done again.
            _read_files(archive, files)
            failpoint("restore: files in their place, rows not committed")
    return counts


def _insist_empty(connection: Connection, tables: MetaData) -> None:
    for table in tables.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar():
            raise BackupRefused(f"The database is not empty ({table.name} has rows). Restore into an empty one.")


def _read_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> int:
    count, batch = 0, []
    with archive.open(f"rows/{table.name}.jsonl") as lines:
        for line in lines:
            batch.append(_in(table, json.loads(line)))
            count += 1
            if len(batch) == BATCH:
                connection.execute(insert(table), batch)
                batch = []
    if batch:
        connection.execute(insert(table), batch)
    return count


def _in(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name].type, value) for name, value in values.items()}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, Numeric):
        return Decimal(value)
    return value


def _restart_numbers(connection: Connection, tables: MetaData) -> None:
    # PostgreSQL's sequences know nothing of rows inserted with their numbers.
    if connection.dialect.name != "postgresql":
        return
    for table in tables.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                    f'coalesce(max("{column.name}"), 0) + 1, false) FROM "{table.name}" '
                    f"HAVING pg_get_serial_sequence('{table.name}', '{column.name}') IS NOT NULL"
                )
            )


def _read_files(archive: zipfile.ZipFile, folder: Path) -> None:
    for name in _file_names(archive):
        target = (folder / name.removeprefix("files/")).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise BackupRefused(f"The backup names a file outside the folder: {name}")
        write_whole(target, archive.read(name))


def _file_names(archive: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if name.startswith("files/") and not name.endswith("/"))
