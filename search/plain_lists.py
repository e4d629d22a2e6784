"""The lists when nothing was asked: straight from the database, by key and not by counting, so that they stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)

from marketplace.accounts.models import Organisation
from marketplace.core import clock, db
from marketplace.core.addresses import LARGEST_ROW_NUMBER
from marketplace.core.db import UTCDateTime
from search.asking import QuestionUnreadable
from search.cards import SHORT
from search.selection import turn
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import is_public
from tenders.needs.models import Need

PAGE_SIZE = 20
_NAME = func.lower(Organisation.name)  # people look for abritas beside Abritas
_KEY = "%Y%m%dT%H%M%S.%f"
N = Need.__table__.c
CARD: tuple[Any, ...] = (
    N.id, N.reference, N.title, N.summary, N.buyer_name, N.region, N.estimated_value_pence, N.published_at,
    N.closes_at, N.source,
)  # fmt: skip


@dataclass(frozen=True)
class PlainPage:
    """Some rows of a list and the key after which the next page begins; empty when this is the last."""

    rows: Sequence[Row[Any]]
    next_key: str


def is_open(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The same as the need's status "open", written so that the index on the closing time serves it."""
    return and_(
        N.closes_at >= now,
        N.published_at.is_not(None),
        N.withdrawn_at.is_(None),
        N.no_award_at.is_(None),
        N.contracted_at.is_(None),
        N.awarded_at.is_(None),
        N.scores_frozen_at.is_(None),
        N.opened_at.is_(None),
    )


# Made once: making a statement costs more than the database takes to answer it.
_NOW = bindparam("now", type_=UTCDateTime())
_OPEN = select(*CARD).where(is_open(_NOW)).order_by(N.closes_at, N.id).limit(bindparam("most"))
_OPEN_AFTER = _OPEN.where(
    N.closes_at >= bindparam("closes_at", type_=UTCDateTime()),
    or_(N.closes_at > bindparam("closes_at", type_=UTCDateTime()), N.id > bindparam("last")),
)
_NEWEST = select(*CARD).where(is_open(_NOW)).order_by(N.published_at.desc(), N.id.desc()).limit(bindparam("most"))


def open_needs(after: str = "", size: int = PAGE_SIZE) -> PlainPage:
    """Open needs, the one that closes soonest first, beginning after a key."""
    values: dict[str, Any] = {"now": clock.now(), "most": size + 1}
    if after:
        values["closes_at"], values["last"] = _read_key(after)
    rows = db.session.connection().execute(_OPEN_AFTER if after else _OPEN, values).all()
    shown = rows[:size]
    return PlainPage(shown, _key(shown[-1]) if len(rows) > size else "")


def newest_open_needs(limit: int) -> Sequence[Row[Any]]:
    """Open needs, the latest published first."""
    return db.session.connection().execute(_NEWEST, {"now": clock.now(), "most": limit}).all()


def count_open_needs() -> int:
    """How many needs are open now."""
    return db.session.scalar(select(func.count(Need.id)).where(is_open(clock.now()))) or 0


@dataclass(frozen=True)
class Start:
    """The supplier with whom the list begins: the name in small letters and the organisation's id."""

    name: str
    id: int


# Whose turn it is to be first, by the copy and the day.
_starts: dict[tuple[str, date], Start] = {}


def start_of(day: date) -> Start:
    """The supplier whose turn it is to be first on a day; then by name, and from A again after Z."""
    key = (db.session.get_bind().engine.url.render_as_string(), day)
    if key not in _starts:
        public = select(_NAME, Supplier.id).join(Organisation, Organisation.id == Supplier.id).where(is_public())
        count = count_public_suppliers()
        place = int(turn("suppliers by name", datetime.combine(day, time(12), UTC)), 16) % max(count, 1)
        row = db.session.execute(public.order_by(Supplier.id).offset(place).limit(1)).first()
        if row is None:
            return Start("", 0)
        _starts.clear()
        _starts[key] = Start(*row)
    return _starts[key]


def public_suppliers_page(after: str = "", size: int = PAGE_SIZE) -> PlainPage:
    """Public suppliers by name from today's start and round again, beginning after a key.

    The key keeps the start, so that nobody is missed or shown twice when the day ends on the way.
    """
    start, last = _read_turn(after) if after else (start_of(clock.today()), None)
    has_turned = case((or_(_NAME > start.name, and_(_NAME == start.name, Supplier.id >= start.id)), 0), else_=1)
    query = (
        select(
            Supplier.id,
            Organisation.name,
            Organisation.slug,
            Supplier.summary,
            func.substr(Supplier.about, 1, SHORT + 1).label("about"),
            Supplier.region,
            Supplier.size,
            Supplier.source,
        )
        .join(Organisation, Organisation.id == Supplier.id)
        .where(is_public())
        .order_by(has_turned, _NAME, Supplier.id)
    )
    if last is not None:
        turned = int((last.name, last.id) < (start.name, start.id))
        is_after = or_(_NAME > last.name, and_(_NAME == last.name, Supplier.id > last.id))
        query = query.where(or_(has_turned > turned, and_(has_turned == turned, is_after)))
    rows = db.session.execute(query.limit(size + 1)).all()
    return PlainPage(rows[:size], f"{start.id}-{rows[size - 1].id}" if len(rows) > size else "")


def _read_turn(key: str) -> tuple[Start, Start]:
    """The start and the last one shown of a key; raises QuestionUnreadable."""
    numbers = key.split("-")
    if len(numbers) != 2 or not all(map(_is_id, numbers)):
        raise QuestionUnreadable("“after” must be what a “Next page” link gives.")
    first, last = (int(each) for each in numbers)
    rows = db.session.execute(select(Organisation.id, _NAME).where(Organisation.id.in_((first, last))))
    names: dict[int, str] = {number: name for number, name in rows}
    return Start(names.get(first, ""), first), Start(names.get(last, ""), last)


def count_public_suppliers() -> int:
    """How many suppliers anyone may see."""
    query = select(func.count(Supplier.id)).join(Organisation, Organisation.id == Supplier.id).where(is_public())
    return db.session.scalar(query) or 0


_NAMED = select(
    *CARD, N.withdrawn_at, N.no_award_at, N.awarded_at, N.contracted_at, N.opened_at, N.scores_frozen_at
).where(N.reference.in_(bindparam("references", expanding=True)), N.published_at.is_not(None))


def needs_by_reference(references: Sequence[str]) -> list[Row[Any]]:
    """Published needs in the order of the references, with what tells how they ended."""
    rows = db.session.connection().execute(_NAMED, {"references": list(references)})
    found: dict[str, Any] = {row.reference: row for row in rows}
    return [found[each] for each in references if each in found]


def _key(row: Row[Any]) -> str:
    return f"{row.closes_at.astimezone(UTC).strftime(_KEY)}Z-{row.id}"


def _read_key(text: str) -> tuple[datetime, int]:
    instant, _, number = text.partition("Z-")
    try:
        if not _is_id(number):
            raise ValueError(text)
        return datetime.strptime(instant, _KEY).replace(tzinfo=UTC), int(number)
    except ValueError:
        raise QuestionUnreadable("“after” must be what a “Next page” link gives.") from None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= LARGEST_ROW_NUMBER
