"""What the journal holds so far, as tests ask for it."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.journal import JournalLine


def lines_of(event: str) -> list[JournalLine]:
    """Every line that tells of this event, the oldest first."""
    return list(db.session.scalars(select(JournalLine).where(JournalLine.event == event).order_by(JournalLine.number)))


def events_told() -> list[str]:
    """The names of all events in their order, without those of rows that a test made by hand."""
    rows = db.session.scalars(select(JournalLine.event).order_by(JournalLine.number)).all()
    return [each for each in rows if each != "MadeForTest"]
