"""The fixture of the promises' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.promises.proof import Proof


@pytest.fixture
def proof() -> Iterator[Proof]:
    """`proof.size("B2")` says how much to try; `proof.tell("B2", "what was tried", count=…, violations=…)`."""
    held = Proof()
    yield held
    held.insist_that_all_was_told()
