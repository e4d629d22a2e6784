"""Publishes needs to 50,000 saved searches and prints what it cost, beside trying the searches one by one.

python -m tests.bench.alerts [--terms search_terms.csv] [--searches 50000] [--needs 5] [--json]
The needs are the demonstration's; the searches are made from real search terms where a file has them (one a line, with
a heading), else from the words of capabilities. DATABASE_URL names an empty PostgreSQL database; without it: SQLite.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeVar
from urllib.parse import urlencode

from sqlalchemy import func, insert, select

from marketplace import config
from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.app import create_app
from marketplace.core import clock, db
from marketplace.core.geography import REGIONS
from marketplace.core.mail import Mail
from marketplace.demo_data import PastNeed, past_needs
from marketplace.reference import capabilities
from marketplace.tables import all_tables
from search import alerts, one_need, standing
from search.asking import BUDGETS, QuestionUnreadable, ask_again, in_words
from search.models import RHYTHMS, SavedSearch, SearchKey
from search.one_need import OneNeed
from tenders.needs.models import Need
from tests import making
from tests.actions.test_searching import published

T = TypeVar("T")
OLDER_NEEDS = 300
EACH = 5  # searches a person
PLACES = ("LN1", "M1", "LS1", "B1", "SW1A", "BS1", "NE1", "CF10", "EX1", "NR1")


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall and of this process's CPU."""

    wall: float
    cpu: float


def measured(act: Callable[[], T]) -> tuple[T, Cost]:
    """What `act` gave, and its cost with nothing remembered of any search."""
    one_need._kept.cache_clear()
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    return found, Cost(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="market-alerts-") as home:
        settings = config.Settings(home=Path(home), database_url=os.environ.get("DATABASE_URL", ""), secret_key="bench",
                                   password_cost="cheap")  # fmt: skip
        app = create_app(settings)
        all_tables().create_all(db.engine())
        with app.app_context():
            line = _measure(asked)
        db.session.remove()
        db.engine().dispose()
    sys.stdout.write((json.dumps(line, sort_keys=True) if asked.json else _table(line)) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts")
    parser.add_argument("--terms", type=Path)
    parser.add_argument("--searches", type=int, default=50_000)
    parser.add_argument("--needs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _measure(asked: argparse.Namespace) -> dict[str, Any]:
    needs = list(past_needs())
    older, new = needs[: -asked.needs][:OLDER_NEEDS], needs[-asked.needs :]
    council = making.council()
    author = making.officer(council).person
    start = clock.now()
    for each in older:
        _publish(each, council, author, start - timedelta(days=2))
    _save(asked.searches, _terms(asked.terms))
    db.session.rollback()  # what was read until now is from before the searches
    keyed, keying = measured(standing.key_searches)
    rounds = [_one_need(_publish(each, council, author, clock.now())) for each in new]
    return {
        "database": db.engine().dialect.name,
        "searches": keyed,
        "keys": db.session.scalar(select(func.count()).select_from(SearchKey)),
        "keying_seconds": round(keying.wall, 2),
        "keying_cpu": round(keying.cpu, 2),
        "rounds": rounds,
    }


def _publish(past: PastNeed, council: Organisation, author: Person, at: Any) -> Need:
    words = {name: getattr(past, name) for name in ("title", "summary", "problem", "who_is_affected", "outcomes")}
    wanted = "\n".join((*past.essential, *past.desirable))
    region = random.Random(past.source_id).choice(REGIONS)
    facts = {"published_at": at, "closes_at": at + timedelta(days=30), "region": region}
    return making.need(council, author, **{**words, "constraints": wanted, **facts})


def _one_need(need: Need) -> dict[str, Any]:
    """One need against all searches: by keys, one by one, and the whole way to the letters."""
    line = published(need)
    read, other = alerts._open_reading(need), alerts._open_reading(need)
    assert read is not None and other is not None
    candidates = sum(1 for _ in standing.candidates(read))
    by_key, keyed = measured(lambda: standing.found_by(read))
    one_by_one, slow = measured(lambda: _try_each(other))
    if by_key != one_by_one:
        raise SystemExit("The two ways disagree, so the figures do not count.")
    before = db.session.scalar(select(func.count()).select_from(Mail)) or 0
    _, whole = measured(lambda: alerts.alert(line))
    written = (db.session.scalar(select(func.count()).select_from(Mail)) or 0) - before
    return {
        "candidates": candidates,
        "found": len(by_key),
        "mails": written,
        **{f"{name}_{kind}": round(getattr(cost, kind), 3)
           for name, cost in (("by_key", keyed), ("one_by_one", slow), ("with_letters", whole))
           for kind in ("wall", "cpu")},
    }  # fmt: skip


def _try_each(need: OneNeed) -> list[standing.Standing]:
    return [each for each in standing.every_standing() if need.is_found_by(each.query_string)]


def _terms(path: Path | None) -> list[str]:
    if path is None:
        return [each.title for each in capabilities()]
    with path.open(encoding="utf-8", newline="") as lines:
        return [row[0] for row in islice(csv.reader(lines), 1, None) if row]


def _save(count: int, terms: list[str]) -> None:
    """The searches, five a person, past the house's actions."""
    made = list(islice(_questions(random.Random(7), terms), count))
    firm, now = making.supplier(), clock.now()
    first = (db.session.scalar(select(func.max(Person.id))) or 0) + 1
    people = range(first, first + -(-count // EACH))
    rhythms = random.Random(8).choices(list(RHYTHMS), weights=(60, 25, 15), k=count)
    at_once = now - timedelta(days=1)
    with db.engine().begin() as connection:
        connection.execute(insert(Person), [
            {"id": each, "pseudonym": f"p-bench-{each}", "email": f"p{each}@example.org", "name": f"Person {each}",
             "password_hash": "", "created_at": at_once, "email_confirmed_at": at_once, "session_version": 1}
            for each in people
        ])  # fmt: skip
        connection.execute(insert(Membership), [
            {"person_id": each, "organisation_id": firm.id, "requested_at": at_once, "approved_at": at_once, "note": ""}
            for each in people
        ])  # fmt: skip
        connection.execute(insert(SavedSearch), [
            {"person_id": first + number // EACH, "name": name, "query_string": query, "saved_at": at_once,
             "rhythm": rhythm, "keyed_by": ""}
            for number, ((query, name), rhythm) in enumerate(zip(made, rhythms, strict=True))
        ])  # fmt: skip


def _questions(draw: random.Random, terms: list[str]) -> Iterator[tuple[str, str]]:
    """Words as people typed them, alone or two together, without something, with filters, and filters alone."""
    codes = [each.code for each in capabilities()]
    while True:
        values = []
        if draw.random() < 0.94:
            words = draw.choice(terms)
            if draw.random() < 0.3:
                words += f" {draw.choice(terms)}"
            if draw.random() < 0.05:
                words += f" -{draw.choice(terms).split()[0].strip('-')}"
            values.append(("q", words))
        elif draw.random() < 0.1:
            values.append(("q", f"-{draw.choice(terms).split()[0].strip('-')}"))
        for chance, name, choices in (
            (0.3, "region", REGIONS), (0.15, "capability", codes), (0.1, "budget", tuple(BUDGETS)), (0.15, "near", PLACES)
        ):  # fmt: skip
            if draw.random() < chance:
                values.append((name, draw.choice(choices)))
        try:
            question = ask_again(urlencode(values))
        except QuestionUnreadable:
            continue
        if not question.is_plain and len(question.query_string) <= 1000:
            yield question.query_string, in_words(question)[:120]


def _table(line: dict[str, Any]) -> str:
    keyed = f"under {line['keys']:,} keys on {line['database']}, keyed in {line['keying_seconds']} s ({line['keying_cpu']} s CPU)"
    rows = [f"{line['searches']:,} saved searches {keyed}"]
    heads = ("candidates", "found", "by key s", "cpu s", "one by one s", "cpu s", "ratio", "mails", "to letters s")
    rows.append("".join(f"{each:>13}" for each in heads))
    ratios = []
    for each in line["rounds"]:
        ratios.append(each["one_by_one_cpu"] / max(each["by_key_cpu"], 0.001))
        figures = (each["candidates"], each["found"], each["by_key_wall"], each["by_key_cpu"], each["one_by_one_wall"],
                   each["one_by_one_cpu"], f"{ratios[-1]:.1f}x", each["mails"], each["with_letters_wall"])  # fmt: skip
        rows.append("".join(f"{figure:>13}" for figure in figures))
    rows.append(f"trying one by one takes {median(ratios):.1f} times the CPU (median of {len(ratios)} needs)")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
