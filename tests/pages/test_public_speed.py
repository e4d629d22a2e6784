"""The busiest pages ask the database a few times, however much is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select

from marketplace.core import db
from marketplace.core.journal import JournalLine, record
from search import indexing
from tenders.clarifications.actions import ask_question
from tenders.needs.actions import subject_of
from tenders.needs.events import NeedApproved
from tenders.needs.models import Need
from tests import bidding, making
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


@pytest.fixture
def uncompared(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> PageClient:
    """The client without the comparison of what a page kept, which asks the database itself."""
    monkeypatch.undo()
    return client


def test_a_need_asks_at_most_six_times(app, uncompared: PageClient) -> None:
    need = making.open_need(title="Missed bin reports")
    for _ in range(5):
        making.open_need(title="Missed bin reports again")
    indexing.rebuild_index(lambda _: None)
    uncompared.get(f"/needs/{need.reference}")
    assert 1 <= statements(uncompared, f"/needs/{need.reference}") <= 6


def test_a_need_is_read_anew_when_the_journal_tells_of_it(app, uncompared: PageClient) -> None:
    need = making.open_need(title="Missed bin reports")
    _say_that_changed(need, "Missed bin reports")
    address = f"/needs/{need.reference}"
    uncompared.get(address)
    assert statements(uncompared, address) == 1
    _say_that_changed(need, "Missed bins, in new words")
    assert uncompared.get(address).has("Missed bins, in new words")
    assert statements(uncompared, address) == 1


def test_what_bidders_do_does_not_show_in_the_work_of_the_page(app, uncompared: PageClient) -> None:
    """A page that works longer after a bid was begun, or a question asked, would tell that somebody bids."""
    need = bidding.purchase(title="Missed bin reports").need
    _say_that_changed(need, "Missed bin reports")
    address = f"/needs/{need.reference}"
    uncompared.get(address)
    lines = db.session.scalar(select(func.count(JournalLine.number)))
    member = bidding.bidder()
    bid = bidding.drafted(need, member)
    assert statements(uncompared, address) == 1
    ask_question(need.id, member, "Is the depot open on Saturdays?")
    bidding.submit(bid, member)
    assert statements(uncompared, address) == 1
    assert db.session.scalar(select(func.count(JournalLine.number))) >= lines + 4


def _say_that_changed(need: Need, title: str) -> None:
    with db.one_action("a test"):
        db.session.get_one(Need, need.id).title = title
        record(NeedApproved(**subject_of(need), version=1))
