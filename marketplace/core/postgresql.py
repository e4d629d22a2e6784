"""What we do otherwise than the toolkit and the driver with a PostgreSQL connection, because each page pays for it."""

from __future__ import annotations

import select
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError


def make_engine(url: str) -> Engine:
    """An engine with a small pool, whose connections are looked at, not asked, before they are used."""
    engine = create_engine(url, pool_size=5, max_overflow=5, pool_timeout=5)
    event.listen(engine, "checkout", _insist_alive)
    return engine


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
