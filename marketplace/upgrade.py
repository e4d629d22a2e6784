"""Brings the database's tables to this version (Alembic, driven in code; no alembic.ini)."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from marketplace.config import CHECKOUT
from marketplace.core.failpoints import failpoint
from marketplace.tables import all_tables


def _config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(CHECKOUT / "migrations"))
    made.attributes["connection"] = connection
    return made


def newest_revision() -> str:
    """The revision that this version of the program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revision_of(engine: Engine) -> str:
    """The revision that the database is at; empty for a database without tables."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Runs the migrations that the database lacks. Safe to repeat; a kill leaves whole revisions only."""
    _run(engine, command.upgrade, to)


def downgrade(engine: Engine, to: str) -> None:
    """Takes migrations back to a revision."""
    _run(engine, command.downgrade, to)


def _run(engine: Engine, verb: object, to: str) -> None:
    all_tables()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Batch migrations rebuild tables; the checks come back on with the next connection.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        verb(_config(connection), to)  # type: ignore[operator]
        connection.commit()
    failpoint("migration: all done")
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    """What the models say that the database does not have; empty when migrations end where the models are."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), all_tables()))
