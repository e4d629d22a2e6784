"""The proof of every promise, at full length, on both databases: python -m tests.promises [pytest's arguments].

At its end the ordinary tests run on both databases too, and must give the same (D13); this part alone:
python -m tests.promises alike [pytest's arguments].

With PROOF_TABLE=FILE the table is kept, and a later run of the same commit goes on where that one ended: what broke is
tried again, what held is not. PROOF_DATABASE=SQLite or PostgreSQL proves on one of them.

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
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.promises import alike
from tests.promises import proof as proofs
from tests.promises.proof import HERE, Held, Told, goals, sizes

DATABASES = ("SQLite", "PostgreSQL")
HEADINGS = ("promise", "what was tried", "database", "count", "violations", "measured", "goal")


def main(arguments: list[str]) -> int:
    databases = [os.environ["PROOF_DATABASE"]] if "PROOF_DATABASE" in os.environ else list(DATABASES)
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        _take_up(Path(os.environ.setdefault("PROOF_TABLE", str(Path(folder) / "table.jsonl"))))
        alone = arguments[:1] == ["alike"]
        failed = [] if alone else [name for name in databases if _run(name, arguments)]
        if (alone or not arguments) and not _were_alike():
            outcomes = {name: _outcomes(name, Path(folder) / name, arguments[1:]) for name in DATABASES}
            for line in _alike(outcomes):
                proofs.keep(line)
    told = [each for each in proofs.table() if isinstance(each, Told)]
    missing = [] if arguments else not_run(told)
    print("\n".join(report(told)))
    for line in missing:
        print(f"NOT RUN: {line}")
    for name in failed:
        print(f"FAILED: tests on {name}; see above")
    return int(bool(failed or missing or any(each.violations for each in told)))


def _take_up(table: Path) -> None:
    """Goes on with a table of this commit: what did not hold is struck out, because it is tried again.

    SystemExit if the table is of other code: what was shown of that is not shown of this.
    """
    commit, of = _commit(), table.with_name(table.name + ".commit")
    if table.exists() and of.read_text("utf-8") != commit:
        raise SystemExit(f"{table} is what another commit showed; name a new file")
    of.write_text(commit, "utf-8")
    lines = proofs.table()
    held = {(each.test, each.database) for each in lines if isinstance(each, Held)}
    kept = [each for each in lines if isinstance(each, Held) or (each.test, each.database) in held or _is_alike(each)]
    table.write_text("".join(json.dumps(asdict(each)) + "\n" for each in kept), "utf-8")


def _commit() -> str:
    """The commit that is proved, and what was changed since; empty where git is not at hand."""
    ask = [["git", "rev-parse", "HEAD"], ["git", "diff", "HEAD"]]
    done = [subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False).stdout for words in ask]
    return "".join(done)


def _is_alike(line: Told) -> bool:
    return line.id == "D13" and not line.test and not line.violations


def _were_alike() -> bool:
    return any(isinstance(each, Told) and _is_alike(each) for each in proofs.table())


def _run(database: str, arguments: list[str]) -> int:
    """Runs the tests in their long form; gives the exit code."""
    print(f"== promises on {database}", flush=True)
    command = [*(arguments or ["-m", "not browser"]), str(HERE)]
    code = _pytest(database, command, PROOF_SIZE="long")
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED and proofs.table() else code


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
