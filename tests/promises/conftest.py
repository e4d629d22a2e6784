"""The fixture of the promises' tests, and what the run's table is told of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.promises import proof as proofs
from tests.promises.proof import Held, Proof

_broken: set[str] = set()


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Iterator[Proof]:
    """`proof.size("B2")` says how much to try; `proof.tell("B2", "what was tried", count=…, violations=…)`."""
    held, failed = Proof(request.node.nodeid), request.session.testsfailed
    yield held
    if request.session.testsfailed == failed:
        held.insist_that_all_was_told()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what the run's table holds already."""
    done = {each.test for each in proofs.table() if isinstance(each, Held) and each.database == proofs.database()}
    spared = [each for each in items if each.nodeid in done]
    if spared:
        items[:] = [each for each in items if each.nodeid not in done]
        config.hook.pytest_deselected(items=spared)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test has held when none of its three parts failed."""
    if report.failed:
        _broken.add(report.nodeid)
    elif report.when == "teardown" and report.nodeid not in _broken:
        proofs.keep(Held(report.nodeid, proofs.database()))
