"""Connections to the database for searching, and one reader's unchanging view of the index in it."""

import os
import struct
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from search.documents import Kind
from search.engine import SearchUnavailable
from search.postgresql_tables import schema_of, use_schema

MISSING = "There is no search index yet: run `marketplace reindex`"
_POOL = {"pool_size": 2, "max_overflow": 30, "pool_timeout": 5, "pool_pre_ping": True}
# One statement begins a search: what limits it, and which generation it reads.
_READING = """SELECT number, shape, commits, to_regclass(name || 'need.documents') IS NOT NULL
    AND to_regclass(name || 'supplier.documents') IS NOT NULL,
    set_config('search_path', name || %(kind)s, true), set_config('statement_timeout', %(milliseconds)s, true),
    set_config('jit', 'off', true), set_config('work_mem', '64MB', true)
FROM (SELECT *, format('search_index_%%s_', number) AS name FROM search_index.pointer) AS pointer"""

# A rebuild takes minutes, whatever the server's or the role's own limits are.
_WRITING = """SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)"""


class Numbers:
    """An array of document numbers on its way to the database."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values


class Scores(Numbers):
    """An array of scores on its way to the database."""


class _ArrayDumper(Dumper):
    format = Format.BINARY
    element_oid: int
    element: str

    def dump(self, obj: Numbers) -> bytes:
        size = len(obj.values)
        if not size:
            return struct.pack(">iiI", 0, 0, self.element_oid)
        items = np.empty(size, dtype=[("size", ">i4"), ("value", self.element)])
        items["size"], items["value"] = items.dtype["value"].itemsize, obj.values
        return struct.pack(">iiIii", 1, 0, self.element_oid, size, 1) + items.tobytes()


class _NumbersDumper(_ArrayDumper):
    oid, element_oid, element = 1007, 23, ">i4"


class _ScoresDumper(_ArrayDumper):
    oid, element_oid, element = 1022, 701, ">f8"


def _prepare(connection: Connection, _record: Any) -> None:
    connection.adapters.register_dumper(Numbers, _NumbersDumper)
    connection.adapters.register_dumper(Scores, _ScoresDumper)
    connection.prepare_threshold = None  # a plan made for few results is a bad one for many


def _close(engine: Engine, owner: int) -> None:
    if owner == os.getpid():
        engine.dispose()


class Database:
    """A pool of connections of this process's own, apart from the requests' session."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._engine: Engine | None = None

    def _pool(self) -> Engine:
        with self._lock:
            if self._engine is None or self._owner != os.getpid():
                if self._engine is not None:
                    self._engine.dispose(close=False)  # a forked process leaves its parent's connections alone
                self._engine = create_engine(self._url, **_POOL)
                event.listen(self._engine, "connect", _prepare)
                self._owner = os.getpid()
                weakref.finalize(self, _close, self._engine, self._owner)
            return self._engine

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection outside any transaction; raises SearchUnavailable when the database does not answer."""
        try:
            pooled = self._pool().raw_connection()
        except SQLAlchemyError as error:
            raise SearchUnavailable(f"The database does not answer ({type(error).__name__})") from error
        try:
            yield pooled.driver_connection  # type: ignore[misc]
        finally:
            pooled.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end."""
        with self.connection() as connection:
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            connection.read_only = False
            with connection.transaction():
                connection.execute(_WRITING)
                yield connection

    @contextmanager
    def reading(self, shape: str, seconds: float, kind: Kind = Kind.NEED) -> Iterator["Snapshot"]:
        """The index as it stands at this moment, first of one kind; every statement ends after so many seconds."""
        with self.connection() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                yield Snapshot(connection, shape, seconds, kind)

    def close(self) -> None:
        """Lets go of every connection."""
        if self._engine is not None and self._owner is not None:
            _close(self._engine, self._owner)


class Snapshot:
    """The index as one transaction sees it; raises SearchUnavailable when there is none of this shape."""

    def __init__(self, connection: Connection, shape: str, seconds: float, kind: Kind) -> None:
        limits = {"kind": kind.value, "milliseconds": str(max(1, int(seconds * 1000)))}
        try:
            found = connection.execute(_READING, limits).fetchone()
        except psycopg.errors.UndefinedTable as error:
            raise SearchUnavailable(MISSING) from error
        if found is None:
            raise SearchUnavailable(MISSING)
        self.number, found_shape, self.commits, is_there, *_ = found
        if found_shape != shape:
            raise SearchUnavailable("The search index was made by another version: run `marketplace reindex`")
        if not is_there:
            raise psycopg.errors.UndefinedTable("The tables of this generation were taken away")
        self._connection = connection
        self._kind = kind

    def rows(self, kind: Kind, statement: str, values: Any = ()) -> list[tuple]:
        """The rows of a statement over the tables of one kind of document."""
        if self._kind is not kind:
            use_schema(self._connection, schema_of(self.number, kind))
            self._kind = kind
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, values).fetchall()
