"""Reading the journal afterwards: each listener's deliveries, claimed with a lease, tried again, never lost.

A pass first enters deliveries for lines not yet looked at (the cursor is safe: lines become visible in the order of
their numbers), then claims what is due. A listener must be idempotent: after a kill the same line comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core import clock, db
from marketplace.core.db import Base, UTCDateTime
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import JournalLine

LEASE = timedelta(minutes=5)
RETRIES = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
BATCH = 500
_logger = logging.getLogger(__name__)
BigNumber = BigInteger().with_variant(Integer, "sqlite")


class Cursor(Base):
    """How far a listener has looked through the journal."""

    __tablename__ = "journal_cursors"
    listener: Mapped[str] = mapped_column(String(80), primary_key=True)
    scanned_to: Mapped[int] = mapped_column(BigNumber, default=0)


class Delivery(Base):
    """One line for one listener: due, leased, done, or given up after the last retry (and then shown)."""

    __tablename__ = "journal_deliveries"
    __table_args__ = (Index("ix_journal_deliveries_due", "listener", "done_at", "due_at"),)
    listener: Mapped[str] = mapped_column(String(80), primary_key=True)
    line: Mapped[int] = mapped_column(BigNumber, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    gave_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")


@dataclass(frozen=True)
class Listener:
    """Who reacts to which events. `react` gets a batch of lines, oldest first, and runs outside any transaction."""

    name: str
    events: frozenset[str]
    react: Callable[[Sequence[JournalLine]], None]
    # One line at a time: one bad line must not hold back the others.
    takes_batches: bool = False


def enter_deliveries(listener: Listener) -> int:
    """Looks at lines not yet looked at and enters a delivery for each that concerns the listener."""
    with db.housekeeping() as current:
        cursor = current.get(Cursor, listener.name, with_for_update=True)
        if cursor is None:
            cursor = Cursor(listener=listener.name, scanned_to=0)
            current.add(cursor)
        lines = current.execute(
            select(JournalLine.number, JournalLine.event)
            .where(JournalLine.number > cursor.scanned_to)
            .order_by(JournalLine.number)
            .limit(BATCH * 4)
        ).all()
        at = clock.now()
        wanted = [number for number, event in lines if event in listener.events]
        current.add_all(Delivery(listener=listener.name, line=number, due_at=at) for number in wanted)
        if lines:
            cursor.scanned_to = lines[-1][0]
        failpoint("worker: deliveries entered, not committed", listener.name)
        return len(lines)


def has_unseen_lines(listener: Listener) -> bool:
    """Whether the journal is ahead of the listener's cursor; a cheap read, so idle workers take no write lock."""
    last = db.session.scalar(select(JournalLine.number).order_by(JournalLine.number.desc()).limit(1)) or 0
    seen = db.session.scalar(select(Cursor.scanned_to).where(Cursor.listener == listener.name)) or 0
    return last > seen


def _is_due(listener: str, at: datetime) -> Any:
    free = Delivery.leased_until.is_(None) | (Delivery.leased_until < at)
    return (
        (Delivery.listener == listener)
        & Delivery.done_at.is_(None)
        & Delivery.gave_up_at.is_(None)
        & (Delivery.due_at <= at)
        & free
    )


def deliver(listener: Listener) -> int:
    """Claims what is due, lets the listener react, marks the outcome. Returns how many lines were delivered."""
    at = clock.now()
    if db.session.scalar(select(Delivery.line).where(_is_due(listener.name, at)).limit(1)) is None:
        db.session.rollback()
        return 0
    with db.housekeeping() as current:
        query = select(Delivery).where(_is_due(listener.name, at)).order_by(Delivery.line).limit(BATCH)
        claimed = [each.line for each in current.scalars(query.with_for_update(skip_locked=True))]
        _mark(claimed, listener, leased_until=at + LEASE)
    failpoint("worker: lines claimed", listener.name)
    groups = [claimed] if listener.takes_batches else [[number] for number in claimed]
    return sum(_react(listener, group) for group in groups if group)


def _mark(numbers: Sequence[int], listener: Listener, **values: Any) -> None:
    chosen = (Delivery.listener == listener.name) & Delivery.line.in_(numbers)
    db.session.execute(update(Delivery).where(chosen).values(**values))


def _react(listener: Listener, numbers: Sequence[int]) -> int:
    query = select(JournalLine).where(JournalLine.number.in_(numbers)).order_by(JournalLine.number)
    try:
        listener.react(list(db.session.scalars(query)))
    except Exception as fault:  # a listener's fault must not stop the others; it is kept and shown
        db.session.rollback()
        _logger.exception("listener %s failed on lines %s", listener.name, list(numbers)[:5])
        _put_off(listener, numbers, f"{type(fault).__name__}: {fault}"[:500])
        return 0
    failpoint("worker: reacted, not yet marked", listener.name)
    with db.housekeeping():
        _mark(numbers, listener, done_at=clock.now(), leased_until=None)
    failpoint("worker: marked", listener.name)
    return len(numbers)


def _put_off(listener: Listener, numbers: Sequence[int], error: str) -> None:
    at = clock.now()
    with db.housekeeping() as current:
        chosen = (Delivery.listener == listener.name) & Delivery.line.in_(numbers)
        for each in current.scalars(select(Delivery).where(chosen)):
            each.attempts += 1
            each.leased_until, each.last_error = None, error
            if each.attempts > len(RETRIES):
                each.gave_up_at = at
            else:
                each.due_at = at + RETRIES[each.attempts - 1]
