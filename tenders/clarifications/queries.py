"""Finding questions and answers. Nothing here gives the asker away to anyone else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.errors import NotFound
from suppliers.profiles.models import Supplier
from tenders.clarifications.models import Clarification
from tenders.clarifications.telltales import Asker
from tenders.needs.models import Need

NO_QUESTION = "There is no such question."


def published_of(need: Need) -> Sequence[Clarification]:
    """Answered questions in the order of their numbers, for everyone."""
    query = select(Clarification).where(Clarification.need_id == need.id, Clarification.answered_at.is_not(None))
    return db.session.scalars(query.order_by(Clarification.number)).all()


def unanswered_of(need: Need) -> Sequence[Clarification]:
    """Questions that wait for the council, the oldest first."""
    query = select(Clarification).where(Clarification.need_id == need.id, Clarification.answered_at.is_(None))
    return db.session.scalars(query.order_by(Clarification.asked_at, Clarification.id)).all()


def own_of(need: Need, supplier_id: int) -> Sequence[Clarification]:
    """The questions that one firm asked about a need, for that firm."""
    query = select(Clarification).where(
        Clarification.need_id == need.id, Clarification.asked_by_supplier_id == supplier_id
    )
    return db.session.scalars(query.order_by(Clarification.asked_at, Clarification.id)).all()


def answered_to(supplier_id: int, since: datetime) -> Sequence[Clarification]:
    """The firm's own questions that were answered since an instant, the latest answer first, with their needs."""
    query = select(Clarification).where(
        Clarification.asked_by_supplier_id == supplier_id, Clarification.answered_at >= since
    )
    return db.session.scalars(
        query.options(joinedload(Clarification.need)).order_by(Clarification.answered_at.desc(), Clarification.id)
    ).all()


def get_own(reference: str, supplier_id: int, lock: bool = False) -> Clarification:
    """A firm's own question; another firm's is NotFound."""
    query = select(Clarification).where(
        Clarification.reference == reference, Clarification.asked_by_supplier_id == supplier_id
    )
    return _one(query, lock)


def get_clarification(need: Need, reference: str, lock: bool = False) -> Clarification:
    """A question about this need; raises NotFound."""
    query = select(Clarification).where(Clarification.need_id == need.id, Clarification.reference == reference)
    return _one(query, lock)


def get_by_reference(reference: str) -> Clarification:
    """The question with this reference; raises NotFound."""
    return _one(select(Clarification).where(Clarification.reference == reference), False)


def count_unanswered(need: Need) -> int:
    """How many questions wait for the council."""
    query = select(func.count(Clarification.id)).where(
        Clarification.need_id == need.id, Clarification.answered_at.is_(None)
    )
    return db.session.scalar(query) or 0


def waiting_by_need(organisation_id: int) -> Sequence[tuple[Need, int]]:
    """The council's needs with questions that wait, and how many, by closing time."""
    query = (
        select(Need.id, func.count(Clarification.id))
        .join(Clarification, Clarification.need_id == Need.id)
        .where(Need.authority_id == organisation_id, Clarification.answered_at.is_(None))
        .group_by(Need.id, Need.closes_at)
        .order_by(Need.closes_at, Need.id)
    )
    return [(db.session.get_one(Need, need_id), count) for need_id, count in db.session.execute(query)]


def next_number(need: Need) -> int:
    """The number of the next answer: answers are numbered in the order in which they are given."""
    return (db.session.scalar(select(func.max(Clarification.number)).where(Clarification.need_id == need.id)) or 0) + 1


def asker_of(supplier_id: int | None, person_id: int | None) -> Asker:
    """The names that must not stand in a question, for the rules alone."""
    firm = db.session.get(Supplier, supplier_id) if supplier_id else None
    person = db.session.get(Person, person_id) if person_id else None
    return Asker(firm.name if firm else "", firm.website if firm else "", person.name if person else "")


def _one(query: Select[Clarification], lock: bool) -> Clarification:
    if lock:
        query = query.with_for_update(of=Clarification).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(NO_QUESTION)
    return found
