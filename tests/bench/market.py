"""A market of 5,000 needs (1,000 of them open) and 5,000 suppliers, the same rows for every database."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from marketplace.accounts.models import Membership, MembershipRole, Organisation, Person
from marketplace.core import clock, db
from marketplace.core.geography import REGIONS
from marketplace.core.journal import record
from marketplace.reference import capabilities
from suppliers.profiles.models import Supplier, SupplierCapability
from tenders.bids import sealed
from tenders.clarifications.models import Clarification
from tenders.needs.events import NeedPublished
from tenders.needs.models import (
    BidQuestion,
    Criterion,
    Need,
    NeedCapability,
    NeedDocument,
    NeedVersion,
    PriceLine,
    Requirement,
)

NEEDS, OPEN, SUPPLIERS = 5_000, 1_000, 5_000
QUESTIONS, LINES, CLARIFICATIONS, DOCUMENTS = 3, 2, 5, 3
WORDS = (
    "council digital service record cloud housing benefit portal resident planning waste payments security design "
    "research licence parking permit library school meals street lighting repair booking case report access tenant"
).split()


@dataclass(frozen=True)
class Market:
    """What was made: where the numbers of suppliers and open needs begin, and when it was made."""

    made_at: datetime
    first_supplier: int
    suppliers: int
    open_needs: int

    def person_of(self, supplier_id: int) -> int:
        return supplier_id - self.first_supplier + 1


def fill(needs: int = NEEDS, open_needs: int = OPEN, suppliers: int = SUPPLIERS) -> Market:
    """Writes the market into the empty, upgraded database that the session is bound to, past the house's actions."""
    draw, now = random.Random(7), clock.now()
    with db.engine().begin() as connection:
        councils = list(
            connection.execute(
                select(Organisation.id, Organisation.name)
                .where(Organisation.kind == "authority")
                .order_by(Organisation.id)
            )
        )
        top = connection.scalar(select(func.max(Organisation.id))) or 0
        market = Market(now, top + 1, suppliers, open_needs)
        _fill_suppliers(connection, draw, market)
        _fill_needs(connection, draw, market, needs, councils)
    _say_published(needs, now)
    if db.engine().dialect.name == "postgresql":  # what its own autovacuum would do a minute later
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return market


def _say_published(needs: int, now: datetime) -> None:
    with db.one_action("a market is filled"):
        for number in range(1, needs + 1):
            reference = reference_of(number)
            published = NeedPublished(
                subject=reference, need=reference, closes_at=now, questions_close_at=None, estimated_value_pence=None,
                central_notice_number="", sha256="",
            )  # fmt: skip
            record(published)


def text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words)).capitalize() + "."


def _put(connection: Any, model: type, rows: Iterable[dict[str, Any]]) -> None:
    connection.execute(insert(model.__table__), list(rows))  # type: ignore[attr-defined]


def _fill_suppliers(connection: Any, draw: random.Random, market: Market) -> None:
    now, regions, codes = market.made_at, list(REGIONS), [each.code for each in capabilities()]
    ids = range(market.first_supplier, market.first_supplier + market.suppliers)
    _put(
        connection,
        Organisation,
        (
            {
                "id": i,
                "kind": "supplier",
                "reference": f"S-B-{i:05}",
                "name": f"Firm {i} Ltd",
                "slug": f"firm-{i}",
                "created_at": now,
                "approved_at": now,
            }
            for i in ids
        ),
    )
    _put(
        connection,
        Supplier,
        (
            {
                "id": i,
                "size": "micro",
                "region": draw.choice(regions),
                "summary": text(draw, 12),
                "about": text(draw, 60),
                "registered_at": now,
                "updated_at": now,
                "company_number": f"{i:08}",
                "name_key": f"firm {i}",
            }
            for i in ids
        ),
    )
    _put(
        connection,
        SupplierCapability,
        ({"supplier_id": i, "code": code} for i in ids for code in draw.sample(codes, 2)),
    )
    people = [(market.person_of(i), i) for i in ids]
    _put(
        connection,
        Person,
        (
            {
                "id": p,
                "pseudonym": f"p_bench{p}",
                "email": f"p{p}@firm.example",
                "name": f"Person {p}",
                "password_hash": "none",
                "created_at": now,
                "email_confirmed_at": now,
            }
            for p, _ in people
        ),
    )
    _put(
        connection,
        Membership,
        ({"id": p, "person_id": p, "organisation_id": i, "requested_at": now, "approved_at": now} for p, i in people),
    )
    _put(connection, MembershipRole, ({"membership_id": p, "role": "admin"} for p, _ in people))


def _fill_needs(connection: Any, draw: random.Random, market: Market, count: int, councils: Sequence[Any]) -> None:
    ids = range(1, count + 1)
    _put(connection, Need, (_need(draw, market, i, councils[i % len(councils)]) for i in ids))
    _put(
        connection,
        Requirement,
        (
            {"need_id": i, "kind": "essential" if n < 4 else "desirable", "position": n, "text": text(draw, 14)}
            for i in ids
            for n in range(1, 7)
        ),
    )
    _put(
        connection,
        Criterion,
        (
            {
                "id": 3 * i - 3 + n,
                "need_id": i,
                "position": n,
                "kind": "price" if n == 3 else "quality",
                "name": f"Criterion {n}",
                "description": text(draw, 20),
                "weight": (40, 20, 40)[n - 1],
            }
            for i in ids
            for n in (1, 2, 3)
        ),
    )
    _put(
        connection,
        BidQuestion,
        (
            {
                "id": question_id(i, n),
                "need_id": i,
                "criterion_id": 3 * i - 2,
                "position": n,
                "text": text(draw, 12),
                "guidance": text(draw, 15),
                "word_limit": 500,
            }
            for i in ids
            for n in range(QUESTIONS)
        ),
    )
    _put(
        connection,
        PriceLine,
        (
            {
                "id": line_id(i, n),
                "need_id": i,
                "position": n,
                "label": f"Part {n + 1} of the work",
                "unit": "month",
                "quantity": 3,
            }
            for i in ids
            for n in range(LINES)
        ),
    )
    codes = [each.code for each in capabilities()]
    _put(connection, NeedCapability, ({"need_id": i, "code": code} for i in ids for code in draw.sample(codes, 2)))
    _put(
        connection,
        NeedVersion,
        (
            {
                "need_id": i,
                "number": 1,
                "kind": "published",
                "made_at": market.made_at,
                "snapshot": "{}",
                "sha256": "0" * 64,
            }
            for i in ids
        ),
    )
    _put(
        connection,
        NeedDocument,
        (
            {
                "need_id": i,
                "title": text(draw, 5),
                "file_key": "needs/none",
                "file_name": f"annex-{n}.pdf",
                "size": 20_000 + i,
                "sha256": "0" * 64,
                "added_at": market.made_at,
            }
            for i in ids
            for n in range(DOCUMENTS)
        ),
    )
    _put(
        connection,
        Clarification,
        (
            {
                "reference": f"Q-B-{i}-{n}",
                "need_id": i,
                "asked_at": market.made_at,
                "question": text(draw, 25),
                "number": n,
                "published_question": text(draw, 25),
                "answer": text(draw, 60),
                "answered_at": market.made_at,
            }
            for i in ids
            for n in range(1, CLARIFICATIONS + 1)
        ),
    )


def question_id(need_id: int, number: int) -> int:
    return need_id * QUESTIONS + number


def line_id(need_id: int, number: int) -> int:
    return need_id * LINES + number


def _need(draw: random.Random, market: Market, number: int, council: Any) -> dict[str, Any]:
    is_open, now = number <= market.open_needs, market.made_at
    # An open need closes in one to thirty days; the rest closed over the last three years.
    closes_at = now + timedelta(minutes=draw.randrange(1440, 43_200) if is_open else -draw.randrange(1440, 1_500_000))
    published_at = min(now, closes_at) - timedelta(days=20, minutes=number)
    awarded_at = None if is_open or number % 4 == 0 else closes_at + timedelta(days=10)
    return {
        "id": number,
        "reference": reference_of(number),
        "authority_id": council.id,
        "buyer_name": council.name,
        "title": text(draw, 7),
        "summary": text(draw, 45),
        **{name: text(draw, 60) for name in ("problem", "who_is_affected", "outcomes", "what_exists", "constraints")},
        "location": "Council offices",
        "region": draw.choice(list(REGIONS)),
        "estimated_value_pence": draw.randrange(500_000, 90_000_000),
        "cpv_codes": "72000000",
        "closes_at": closes_at,
        "questions_close_at": closes_at - timedelta(days=5),
        "tie_break": "The higher quality score wins.",
        "public_key": sealed.make_need_key()[0] if is_open else None,
        "drafted_at": published_at,
        "saved_at": published_at,
        "published_at": published_at,
        "opened_at": awarded_at and closes_at,
        "scores_frozen_at": awarded_at,
        "awarded_at": awarded_at,
        "contracted_at": awarded_at,
    }


def reference_of(need_id: int) -> str:
    return f"N-2026-{need_id:04}"
