"""The busiest pages ask the database a few times, however much is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from marketplace.core import db
from search import indexing
from tests import making
from tests.pageclient import PageClient


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile, leaving out the beginnings of transactions."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)


def statements(client: PageClient, path: str) -> int:
    with counted() as sent:
        client.get(path)
    return len(sent)


@pytest.mark.parametrize(("path", "most"), [("/needs", 1), ("/suppliers", 1), ("/", 4), ("/needs?q=bin", 0),
                                            ("/councils", 3), ("/needs.atom", 1)])  # fmt: skip
def test_lists_ask_as_often_for_many_rows_as_for_few(app, client: PageClient, path: str, most: int) -> None:
    council = making.council()
    making.open_need(council)
    making.supplier(source="test", source_id="1")
    indexing.rebuild_index(lambda _: None)
    client.get(path)  # whose turn it is to be first is looked up once a day
    few = statements(client, path)
    for number in range(2, 8):
        making.open_need(council)
        making.supplier(source="test", source_id=str(number))
    indexing.rebuild_index(lambda _: None)
    assert statements(client, path) == few <= most


def test_a_need_asks_at_most_six_times(app, client: PageClient) -> None:
    need = making.open_need(title="Missed bin reports")
    for _ in range(5):
        making.open_need(title="Missed bin reports again")
    indexing.rebuild_index(lambda _: None)
    client.get(f"/needs/{need.reference}")
    assert 1 <= statements(client, f"/needs/{need.reference}") <= 6
