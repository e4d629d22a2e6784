"""What we do otherwise than the toolkit and the driver with a PostgreSQL connection: cheaper pages, and no endless wait."""

from __future__ import annotations

import select
import time
from collections.abc import Generator
from threading import Lock
from typing import Any

import psycopg
from psycopg import generators, waiting
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

QUIET = 0.7  # seconds in which a server says nothing, after which we ask whether it is there
ASKING = 1.0  # seconds that it has to answer that
CONNECTING = 2  # seconds for a new connection; the driver takes no less
_GONE = "The database server does not answer."


def make_engine(url: str) -> Engine:
    """An engine with a small pool, whose connections are looked at, not asked, before they are used.

    A server that does not answer is an OperationalError within some two seconds, whether it refuses, is frozen or cut
    off. A slow statement, or one that waits for a lock, is waited for as long as the server can be reached.
    """
    presence = _Presence()
    engine = create_engine(url, pool_size=5, max_overflow=5, pool_timeout=CONNECTING, hide_parameters=True)
    event.listen(engine, "do_connect", lambda _dialect, _record, _args, named: presence.connect(named))
    event.listen(engine, "checkout", _insist_alive)
    return engine


class _Presence:
    """Whether the server can be reached, as one thread finds out for all."""

    def __init__(self) -> None:
        self._finding_out = Lock()
        self._is_away = False
        self._asked_at = float("-inf")

    def connect(self, named: dict[str, Any]) -> psycopg.Connection[Any]:
        """A new connection. Once the server was found away, one thread tries and the others fail at once."""
        if not self._is_away:
            return self._connect(named)
        if not self._finding_out.acquire(blocking=False):
            raise psycopg.OperationalError(_GONE)
        try:
            return self._connect(named)
        finally:
            self._finding_out.release()

    def _connect(self, named: dict[str, Any]) -> psycopg.Connection[Any]:
        try:
            made = _Watched.connect(**{"connect_timeout": CONNECTING, **named})
        except psycopg.OperationalError:
            self._is_away = True
            raise
        self._is_away = False
        made.presence, made.named = self, named
        return made

    def is_there(self, named: dict[str, Any]) -> bool:
        """Asks by a connection of its own, which only greets; an answer holds for a moment."""
        with self._finding_out:
            if time.monotonic() > self._asked_at + QUIET:
                try:
                    waiting.wait_conn(generators.connect(make_conninfo(**named)), interval=0.1, timeout=ASKING).finish()
                    self._is_away = False
                except psycopg.Error:
                    self._is_away = True
                self._asked_at = time.monotonic()
            return not self._is_away


class _Watched(psycopg.Connection[Any]):
    """A connection that does not wait for a server that has gone."""

    presence: _Presence | None = None
    named: dict[str, Any]

    def wait(self, gen: Any, *args: Any, **named: Any) -> Any:
        if self.presence is None:
            return super().wait(gen, *args, **named)
        try:
            wanted = next(gen)
        except StopIteration as ended:  # half of what the driver does needs no answer
            return ended.value
        return super().wait(self._watched(gen, wanted), *args, **named)

    def _watched(self, gen: Generator[Any, Any, Any], wanted: Any) -> Generator[Any, Any, Any]:
        """Passes on what the driver waits for; it sends nothing every tenth of a second in which nothing came."""
        assert self.presence is not None
        heard_at = time.monotonic()
        try:
            while True:
                came = yield wanted
                if came:
                    heard_at = time.monotonic()
                elif time.monotonic() > heard_at + QUIET:
                    if not self.presence.is_there(self.named):
                        self.pgconn.finish()
                        raise psycopg.OperationalError(_GONE)
                    heard_at = time.monotonic()
                wanted = gen.send(came)
        except StopIteration as ended:
            return ended.value


def _insist_alive(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
    """Refuses a pooled connection whose server has gone, so that the pool makes another.

    A server that ends says so on the line, which then has something to read; asking it each time took a round trip.
    """
    try:
        heard = select.poll()
        heard.register(connection.fileno(), select.POLLIN)
        if heard.poll(0):
            connection.execute("")
            connection.rollback()
    except Exception as gone:  # whatever it says, this connection is of no more use
        raise DisconnectionError from gone
