"""The proof of a promise: how much to try in this run, and the line that says what came out.

The environment names the run, and is read here only: PROOF_SIZE (`short`, or `long` as `make prove` does) and
PROOF_TABLE, the file that gets a line of JSON for each thing told, and for each test that went through to its end. A
table that is used again spares what it holds, so that hours of proof can be taken in parts.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST_LIST = 10


@dataclass(frozen=True)
class Goal:
    """One row of goals.csv, from the project's list of promises."""

    id: str
    property: str
    goal: str
    moonshot: str


@dataclass(frozen=True)
class Told:
    """One thing that was tried: a line of the table."""

    id: str
    tried: str
    count: int
    violations: int
    measured: str
    database: str
    test: str = ""


@dataclass(frozen=True)
class Held:
    """A test that came to its end and broke nothing."""

    test: str
    database: str


def goals() -> dict[str, Goal]:
    return {row["id"]: Goal(**row) for row in _rows("goals.csv")}


def sizes() -> dict[str, dict[str, str]]:
    """Short and long count of each promise that has a test."""
    return {row["id"]: row for row in _rows("sizes.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_long() -> bool:
    """Whether this run tries as much as the promise asks for."""
    named = os.environ.get("PROOF_SIZE", "short")
    assert named in {"short", "long"}, f"PROOF_SIZE is short or long, not {named!r}"
    return named == "long"


def database() -> str:
    return "PostgreSQL" if os.environ.get("TEST_DATABASE_URL") else "SQLite"


class Proof:
    """What a promise's test holds in its hand: `size` before, `tell` after."""

    def __init__(self, test: str = "") -> None:
        self.test = test
        self.asked: set[str] = set()
        self.told: set[str] = set()

    def size(self, promise: str) -> int:
        """How many to try in this run, from sizes.csv. KeyError if the promise has no row."""
        self.asked.add(promise)
        return int(sizes()[promise]["long" if is_long() else "short"])

    def tell(
        self, promise: str, tried: str, *, count: int, violations: int | Collection[object], measured: str = ""
    ) -> None:
        """Puts a line into the table; fails the test if anything broke the promise, or if nothing was tried.

        `violations` is their number, or better the list of them in words; `measured` any figure worth reading.
        """
        assert promise in sizes(), f"{promise} has no row in sizes.csv"
        assert promise in goals(), f"{promise} has no row in goals.csv"
        self.told.add(promise)
        number = violations if isinstance(violations, int) else len(violations)
        keep(Told(promise, tried, count, number, measured, database(), self.test))
        if number:
            pytest.fail(f"{promise}, {tried}: {number} of {count} broke it{_listed(violations)}", pytrace=False)
        if count < 1:
            pytest.fail(f"{promise}, {tried}: nothing was tried", pytrace=False)

    def insist_that_all_was_told(self) -> None:
        """A test that asked for a size and said nothing would look like one that held."""
        silent = self.asked - self.told
        assert not silent, f"asked for a size and told nothing of {', '.join(sorted(silent))}"


def _listed(violations: int | Collection[object]) -> str:
    if isinstance(violations, int):
        return ""
    shown = [str(each) for each in list(violations)[:LONGEST_LIST]]
    return ":\n  " + "\n  ".join(shown) + ("\n  …" if len(violations) > LONGEST_LIST else "")


def table() -> list[Told | Held]:
    """What the run's table holds; empty without one."""
    named = os.environ.get("PROOF_TABLE", "")
    lines = Path(named).read_text("utf-8").splitlines() if named and Path(named).exists() else []
    return [Told(**each) if "id" in each else Held(**each) for each in map(json.loads, lines)]


def keep(line: Told | Held) -> None:
    """Adds a line to the run's table, if it has one."""
    named = os.environ.get("PROOF_TABLE")
    if named:
        with Path(named).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line)) + "\n")
