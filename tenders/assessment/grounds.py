"""The lawful grounds on which a bid is disregarded, as the CSV file beside this page holds them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from marketplace.core.errors import NotFound


@dataclass(frozen=True)
class Ground:
    """One ground: whether the council must or may act on it, and whether the supplier is heard first."""

    code: str
    title: str
    is_mandatory: bool
    hears_supplier_first: bool
    source: str


@cache
def grounds() -> tuple[Ground, ...]:
    """Every ground, in the order of the list that people choose from."""
    with (Path(__file__).resolve().parent / "grounds.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            Ground(row["code"], row["title"], row["strength"] == "must", row["hear_first"] == "yes", row["source"])
            for row in csv.DictReader(lines)
        )


def get_ground(code: str) -> Ground:
    """The ground with this code; raises NotFound."""
    for each in grounds():
        if each.code == code:
            return each
    raise NotFound("There is no such ground for disregarding a bid.")
