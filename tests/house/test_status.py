"""The status that Python reads from a need's facts is the status that SQL reads, over all combinations of facts."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from sqlalchemy import CheckConstraint, create_engine, insert, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.core import db
from tenders.needs.models import Need
from tenders.needs.status import PUBLIC, STATUSES, has_status, is_public, status_expression, status_of
from tests.conftest import START

FACTS = (
    "review_asked_at", "approved_at", "published_at", "closes_at", "withdrawn_at", "opened_at", "scores_frozen_at",
    "awarded_at", "no_award_at", "contracted_at", "discarded_at",
)  # fmt: skip
CLOSES = START
ASKED_AT = (CLOSES - timedelta(microseconds=1), CLOSES, CLOSES + timedelta(microseconds=1))


def combinations() -> list[dict[str, datetime | None]]:
    """Every way in which the facts can be there or not."""
    return [
        {fact: (CLOSES if is_there else None) for fact, is_there in zip(FACTS, each, strict=True)}
        for each in itertools.product((False, True), repeat=len(FACTS))
    ]


def row_of(number: int, facts: dict[str, datetime | None]) -> dict[str, object]:
    words = {"source": "test", "source_id": str(number), "withdrawal_reason": "Because", "no_award_reason": "Because"}
    return {"id": number, "reference": f"N-{number}", "buyer_name": "x", "drafted_at": START, "saved_at": START,
            **words, **facts}  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Session:
    """A table of needs with every combination, some of which our own constraints would refuse."""
    engine = create_engine("sqlite://")
    Organisation.__table__.create(engine)
    ours = Need.__table__
    checks = [each for each in ours.constraints if isinstance(each, CheckConstraint)]
    for each in checks:
        ours.constraints.discard(each)
    try:
        ours.create(engine)
    finally:
        ours.constraints.update(checks)
    with Session(engine) as current:
        rows = [row_of(number, facts) for number, facts in enumerate(combinations(), start=1)]
        current.execute(insert(Need), rows)
        yield current
    engine.dispose()


@pytest.mark.parametrize("at", ASKED_AT)
def test_python_and_sql_agree(session: Session, at: datetime) -> None:
    in_sql = {row[0]: row[1] for row in session.execute(select(Need.id, status_expression(at)))}
    assert len(in_sql) == 2 ** len(FACTS)
    for number, facts in enumerate(combinations(), start=1):
        assert status_of(Need(**facts), at) == in_sql[number], facts


def test_every_status_occurs_and_one_holds_at_a_time(session: Session) -> None:
    for at in ASKED_AT:
        counts = {
            each.name: len(session.execute(select(Need.id).where(has_status(each.name, at))).all()) for each in STATUSES
        }
        assert sum(counts.values()) == 2 ** len(FACTS)
        if at <= CLOSES:
            assert all(counts.values()), counts


def test_what_was_never_published_is_never_public() -> None:
    for facts in combinations():
        need = Need(**facts)
        if is_public(need):
            assert status_of(need, CLOSES) in PUBLIC


def test_the_table_here_is_the_house_table() -> None:
    assert Need.__table__ is db.Base.metadata.tables["needs"]
