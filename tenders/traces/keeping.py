"""The trace put on record piece by piece, so that a later change shows; checked against the record; removed in time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.journal import SYSTEM, JournalLine, record
from tenders.traces import events
from tenders.traces.book import SUFFIX, Book, current_book

_logger = logging.getLogger(__name__)
KEPT, REMOVED = events.TraceKept.__name__, events.TraceRemoved.__name__


@action
def keep_pieces() -> int:
    """Records the SHA-256 of everything that the trace gained since it was last recorded; returns how many pieces.

    A disk that cannot be read stops nothing that waits for this, such as an opening; it is said in the log.
    """
    book, last, count = current_book(), _last_kept(), 0
    for name in book.names():
        if last is not None and name < last.subject:
            continue  # whole on record since the day after it
        try:
            count += _keep(book, name)
        except OSError as fault:
            _logger.error("the trace %s could not be put on record: %s", name, fault)
    return count


def _keep(book: Book, name: str) -> int:
    before = _last_kept(name)
    begins, ends = before.facts["ends"] if before is not None else 0, book.size(name)
    if ends <= begins:
        return 0
    sha256 = book.sha256(name, begins, ends)
    if not sha256:
        return 0
    record(events.TraceKept(subject=name, begins=begins, ends=ends, sha256=sha256), SYSTEM)
    return 1


def _last_kept(name: str = "") -> JournalLine | None:
    query = select(JournalLine).where(JournalLine.event == KEPT)
    if name:
        query = query.where(JournalLine.subject == name)
    return db.session.scalar(query.order_by(JournalLine.number.desc()).limit(1))


@action
def remove_old() -> int:
    """Removes the days that are older than the setting allows, on record; returns how many."""
    book = current_book()
    oldest = clock.now().date() - timedelta(days=config.current().trace_days)
    old = [name for name in book.names() if name < f"{oldest.isoformat()}{SUFFIX}"]
    for name in old:
        record(events.TraceRemoved(subject=name, size=book.size(name)), SYSTEM)
        book.remove(name)
    return len(old)


@dataclass(frozen=True)
class TraceVerdict:
    """What checking found: pieces that hold, what does not and why, and how much is not on record yet."""

    pieces: int
    faults: Sequence[str]
    unrecorded: int  # bytes

    @property
    def is_whole(self) -> bool:
        return not self.faults


def verify_trace() -> TraceVerdict:
    """Compares every piece on record with the files."""
    book = current_book()
    query = select(JournalLine).where(JournalLine.event.in_((KEPT, REMOVED))).order_by(JournalLine.number)
    lines = db.session.scalars(query).all()
    removed = {each.subject for each in lines if each.event == REMOVED}
    ends: dict[str, int] = {}
    faults = []
    kept = [each for each in lines if each.event == KEPT and each.subject not in removed]
    for line in kept:
        facts = line.facts
        ends[line.subject] = max(facts["ends"], ends.get(line.subject, 0))
        fault = _fault(book, line.subject, facts)
        if fault:
            place = f"{line.subject}, bytes {facts['begins']} to {facts['ends']} (line {line.number} of the journal)"
            faults.append(f"{place}: {fault}")
    unrecorded = sum(max(0, book.size(name) - ends.get(name, 0)) for name in book.names())
    return TraceVerdict(len(kept), faults, unrecorded)


def _fault(book: Book, name: str, facts: dict[str, object]) -> str:
    begins, ends = int(str(facts["begins"])), int(str(facts["ends"]))
    if name not in book.names():
        return "the file is missing"
    found = book.sha256(name, begins, ends)
    if not found:
        return f"the file ends at {book.size(name)}"
    return "" if found == facts["sha256"] else "the bytes are not those on record"
