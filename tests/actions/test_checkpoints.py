"""Signed checkpoints: made when the journal grew, kept for ever, never of two pasts."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from marketplace.core import clock, db, journal, merkle
from marketplace.core.journal import JournalHead, JournalLine, record
from marketplace.timetable import TIMETABLE
from marketplace.transparency import tiles
from marketplace.transparency.checkpoints import TreeForked, find_newest, log_key, make_checkpoint
from marketplace.transparency.models import Checkpoint, Subtree
from marketplace.transparency.notes import read_checkpoint
from tenders.bids import keys
from tests.making import MadeForTest

pytestmark = pytest.mark.usefixtures("house")


def say(times: int = 1) -> None:
    with db.one_action("test"):
        for _ in range(times):
            record(MadeForTest(subject="X-1"))


def leaves() -> list[bytes]:
    return [journal.leaf_of(each) for each in db.session.scalars(select(JournalLine.hash).order_by(JournalLine.number))]


def test_a_checkpoint_is_made_when_the_journal_grew_and_says_its_root() -> None:
    assert make_checkpoint() == 0
    say(3)
    assert make_checkpoint() == 1 and make_checkpoint() == 0
    say(2)
    clock.pass_time(minutes=1)
    assert make_checkpoint() == 1
    newest = find_newest()
    assert newest is not None and (newest.number, newest.size) == (2, 5)
    said = read_checkpoint(newest.note, log_key())
    assert (said.size, said.root) == (5, merkle.root(leaves()).hex())


def test_the_worker_makes_one_within_a_minute() -> None:
    entry = next(each for each in TIMETABLE if each.act is make_checkpoint)
    assert entry.every.total_seconds() < 60


@pytest.mark.parametrize("steps", [[256], [255, 1, 1], [100, 300, 200], [700], [256, 256, 3]])
def test_tiles_hold_the_tree_as_far_as_it_was_signed(steps: list[int]) -> None:
    for each in steps:
        say(each)
        make_checkpoint()
    say(5)  # not signed yet
    size, expected = sum(steps), leaves()[: sum(steps)]
    told = b""
    for first in range(0, size, 256):
        tile = tiles.read_tile(tiles.Tile(0, first // 256, min(256, size - first)))
        assert tile is not None
        told += tile
    assert told == b"".join(expected)
    assert tiles.read_tile(tiles.Tile(0, size // 256, size % 256 + 1)) is None
    full = [merkle.root(expected[at : at + 256]) for at in range(0, size - 255, 256)]
    assert list(db.session.scalars(select(Subtree.hash).order_by(Subtree.number))) == full
    if full:
        assert tiles.read_tile(tiles.Tile(1, 0, len(full))) == b"".join(full)


@pytest.mark.slow  # 66,000 lines: the first that fill a tile of the second level
def test_the_second_level_of_tiles() -> None:
    for size in (40_000, 26_000):
        say(size)
        make_checkpoint()
    root = merkle.root(leaves()[:65_536])
    assert tiles.read_tile(tiles.Tile(2, 0, 1)) == root
    assert merkle.root([*db.session.scalars(select(Subtree.hash).where(Subtree.level == 1, Subtree.number < 256))]) == root


def _unguarded(current) -> None:
    if db.engine().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            current.execute(text(f"DROP TRIGGER journal_lines_refuse_{verb}"))
    else:
        current.execute(text("ALTER TABLE journal_lines DISABLE TRIGGER USER"))


@pytest.mark.parametrize("spoilt", ["a line before", "a line since", "cut short", "the head"])
def test_a_tree_that_does_not_go_on_from_the_last_is_never_signed(spoilt: str) -> None:
    say(5)
    make_checkpoint()
    say(5)
    with db.housekeeping() as current:
        _unguarded(current)
        if spoilt == "cut short":
            current.execute(delete(JournalLine).where(JournalLine.number > 3))
            current.execute(update(JournalHead).values(count=3, frontier=merkle.frontier_of(leaves()[:3])))
        elif spoilt == "the head":
            current.execute(update(JournalHead).values(frontier=merkle.frontier_of(leaves()[:9])))
        else:
            number = 4 if spoilt == "a line before" else 8
            current.execute(update(JournalLine).where(JournalLine.number == number).values(hash="0" * 64))
            if spoilt == "a line before":  # by somebody who mends the head, too
                current.execute(update(JournalHead).values(frontier=merkle.frontier_of(leaves())))
    with pytest.raises(TreeForked):
        make_checkpoint()
    newest = find_newest()
    assert newest is not None and newest.size == 5


def test_the_database_refuses_to_change_or_remove_a_checkpoint() -> None:
    say()
    make_checkpoint()
    for change in (update(Checkpoint).values(root="0" * 64), delete(Checkpoint)):
        with pytest.raises(DatabaseError, match="append_only"), db.housekeeping() as current:
            current.execute(change)


def test_two_workers_keep_one_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    say()
    newest = find_newest()
    assert newest is None and make_checkpoint() == 1
    say()
    first = find_newest()
    assert first is not None
    values = {name: getattr(first, name) for name in ("root", "made_at", "frontier", "note")}
    with db.housekeeping() as current:  # what another worker signs meanwhile
        current.execute(insert(Checkpoint), {**values, "number": 2, "size": 2})
    monkeypatch.setattr("marketplace.transparency.checkpoints.find_newest", lambda: first)
    assert make_checkpoint() == 0


def test_the_key_of_checkpoints_is_not_that_of_receipts() -> None:
    assert log_key().public != keys.signing_keys().public_key()
