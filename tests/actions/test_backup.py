"""A backup restored elsewhere is the same: rows, files, journal; into the other kind of database too."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace import config
from marketplace.backup import BackupRefused, read_backup, write_backup
from marketplace.core import db, journal
from marketplace.core.files import FileStore
from marketplace.tables import all_tables
from marketplace.upgrade import upgrade
from tests import making


def _silent(_message: str) -> None:
    return None


@pytest.fixture
def migrated(house: config.Settings, tmp_path: Path) -> config.Settings:
    """A database made by the migrations, with a need and a file in it."""
    engine = db.connect(f"sqlite:///{tmp_path / 'migrated.db'}")
    upgrade(engine)
    db.connect(f"sqlite:///{tmp_path / 'migrated.db'}")
    making.open_need()
    FileStore(house.files_folder).write("needs", io.BytesIO(b"drawing"), 100)
    return house


def test_what_comes_back_is_what_went_in(migrated: config.Settings, tmp_path: Path) -> None:
    archive = tmp_path / "copy.zip"
    written = write_backup(db.engine(), all_tables(), migrated.files_folder, archive, _silent)
    lines = journal.verify(db.session()).lines
    before = _rows()
    db.connect(f"sqlite:///{tmp_path / 'restored.db'}")
    restored = read_backup(archive, db.engine(), all_tables(), tmp_path / "files", _silent)
    db.connect(f"sqlite:///{tmp_path / 'restored.db'}")
    assert restored == written and _rows() == before
    verdict = journal.verify(db.session())
    assert verdict.is_whole and verdict.lines == lines > 0
    assert [path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file()] == [b"drawing"]


def _rows() -> dict[str, int]:
    return {
        table.name: db.session.scalar(select(func.count()).select_from(table)) for table in all_tables().sorted_tables
    }


def test_keys_are_left_out_and_it_says_so(migrated: config.Settings, tmp_path: Path) -> None:
    (migrated.keys_folder).mkdir(parents=True, exist_ok=True)
    (migrated.keys_folder / "secret.key").write_text("very secret")
    write_backup(db.engine(), all_tables(), migrated.files_folder, tmp_path / "copy.zip", _silent)
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert not [name for name in archive.namelist() if "key" in name.rsplit("/", 1)[-1] and name.startswith("keys")]
        assert "keys/" in json.loads(archive.read("about.json"))["left_out"][0]
        assert all(b"very secret" not in archive.read(name) for name in archive.namelist())


def test_it_restores_into_an_empty_database_only(migrated: config.Settings, tmp_path: Path) -> None:
    archive = tmp_path / "copy.zip"
    write_backup(db.engine(), all_tables(), migrated.files_folder, archive, _silent)
    with pytest.raises(BackupRefused, match="not empty"):
        read_backup(archive, db.engine(), all_tables(), tmp_path / "files", _silent)
    with pytest.raises(BackupRefused, match="exists already"):
        write_backup(db.engine(), all_tables(), migrated.files_folder, archive, _silent)
