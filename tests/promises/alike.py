"""D13: every test gives the same on both databases. The tests run as ever; this keeps what came out, and compares.

A plugin of pytest (`-p tests.promises.alike`) that writes each test's outcome to the file named by PROOF_OUTCOMES.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

Outcomes = Mapping[str, str]
OF_ONE_DATABASE = ("SQLite", "PostgreSQL")  # a test that is left out says in its reason which one it is for


class Keeper:
    def __init__(self, file: Path) -> None:
        self.file, self.outcomes = file, dict[str, str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The test's own outcome, or that of its making or its end where that was not a pass."""
        if report.when == "call" or report.outcome != "passed":
            said = f": {report.longrepr[2]}" if report.skipped and isinstance(report.longrepr, tuple) else ""
            self.outcomes[report.nodeid] = report.outcome + said

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps(self.outcomes), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    file = os.environ.get("PROOF_OUTCOMES")
    if file and not hasattr(config, "workerinput"):  # the helpers of pytest-xdist report to the one that keeps
        config.pluginmanager.register(Keeper(Path(file)))


def differences(outcomes: Mapping[str, Outcomes]) -> list[str]:
    """Tests that failed on a database, or that one of them did not run as the other did, each in words.

    A test that is left out on one database because it is of the other is no difference.
    """
    found = []
    for name in sorted(set().union(*outcomes.values())):
        seen = {database: each.get(name, "not run") for database, each in outcomes.items()}
        told = [each for each in seen.values() if not _is_of_one_database(each)]
        if len(set(told)) > 1 or "failed" in told or "not run" in told or not told:
            found.append(f"{name}: " + ", ".join(f"{outcome} on {database}" for database, outcome in seen.items()))
    return found


def of_one_database(outcomes: Mapping[str, Outcomes]) -> int:
    """How many tests only one of the databases has."""
    return sum(_is_of_one_database(each) for tests in outcomes.values() for each in tests.values())


def _is_of_one_database(outcome: str) -> bool:
    return outcome.startswith("skipped") and any(each in outcome for each in OF_ONE_DATABASE)
