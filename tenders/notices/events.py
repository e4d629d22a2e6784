"""What happens to notices, ours and those of other places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class NeedsImported(Event):
    """Needs of other places were taken in from a file: at most 500 references in one line, for the index."""

    references: tuple[str, ...]
    new: int
    changed: int


@dataclass(frozen=True, kw_only=True)
class NoticeRaised(Event):
    """A notice that the law asks for became due; nobody has published it yet."""

    kind: str
    about: str
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class NoticeRecorded(Event):
    """A notice was published on the central platform; its number is on record here."""

    kind: str
    about: str
    number: str
    published_on: date
    was_late: bool


@dataclass(frozen=True, kw_only=True)
class NoticeCorrected(Event):
    """What was recorded of a published notice was wrong: both numbers and days; the reason stands in the row."""

    kind: str
    about: str
    number_before: str
    number: str
    published_on_before: date
    published_on: date


@dataclass(frozen=True, kw_only=True)
class NoticeDropped(Event):
    """A notice that was due is due no longer: what it was for will not happen."""

    kind: str
    about: str
