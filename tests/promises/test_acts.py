"""A4: each act of a person leaves the lines that it should. The lines themselves are watched in every test: tests/acts.py."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from marketplace.core import clock, journal
from tests import acts, making
from tests.acts import Act, faults_of
from tests.pageclient import PageClient
from tests.promises.proof import Proof

ROOT = Path(__file__).parent.parent.parent


def functions_in(file: str) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


def test_each_route_that_takes_a_form_has_a_row_and_a_test_that_sends_it(whole_app: Flask, proof: Proof) -> None:
    proof.size("A4")
    rows = acts.acts()
    routes = {each.endpoint for each in whole_app.url_map.iter_rules() if "POST" in (each.methods or ())}
    routes = {each for each in routes if "." in each}
    faults = [f"{each} has no row in acts.csv" for each in sorted(routes - set(rows))]
    faults += [f"{each} has a row and takes no form" for each in sorted(set(rows) - routes)]
    for row in rows.values():
        file, _, name = row.test.partition("::")
        if bool(row.test) == bool(row.why_none):
            faults.append(f"{row.endpoint} says either which test does it or why it leaves no line")
        elif row.test and name not in functions_in(file):
            faults.append(f"{row.endpoint}: there is no {row.test}")
    proof.tell(
        "A4", "routes that take a form: who, what, when and by whom first, watched in each test that sends one",
        count=len(routes), violations=faults,
        measured=f"{sum(bool(each.after) for each in rows.values())} take two people",
    )  # fmt: skip


def act(**facts: str) -> Act:
    return Act(**{"endpoint": "x.y", "who": "signed in", "events": "Done", "after": "", "test": "", "why_none": "", **facts})


def line(**facts: Any) -> dict[str, Any]:
    made = {"event": "Done", "actor": "p_ann", "at": clock.now(), "subject": "N-1", "need": "N-1", "number": 10**9}
    return {**made, **facts}


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("row", "lines", "fault"),
    [
        (None, [line()], "no row"),
        (act(), [line(event="Other")], "tells nothing of Other"),
        (act(), [line(actor="system")], "by the person who is signed in"),
        (act(), [line(actor="p_bob")], "by the person who is signed in"),
        (act(who="bidder"), [line()], "by the person who is signed in"),
        (act(who="asker"), [line(actor="q_0")], "by the person who is signed in"),
        (act(), [line(subject="")], "without who, when or what"),
        (act(after="Asked"), [line()], "nobody asked before"),
    ],
)
def test_a_planted_fault_is_found(row: Act | None, lines: list[dict[str, Any]], fault: str) -> None:
    assert any(fault in each for each in faults_of(row, "p_ann", lines))


@pytest.mark.usefixtures("house")
def test_a_sound_line_has_no_fault() -> None:
    assert faults_of(act(), "p_ann", [line(), line(actor="system")]) == []


def test_one_person_for_what_takes_two_is_found(app: Flask) -> None:
    from marketplace.core import db
    from marketplace.core.journal import Actor, record

    with db.one_action("test"):
        record(making.MadeForTest(subject="N-1"), Actor("p_ann"))
    row = act(after="MadeForTest")
    assert any("by one person" in each for each in faults_of(row, "p_ann", [line()]))
    assert faults_of(row, "p_bob", [line(actor="p_bob")]) == []


def test_a_form_whose_line_names_somebody_else_fails_its_test(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.accounts import actions

    making.officer(email="ann@example.org", name="Ann Smith")
    client.sign_in("ann@example.org", making.PASSWORD)
    monkeypatch.setattr(actions, "as_person", lambda _person: journal.SYSTEM)
    with pytest.raises(AssertionError, match="by the person who is signed in"):
        client.submit(client.get("/account/name"), "Save", name="Ann Jones")
