"""What auditors browse: purchases, suppliers, the journal, exports made. Nothing of bids that are still sealed."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace.accounts.models import Organisation, Person
from marketplace.auditors.exports.shape import Scope, published_here
from marketplace.auditors.exports.suppliers import opened_bids_of, told_awards_of
from marketplace.core import db
from marketplace.core.errors import NotFound
from marketplace.core.journal import Event, JournalLine
from marketplace.core.pages import PageOf
from suppliers.profiles.models import Supplier
from tenders.bids.queries import shown_lines
from tenders.needs.models import Need
from tenders.needs.queries import NO_NEED
from tenders.needs.status import has_status

PAGE_SIZE = 50
RECENT = 20


def councils_with_needs() -> dict[str, str]:
    """Name by slug of the councils that published a need here, by name."""
    query = select(Organisation.slug, Organisation.name).join(Need, Need.authority_id == Organisation.id)
    rows = db.session.execute(query.where(published_here()).distinct().order_by(Organisation.name, Organisation.slug))
    return {row.slug: row.name for row in rows}


def council_reference(slug: str) -> str:
    """The council's reference; "" when no council is named."""
    query = select(Organisation.reference).where(Organisation.slug == slug, Organisation.kind == "authority")
    return (db.session.scalar(query) or "") if slug else ""


def search_needs(words: str, status: str, council: str, number: int) -> PageOf[Need]:
    """Needs published here whose title or reference holds all the words, newest first."""
    query = select(Need).where(published_here()).options(joinedload(Need.authority))
    for word in words.split():
        query = query.where(or_(_holds(Need.title, word), _holds(Need.reference, word)))
    if status:
        query = query.where(has_status(status))
    if council:
        query = query.where(Need.authority_id.in_(select(Organisation.id).where(Organisation.slug == council)))
    return _page(query.order_by(Need.published_at.desc(), Need.id.desc()), number)


def get_purchase(reference: str) -> Need:
    """The need published here with this reference; NotFound."""
    need = db.session.scalar(select(Need).where(Need.reference == reference, published_here()))
    if need is None:
        raise NotFound(NO_NEED)
    return need


def search_suppliers(words: str, number: int) -> PageOf[Any]:
    """Suppliers by name, each with its opened bids and told awards: rows of (supplier, bids_opened, awards)."""
    counts = (opened_bids_of(Supplier.id).label("bids_opened"), told_awards_of(Supplier.id).label("awards"))
    query = select(Supplier, *counts).join(Organisation, Organisation.id == Supplier.id)
    for word in words.split():
        query = query.where(or_(_holds(Organisation.name, word), _holds(Organisation.reference, word)))
    total = db.session.scalar(select(func.count()).select_from(query.with_only_columns(Supplier.id).subquery())) or 0
    rows = query.order_by(Organisation.name, Supplier.id).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return PageOf(db.session.execute(rows.options(joinedload(Supplier.organisation))).all(), number, PAGE_SIZE, total)


def browse_journal(scope: Scope, event: str, need: str, number: int) -> PageOf[JournalLine]:
    """Lines that may be shown now, newest first, of one event or need if asked."""
    query = select(JournalLine).where(shown_lines())
    if event:
        query = query.where(JournalLine.event == event)
    if need:
        query = query.where(JournalLine.need == need)
    council = select(Organisation.slug).where(Organisation.reference == JournalLine.authority).scalar_subquery()
    query = scope.narrow(query, council, JournalLine.at)
    return _page(query.order_by(JournalLine.number.desc()), number)


def event_names() -> Sequence[str]:
    """Every kind of event in the journal that may be shown now, by name."""
    return db.session.scalars(
        select(JournalLine.event).where(shown_lines()).distinct().order_by(JournalLine.event)
    ).all()


def event_words() -> dict[str, str]:
    """What each kind of event means: the first sentence of what its class says of itself."""
    found: dict[str, str] = {}
    waiting = list(Event.__subclasses__())
    while waiting:
        each = waiting.pop()
        waiting.extend(each.__subclasses__())
        found[each.__name__] = re.split(r"(?<=\w)[.:;](?:\s|$)", inspect.cleandoc(each.__doc__ or ""))[0]
    return found


def names_behind(lines: Sequence[JournalLine]) -> dict[str, str]:
    """Names by pseudonym of the people who act in these lines and are not erased."""
    asked = {each.actor for each in lines}
    query = select(Person.pseudonym, Person.name).where(Person.pseudonym.in_(asked), Person.erased_at.is_(None))
    return {row.pseudonym: row.name for row in db.session.execute(query)}


def lines_of(need: Need) -> Sequence[JournalLine]:
    """The journal of one purchase as it may be shown now, in order."""
    query = select(JournalLine).where(JournalLine.need == need.reference, shown_lines())
    return db.session.scalars(query.order_by(JournalLine.number)).all()


def recent_exports() -> Sequence[JournalLine]:
    """The latest exports on record, newest first."""
    return db.session.scalars(_latest("ExportMade").limit(RECENT)).all()


def find_last_check() -> JournalLine | None:
    """The last time the journal was checked from these pages."""
    return db.session.scalars(_latest("JournalChecked").limit(1)).first()


def _latest(event: str) -> Select[JournalLine]:
    return select(JournalLine).where(JournalLine.event == event).order_by(JournalLine.number.desc())


def _holds(column: Any, word: str) -> Any:
    return func.lower(column).contains(word.lower(), autoescape=True)


def _page(query: Any, number: int) -> PageOf[Any]:
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = db.session.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).unique().all()
    return PageOf(rows, number, PAGE_SIZE, total)
