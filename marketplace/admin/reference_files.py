"""The reference files that ship with the service, with their rows, sources and licences as their README lists them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from marketplace.reference import FOLDER

_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|[^|]*\| (?P<what>[^|]*) \| (?P<source>[^|]*) \|$")


@dataclass(frozen=True)
class ReferenceFile:
    """One file: how many rows it has now, what it is, and where it comes from under which licence."""

    name: str
    rows: int
    what: str
    source: str


def reference_files() -> list[ReferenceFile]:
    """Every file of the README's table, counted now; a file that the table forgets is listed without a source."""
    told = _told()
    names = sorted({*told, *(each.name for each in FOLDER.iterdir() if each.suffix in (".csv", ".txt"))})
    return [ReferenceFile(name, _count(name), *told.get(name, ("", "not stated"))) for name in names]


def _told() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines():
        row = _ROW.match(line)
        if row:
            plain = row["source"].replace("`", "")
            what = row["what"].replace("`", "")
            if plain == "as above" and found:
                plain = list(found.values())[-1][1]
            found[row["name"]] = (what, plain)
    return found


def _count(name: str) -> int:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        if name.endswith(".csv"):
            return sum(1 for _ in csv.reader(lines)) - 1
        return sum(1 for line in lines if line.strip() and not line.startswith("# "))
