"""Engine, session, Base and UTC columns; one_action(), the transaction that must say what happened."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, scoped_session, sessionmaker
from sqlalchemy.types import TypeDecorator

from marketplace.core.failpoints import failpoint

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "%(table_name)s_%(column_0_N_name)s_unique",
    "ck": "%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of every table."""

    metadata = MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware going in, UTC in the table, aware coming out. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs its time zone; take it from marketplace.core.clock.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SilentAction(Exception):
    """An action changed rows and recorded nothing; its transaction was rolled back."""


_factory: sessionmaker[Session] = sessionmaker()
session: scoped_session[Session] = scoped_session(_factory)
_reading: Engine | None = None
P = ParamSpec("P")
R = TypeVar("R")


def make_engine(url: str) -> Engine:
    """An engine whose durability is asserted: SQLite in WAL with synchronous=FULL, PostgreSQL as configured."""
    if not url.startswith("sqlite"):
        from marketplace.core import postgresql

        return postgresql.make_engine(url)
    path = url.removeprefix("sqlite:///")
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 15}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions lose updates; we issue BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    # What is erased is overwritten, on pages that any earlier change let go of, too: there is no telling what they held.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


LONGEST_WAIT = 15.0  # seconds for SQLite's write lock, where nobody waits for a page
_wait = LONGEST_WAIT


def wait_for_lock(seconds: float) -> None:
    """How long this process waits for SQLite's write lock, before OperationalError.

    Busy actions wait LONGEST_WAIT all the same: a bid that is turned away must be sent again, and is then later.
    """
    global _wait
    _wait = seconds


def _begin_sqlite(connection: Any) -> None:
    wait = connection.get_execution_options().get("sqlite_wait", _wait)
    if connection.info.get("wait", LONGEST_WAIT) != wait:
        connection.connection.driver_connection.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
        connection.info["wait"] = wait
    kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.connection.driver_connection.execute(f"BEGIN {kind}")  # past the toolkit: it begins every request


def connect(url: str) -> Engine:
    """Points the house's session at a database; one that it pointed at before is let go of."""
    global _reading
    let_go()
    engine = make_engine(url)
    _factory.configure(bind=engine)
    _reading = engine if url.startswith("sqlite") else engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine


def let_go() -> None:
    """Ends every connection of this process's; what is asked next makes new ones."""
    session.remove()
    if bound := _factory.kw.get("bind"):
        bound.dispose()


def read_one_by_one() -> None:
    """From now on, what this thread's session reads outside actions needs no transaction on PostgreSQL.

    Its transactions give each statement a snapshot of its own anyway (READ COMMITTED), cost two round trips a page, and
    their rollback makes the driver forget every statement that it has prepared. `in_one_transaction` is the way out.
    """
    session().bind = _reading


def in_one_transaction() -> None:
    """What is read next belongs together: a cursor on the server lives only inside a transaction."""
    if session().bind is not engine():
        session.commit()
        session.connection(execution_options=_writing())


def _writing(is_busy: bool = False) -> dict[str, Any]:
    # On SQLite nothing read inside an action may be overtaken, so the write lock comes first.
    if engine().dialect.name == "sqlite":
        return {"sqlite_begin": "IMMEDIATE", "sqlite_wait": max(_wait, LONGEST_WAIT if is_busy else 0)}
    return {"isolation_level": "READ COMMITTED"}


def engine() -> Engine:
    """The engine the session is bound to."""
    bound = _factory.kw.get("bind")
    if bound is None:
        raise RuntimeError("No database yet: call marketplace.core.db.connect(url) first.")
    return bound


@event.listens_for(_factory, "before_flush")
def _notice_changes(current: Session, _context: object, _instances: object) -> None:
    if current.new or current.dirty or current.deleted:
        current.info["changed"] = True


@event.listens_for(_factory, "do_orm_execute")
def _notice_statements(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        state.session.info["changed"] = True


def clear_write_ahead_log() -> None:
    """On SQLite, after an action that erased: the log, which still holds what was, is brought into the file and emptied.

    It stays when somebody reads at that moment; the next one takes it.
    """
    _tell_sqlite("PRAGMA wal_checkpoint(TRUNCATE)")


def write_anew() -> None:
    """On SQLite, the whole file, without a lock that readers notice; writers wait, a second for some 200 MB.

    Rows that moved to another page may have left a copy in the unused part of the old one, which only this takes away.
    Needs free space of the file's size; sqlite3.OperationalError without it, and then nothing has changed.
    """
    _tell_sqlite("VACUUM")
    clear_write_ahead_log()


def _tell_sqlite(statement: str) -> None:
    """Something that is no part of any transaction; nothing on other databases."""
    if engine().dialect.name != "sqlite":
        return
    session.commit()
    with engine().connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        connection.rollback()
        raw.execute(statement)


@contextmanager
def one_action(name: str, keeps_read: bool = False) -> Iterator[Session]:
    """One write transaction. Rows changed without a journal line are rolled back with SilentAction.

    An action called inside another joins it. On SQLite the write lock is taken first (BEGIN IMMEDIATE),
    so nothing read inside can be overtaken. With `keeps_read` rows that were read stay as read, before and after.
    """
    from marketplace.core import journal

    current = session()
    if current.info.get("action"):
        yield current
        return
    if current.new or current.dirty or current.deleted:
        raise SilentAction(f"Rows were changed outside an action before {name} began.")
    current.expire_on_commit = not keeps_read
    try:
        current.commit()
        current.connection(execution_options=_writing(is_busy=keeps_read))
        current.info.update(action=name, changed=False, lines=[], has_spoken=False, placed=None)
        failpoint("action: begun", name)
        yield current
        current.flush()
        failpoint("action: rows written", name)
        if current.info["changed"] and not (current.info["lines"] or current.info["has_spoken"]):
            raise SilentAction(f"{name} changed rows and said nothing. Call record(...) with an event in it.")
        journal.write_lines(current, current.info["lines"])
        failpoint("action: before commit", name)
        current.commit()
        failpoint("action: committed", name)
    except BaseException:
        current.rollback()
        raise
    finally:
        current.expire_on_commit = True
        for key in ("action", "changed", "lines", "has_spoken", "placed"):
            current.info.pop(key, None)


def action(function: Callable[P, R], keeps_read: bool = False) -> Callable[P, R]:
    """Marks a verb of the house: it runs in one_action under its own name."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with one_action(f"{function.__module__}.{function.__qualname__}", keeps_read):
            return function(*args, **kwargs)

    return run


def busy_action(function: Callable[P, R]) -> Callable[P, R]:
    """An action that reads afresh, under its lock, all that it decides by; nothing else is read a second time."""
    return action(function, keeps_read=True)


@contextmanager
def housekeeping() -> Iterator[Session]:
    """A write transaction for marks that are nobody's act: delivery marks, sign-in throttles, counters."""
    current = session()
    current.commit()
    current.connection(execution_options=_writing())
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise
