"""The data dictionary: dictionary.csv beside the exports, and docs/data-dictionary.md.

`python -m marketplace.auditors.dictionary` writes the document; a test of the house says when that is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from marketplace.auditors.exports import EXPORTS, OFFERED, Export
from marketplace.auditors.exports.journal import RECIPE
from marketplace.auditors.manifest import SIGNING
from marketplace.config import CHECKOUT
from marketplace.core.csvfile import Column
from tenders.bids.traces import COLUMNS as TRACE_COLUMNS

DICTIONARY = "dictionary.csv"
DOCUMENT = CHECKOUT / "docs" / "data-dictionary.md"
Row = tuple[str, Column]

COLUMNS = (
    Column("file", "The file", "text", "the list of exports", lambda row: row[0]),
    Column("column", "The column’s heading", "text", "the list of exports", lambda row: row[1].heading),
    Column("meaning", "What it means", "text", "the list of exports", lambda row: row[1].meaning),
    Column("unit", "Unit, or kind of value", "text", "the list of exports", lambda row: row[1].unit),
    Column("source", "Where the value comes from", "text", "the list of exports", lambda row: row[1].source),
)
INTRODUCTION = f"""# Data dictionary

What stands in the auditor's exports. This page is written by `python -m marketplace.auditors.dictionary`; change the
columns in `marketplace/auditors/exports/` and run it again.

- UTF-8, RFC 4180 (commas, CRLF), a header even when there are no rows, rows always in the same order.
- Headings are snake_case. Instants are UTC with microseconds and `Z`, days `YYYY-MM-DD` as in London, claims `true` or
  `false`; an empty cell means that there is nothing.
- Money is plain decimal pounds with two places, in columns that end in `_gbp`; the unit says whether VAT is in it.
- People appear by pseudonym; `people.csv` says who they are.
- A text cell that a spreadsheet would run as a formula has an apostrophe before it. Take one leading apostrophe away
  from a text cell to have the original back.
- Days asked for (`from`, `to`) are compared with the instant that each file names, on London's clock; both days count.

## Checking an export

`manifest.json` names every file with its rows and SHA-256, the instant (`as_of`) and where the journal stood (`journal`:
number of lines, the last one's hash, the root of the RFC 6962 tree over their hashes). {SIGNING}
`python3 check-export.py everything.zip --key journal-key` says whether all of it agrees.

## Checking the journal

{RECIPE}
"""


def dictionary_rows() -> tuple[tuple[Column, ...], Iterator[Row]]:
    """The columns and rows of dictionary.csv."""
    return COLUMNS, ((export.file_name, column) for export in EXPORTS for column in export.columns)


def document() -> str:
    """The text of docs/data-dictionary.md."""
    return "\n".join([INTRODUCTION, *(_section(each) for each in OFFERED), _trace_section()])


def _trace_section() -> str:
    """The file that is not an export: the bidding firm has it at any time, council and auditors after the opening."""
    lines = [
        "## trace-….csv",
        "",
        "One request about a bid, in the order in which they came. Seen: by the bidding firm at any time, by its council and",
        "auditors after the opening, from the page of the bid.",
        "",
        *_table(TRACE_COLUMNS),
        "",
    ]
    return "\n".join(lines)


def _table(columns: Sequence[Column]) -> list[str]:
    return [
        "| Column | Meaning | Unit | Source |",
        "|---|---|---|---|",
        *(f"| `{each.heading}` | {_cell(each.meaning)} | {each.unit} | {_cell(each.source)} |" for each in columns),
    ]


def _section(export: Export) -> str:
    lines = [
        f"## {export.file_name}",
        "",
        f"{export.row}. Seen: {_lower(export.seen)}. Days asked for are compared with: {export.dated_by}.",
        "",
        *_table(export.columns),
        "",
    ]
    return "\n".join(lines)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write_document(path: Path = DOCUMENT) -> Any:
    """Writes the document."""
    return path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    write_document()
