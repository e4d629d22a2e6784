"""The same wish twice at the same moment, from two tabs or two workers: kept once, told once, and no fault."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.errors import Problems
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail
from search import actions, alerts, indexing, kept
from search.models import Alert, Follow, NeedInvitation, NeedMute
from tenders.needs.events import NeedAmended
from tenders.needs.models import Need
from tests import making
from tests.actions.test_searching import ask, change, happened, published

AT_ONCE = 4


def together(app: Flask, do: Callable[[], object]) -> list[Exception]:
    """Does it in several threads at once, each with a session of its own; gives what was raised."""
    db.session.commit()
    gate, raised = threading.Barrier(AT_ONCE), []

    def run() -> None:
        with app.app_context():
            gate.wait()
            try:
                do()
            except Exception as fault:
                raised.append(fault)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    db.session.rollback()
    return raised


def count(model: type) -> int:
    return db.session.scalar(select(func.count(model.id))) or 0


def test_a_need_is_muted_once(app: Flask) -> None:
    need_id, person_id = making.open_need().id, making.supplier_member().person_id
    assert together(app, lambda: actions.mute_need(person_id, need_id)) == []
    assert count(NeedMute) == 1


def test_a_need_is_followed_once(app: Flask) -> None:
    reference = making.open_need().reference
    assert together(app, lambda: actions.ask_to_follow(reference, "ann@example.org")) == []
    assert count(Follow) == 1


def test_a_search_is_saved_once(app: Flask) -> None:
    member = making.supplier_member()
    member_id, person_id, question = member.id, member.person_id, ask(q="parking")
    assert together(app, lambda: actions.save_search(question, db.session.get(Membership, member_id))) == []
    assert len(kept.saved_searches_of(person_id)) == 1


def test_a_supplier_is_invited_once(app: Flask) -> None:
    officer = making.officer()
    need_id, officer_id = making.open_need(officer.organisation).id, officer.id
    firm = making.supplier("Ash Ltd", source="test", source_id="1").id

    def invite() -> None:
        actions.invite_suppliers(need_id, [firm], "They know bins", db.session.get(Membership, officer_id), [(firm, "")])

    raised = together(app, invite)
    assert len(raised) == AT_ONCE - 1 and all(isinstance(each, Problems) for each in raised)
    assert count(NeedInvitation) == 1


def test_one_line_is_told_once(app: Flask) -> None:
    member = making.supplier_member()
    for asked in ({"q": "parking"}, {"q": "parking", "sort": "newest"}, {"q": "permits"}):
        actions.save_search(ask(**asked), member)
    number = published(making.open_need(title="Parking permits")).number
    assert together(app, lambda: alerts.react([db.session.get(JournalLine, number)])) == []
    assert count(Alert) == 3
    found = select(func.count(Mail.id)).where(Mail.recipient == member.person.email, Mail.subject.contains("New need"))
    assert db.session.scalar(found) == 1


def test_what_was_read_before_a_change_does_not_stay_in_the_index(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker reads, another reads a later state and writes it, and only then the first one writes."""
    need = making.open_need(title="Parking permits")
    first, read = published(need), indexing.documents_for
    indexing.rebuild_index(lambda _: None)
    readings: list[int] = []

    def other_worker() -> None:
        with app.app_context():
            need = db.session.scalars(select(Need)).one()
            change(lambda: setattr(need, "title", "Bridge inspections"))
            words = {"subject": need.reference, "need": need.reference, "version": 2, "is_material": True, "sha256": ""}
            indexing.react([happened(NeedAmended(**words, fields=("title",), closes_at=need.closes_at))])
            db.session.remove()

    def read_slowly(*asked):
        found = read(*asked)
        readings.append(1)
        if len(readings) == 1:
            other = threading.Thread(target=other_worker)
            other.start()
            other.join()
        return found

    monkeypatch.setattr(indexing, "documents_for", read_slowly)
    indexing.react([first])
    assert indexing.check_index() == []
    quiet = len(readings)
    indexing.react([first])
    assert len(readings) == quiet + 1, "nothing happened meanwhile, so it is read once"
