"""Migrations end where the models are, go down again, and are numbered in order with a reason."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, inspect, text

from marketplace.core import db
from marketplace.tables import all_tables
from marketplace.upgrade import differences, downgrade, newest_revision, revision_of, upgrade
from tests import databases
from tests.house.walking import ROOT


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    made = databases.empty(tmp_path, os.environ.get("TEST_DATABASE_URL", ""))
    engine = db.make_engine(made.url)
    yield engine
    engine.dispose()
    made.remove()


def test_migrations_end_where_the_models_are(empty: Engine) -> None:
    upgrade(empty)
    assert revision_of(empty) == newest_revision()
    assert differences(empty) == []
    inspector = inspect(empty)
    for table in all_tables().sorted_tables:
        said = {each.name for each in table.constraints if isinstance(each, CheckConstraint)}
        there = {each["name"] for each in inspector.get_check_constraints(table.name)}
        assert said == there, table.name


def test_the_journal_is_guarded_by_the_migrated_database_too(empty: Engine) -> None:
    upgrade(empty)
    line = (
        "INSERT INTO journal_lines (number, at, event, actor, organisation, role, subject, need, authority, details,"
        " previous_hash, hash) VALUES (1, '2026-01-01', 'E', 'a', '', '', '', '', '', '{}', '', '')"
    )
    with empty.begin() as connection:
        connection.execute(text(line))
    for change in ("UPDATE journal_lines SET actor = 'b'", "DELETE FROM journal_lines"):
        with pytest.raises(Exception, match="append_only"), empty.begin() as connection:
            connection.execute(text(change))


def test_down_to_nothing_and_up_again(empty: Engine) -> None:
    upgrade(empty)
    downgrade(empty, "base")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    upgrade(empty)
    assert differences(empty) == []


def test_revisions_are_numbered_in_order_and_say_why() -> None:
    files = sorted((ROOT / "migrations/versions").glob("*.py"))
    assert files
    for number, path in enumerate(files, start=1):
        assert path.name.startswith(f"{number:04d}_"), f"{path.name} should begin with {number:04d}_"
        words = path.read_text(encoding="utf-8")
        assert re.search(r"Why: (?!say why here)", words), f"{path.name} does not say why."
