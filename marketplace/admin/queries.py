"""What an administrator watches: the worker, mails, organisations. Nothing of any bid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from marketplace.core.jobs import Cursor, Delivery
from marketplace.core.journal import JournalHead, JournalLine
from marketplace.core.mail import Mail
from marketplace.core.pages import PageOf

PAGE_SIZE = 50
SHOWN_FAULTS = 100


@dataclass(frozen=True)
class ListenerState:
    """One listener: journal lines it has not looked at, deliveries that wait, and those given up."""

    name: str
    behind: int
    waiting: int
    given_up: int
    oldest_due_at: datetime | None


def listener_states() -> list[ListenerState]:
    """Every listener that has ever run, by name."""
    last = db.session.scalar(select(JournalHead.count).where(JournalHead.id == 1)) or 0
    undone = _counts(Delivery.done_at.is_(None), Delivery.gave_up_at.is_(None))
    given_up = _counts(Delivery.gave_up_at.is_not(None), Delivery.done_at.is_(None))
    return [
        ListenerState(
            each.listener,
            last - each.scanned_to,
            undone.get(each.listener, (0, None))[0],
            given_up.get(each.listener, (0, None))[0],
            undone.get(each.listener, (0, None))[1],
        )
        for each in db.session.scalars(select(Cursor).order_by(Cursor.listener))
    ]


def _counts(*conditions: ColumnElement[bool]) -> dict[str, tuple[int, datetime | None]]:
    query = select(Delivery.listener, func.count(), func.min(Delivery.due_at)).where(*conditions)
    return {name: (count, oldest) for name, count, oldest in db.session.execute(query.group_by(Delivery.listener))}


def faulty_deliveries() -> Sequence[tuple[Delivery, str]]:
    """Deliveries that failed at least once and are not done, given up ones first, each with its event's name."""
    query = (
        select(Delivery, JournalLine.event)
        .join(JournalLine, JournalLine.number == Delivery.line)
        .where(Delivery.done_at.is_(None), (Delivery.attempts > 0) | Delivery.gave_up_at.is_not(None))
        .order_by(Delivery.gave_up_at.is_(None), Delivery.line, Delivery.listener)
    )
    return [(delivery, event) for delivery, event in db.session.execute(query.limit(SHOWN_FAULTS))]


def unsent_mails() -> tuple[int, Sequence[Mail]]:
    """How many mails wait, and those of them whose sending failed, oldest first."""
    count = db.session.scalar(select(func.count()).where(Mail.sent_at.is_(None))) or 0
    failed = select(Mail).where(Mail.sent_at.is_(None), Mail.last_error != "").order_by(Mail.id)
    return count, db.session.scalars(failed.limit(SHOWN_FAULTS)).all()


def waiting_organisations(kind: str = "supplier") -> Sequence[Organisation]:
    """Organisations of a kind that have a member or a request and are not approved, by name."""
    query = (
        select(Organisation)
        .where(
            Organisation.kind == kind,
            Organisation.approved_at.is_(None),
            Organisation.memberships.any(Membership.ended_at.is_(None)),
        )
        .order_by(Organisation.name, Organisation.id)
    )
    return db.session.scalars(query).unique().all()


STATES = {
    "": "Any",
    "active": "May act",
    "unapproved": "Not approved, or no account yet",
    "suspended": "Suspended",
}


def search_organisations(words: str, kind: str, state: str, number: int) -> PageOf[Organisation]:
    """One page of organisations whose name or reference holds all the words, by name."""
    query = select(Organisation)
    for word in words.split():
        like = "%" + word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        name, reference = func.lower(Organisation.name), func.lower(Organisation.reference)
        query = query.where(name.like(like, escape="\\") | reference.like(like, escape="\\"))
    if kind:
        query = query.where(Organisation.kind == kind)
    query = _in_state(query, state)
    total = (
        db.session.scalar(select(func.count()).select_from(query.with_only_columns(Organisation.id).subquery())) or 0
    )
    rows = query.order_by(Organisation.name, Organisation.id).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return PageOf(db.session.scalars(rows).unique().all(), number, PAGE_SIZE, total)


def unclaimed_suppliers(found: Sequence[Organisation]) -> set[int]:
    """Those of these suppliers that nobody was ever a member of: their profiles were imported."""
    suppliers = {each.id for each in found if each.kind == "supplier"}
    claimed = select(Membership.organisation_id).where(Membership.organisation_id.in_(suppliers)).distinct()
    return suppliers - set(db.session.scalars(claimed))


def _in_state(query: Select[Organisation], state: str) -> Select[Organisation]:
    if state == "suspended":
        return query.where(Organisation.suspended_at.is_not(None))
    if state == "unapproved":
        return query.where(Organisation.approved_at.is_(None))
    if state == "active":
        return query.where(Organisation.approved_at.is_not(None), Organisation.suspended_at.is_(None))
    return query


def acts_on(reference: str) -> Sequence[JournalLine]:
    """The last fifty journal lines whose subject is this organisation, newest first."""
    query = select(JournalLine).where(JournalLine.subject == reference).order_by(JournalLine.number.desc())
    return db.session.scalars(query.limit(50)).all()


def members_including_waiting(organisation_id: int) -> Sequence[Membership]:
    """Members and requests that have not ended, confirmed or not, oldest first."""
    query = select(Membership).where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
    return db.session.scalars(query.order_by(Membership.id)).unique().all()


def is_overdue(state: ListenerState) -> bool:
    """Whether something has waited for more than five minutes: the worker may have stopped."""
    return state.oldest_due_at is not None and (clock.now() - state.oldest_due_at).total_seconds() > 300
