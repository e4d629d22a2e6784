"""Append-only, hash-chained lines: what happened, who did it, when. Audit trail and outbox in one.

Each line's hash covers every column of the line and the hash before it. `journal_head` keeps how many lines
there are and the last hash, so that a missing last line shows. Lines are numbered under the head's lock at the
end of the transaction: they become visible in the order of their numbers, so a reader that follows the numbers
never misses one committed late.

The lines' hashes are also the leaves of a Merkle tree (RFC 6962), so that a few hashes prove to somebody who sees no
other line that one is in it, and that a later tree only added to an earlier one. The head keeps the tree's frontier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.util import identity_key

from marketplace.core import clock, merkle
from marketplace.core.append_only import guard
from marketplace.core.db import Base, UTCDateTime, session

GENESIS = "0" * 64
HASH_FORMAT = "market-journal-1"


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened, in the past tense. `subject` is the reference of the thing it happened to.

    Fields become the line's details: never bid text, never a name or an address (people appear by pseudonym).
    """

    subject: str
    need: str = ""
    authority: str = ""

    _outside_details: ClassVar[frozenset[str]] = frozenset({"subject", "need", "authority"})

    @property
    def name(self) -> str:
        return type(self).__name__

    def details(self) -> dict[str, Any]:
        return {each: value for each, value in vars(self).items() if each not in self._outside_details}


@dataclass(frozen=True)
class Actor:
    """Who acts: a person's pseudonym, the organisation's reference, and in which role."""

    person: str
    organisation: str = ""
    role: str = ""


SYSTEM = Actor("system", "", "system")


# Lines of named organisations and of the system; those whose names the journal hides (bidders before the opening, who
# asks a question) name none. In SQL as it stands in an index, which serves only who asks in the same words.
TOLD = text("(organisation <> '' OR role = 'system')")


class JournalLine(Base):
    """One thing that happened. The database itself refuses to change or delete a line."""

    __tablename__ = "journal_lines"
    # The last line that everybody may know of is asked for by every page of a need.
    __table_args__ = (
        Index(None, "need"),
        Index("ix_journal_lines_told", "need", "number", sqlite_where=TOLD, postgresql_where=TOLD),
    )
    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    event: Mapped[str] = mapped_column(String(80), index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)
    organisation: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    need: Mapped[str] = mapped_column(String(40))
    authority: Mapped[str] = mapped_column(String(120), index=True)
    details: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.details)


class JournalHead(Base):
    """How many lines there are, the last hash and the tree's frontier; so a missing last line shows."""

    __tablename__ = "journal_head"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    hash: Mapped[str] = mapped_column(String(64))
    # The roots of the tree's perfect subtrees, largest first: what the next leaf needs (merkle.extend).
    frontier: Mapped[bytes] = mapped_column(LargeBinary)


guard(JournalLine.__table__)


def record(happened: Event, actor: Actor = SYSTEM) -> None:
    """Says what happened, in the transaction that did it. Only inside an action."""
    lines = session().info.get("lines")
    if lines is None:
        raise RuntimeError(f"record({happened.name}) belongs inside an @action.")
    lines.append((happened, actor))


@dataclass(frozen=True)
class Position:
    """Where a line stands, provable at once: it is the last of the tree whose frontier follows from the one before."""

    number: int
    line_hash: str
    frontier: bytes
    frontier_before: bytes

    @property
    def tree_size(self) -> int:
        return self.number

    @property
    def root(self) -> str:
        """The root of the tree up to this line, in hexadecimal."""
        return merkle.root_of(self.frontier).hex()

    @property
    def inclusion(self) -> list[str]:
        """The line's path in that tree, lowest first, in hexadecimal."""
        return [each.hex() for each in merkle.last_path(self.frontier_before)]


@dataclass(frozen=True)
class Placed:
    """Lines that have their places in the chain and are not written yet. The head's lock is held until the commit."""

    lines: list[dict[str, Any]]
    position: Position

    def write(self) -> None:
        """Stores the lines, and moves the head."""
        current = session()
        connection = current.connection()
        if self.fits_one_statement:
            connection.execute(_LINE_AND_HEAD, self.values())
        else:
            connection.execute(_NEW_LINES, self.lines)
            connection.execute(_MOVED_HEAD, self._moved())
        self.is_written()

    @property
    def fits_one_statement(self) -> bool:
        """Whether LINE_AND_HEAD can store it: one line, on a database that writes to several tables at once."""
        return len(self.lines) == 1 and session().connection().dialect.name == "postgresql"

    def values(self) -> dict[str, Any]:
        """What LINE_AND_HEAD is given, for the one line."""
        (line,) = self.lines
        return {f"line_{name}": value for name, value in line.items()} | self._moved()

    def is_written(self) -> None:
        """Said by who stored them with a statement of its own."""
        current = session()
        current.info["placed"] = None
        held = current.identity_map.get(identity_key(JournalHead, 1))
        if held is not None:  # somebody holds the head as an object: it is read again when it is next looked at
            current.expire(held)

    def _moved(self) -> dict[str, Any]:
        at = self.position
        return {"new_count": at.number, "new_hash": at.line_hash, "new_frontier": at.frontier}


def place_so_far() -> Placed:
    """Gives what was recorded in this action until now its places; the caller writes them, at once or with its own rows.

    For an action that must give its line's place away while it is still at work, such as one that signs a receipt. The
    head's lock is held from here to the commit, so call it late. Rolled back with the action, like everything else; an
    action that does not write them fails.
    """
    current = session()
    happened = current.info.get("lines")
    if not happened:
        raise RuntimeError("place_so_far() belongs inside an @action, after record(...).")
    _insist_written(current)
    placed = _place(current, happened)
    current.info.update(lines=[], has_spoken=True, placed=placed)
    return placed


def write_lines(current: Session, happened: Sequence[tuple[Event, Actor]]) -> None:
    """Numbers, chains and stores the lines; the head's lock is held from here to the commit."""
    _insist_written(current)
    if happened:
        _place(current, happened).write()


def _insist_written(current: Session) -> None:
    if current.info.get("placed"):
        raise RuntimeError("Lines were placed in the journal and not written.")


def _place(current: Session, happened: Sequence[tuple[Event, Actor]]) -> Placed:
    # Past the object mapper: every action of the house comes through here, and holds the head's lock meanwhile.
    connection = current.connection()
    head = connection.execute(_LOCKED_HEAD).first()
    if head is None:
        connection.execute(_NEW_HEAD, {"id": 1, "count": 0, "hash": GENESIS, "frontier": b""})
    count, last, frontier = head or (0, GENESIS, b"")
    before, lines = frontier, []
    for each, actor in happened:
        line = _line(count + 1, last, each, actor)
        last, before = line["hash"], frontier
        frontier = merkle.extend(frontier, count, leaf_of(last))
        count += 1
        lines.append(line)
    return Placed(lines, Position(count, last, frontier, before))


def leaf_of(line_hash: str) -> bytes:
    """A line's leaf in the tree: SHA-256 of a zero byte and the 32 bytes of the line's hash."""
    return merkle.leaf_hash(bytes.fromhex(line_hash))


def _line(number: int, before: str, happened: Event, actor: Actor) -> dict[str, Any]:
    line: dict[str, Any] = {
        "number": number,
        "at": clock.now(),
        "event": happened.name,
        "actor": actor.person,
        "organisation": actor.organisation,
        "role": actor.role,
        "subject": happened.subject,
        "need": happened.need,
        "authority": happened.authority,
        "details": canonical_json(happened.details()),
        "previous_hash": before,
    }
    return {**line, "hash": line_hash(SimpleNamespace(**line))}


_LOCKED_HEAD = (
    select(JournalHead.count, JournalHead.hash, JournalHead.frontier).where(JournalHead.id == 1).with_for_update()
)
_NEW_HEAD = insert(JournalHead)
_MOVED_HEAD = (
    update(JournalHead)
    .where(JournalHead.id == 1)
    .values(count=bindparam("new_count"), hash=bindparam("new_hash"), frontier=bindparam("new_frontier"))
)
_NEW_LINES = insert(JournalLine)
# For one round trip, because everybody waits meanwhile. Statements that store more at once take these with theirs.
LINE_AND_HEAD = (
    _NEW_LINES.values({each.name: bindparam(f"line_{each.name}") for each in JournalLine.__table__.c}).cte("line"),
    _MOVED_HEAD.returning(JournalHead.id).cte("head"),
)
_LINE_AND_HEAD = _MOVED_HEAD.add_cte(LINE_AND_HEAD[0])

HASHED = (
    "number",
    "at",
    "event",
    "actor",
    "organisation",
    "role",
    "subject",
    "need",
    "authority",
    "details",
    "previous_hash",
)


def line_hash(line: Any) -> str:
    """SHA-256 over the canonical JSON of every column but the hash itself, under the format's name."""
    values = [HASH_FORMAT, *(plain(getattr(line, column)) for column in HASHED)]
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON that is the same text for the same value: sorted keys, no spaces, UTF-8 kept."""
    return _ENCODER.encode(value)


def plain(value: Any) -> Any:
    """Instants as ISO 8601 UTC to the microsecond with Z, days as ISO; the rest unchanged."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain)


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: whole, or the first bad line's number and why."""

    lines: int
    first_bad: int | None = None
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        return self.first_bad is None


# Is told of each line in order: how many lines there are with it, its leaf, the tree's frontier with it.
Watch = Callable[[int, bytes, bytes], None]


def verify(current: Session, watch: Watch | None = None) -> Verdict:
    """Walks the chain up to the head as it stands when asked; lines that writers add meanwhile disturb nothing."""
    lines, head = JournalLine.__table__, JournalHead.__table__
    # One statement, so that head and last line are of one instant.
    newest = select(func.max(lines.c.number)).scalar_subquery()
    columns = (head.c.count.label("counted"), head.c.hash, head.c.frontier, newest.label("newest"))
    stand = current.execute(select(*columns).where(head.c.id == 1)).first()
    if stand is None:
        last = current.scalar(select(func.max(lines.c.number))) or 0
        return Verdict(last, last, "the head is missing") if last else Verdict(0)
    expected, before, frontier = 0, GENESIS, b""
    chosen = select(lines).where(lines.c.number <= stand.counted).order_by(lines.c.number)
    with current.execute(chosen.execution_options(yield_per=2000)) as walked:
        for line in walked:
            expected += 1
            fault = _fault(line, expected, before)
            if fault:
                return Verdict(expected, expected if line.number >= expected else line.number, fault)
            before = line.hash
            leaf = leaf_of(before)
            frontier = merkle.extend(frontier, expected - 1, leaf)
            if watch is not None:
                watch(expected, leaf, frontier)
    if expected < stand.counted:
        return Verdict(expected, expected + 1, f"the head counts {stand.counted} lines, {expected} are here")
    if (stand.newest or 0) > stand.counted:
        return Verdict(expected, stand.counted + 1, f"the head counts {stand.counted} lines, and this one is beyond it")
    if stand.hash != before:
        return Verdict(expected, expected, "the head's hash is not the last line's")
    if stand.frontier != frontier:
        return Verdict(expected, expected, "the head's tree is not the tree of the lines")
    return Verdict(expected)


def _fault(line: Any, expected: int, before: str) -> str:
    if line.number != expected:
        return f"line {expected} is missing or out of order (found {line.number})"
    if line.previous_hash != before:
        return "it does not follow from the line before"
    if line.hash != line_hash(line):
        return "its contents do not match its hash"
    return ""


def event_fields(kind: type[Event]) -> list[str]:
    """The names of an event's details, for the data dictionary."""
    return [each.name for each in fields(kind) if each.name not in Event._outside_details]
