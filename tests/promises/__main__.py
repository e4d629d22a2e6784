"""The proof of every promise, at full length, on both databases: python -m tests.promises [pytest's arguments].

At its end the ordinary tests run on both databases too, and must give the same (D13); this part alone:
python -m tests.promises alike [pytest's arguments].

Prints one table at the end. Ends with a fault if anything broke a promise, if a test failed, or if a promise that
sizes.csv names was not tried on one of the databases (unless arguments chose some tests only).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.promises import alike
from tests.promises.proof import HERE, Told, goals, sizes

DATABASES = ("SQLite", "PostgreSQL")
HEADINGS = ("promise", "what was tried", "database", "count", "violations", "measured", "goal")


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        table = Path(folder) / "table.jsonl"
        table.touch()
        alone = arguments[:1] == ["alike"]
        failed = [] if alone else [name for name in DATABASES if _run(name, table, arguments)]
        told = [Told(**json.loads(line)) for line in table.read_text("utf-8").splitlines()]
        if alone or not arguments:
            outcomes = {name: _outcomes(name, Path(folder) / name, arguments[1:]) for name in DATABASES}
            told += _alike(outcomes)
    missing = [] if arguments else not_run(told)
    print("\n".join(report(told)))
    for line in missing:
        print(f"NOT RUN: {line}")
    for name in failed:
        print(f"FAILED: tests on {name}; see above")
    return int(bool(failed or missing or any(each.violations for each in told)))


def _run(database: str, table: Path, arguments: list[str]) -> int:
    """Runs the tests in their long form; gives the exit code."""
    print(f"== promises on {database}", flush=True)
    command = [*(arguments or ["-m", "not browser"]), str(HERE)]
    return _pytest(database, command, PROOF_SIZE="long", PROOF_TABLE=str(table))


def _outcomes(database: str, file: Path, arguments: list[str]) -> dict[str, str]:
    """What came out of each ordinary test on this database."""
    print(f"== ordinary tests on {database}", flush=True)
    chosen = ["-n", "2", "-m", "not browser and not slow", *(arguments or [str(HERE.parent)])]
    _pytest(database, ["-p", "tests.promises.alike", *chosen], PROOF_OUTCOMES=str(file))
    outcomes: dict[str, str] = json.loads(file.read_text("utf-8"))
    return outcomes


def _alike(outcomes: dict[str, dict[str, str]]) -> list[Told]:
    different = alike.differences(outcomes)
    for each in different:
        print(f"not alike: {each}")
    measured = f"{alike.of_one_database(outcomes)} are of one database alone"
    return [
        Told("D13", "ordinary tests, the same on both", len(tests), len(different), measured, name)
        for name, tests in outcomes.items()
    ]


def _pytest(database: str, arguments: list[str], **more: str) -> int:
    words = {**os.environ, **more}
    words.pop("TEST_DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", *arguments]
    if database == "SQLite":
        return subprocess.run(command, env=words, check=False).returncode
    from tests import postgres

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with postgres.server() as url:
            return subprocess.run(command, env={**words, "TEST_DATABASE_URL": url}, check=False).returncode


def not_run(told: Iterable[Told]) -> list[str]:
    """Promises with a size that a run on one of the databases said nothing of."""
    seen = {(each.id, each.database) for each in told}
    return [f"{name} on {database}" for name in sizes() for database in DATABASES if (name, database) not in seen]


def report(told: Iterable[Told]) -> list[str]:
    """The table, in the order of goals.csv, and the promises that have no test."""
    known, order = goals(), list(goals())
    lines = sorted(_summed(told), key=lambda each: (order.index(each.id), each.tried, each.database))
    cells = [HEADINGS] + [
        (each.id, each.tried, each.database, f"{each.count:,}", str(each.violations), each.measured, known[each.id].goal)
        for each in lines
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    untested = [name for name in order if name not in sizes()]
    return ["", text[0], "  ".join("-" * width for width in widths), *text[1:]] + (
        [f"Without a test here: {', '.join(untested)}"] if untested else []
    )


def _summed(told: Iterable[Told]) -> list[Told]:
    """One line for the same thing tried in several tests."""
    found: dict[tuple[str, str, str], Told] = {}
    for each in told:
        key = (each.id, each.tried, each.database)
        so_far = found.get(key)
        if so_far is not None:
            each = replace(each, count=so_far.count + each.count, violations=so_far.violations + each.violations)
        found[key] = each
    return list(found.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
