"""Every act of a person leaves the journal lines that it should: each form that any test sends is watched.

`tests/promises/acts.csv` has a row for each route that takes a POST: who acts, which events its lines may tell, which
earlier act another person must have done, and a test that does it with success. A form that was taken and whose lines
tell of something else, or of nobody who acted, fails the test that sent it.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, has_request_context, request, request_finished
from flask_login import current_user
from sqlalchemy import or_, select

from marketplace.core import db, journal
from marketplace.core.tokens import salted_hash
from tenders.bids.models import Bid

TABLE = Path(__file__).parent / "promises" / "acts.csv"
NOT_PEOPLE = {"system"}
# What was done with success, by whom is told, and by which test: filled while tests run.
done: dict[str, set[str]] = {}
_test = ""


@dataclass(frozen=True)
class Act:
    """One row. `why_none` says why there is no line at all.

    `who`: "signed in" (a line under the person's pseudonym), "bidder" and "asker" (under a hash of it), "link" (whoever
    has the link or fills in a public form), "machine" (no person's act, so not watched). `after`: what another person must have done before.
    """

    endpoint: str
    who: str
    events: str
    after: str
    test: str
    why_none: str

    @property
    def told(self) -> set[str]:
        return set(self.events.split())


@cache
def acts() -> dict[str, Act]:
    """Endpoint -> row."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["endpoint"]: Act(**row) for row in csv.DictReader(file)}


def begin_test(name: str) -> None:
    """From now on it is this test that acts."""
    global _test
    _test = name


def not_done_by(name: str) -> list[str]:
    """Of the acts whose row names this test, those that it did not do."""
    return sorted(each.endpoint for each in acts().values() if each.test == name and name not in done.get(each.endpoint, ()))


def install(app: Flask) -> None:
    """Watches every form that is sent to this application from now on."""
    place = journal._place

    def noted(current: Any, happened: Any) -> journal.Placed:
        placed = place(current, happened)
        if has_request_context():
            g.setdefault("placed_lines", []).extend(placed.lines)
        return placed

    journal._place = noted

    # Noted before the view, for it may sign the person out or in.
    def who_acts() -> None:
        if request.method == "POST":
            g.placed_lines = []
            g.who_acts = current_user.pseudonym if current_user.is_authenticated else ""

    app.before_request(who_acts)
    request_finished.connect(_check, app, weak=False)


def _check(_app: Flask, response: Response, **_more: object) -> None:
    if request.method != "POST" or not request.endpoint or response.status_code >= 400 or _is_planted():
        return
    lines = _committed(g.get("placed_lines", []))
    who = g.get("who_acts", "")
    if os.environ.get("ACTS_SEEN"):
        _tell_seen(who, lines)
        return
    faults = faults_of(acts().get(request.endpoint), who, lines)
    assert not faults, f"{request.endpoint}: {'; '.join(faults)}"
    if lines:
        done.setdefault(request.endpoint, set()).add(_test)


def _is_planted() -> bool:
    """Whether a test made this route for itself: routes of the house are in its rooms."""
    return "." not in str(request.endpoint)


def faults_of(act: Act | None, who: str, lines: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong with the lines that one taken form left."""
    if act is None:
        return ["it has no row in tests/promises/acts.csv"]
    lines = list(lines)
    if act.who == "machine":
        return []
    odd = {each["event"] for each in lines} - act.told
    faults = [f"its row tells nothing of {name}" for name in sorted(odd)]
    if lines and not any(_is_told(act.who, who, each) for each in lines):
        faults.append("none of its lines is by the person who is signed in")
    if any(not (each["actor"] and each["at"] and each["subject"]) for each in lines):
        faults.append("a line without who, when or what")
    return faults + [fault for each in lines for fault in _same_person(act, each)]


def _is_told(kind: str, who: str, line: dict[str, Any]) -> bool:
    """Whether the line is the person's, under the pseudonym or (before an opening, and of questions) a keyed hash of it."""
    if kind == "bidder":
        bids = Bid.__table__
        with db.engine().connect() as connection:
            salt = connection.scalar(select(bids.c.journal_salt).where(bids.c.reference == line["subject"]))
        return line["actor"] == salted_hash("bid", salt or "", who)
    if kind == "asker":
        return line["actor"] == f"q_{salted_hash('question', line['subject'], who)}"
    return kind == "link" or line["actor"] == who


def _same_person(act: Act, line: dict[str, Any]) -> list[str]:
    """Whether whoever did the act before this one, which takes two people, did this one too."""
    if not act.after or line["actor"] in NOT_PEOPLE or line["event"] == act.after:
        return []
    table = journal.JournalLine.__table__
    about = or_(table.c.subject == line["subject"], table.c.need == (line["need"] or line["subject"]))
    before = select(table.c.actor).where(table.c.event == act.after, table.c.number < line["number"], about)
    with db.engine().connect() as connection:
        asked_by = connection.scalar(before.order_by(table.c.number.desc()).limit(1))
    if asked_by is None and act.test in ("", _test):  # other tests may begin in the middle of a purchase
        return [f"nobody asked before: there is no {act.after}"]
    return [f"{line['event']} and {act.after} by one person"] if asked_by == line["actor"] else []


def _committed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are in the table: what was rolled back happened to nobody."""
    if not lines:
        return []
    table = journal.JournalLine.__table__
    query = select(table.c.hash).where(table.c.number.in_([each["number"] for each in lines]))
    with db.engine().connect() as connection:
        kept = set(connection.scalars(query))
    return [each for each in lines if each["hash"] in kept]


def _tell_seen(who: str, lines: list[dict[str, Any]]) -> None:
    """Appends what was seen, for whoever writes the rows."""
    told = [(each["event"], each["actor"] == who, each["actor"][:2], each["subject"], each["role"]) for each in lines]
    with Path(os.environ["ACTS_SEEN"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps([request.endpoint, _test, bool(who), told]) + "\n")
