"""Finding needs: of a council, of everyone, for a lock. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from marketplace.accounts.models import Membership, Person
from marketplace.core import db
from marketplace.core.errors import NotFound
from marketplace.core.pages import PageOf
from tenders.needs.models import Need, NeedAmendment, NeedDocument, NeedVersion, PanelMember
from tenders.needs.status import has_status, status_expression

NO_NEED = "There is no need with this reference."
PAGE_SIZE = 25


def _kept_by(organisation_id: int) -> tuple[ColumnElement[bool], ...]:
    """The council's needs without the drafts that it discarded."""
    return Need.authority_id == organisation_id, Need.discarded_at.is_(None)


def _found(query: Select[Need], lock: bool) -> Need:
    if lock:
        # `of` keeps the lock off the outer-joined council, which PostgreSQL would refuse.
        query = query.with_for_update(of=Need).execution_options(populate_existing=True)
    need = db.session.scalar(query)
    if need is None:
        raise NotFound(NO_NEED)
    return need


def get_need(need_id: int, lock: bool = False) -> Need:
    """The need with this id, locked and read afresh when asked; raises NotFound."""
    return _found(select(Need).where(Need.id == need_id), lock)


def get_need_by_reference(reference: str, lock: bool = False) -> Need:
    """The need with this reference, whatever its status; raises NotFound."""
    return _found(select(Need).where(Need.reference == reference), lock)


def get_need_of(reference: str, organisation_id: int, lock: bool = False) -> Need:
    """The council's own need; another council's is NotFound, and so is a discarded draft."""
    return _found(select(Need).where(Need.reference == reference, *_kept_by(organisation_id)), lock)


def find_need_of(reference: str, organisation_id: int) -> Need | None:
    """The council's own need with this reference."""
    return db.session.scalar(select(Need).where(Need.reference == reference, *_kept_by(organisation_id)))


def find_public_need(reference: str) -> Need | None:
    """The need if anyone may read it."""
    return db.session.scalar(select(Need).where(Need.reference == reference, Need.published_at.is_not(None)))


def get_public_need(reference: str) -> Need:
    """The need that anyone may read; raises NotFound unless it is published."""
    need = find_public_need(reference)
    if need is None:
        raise NotFound(NO_NEED)
    return need


def list_open(at: datetime | None = None, limit: int | None = None) -> Sequence[Need]:
    """Open needs, the one that closes soonest first."""
    query = select(Need).where(has_status("open", at)).order_by(Need.closes_at, Need.id)
    return db.session.scalars(query.limit(limit) if limit else query).all()


def count_open(at: datetime | None = None) -> int:
    """How many needs are open."""
    return db.session.scalar(select(func.count(Need.id)).where(has_status("open", at))) or 0


def recent_needs(limit: int) -> Sequence[Need]:
    """The latest published needs, newest first."""
    query = select(Need).where(Need.published_at.is_not(None)).order_by(Need.published_at.desc(), Need.id.desc())
    return db.session.scalars(query.limit(limit)).all()


def public_needs_of(organisation_id: int, number: int = 1, size: int = PAGE_SIZE) -> PageOf[Need]:
    """A council's published needs for its public page, newest first."""
    mine = (Need.authority_id == organisation_id, Need.published_at.is_not(None))
    query = select(Need).where(*mine).order_by(Need.published_at.desc(), Need.id.desc())
    return _page(query, number, size)


def needs_of_authority(organisation_id: int, status: str = "", number: int = 1, size: int = PAGE_SIZE) -> PageOf[Need]:
    """The council's needs, last saved first, all or of one status."""
    query = select(Need).where(*_kept_by(organisation_id))
    if status:
        query = query.where(has_status(status))
    return _page(query.order_by(Need.saved_at.desc(), Need.id.desc()), number, size)


def counts_by_status(organisation_id: int, at: datetime | None = None) -> dict[str, int]:
    """How many of the council's needs have each status that occurs."""
    status = status_expression(at).label("status")
    chosen = select(status).where(*_kept_by(organisation_id)).subquery()
    rows = db.session.execute(select(chosen.c.status, func.count()).group_by(chosen.c.status).order_by(chosen.c.status))
    return {name: count for name, count in rows}


def needs_waiting_for_approval(organisation_id: int, not_by: int) -> Sequence[Need]:
    """Needs that ask this council's approvers, leaving out those that the person wrote."""
    query = select(Need).where(
        *_kept_by(organisation_id),
        Need.review_asked_at.is_not(None),
        Need.published_at.is_(None),
        Need.author_id != not_by,
    )
    return db.session.scalars(query.order_by(Need.review_asked_at, Need.id)).all()


def unpublished_needs_of(organisation_id: int) -> Sequence[Need]:
    """The council's drafts and needs that wait for approval, last saved first."""
    query = select(Need).where(*_kept_by(organisation_id), Need.published_at.is_(None))
    return db.session.scalars(query.order_by(Need.saved_at.desc(), Need.id.desc())).all()


def needs_with_duty(person_id: int, duty: str) -> Sequence[Need]:
    """Published needs on which the person was named for a duty, by closing time."""
    query = (
        select(Need)
        .join(PanelMember, PanelMember.need_id == Need.id)
        .where(PanelMember.person_id == person_id, PanelMember.duty == duty, Need.published_at.is_not(None))
        .order_by(Need.closes_at, Need.id)
    )
    return db.session.scalars(query).all()


def needs_with_people_gone(organisation_id: int) -> Sequence[Need]:
    """The council's needs under way on which somebody is named who is no live member any more, oldest first."""
    named = select(PanelMember.need_id).where(PanelMember.person_id.not_in(live_people(organisation_id)))
    under_way = (
        Need.published_at.is_not(None),
        Need.withdrawn_at.is_(None),
        Need.no_award_at.is_(None),
        Need.contracted_at.is_(None),
    )
    query = select(Need).where(Need.authority_id == organisation_id, *under_way, Need.id.in_(named))
    return db.session.scalars(query.order_by(Need.published_at, Need.id)).all()


def iterate_public(batch: int = 200) -> Iterator[Need]:
    """Every published need in order of id, in batches, for indexing and exports."""
    last = 0
    while rows := db.session.scalars(
        select(Need).where(Need.published_at.is_not(None), Need.id > last).order_by(Need.id).limit(batch)
    ).all():
        yield from rows
        last = rows[-1].id


def find_amendment(need: Need) -> NeedAmendment | None:
    """The amendment being prepared."""
    return db.session.scalar(select(NeedAmendment).where(NeedAmendment.need_id == need.id))


def amendments_waiting(organisation_id: int, not_by: int) -> Sequence[tuple[NeedAmendment, Need]]:
    """Changes of open needs that ask this council's approvers, leaving out those that the person wrote."""
    query = (
        select(NeedAmendment, Need)
        .join(Need, Need.id == NeedAmendment.need_id)
        .where(
            Need.authority_id == organisation_id,
            NeedAmendment.asked_at.is_not(None),
            NeedAmendment.asked_by_id != not_by,
            NeedAmendment.started_by_id.is_distinct_from(not_by),
            has_status("open"),
        )
        .order_by(NeedAmendment.asked_at, NeedAmendment.id)
    )
    return [(amendment, need) for amendment, need in db.session.execute(query)]


def needs_with_changes_sent_back(organisation_id: int, person_id: int) -> Sequence[Need]:
    """Open needs whose changes an approver sent back to this person."""
    query = select(Need).join(NeedAmendment, NeedAmendment.need_id == Need.id)
    sent_back = (NeedAmendment.review_note != "", NeedAmendment.asked_at.is_(None), NeedAmendment.asked_by_id == person_id)
    return db.session.scalars(
        query.where(Need.authority_id == organisation_id, has_status("open"), *sent_back).order_by(Need.id)
    ).all()


def get_version(need: Need, number: int) -> NeedVersion:
    """One published version; raises NotFound."""
    query = select(NeedVersion).where(NeedVersion.need_id == need.id, NeedVersion.number == number)
    version = db.session.scalar(query)
    if version is None:
        raise NotFound("There is no such version of this need.")
    return version


def get_document(need: Need, document_id: int) -> NeedDocument:
    """A document of the need that has not been removed; raises NotFound."""
    for each in need.documents:
        if each.id == document_id and each.removed_at is None:
            return each
    raise NotFound("There is no such document with this need.")


def members_of(organisation_id: int) -> Sequence[Membership]:
    """The council's live members, by name."""
    query = (
        select(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.approved_at.is_not(None),
            Membership.ended_at.is_(None),
            Person.erased_at.is_(None),
        )
        .order_by(Person.name, Membership.id)
    )
    return db.session.scalars(query).unique().all()


def live_people(organisation_id: int | None) -> set[int]:
    """Person ids of the council's live members."""
    return {each.person_id for each in members_of(organisation_id)} if organisation_id else set()


def people_with_role(organisation_id: int, role: str) -> list[Person]:
    """Live members with a role, by name."""
    return [each.person for each in members_of(organisation_id) if role in each.roles]


def officers_of_need(need: Need) -> list[Person]:
    """Who hears of a question: the author, then the council's other officers."""
    officers = people_with_role(need.authority_id, "officer") if need.authority_id else []
    author = [need.author] if need.author is not None and need.author_id in live_people(need.authority_id) else []
    return author + [each for each in officers if each.id != need.author_id]


def next_version_number(need: Need) -> int:
    query = select(func.max(NeedVersion.number)).where(NeedVersion.need_id == need.id)
    return (db.session.scalar(query) or 0) + 1


def _page(query: Select[Need], number: int, size: int) -> PageOf[Need]:
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = db.session.scalars(query.limit(size).offset((number - 1) * size)).all()
    return PageOf(rows, number, size, total)
