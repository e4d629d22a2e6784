"""What this room keeps about a person, for the person's own download."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.exports import PARTS
from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.journal import plain
from search.kept import lately_found, muted_by
from search.models import Follow, SavedSearch
from tenders.needs.models import Need


def saved_searches(person: Person) -> list[dict[str, object]]:
    """Every saved search, stopped ones too; instants in UTC."""
    searches = db.session.scalars(
        select(SavedSearch).where(SavedSearch.person_id == person.id).order_by(SavedSearch.id)
    )
    return [
        {
            "search": each.name,
            "address": f"/needs?{each.query_string}",
            "rhythm": each.rhythm,
            "saved_at": plain(each.saved_at),
            "stopped_at": plain(each.stopped_at),
        }
        for each in searches
    ]


def needs_found(person: Person) -> list[dict[str, object]]:
    """What the running searches found lately, and when the person was told."""
    return [
        {"need": each.need.reference, "searches": each.searches, "told_at": plain(each.told_at)}
        for each in lately_found(person.id, limit=1000)
    ]


def muted_needs(person: Person) -> list[str]:
    return [each.reference for each in muted_by(person.id)]


def followed_needs(person: Person) -> list[dict[str, object]]:
    """Needs that the person's address follows, or followed."""
    query = select(Follow, Need.reference).join(Need, Need.id == Follow.need_id).where(Follow.email == person.email)
    return [
        {"need": need, "confirmed_at": plain(each.confirmed_at), "stopped_at": plain(each.stopped_at)}
        for each, need in db.session.execute(query.order_by(Follow.id))
    ]


PARTS.update(
    saved_searches=saved_searches, needs_found=needs_found, muted_needs=muted_needs, followed_needs=followed_needs
)
