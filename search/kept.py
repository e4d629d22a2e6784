"""Follows, saved searches and invitations, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from marketplace.accounts.models import Organisation, Person
from marketplace.core import db
from marketplace.core.errors import NotFound
from search.models import (
    Alert,
    ConsideredSupplier,
    Follow,
    InvitationRound,
    NeedInvitation,
    NeedMute,
    SavedSearch,
)
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import is_public
from tenders.needs.models import Need

NO_FOLLOW = "This link is not one of ours. Use the whole link from the mail."
NO_SEARCH = "There is no such saved search."


@dataclass
class Found:
    """A need, the names of the saved searches that found it, and when its letter was written (None: it waits)."""

    need: Need
    searches: list[str]
    told_at: datetime | None


def find_follow(need_id: int, email: str) -> Follow | None:
    """This address's follow of this need, in whatever state."""
    return db.session.scalar(select(Follow).where(Follow.need_id == need_id, Follow.email == email))


def get_follow(follow_id: int | None) -> tuple[Follow, Need]:
    """A follow with its need; raises NotFound."""
    query = select(Follow, Need).join(Need, Need.id == Follow.need_id).where(Follow.id == follow_id)
    found = db.session.execute(query).first() if follow_id else None
    if found is None:
        raise NotFound(NO_FOLLOW)
    return found[0], found[1]


def count_asked_since(email: str, since: datetime) -> int:
    """How many needs the address was asked to follow since then."""
    query = select(func.count(Follow.id)).where(Follow.email == email, Follow.asked_at >= since)
    return db.session.scalar(query) or 0


def followers_of(need_id: int) -> Sequence[Follow]:
    """Confirmed followers who have not stopped."""
    live = (Follow.need_id == need_id, Follow.confirmed_at.is_not(None), Follow.stopped_at.is_(None))
    return db.session.scalars(select(Follow).where(*live).order_by(Follow.id)).all()


def saved_searches_of(person_id: int) -> Sequence[SavedSearch]:
    """A person's searches that still run, the latest first."""
    query = select(SavedSearch).where(SavedSearch.person_id == person_id, SavedSearch.stopped_at.is_(None))
    return db.session.scalars(query.order_by(SavedSearch.id.desc())).all()


def find_saved_search(person_id: int, query_string: str) -> SavedSearch | None:
    """The running search of a person that asks exactly this."""
    return next((each for each in saved_searches_of(person_id) if each.query_string == query_string), None)


def get_saved_search(search_id: int | None) -> SavedSearch:
    """A saved search by number, running or not; raises NotFound."""
    found = db.session.get(SavedSearch, search_id) if search_id else None
    if found is None:
        raise NotFound(NO_SEARCH)
    return found


def get_alert(alert_id: int | None) -> tuple[Alert, SavedSearch, Need]:
    """An alert with its search and need, as a mail's link names it; raises NotFound."""
    query = select(Alert, SavedSearch, Need).join(SavedSearch, SavedSearch.id == Alert.search_id)
    query = query.join(Need, Need.id == Alert.need_id).where(Alert.id == alert_id)
    found = db.session.execute(query).first() if alert_id else None
    if found is None:
        raise NotFound(NO_FOLLOW)
    return found[0], found[1], found[2]


def find_mute(person_id: int, need_id: int) -> NeedMute | None:
    """The person's wish to hear no more of this need."""
    return db.session.scalar(select(NeedMute).where(NeedMute.person_id == person_id, NeedMute.need_id == need_id))


def muted_by(person_id: int) -> Sequence[Need]:
    """Needs that the person muted, the latest first."""
    query = select(Need).join(NeedMute, NeedMute.need_id == Need.id).where(NeedMute.person_id == person_id)
    return db.session.scalars(query.order_by(NeedMute.id.desc())).all()


def lately_found(person_id: int, limit: int = 50) -> list[Found]:
    """What the person's running searches found and told, or will tell, the latest first; muted needs left out."""
    muted = select(NeedMute.id).where(NeedMute.person_id == person_id, NeedMute.need_id == Alert.need_id)
    query = (
        select(Alert, SavedSearch, Need)
        .join(SavedSearch, SavedSearch.id == Alert.search_id)
        .join(Need, Need.id == Alert.need_id)
        .where(
            SavedSearch.person_id == person_id,
            SavedSearch.stopped_at.is_(None),
            Alert.let_go_at.is_(None),
            Need.published_at.is_not(None),
            Need.withdrawn_at.is_(None),
            ~muted.exists(),
        )
        .order_by(Alert.id.desc())
    )
    found: dict[int, Found] = {}
    for alert, search, need in db.session.execute(query.limit(limit)):
        known = found.setdefault(need.id, Found(need, [], None))
        known.searches.append(search.name)
        known.told_at = known.told_at or alert.told_at
    return list(found.values())


def invitations_of(need_id: int) -> dict[int, NeedInvitation]:
    """Who was invited to look at the need, by supplier."""
    query = select(NeedInvitation).where(NeedInvitation.need_id == need_id).order_by(NeedInvitation.id)
    return {each.supplier_id: each for each in db.session.scalars(query)}


@dataclass(frozen=True)
class Round:
    """A round of invitations with the list that was looked at, best first."""

    row: InvitationRound
    by: str
    listed: list[tuple[ConsideredSupplier, str]]


def rounds_of(need_id: int) -> list[Round]:
    """The rounds of invitations of a need, the latest first; the suppliers by name."""
    query = (
        select(InvitationRound, Person.name)
        .join(Person, Person.id == InvitationRound.invited_by_id)
        .where(InvitationRound.need_id == need_id)
        .order_by(InvitationRound.id.desc())
    )
    rows = list(db.session.execute(query))
    listed: dict[int, list[tuple[ConsideredSupplier, str]]] = {row.id: [] for row, _ in rows}
    names = (
        select(ConsideredSupplier, Organisation.name)
        .join(Organisation, Organisation.id == ConsideredSupplier.supplier_id)
        .where(ConsideredSupplier.round_id.in_(listed))
        .order_by(ConsideredSupplier.round_id, ConsideredSupplier.place)
    )
    for each, name in db.session.execute(names):
        listed[each.round_id].append((each, name))
    return [Round(row, by, listed[row.id]) for row, by in rows]


def invitations_to(supplier_id: int) -> Sequence[tuple[NeedInvitation, Need]]:
    """Needs that the supplier was invited to look at, the latest invitation first."""
    query = (
        select(NeedInvitation, Need)
        .join(Need, Need.id == NeedInvitation.need_id)
        .where(NeedInvitation.supplier_id == supplier_id)
        .order_by(NeedInvitation.id.desc())
    )
    return [(invitation, need) for invitation, need in db.session.execute(query.limit(20))]


def suppliers_by_id(ids: Sequence[int]) -> list[Supplier]:
    """Suppliers in the order of the ids."""
    found = {each.id: each for each in db.session.scalars(select(Supplier).where(Supplier.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


def public_suppliers_by_id(ids: Sequence[int]) -> list[Supplier]:
    """Those of the suppliers whose profile anyone may see now, in the order of the ids."""
    public = select(Supplier.id).join(Organisation, Organisation.id == Supplier.id)
    shown = set(db.session.scalars(public.where(Supplier.id.in_(ids), is_public())))
    return [each for each in suppliers_by_id(ids) if each.id in shown]
