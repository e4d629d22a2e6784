"""The lists when nothing was asked: straight from the database, by key and not by counting, so that they stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from marketplace.accounts.models import Organisation
from marketplace.core import clock, db
from search.asking import QuestionUnreadable
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import is_public
from tenders.needs.models import Need

PAGE_SIZE = 20
SHORT = 260  # characters of a text in a list
_KEY = "%Y%m%dT%H%M%S.%f"
CARD = (
    Need.id,
    Need.reference,
    Need.title,
    Need.summary,
    Need.buyer_name,
    Need.region,
    Need.estimated_value_pence,
    Need.published_at,
    Need.closes_at,
    Need.source,
    Need.is_reserved_for_smes,
)


@dataclass(frozen=True)
class PlainPage:
    """Some rows of a list and the key after which the next page begins; empty when this is the last."""

    rows: Sequence[Row[Any]]
    next_key: str


def is_open(now: datetime) -> ColumnElement[bool]:
    """The same as the need's status "open", written so that the index on the closing time serves it."""
    return and_(
        Need.closes_at >= now,
        Need.published_at.is_not(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
        Need.contracted_at.is_(None),
        Need.awarded_at.is_(None),
        Need.scores_frozen_at.is_(None),
        Need.opened_at.is_(None),
    )


def open_needs(after: str = "", size: int = PAGE_SIZE) -> PlainPage:
    """Open needs, the one that closes soonest first, beginning after a key."""
    query = select(*CARD).where(is_open(clock.now())).order_by(Need.closes_at, Need.id).limit(size + 1)
    if after:
        closes_at, last = _read_key(after)
        query = query.where(
            Need.closes_at >= closes_at, or_(Need.closes_at > closes_at, Need.id > last)
        )
    rows = db.session.execute(query).all()
    shown = rows[:size]
    return PlainPage(shown, _key(shown[-1]) if len(rows) > size else "")


def newest_open_needs(limit: int) -> Sequence[Row[Any]]:
    """Open needs, the latest published first."""
    query = select(*CARD).where(is_open(clock.now())).order_by(Need.published_at.desc(), Need.id.desc())
    return db.session.execute(query.limit(limit)).all()


def count_open_needs() -> int:
    """How many needs are open now."""
    return db.session.scalar(select(func.count(Need.id)).where(is_open(clock.now()))) or 0


def public_suppliers_page(after: str = "", size: int = PAGE_SIZE) -> PlainPage:
    """Public suppliers by name, beginning after a key."""
    query = (
        select(
            Supplier.id,
            Organisation.name,
            Organisation.slug,
            Supplier.summary,
            func.substr(Supplier.about, 1, SHORT).label("about"),
            Supplier.region,
            Supplier.size,
            Supplier.source,
        )
        .join(Organisation, Organisation.id == Supplier.id)
        .where(is_public())
        .order_by(Organisation.name, Supplier.id)
    )
    if after:
        if not (after.isascii() and after.isdigit() and len(after) < 12):
            raise QuestionUnreadable("“after” must be what a “Next page” link gives.")
        name = db.session.scalar(select(Organisation.name).where(Organisation.id == int(after))) or ""
        query = query.where(or_(Organisation.name > name, and_(Organisation.name == name, Supplier.id > int(after))))
    rows = db.session.execute(query.limit(size + 1)).all()
    return PlainPage(rows[:size], str(rows[size - 1].id) if len(rows) > size else "")


def count_public_suppliers() -> int:
    """How many suppliers anyone may see."""
    query = select(func.count(Supplier.id)).join(Organisation, Organisation.id == Supplier.id).where(is_public())
    return db.session.scalar(query) or 0


def needs_by_reference(references: Sequence[str]) -> list[Row[Any]]:
    """Published needs in the order of the references, with what tells how they ended."""
    columns = (*CARD, Need.withdrawn_at, Need.no_award_at, Need.awarded_at, Need.contracted_at, Need.opened_at,
               Need.scores_frozen_at)  # fmt: skip
    query = select(*columns).where(Need.reference.in_(references), Need.published_at.is_not(None))
    found = {row.reference: row for row in db.session.execute(query)}
    return [found[each] for each in references if each in found]


def _key(row: Row[Any]) -> str:
    return f"{row.closes_at.astimezone(UTC).strftime(_KEY)}Z-{row.id}"


def _read_key(text: str) -> tuple[datetime, int]:
    instant, _, number = text.partition("Z-")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 12):
            raise ValueError(text)
        return datetime.strptime(instant, _KEY).replace(tzinfo=UTC), int(number)
    except ValueError:
        raise QuestionUnreadable("“after” must be what a “Next page” link gives.") from None
