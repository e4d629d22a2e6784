"""What auditors do that stays on record: exports made, the journal checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class ExportMade(Event):
    """Somebody made an export (`subject`): the filters, and rows and SHA-256 of what was made."""

    as_of: datetime
    council: str
    from_on: date | None
    to_on: date | None
    rows: int
    sha256: str
    files: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class JournalChecked(Event):
    """Somebody had the record checked; `first_bad` is the first line that does not fit, or none.

    `faults` counts what else does not agree: checkpoints, tree, rows of bids. `not_checked` says what could not be.
    """

    lines: int
    first_bad: int | None
    reason: str
    faults: int
    not_checked: list[str]
