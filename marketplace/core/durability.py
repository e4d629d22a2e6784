"""What was answered must outlast a power cut: the database's own settings are asked when the service starts.

Sources: SQLite, "PRAGMA synchronous" (in WAL mode only FULL syncs each commit); PostgreSQL 18, "Write Ahead Log".
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

SQLITE = {"journal_mode": ("wal",), "synchronous": ("2", "3")}
POSTGRESQL = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}


class NotDurable(Exception):
    """The service does not start: a bid that it answers could be lost by a power cut. Says what to set."""


def weaknesses(found: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Each setting that would lose what was answered, with what it is and what it must be."""
    return [
        f"{name} is {found.get(name, 'not known')}, and must be {values[0]}"
        for name, values in wanted.items()
        if found.get(name) not in values
    ]


def find_weaknesses(engine: Engine) -> list[str]:
    """Asks the database, over a connection like every other. Raises SQLAlchemyError."""
    is_sqlite = engine.dialect.name == "sqlite"
    wanted, ask = (SQLITE, "PRAGMA") if is_sqlite else (POSTGRESQL, "SHOW")
    with engine.connect() as connection:
        found = {name: str(connection.exec_driver_sql(f"{ask} {name}").scalar_one()) for name in wanted}
    return weaknesses(found, wanted)


def insist_durable(engine: Engine) -> None:
    """Raises NotDurable when the database may forget what it has committed."""
    found = find_weaknesses(engine)
    if found:
        raise NotDurable(
            f"The database may forget what it has committed: {'; '.join(found)}. "
            "A bid could be answered and lost by a power cut, so the service does not start."
        )
