"""What an administrator watches: the worker, mails, organisations. Nothing of any bid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from marketplace.core.jobs import Cursor, Delivery
from marketplace.core.journal import JournalHead, JournalLine
from marketplace.core.mail import Mail
from marketplace.core.pages import PageOf
from marketplace.core.tokens import salted_hash
from tenders.bids.queries import shown_lines

PAGE_SIZE = 50
SHOWN_FAULTS = 100


@dataclass(frozen=True)
class ListenerState:
    """One listener: journal lines it has not looked at, deliveries that wait, and those given up.

    Without deliveries of lines that are withheld until an opening: a listener may have none but these, and a count of
    what waits for it would say that somebody has just bid.
    """

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
    query = select(Delivery.listener, func.count(), func.min(Delivery.due_at))
    query = query.join(JournalLine, JournalLine.number == Delivery.line).where(shown_lines(), *conditions)
    return {name: (count, oldest) for name, count, oldest in db.session.execute(query.group_by(Delivery.listener))}


@dataclass(frozen=True)
class FaultyDelivery:
    """A delivery that failed. Of a line that is withheld until an opening, only its mark and its state are told."""

    mark: str
    line: int | None
    event: str
    listener: str
    attempts: int
    error: str
    is_given_up: bool


def faulty_deliveries() -> list[FaultyDelivery]:
    """Deliveries that failed at least once and are not done, given up ones first."""
    return [
        FaultyDelivery(
            mark=delivery_mark(each),
            line=each.line if is_shown else None,
            event=event if is_shown else "",
            listener=each.listener if is_shown else "",
            attempts=each.attempts,
            error=each.last_error if is_shown else "",
            is_given_up=each.gave_up_at is not None,
        )
        for each, event, is_shown in _faults()
    ]


def find_faulty_delivery(mark: str) -> tuple[Delivery, bool] | None:
    """The failed delivery with this mark, and whether its line may be told."""
    return next(((each, shown) for each, _event, shown in _faults() if delivery_mark(each) == mark), None)


def delivery_mark(delivery: Delivery) -> str:
    """Names a delivery without telling its line or its listener."""
    return salted_hash("delivery", delivery.listener, str(delivery.line))


def _faults() -> list[tuple[Delivery, str, bool]]:
    query = (
        select(Delivery, JournalLine.event, shown_lines())
        .join(JournalLine, JournalLine.number == Delivery.line)
        .where(Delivery.done_at.is_(None), (Delivery.attempts > 0) | Delivery.gave_up_at.is_not(None))
        .order_by(Delivery.gave_up_at.is_(None), Delivery.line, Delivery.listener)
    )
    return [(each, event, bool(shown)) for each, event, shown in db.session.execute(query.limit(SHOWN_FAULTS))]


@dataclass(frozen=True)
class FailedMail:
    """A mail whose sending failed. Of one about a line that is withheld until an opening, only its mark is told."""

    mark: str
    subject: str
    recipient: str
    attempts: int
    error: str
    is_shown: bool


def unsent_mails() -> tuple[int, list[FailedMail]]:
    """How many mails wait, without those that would tell of a bid before its opening; and each that failed."""
    waiting = db.session.execute(select(Mail.id, Mail.key).where(Mail.sent_at.is_(None))).all()
    withheld = _withheld_lines(key for _id, key in waiting)
    failed = select(Mail).where(Mail.sent_at.is_(None), Mail.last_error != "").order_by(Mail.id).limit(SHOWN_FAULTS)
    return sum(_line_of(key) not in withheld for _id, key in waiting), [
        FailedMail(
            mark=mail_mark(each.id),
            subject=each.subject if (is_shown := _line_of(each.key) not in withheld) else "",
            recipient=each.recipient if is_shown else "",
            attempts=each.attempts,
            error=each.last_error if is_shown else "",
            is_shown=is_shown,
        )
        for each in db.session.scalars(failed)
    ]


def find_failed_mail(mark: str) -> int | None:
    """The id of the unsent mail with this mark."""
    failed = select(Mail.id).where(Mail.last_error != "").order_by(Mail.sent_at.is_not(None), Mail.id)
    return next((each for each in db.session.scalars(failed) if mail_mark(each) == mark), None)


def mail_mark(mail_id: int) -> str:
    """Names a mail without telling how many were written before it."""
    return salted_hash("mail", str(mail_id))


def _line_of(key: str) -> int | None:
    """The journal line that a mail tells of: letters begin their key with its number (`letters.write_letters`)."""
    number, colon, _rest = key.partition(":")
    return int(number) if colon and number.isascii() and number.isdigit() and len(number) < 19 else None


def _withheld_lines(keys: Iterable[str]) -> set[int]:
    numbers = sorted({line for each in keys if (line := _line_of(each)) is not None})
    found: set[int] = set()
    for at in range(0, len(numbers), 500):
        asked = JournalLine.number.in_(numbers[at : at + 500])
        found |= set(db.session.scalars(select(JournalLine.number).where(asked, ~shown_lines())))
    return found


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
