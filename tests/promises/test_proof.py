"""The proof itself: it counts, it fails when a promise is broken, and it notices a promise that nobody tried."""

from __future__ import annotations

import pytest

from tests.promises import __main__ as prove
from tests.promises import alike
from tests.promises import proof as proofs
from tests.promises.proof import Proof, Told


@pytest.fixture
def one_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "sizes", lambda: {"B2": {"id": "B2", "short": "3", "long": "1000"}})
    monkeypatch.setattr(prove, "sizes", proofs.sizes)
    monkeypatch.delenv("PROOF_TABLE", raising=False)


def test_a_size_is_the_runs(one_promise: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROOF_SIZE", raising=False)
    assert Proof().size("B2") == 3
    monkeypatch.setenv("PROOF_SIZE", "long")
    assert Proof().size("B2") == 1000


def test_a_broken_promise_fails_and_is_in_the_table(
    one_promise: None, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("PROOF_TABLE", str(tmp_path / "table"))
    with pytest.raises(pytest.fail.Exception, match="bid 7 is stored twice"):
        Proof().tell("B2", "races", count=3, violations=["bid 7 is stored twice"])
    assert '"violations": 1' in (tmp_path / "table").read_text("utf-8")


def test_nothing_tried_is_no_proof(one_promise: None) -> None:
    with pytest.raises(pytest.fail.Exception, match="nothing was tried"):
        Proof().tell("B2", "races", count=0, violations=0)
    silent = Proof()
    silent.size("B2")
    with pytest.raises(AssertionError, match="told nothing of B2"):
        silent.insist_that_all_was_told()


def test_a_promise_that_was_not_run_is_named(one_promise: None) -> None:
    line = Told("B2", "races", 3, 0, "", "SQLite")
    assert prove.not_run([line]) == ["B2 on PostgreSQL"]
    assert any("races" in each and "1,000 races" in each for each in prove.report([line]))


def test_a_test_that_differs_between_the_databases_is_named() -> None:
    """Failed on one, run on one only, passed on one and left out on the other; not what is of one database alone."""
    here = {"a": "passed", "b": "passed", "c": "passed", "d": "skipped: only for PostgreSQL", "e": "failed", "f": "passed"}
    there = {"a": "passed", "b": "failed", "d": "passed", "e": "failed", "f": "skipped: no time"}
    found = alike.differences({"SQLite": here, "PostgreSQL": there})
    assert [each.partition(":")[0] for each in found] == ["b", "c", "e", "f"]
    assert alike.of_one_database({"SQLite": here, "PostgreSQL": there}) == 1


def test_every_promise_with_a_size_has_a_goal() -> None:
    assert set(proofs.sizes()) <= set(proofs.goals())
    assert all(int(row["short"]) <= int(row["long"]) for row in proofs.sizes().values())


def test_a_table_that_is_used_again_spares_what_held(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """What broke, and what was cut off, is struck out; another commit's table is not gone on with."""
    table = tmp_path / "table"
    monkeypatch.setenv("PROOF_TABLE", str(table))
    monkeypatch.setattr(prove, "_commit", lambda: "this code")
    prove._take_up(table)
    kept = [Told("B2", "races", 3, 0, "", "SQLite", "a"), proofs.Held("a", "SQLite")]
    for line in [*kept, Told("B2", "more races", 1, 1, "", "SQLite", "b"), Told("B2", "races", 3, 0, "", "PostgreSQL", "a")]:
        proofs.keep(line)
    prove._take_up(table)
    assert proofs.table() == kept
    monkeypatch.setattr(prove, "_commit", lambda: "other code")
    with pytest.raises(SystemExit, match="name a new file"):
        prove._take_up(table)
