"""The grounds on which a contract may be changed (Procurement Act 2023 s74, Schedule 8)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from marketplace.core.errors import NotFound

OWN_RULES = "own_rules"


@dataclass(frozen=True)
class Ground:
    """One ground; `cap` is the most that the value may change, in percent of the value before, None for no cap."""

    code: str
    title: str
    words: str
    cap: int | None
    source: str


@cache
def grounds() -> tuple[Ground, ...]:
    """Every ground, in the order of the law."""
    with (Path(__file__).parent / "grounds.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(
            Ground(row["code"], row["title"], row["words"], int(row["cap"]) if row["cap"] else None, row["source"])
            for row in csv.DictReader(rows)
        )


def get_ground(code: str) -> Ground:
    """The ground with this code; NotFound."""
    for each in grounds():
        if each.code == code:
            return each
    raise NotFound(f"There is no ground called {code}.")
