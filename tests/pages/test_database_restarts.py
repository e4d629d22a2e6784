"""A database server that restarts: the next page is answered, by a connection made anew."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from marketplace import config
from marketplace.core import db
from tests.pageclient import PageClient


@pytest.mark.parametrize("path", ["/needs", "/suppliers"])
def test_a_page_after_the_server_ended_every_connection(client: PageClient, path: str) -> None:
    url = config.current().url
    if not url.startswith("postgresql"):
        pytest.skip("only where the database is PostgreSQL")
    client.get(path)
    db.session.remove()
    other = create_engine(url)
    with other.connect() as server:
        ended = server.execute(
            text("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
        ).scalar()
    other.dispose()
    assert ended, "nothing was connected"
    client.get(path)
