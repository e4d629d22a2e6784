"""The journal: nothing silent, nothing changed, nothing missing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from marketplace.core import db, journal, merkle
from marketplace.core.journal import Event, JournalHead, JournalLine, record
from marketplace.core.mail import Mail
from marketplace.core.references import next_reference
from tests import making

pytestmark = pytest.mark.usefixtures("house")


@dataclass(frozen=True, kw_only=True)
class Tried(Event):
    """A test tried something."""

    what: str = ""


@db.action
def say(what: str, times: int = 1) -> None:
    for _ in range(times):
        record(Tried(subject="X-1", what=what))


def test_an_action_that_changes_rows_and_says_nothing_is_rolled_back_and_named() -> None:
    @db.action
    def silent() -> None:
        next_reference(db.session(), "N", 2026)

    with pytest.raises(db.SilentAction, match="silent"):
        silent()
    with db.one_action("after") as current:
        assert next_reference(current, "N", 2026) == "N-2026-0001"
        record(Tried(subject="X-1"))


def test_a_failed_action_leaves_neither_rows_nor_lines() -> None:
    with pytest.raises(ValueError, match="stop"), db.one_action("half"):
        next_reference(db.session(), "N", 2026)
        record(Tried(subject="X-1"))
        raise ValueError("stop")
    assert db.session.query(JournalLine).count() == 0


def test_an_action_inside_another_joins_it() -> None:
    @db.action
    def outer() -> None:
        say("inner")
        record(Tried(subject="X-1", what="outer"))

    outer()
    assert [line.facts["what"] for line in db.session.query(JournalLine).order_by(JournalLine.number)] == [
        "inner",
        "outer",
    ]


def test_lines_are_numbered_without_gaps_and_the_chain_is_whole() -> None:
    say("once")
    say("thrice", times=3)
    verdict = journal.verify(db.session())
    assert verdict.is_whole and verdict.lines == 4


@pytest.mark.parametrize("statement", [update(JournalLine).values(actor="x"), delete(JournalLine)])
def test_the_database_refuses_to_change_or_delete_a_line(statement) -> None:
    say("once")
    with pytest.raises(DatabaseError, match="append_only"), db.housekeeping() as current:
        current.execute(statement)


def _without_guards(current) -> None:
    if db.engine().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            current.execute(text(f"DROP TRIGGER journal_lines_refuse_{verb}"))
    else:
        current.execute(text("ALTER TABLE journal_lines DISABLE TRIGGER USER"))


COLUMNS = [c for c in journal.HASHED if c != "number"] + ["hash"]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_of_any_line_is_found(column: str) -> None:
    say("a", times=5)
    with db.housekeeping() as current:
        _without_guards(current)
        if column == "at":
            changed = making.clock.now().replace(microsecond=7)
        else:
            before = getattr(current.get(JournalLine, 3), column)
            changed = ("1" if before[:1] != "1" else "2") + before[1:]
        current.execute(update(JournalLine).where(JournalLine.number == 3).values({column: changed}))
    verdict = journal.verify(db.session())
    assert verdict.first_bad == 3


def test_a_dropped_line_and_a_missing_last_line_are_found() -> None:
    say("a", times=5)
    with db.housekeeping() as current:
        _without_guards(current)
        current.execute(delete(JournalLine).where(JournalLine.number == 5))
    assert journal.verify(db.session()).first_bad == 5
    with db.housekeeping() as current:
        current.execute(delete(JournalLine).where(JournalLine.number == 2))
    assert journal.verify(db.session()).first_bad == 2


def test_a_line_put_behind_the_head_is_found() -> None:
    say("a", times=2)
    with db.housekeeping() as current:
        last = current.get(JournalLine, 2)
        values = {column: getattr(last, column) for column in journal.HASHED} | {"hash": last.hash, "number": 3}
        current.execute(insert(JournalLine).values(**values))
    assert journal.verify(db.session()).first_bad == 3


def test_a_missing_head_is_found() -> None:
    say("a")
    with db.housekeeping() as current:
        current.execute(delete(JournalHead))
    assert not journal.verify(db.session()).is_whole


def test_a_changed_tree_is_found() -> None:
    say("a", times=3)
    with db.housekeeping() as current:
        head = current.get(JournalHead, 1)
        head.frontier = head.frontier[:-1] + bytes([head.frontier[-1] ^ 1])
    assert journal.verify(db.session()).reason == "the head's tree is not the tree of the lines"


@db.action
def say_and_ask(before: int, after: int = 0) -> journal.Position:
    for _ in range(before):
        record(Tried(subject="X-1", what="before"))
    placed = journal.place_so_far()
    placed.write()
    for _ in range(after):
        record(Tried(subject="X-1", what="after"))
    return placed.position


@pytest.mark.parametrize("already", range(9))
def test_an_action_learns_where_its_line_stands_while_it_is_at_work(already: int) -> None:
    for _ in range(already):
        say("earlier")
    place = say_and_ask(before=2, after=1)
    line = db.session.get_one(JournalLine, already + 2)
    assert (place.number, place.tree_size, place.line_hash) == (already + 2, already + 2, line.hash)
    path = [bytes.fromhex(each) for each in place.inclusion]
    found = merkle.included_root(journal.leaf_of(line.hash), place.number - 1, place.tree_size, path)
    hashes = db.session.scalars(select(JournalLine.hash).order_by(JournalLine.number)).all()
    assert found is not None and found.hex() == place.root
    assert found == merkle.root([journal.leaf_of(each) for each in hashes[: place.number]])
    verdict = journal.verify(db.session())
    assert verdict.is_whole and verdict.lines == already + 3


def test_an_action_may_change_rows_when_all_it_says_is_written_early() -> None:
    @db.action
    def early() -> None:
        record(Tried(subject="X-1"))
        journal.place_so_far().write()
        next_reference(db.session(), "N", 2026)

    early()
    assert journal.verify(db.session()).lines == 1


def test_lines_written_early_are_rolled_back_with_their_action() -> None:
    say("kept")
    with pytest.raises(ValueError, match="stop"), db.one_action("half"):
        record(Tried(subject="X-1"))
        placed = journal.place_so_far()
        placed.write()
        assert placed.position.number == 2
        raise ValueError("stop")
    say("next")
    verdict = journal.verify(db.session())
    assert verdict.is_whole and verdict.lines == 2


def test_a_place_is_asked_for_inside_an_action_that_said_something() -> None:
    with pytest.raises(RuntimeError, match="after record"):
        journal.place_so_far()
    with pytest.raises(RuntimeError, match="after record"), db.one_action("silent"):
        journal.place_so_far()


def test_lines_that_are_placed_and_not_written_undo_their_action() -> None:
    for also in (0, 1):
        with pytest.raises(RuntimeError, match="not written"), db.one_action("forgets"):
            record(Tried(subject="X-1"))
            journal.place_so_far()
            for _ in range(also):
                record(Tried(subject="X-2"))
                journal.place_so_far()
    say("next")
    verdict = journal.verify(db.session())
    assert verdict.is_whole and verdict.lines == 1


def test_housekeeping_needs_no_line() -> None:
    with db.housekeeping() as current:
        current.add(
            Mail(
                key="k",
                recipient="a@b.uk",
                subject="s",
                body="b",
                made_at=making.clock.now(),
                due_at=making.clock.now(),
            )
        )
    assert db.session.query(Mail).count() == 1
