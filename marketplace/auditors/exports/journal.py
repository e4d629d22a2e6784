"""journal.csv: every line, so that the chain can be followed from the first to the last.

A line that would tell who or how many bid before the opening shows its number and hashes only. The chain holds
through it: the next line names its hash, and after the opening the same line is exported whole, under the same hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from marketplace.core.csvfile import uncell
from marketplace.core.journal import GENESIS, HASHED, JournalLine, line_hash
from tenders.bids.queries import shown_lines

SHOWN_ALWAYS = frozenset({"number", "previous_hash", "hash"})
RECIPE = (
    'To check a line, take the JSON list of "market-journal-1" and its cells from number to previous_hash (number as '
    "a number, the rest as text, one leading apostrophe taken away), written without spaces and with characters kept "
    "as they are; its SHA-256 in hexadecimal is hash. Each line’s previous_hash is the hash of the line before; the "
    "first line’s is 64 zeros. A line with is_withheld true has no cells to check yet: take its hash as it stands."
)

COLUMNS = (
    shape.number("number", "Number of the line, from 1 without gaps", "journal_lines.number"),
    shape.instant("at", "When it was written, to the microsecond", "journal_lines.at"),
    shape.code("event", "What happened", "journal_lines.event"),
    shape.person("actor", "Who did it, or a keyed hash where that stays hidden", "journal_lines.actor"),
    shape.reference("organisation", "For which organisation", "journal_lines.organisation"),
    shape.code("role", "In which role", "journal_lines.role"),
    shape.reference("subject", "To what it happened", "journal_lines.subject"),
    shape.reference("need", "The need that it belongs to", "journal_lines.need"),
    shape.reference("authority", "The council that it belongs to", "journal_lines.authority"),
    shape.words("details", "The event’s details as JSON", "journal_lines.details"),
    shape.reference("previous_hash", "Hash of the line before", "journal_lines.previous_hash"),
    shape.reference("hash", "SHA-256 of this line", "journal_lines.hash"),
    shape.claim(
        "is_withheld",
        "It belongs to bids not yet opened: only number and hashes are shown",
        "journal_lines.event and needs.opened_at",
    ),
)


def _query(scope: shape.Scope) -> Select[Any]:
    shown = shown_lines().label("is_shown")
    query = select(*JournalLine.__table__.columns, shown)
    if not scope.is_whole:
        # Which council or day a withheld line belongs to is withheld too.
        query = query.where(shown_lines())
    council = select(Organisation.slug).where(Organisation.reference == JournalLine.authority).scalar_subquery()
    return scope.narrow(query, council, JournalLine.at).order_by(JournalLine.number)


class _Line:
    """A line as it may be seen now."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.is_withheld = not row.is_shown

    def __getattr__(self, name: str) -> Any:
        return None if self.is_withheld and name not in SHOWN_ALWAYS else getattr(self._row, name)


EXPORT = shape.Export(
    "journal",
    "One line of the journal; with filters, only the lines that may be shown whole",
    "At once; what would tell who or how many bid, from the opening",
    "at",
    COLUMNS,
    _query,
    _Line,
)


@dataclass(frozen=True)
class _Cells:
    """A line as its cells give it."""

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


def chain_fault(rows: Any) -> str:
    """Follows RECIPE over the rows of a whole journal.csv (as csv.DictReader gives them); "" when the chain holds."""
    before = GENESIS
    for expected, row in enumerate(rows, start=1):
        if int(row["number"]) != expected:
            return f"line {expected} is missing"
        if row["previous_hash"] != before:
            return f"line {expected} does not follow from the line before"
        if row["is_withheld"] == "false" and row["hash"] != _hash_of(row):
            return f"line {expected} does not match its hash"
        before = row["hash"]
    return ""


def _hash_of(row: Mapping[str, str]) -> str:
    cells = {name: uncell(row[name]) for name in HASHED}
    return line_hash(_Cells({**cells, "number": int(row["number"])}))
