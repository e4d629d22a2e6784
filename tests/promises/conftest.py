"""The fixture of the promises' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.promises.proof import Proof


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Iterator[Proof]:
    """`proof.size("B2")` says how much to try; `proof.tell("B2", "what was tried", count=…, violations=…)`."""
    held, failed = Proof(), request.session.testsfailed
    yield held
    if request.session.testsfailed == failed:
        held.insist_that_all_was_told()
