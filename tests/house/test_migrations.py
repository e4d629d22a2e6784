"""Migrations end where the models are, go down again, and are numbered in order with a reason."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, MetaData, Table, inspect, text
from sqlalchemy.exc import IntegrityError

from marketplace.core import db, merkle
from marketplace.tables import all_tables
from marketplace.upgrade import (
    differences,
    downgrade,
    newest_revision,
    revision_of,
    upgrade,
)
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


def test_saved_searches_stay_what_they_were(empty: Engine) -> None:
    """From before they had a rhythm: they go on telling at once, and nobody is told again of what was mailed."""
    upgrade(empty, "0003")
    _keep(empty, "people", id=1, pseudonym="p-1", email="ann@example.org")
    _keep(empty, "needs", id=1, reference="N-1", source="elsewhere", source_id="1")
    _keep(empty, "saved_searches", id=1, person_id=1, name="bins", query_string="q=bins")
    _keep(empty, "journal_lines", number=7, event="NeedPublished", subject="N-1", need="N-1", details="{}")
    _keep(empty, "mails", id=1, key="7:saved-search-found:ann@example.org", recipient="ann@example.org")
    upgrade(empty, "0004")
    kept = "SELECT id, name, query_string, stopped_at FROM saved_searches ORDER BY id"
    told = "SELECT a.search_id, n.reference, a.told_at IS NOT NULL FROM search_alerts a JOIN needs n ON n.id = a.need_id"
    with empty.begin() as connection:
        assert [tuple(row) for row in connection.execute(text(kept))] == [(1, "bins", "q=bins", None)]
        assert connection.scalar(text("SELECT rhythm FROM saved_searches")) == "at-once"
        assert [(a, b, bool(c)) for a, b, c in connection.execute(text(told))] == [(1, "N-1", True)]
        refused = text("UPDATE saved_searches SET rhythm = 'hourly'")
        with pytest.raises(IntegrityError, match="rhythm_known"):
            connection.execute(refused)
    downgrade(empty, "0003")
    with empty.begin() as connection:
        assert [tuple(row) for row in connection.execute(text(kept))] == [(1, "bins", "q=bins", None)]
    upgrade(empty)
    assert differences(empty) == []


@pytest.mark.parametrize("count", [0, 5])
def test_lines_from_before_the_tree_become_its_first_leaves(empty: Engine, count: int) -> None:
    hashes = [f"{n:064x}" for n in range(1, count + 1)]
    upgrade(empty, "0012")
    for number, each in enumerate(hashes, start=1):
        _keep(empty, "journal_lines", number=number, details="{}", hash=each)
    _keep(empty, "journal_head", id=1, count=count, hash=hashes[-1] if hashes else "0" * 64)
    upgrade(empty)
    expected = merkle.frontier_of([merkle.leaf_hash(bytes.fromhex(each)) for each in hashes])
    with empty.begin() as connection:
        assert connection.execute(text("SELECT count, frontier FROM journal_head")).one() == (count, expected)
    downgrade(empty, "0012")
    with empty.begin() as connection:
        assert connection.scalar(text("SELECT count FROM journal_head")) == count
    upgrade(empty)
    assert differences(empty) == []


def test_shares_under_key_files_get_their_place_and_sealed_ones_cannot_go_back(empty: Engine) -> None:
    upgrade(empty, "0017")
    for need, closed in ((1, None), (2, datetime(2026, 1, 3, tzinfo=UTC))):
        _keep(empty, "needs", id=need, reference=f"N-{need}", source="elsewhere", source_id=str(need), openers_needed=2, opened_at=closed)
    for person in (7, 3, 5):
        _keep(empty, "people", id=person, pseudonym=f"p-{person}", email=f"{person}@example.org")
        _keep(empty, "opener_shares", id=person, need_id=1, person_id=person, wrapping="keyfile-1", public_key=b"k",
              wrapped_private_key=b"p", wrapped_share=b"s")  # fmt: skip
    upgrade(empty)
    shares = "SELECT person_id, point, threshold FROM opener_shares ORDER BY person_id"
    with empty.begin() as connection:
        assert [tuple(row) for row in connection.execute(text(shares))] == [(3, 1, 2), (5, 2, 2), (7, 3, 2)]
        connection.execute(text("UPDATE opener_shares SET wrapping = 'keypair-1' WHERE person_id = 3"))
    with pytest.raises(RuntimeError, match="still sealed"):
        downgrade(empty, "0017")
    with empty.begin() as connection:
        connection.execute(text("UPDATE opener_shares SET need_id = 2 WHERE person_id = 3"))
    downgrade(empty, "0017")
    with empty.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM opener_shares")) == 3
    upgrade(empty)
    assert differences(empty) == []


def _keep(engine: Engine, table_name: str, /, **given: object) -> None:
    """A row of the table as it is now: what is not given and must be there is empty."""
    table = Table(table_name, MetaData(), autoload_with=engine)
    empties = {str: "", bytes: b"", int: 0, bool: False, datetime: datetime(2026, 1, 1, 10, tzinfo=UTC)}
    missing = [each for each in table.columns if not each.nullable and each.name not in given]
    with engine.begin() as connection:
        connection.execute(table.insert().values({**{c.name: empties[c.type.python_type] for c in missing}, **given}))


def test_revisions_are_numbered_in_order_and_say_why() -> None:
    files = sorted((ROOT / "migrations/versions").glob("*.py"))
    assert files
    for number, path in enumerate(files, start=1):
        assert path.name.startswith(f"{number:04d}_"), f"{path.name} should begin with {number:04d}_"
        words = path.read_text(encoding="utf-8")
        assert re.search(r"Why: (?!say why here)", words), f"{path.name} does not say why."
