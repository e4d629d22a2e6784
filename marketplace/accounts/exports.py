"""Everything that is kept about one person, for that person (UK GDPR, Articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from marketplace.accounts import queries
from marketplace.accounts.models import Invitation, Membership, Person
from marketplace.core import db
from marketplace.core.journal import JournalLine, plain

# What rooms above keep about a person, by name: each room enters its own.
PARTS: dict[str, Callable[[Person], object]] = {}


def account_record(person: Person) -> dict[str, Any]:
    """Account, memberships, invitations and own acts; instants in UTC. Never the password's hash."""
    memberships = db.session.scalars(
        select(Membership).where(Membership.person_id == person.id).order_by(Membership.id)
    ).unique()
    invitations = db.session.scalars(
        select(Invitation).where(Invitation.email == person.email).order_by(Invitation.id)
    )
    acts = db.session.scalars(
        select(JournalLine)
        .where((JournalLine.actor == person.pseudonym) | (JournalLine.subject == person.pseudonym))
        .order_by(JournalLine.number)
    )
    return {
        "account": {
            "name": person.name,
            "earlier_names": person.earlier_names.splitlines(),
            "email": person.email,
            "pseudonym": person.pseudonym,
            "created_at": plain(person.created_at),
            "email_confirmed_at": plain(person.email_confirmed_at),
        },
        "address_changes": [
            {
                "before": each.email_before,
                "after": each.email_after,
                "asked_at": plain(each.asked_at),
                "done_at": plain(each.done_at),
            }
            for each in queries.address_changes_of(person.id)
        ],
        "memberships": [_membership(each) for each in memberships],
        "invitations": [
            {"organisation": each.organisation.name, "roles": each.roles.split(), "invited_at": plain(each.invited_at)}
            for each in invitations
        ],
        "journal": [
            {"number": each.number, "at": plain(each.at), "event": each.event, "subject": each.subject}
            for each in acts
        ],
        **{name: part(person) for name, part in PARTS.items()},
    }


def _membership(membership: Membership) -> dict[str, Any]:
    return {
        "organisation": membership.organisation.name,
        "roles": sorted(membership.roles),
        "requested_at": plain(membership.requested_at),
        "approved_at": plain(membership.approved_at),
        "ended_at": plain(membership.ended_at),
        "note": membership.note,
    }
