"""A1, A2, A3: what is altered, dropped, swapped or put in is found and named; one old checkpoint finds the rest."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from marketplace.core import clock, db, journal, merkle
from marketplace.core.db import Base, UTCDateTime
from marketplace.core.journal import GENESIS, JournalHead, JournalLine, line_hash, record
from marketplace.timetable import TIMETABLE
from marketplace.transparency.checking import check_record, read_witnessed
from marketplace.transparency.checkpoints import find_newest, make_checkpoint
from tenders.bids import submission
from tenders.bids.models import BidVersion
from tenders.bids.sealed import Receipt
from tenders.bids.vouching import NOT_VOUCHED_FOR
from tests import bidding
from tests.making import MadeForTest
from tests.promises.proof import Proof

pytestmark = pytest.mark.usefixtures("house")

GUARDED = ("journal_lines", "journal_checkpoints")
# How a fault names a row of each table: whatever it says must have this in it.
TABLES = {
    "journal_lines": lambda row: f"Line {row['number']}:",
    "journal_head": lambda row: "Line ",
    "journal_checkpoints": lambda row: "journal_checkpoints ",
    "journal_subtrees": lambda row: f"journal_subtrees {row['level']}/",
    "bids": lambda row: row["reference"],
    "bid_versions": lambda row: "bid_versions ",
    "sealed_parts": lambda row: "sealed_parts ",
    "late_attempts": lambda row: "late_attempts ",
    "closed_registers": lambda row: "closed_registers ",
    "bid_openings": lambda row: "bid_openings ",
}
NOT_COVERED = {**{name: set(reasons) for name, reasons in NOT_VOUCHED_FOR.items()}, "journal_head": {"id"}}


@dataclass(frozen=True)
class Market:
    """A record with something of everything in it."""

    opened: str
    still_sealed: str


def market() -> Market:
    opened, sealed = bidding.purchase(), bidding.purchase()
    firms = [bidding.bidder() for _ in range(3)]
    bids = [bidding.submitted(opened.need, each) for each in firms]
    bidding.fill(bids[0], firms[0], "Better words")
    bidding.submit(bids[0], firms[0])
    submission.withdraw_bid(bids[1].id, firms[1], clock.now())
    make_checkpoint()
    for each in firms[:2]:
        bidding.submitted(sealed.need, each)
    bidding.close(opened.need)
    submission.submit_bid(bids[2].id, firms[2], "a" * 32, clock.now())
    clock.pass_time(seconds=1)
    submission.withdraw_bid(bids[2].id, firms[2], clock.now())
    bidding.open_all(opened)
    say(256)
    make_checkpoint()
    return Market(opened.need.reference, sealed.need.reference)


def without_guards() -> None:
    with db.housekeeping() as current:
        for table in GUARDED:
            if db.engine().dialect.name == "sqlite":
                for verb in ("update", "delete"):
                    current.execute(text(f"DROP TRIGGER {table}_refuse_{verb}"))
            else:
                current.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def told() -> list[str]:
    """What the check says, as `marketplace audit verify` prints it."""
    report = check_record()
    assert report.is_whole == (report.verdict.is_whole and not report.faults)
    first = [] if report.verdict.is_whole else [f"Line {report.verdict.first_bad}: {report.verdict.reason}"]
    return first + report.faults


@dataclass(frozen=True)
class Mutation:
    """One change of the rows: of a column, a row gone, a row twice, or a column swapped between two rows."""

    table: Table
    kind: str
    row: dict[str, Any]
    column: str = ""
    other: dict[str, Any] | None = None
    chance: int = 0  # another place to alter in each further round

    def __str__(self) -> str:
        return f"{self.table.name}: {self.kind} {self.column} of {TABLES[self.table.name](self.row)}"

    def apply(self, current: Any) -> None:
        if self.kind == "dropped":
            current.execute(delete(self.table).where(*_key(self.table, self.row)))
        elif self.kind == "inserted":
            current.execute(insert(self.table), _another(self.table, self.row))
        elif self.kind == "altered":
            _set(current, self.table, self.row, self.column, _other_value(self.table, self.row, self.column, self.chance))
        else:
            assert self.other is not None
            _set(current, self.table, self.row, self.column, self.other[self.column])
            _set(current, self.table, self.other, self.column, self.row[self.column])


def _key(table: Table, row: dict[str, Any]) -> list[Any]:
    return [each == row[each.name] for each in table.primary_key.columns]


def _set(current: Any, table: Table, row: dict[str, Any], column: str, value: Any) -> None:
    current.execute(update(table).where(*_key(table, row)).values({column: value}))


def _another(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    keys = {each.name for each in table.primary_key.columns}
    changed = {name: row[name] + 1000 for name in keys if isinstance(row[name], int) and name != "level"}
    unique = {"reference": "B-2026-9999", "closes_at": clock.now(), "number": row.get("number", 0) + 1000, "size": row.get("size", 0) + 1000}
    changed |= {name: value for name, value in unique.items() if name in row and name not in changed}
    if table.name == "sealed_parts":
        changed["number"], changed["name"] = row["number"], "file:inserted"
    if table.name == "bids":
        changed["withdrawn_at"] = clock.now()
    return {**row, **changed}


def _other_value(table: Table, row: dict[str, Any], column: str, chance: int) -> Any:
    value, chosen = row[column], random.Random(chance)
    if table.c[column].foreign_keys:
        target = next(iter(table.c[column].foreign_keys)).column
        others = db.session.scalars(select(target).where(target != (value or 0)).order_by(target).limit(1)).all()
        return others[0]
    if value is None:
        kind = table.c[column].type
        return clock.now() if isinstance(kind, UTCDateTime) else {bytes: b"x", str: "x", int: 7}[kind.python_type]
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chosen.randint(1, 10**10))
    if isinstance(value, int):
        return value + chosen.randint(1, 5)
    if not value:
        return b"x" if isinstance(value, bytes) else "x"
    at = chosen.randrange(len(value))
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ 1 << chosen.randrange(8)]) + value[at + 1 :]
    return value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]


def mutations() -> Iterator[Mutation]:
    """Every column of every row of every covered table; every row dropped and doubled; neighbours swapped."""
    for name in TABLES:
        table = Base.metadata.tables[name]
        rows = [dict(each) for each in db.session.execute(select(table).order_by(*table.primary_key.columns)).mappings()]
        assert rows, f"nothing of {name} to change"
        if name == "sealed_parts":  # what lies ready above the current version is nobody's bid yet
            rows = [each for each in rows if _is_submitted(each)]
        columns = [each.name for each in table.columns if each.name not in NOT_COVERED.get(name, set())]
        for row, following in itertools.zip_longest(rows, rows[1:]):
            # The newest checkpoint is missed by whoever keeps it: A2.
            if name != "journal_checkpoints" or following is not None:
                yield Mutation(table, "dropped", row)
            if name != "journal_head":
                yield Mutation(table, "inserted", row)
            for column in columns:
                yield Mutation(table, "altered", row, column)
                if following is not None and following[column] != row[column] and not table.c[column].primary_key:
                    yield Mutation(table, "swapped", row, column, following)


def _is_submitted(part: dict[str, Any]) -> bool:
    if "version_id" in part:
        return True
    submitted = select(BidVersion.id).where(BidVersion.bid_id == part["bid_id"], BidVersion.number == part["number"])
    return db.session.scalar(submitted) is not None


def _spread(size: int) -> list[Mutation]:
    """As many as this run tries, evenly over all kinds; when there are fewer, again with other places altered."""
    every = list(mutations())
    random.Random(7).shuffle(every)
    kinds: dict[tuple[str, str, str], list[Mutation]] = {}
    for each in every:
        kinds.setdefault((each.table.name, each.kind, each.column), []).append(each)
    assert size >= len(kinds), f"a kind of change would never be tried: there are {len(kinds)} of them"
    evenly = [each for row in itertools.zip_longest(*kinds.values()) for each in row if each is not None]
    again = (replace(each, chance=n) for n in itertools.count(1) for each in evenly if each.kind == "altered")
    return list(itertools.islice(itertools.chain(evenly, again), size))


def _check_with(mutation: Mutation) -> list[str] | None:
    """What the check says of the record with this change, which is undone; None if the database refused it."""
    current = db.session()
    current.rollback()
    if db.engine().dialect.name == "sqlite":
        current.execute(text("PRAGMA defer_foreign_keys=ON"))
    try:
        try:
            mutation.apply(current)
        except DatabaseError:
            return None
        return told_within(current)
    finally:
        current.rollback()


def told_within(current: Any) -> list[str]:
    """`told` inside this transaction: what it would roll back at its end is put off."""
    rollback, current.rollback = current.rollback, lambda: None
    try:
        return told()
    finally:
        current.rollback = rollback


def test_every_change_of_a_covered_row_is_found_and_named(proof: Proof) -> None:
    market()
    without_guards()
    assert told() == []
    refused, missed, tried = 0, [], 0
    for each in _spread(proof.size("A1")):
        said = _check_with(each)
        if said is None:
            refused += 1
            continue
        tried += 1
        named = TABLES[each.table.name](each.row)
        if not said:
            missed.append(f"{each}: not found")
        elif not any(named in line for line in said) and each.kind != "inserted":
            missed.append(f"{each}: found, not named: {said[0]}")
    assert told() == []
    measured = f"{refused} more refused by the database itself"
    proof.tell("A1", "rows altered, dropped, swapped, inserted", count=tried, violations=missed, measured=measured)


def test_every_column_is_covered_or_has_its_reason() -> None:
    for name, reasons in NOT_VOUCHED_FOR.items():
        columns = {each.name for each in Base.metadata.tables[name].columns}
        known = set(reasons) - {"ready_mark", "ready_for", "ready_manifest"}
        assert known <= columns, f"{name} has no such columns: {known - columns}"


# -- an operator who rewrites everything


def rewrite(number: int) -> None:
    """Changes a line and everything that follows from it, as somebody who runs the service can."""
    with db.housekeeping() as current:
        rows = current.execute(select(JournalLine.__table__).order_by(JournalLine.number)).mappings().all()
        before, frontier = GENESIS, b""
        for row in rows:
            values = {**row, "previous_hash": before}
            if row["number"] == number:
                values["subject"] = "X-2"
            values["hash"] = line_hash(_Line(values))
            current.execute(update(JournalLine).where(JournalLine.number == row["number"]).values(values))
            before, frontier = values["hash"], merkle.extend(frontier, row["number"] - 1, journal.leaf_of(values["hash"]))
        current.execute(update(JournalHead).values(hash=before, frontier=frontier))
        current.execute(text("DELETE FROM journal_checkpoints"))
        current.execute(text("DELETE FROM journal_subtrees"))


class _Line:
    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def cut(size: int) -> None:
    """Takes the journal back to what it was with `size` lines, as an older backup would."""
    with db.housekeeping() as current:
        current.execute(delete(JournalLine).where(JournalLine.number > size))
        hashes = current.scalars(select(JournalLine.hash).order_by(JournalLine.number)).all()
        frontier = merkle.frontier_of(journal.leaf_of(each) for each in hashes)
        current.execute(update(JournalHead).values(count=size, hash=hashes[-1], frontier=frontier))
        current.execute(text("DELETE FROM journal_checkpoints"))
        current.execute(text("DELETE FROM journal_subtrees"))


def say(times: int, of: str = "X-1") -> None:
    with db.one_action("test"):
        for _ in range(times):
            record(MadeForTest(subject=of))


@pytest.mark.parametrize("what", ["truncation", "fork", "rollback and on"])
def test_one_old_checkpoint_finds_a_rewritten_past(proof: Proof, what: str) -> None:
    rounds = proof.size("A2")
    say(40)
    make_checkpoint()
    newest = find_newest()
    assert newest is not None
    saved = newest.note
    say(10)
    without_guards()
    chosen, missed = random.Random(what), []
    for _ in range(rounds):
        with db.housekeeping() as current:
            lines = current.execute(select(JournalLine.__table__)).mappings().all()
            head = dict(current.execute(select(JournalHead.__table__)).mappings().one())
        place = chosen.randint(1, 39)
        if what == "fork":
            rewrite(place)
        else:
            cut(place)
            if what == "rollback and on":
                say(60 - place, of="X-2")
        alone, report = check_record(), check_record(read_witnessed([saved]))
        if report.is_whole or not any("a witness's checkpoint of 40 lines" in each for each in report.faults):
            missed.append(f"{what} at {place}")
        assert alone.is_whole, "only somebody's old checkpoint can tell"
        with db.housekeeping() as current:
            current.execute(delete(JournalLine))
            current.execute(insert(JournalLine.__table__), [dict(each) for each in lines])
            current.execute(update(JournalHead).values({k: v for k, v in head.items() if k != "id"}))
    assert check_record(read_witnessed([saved])).is_whole
    proof.tell("A2", f"{what} against one old checkpoint", count=rounds, violations=missed)


def test_a_receipt_is_in_the_journal_at_once_and_under_a_checkpoint_within_a_minute(proof: Proof) -> None:
    late = []
    need = bidding.purchase().need
    for _ in range(proof.size("A3")):
        bid = bidding.submitted(need)
        receipt = Receipt.from_json(bid.versions[-1].receipt.encode())
        place = receipt.facts.proof
        if place is None or not place.holds() or db.session.get_one(JournalLine, place.journal_position).hash != place.journal_line:
            late.append(f"{bid.reference} has no proof in its receipt")
            continue
        make_checkpoint()
        newest = find_newest()
        if newest is None or newest.size < place.tree_size:
            late.append(f"{bid.reference} is under no checkpoint")
    entry = next(each for each in TIMETABLE if each.act is make_checkpoint)
    proof.tell("A3", "receipts with a proof of their line in the same answer", count=proof.size("A3"), violations=late,
               measured=f"0 s; a checkpoint every {entry.every.total_seconds():.0f} s")  # fmt: skip
