"""A person's account gets another e-mail address: asked for with the password, done by a link to the new address.

Sessions go on. Links that were mailed to the old address work no more. Where a council's membership rests on an
address in its domains, the new address must be in them too, or the service's administrator approves again.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from marketplace.accounts import queries, rules
from marketplace.accounts.actions import as_person, find_link, insist_password, token_for, use_link
from marketplace.accounts.events import EmailChangeAsked, EmailChanged
from marketplace.accounts.joining import settle_requests
from marketplace.accounts.models import AddressChange, Membership, Person, Token
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, Problem, insist
from marketplace.core.journal import record

PURPOSE = "new-address"
TAKEN = "This address has an account of its own by now, so yours keeps the address that it has."


@action
def ask_for_new_address(person_id: int, email: str, password: str) -> AddressChange:
    """Mails a link to the new address and a notice to the present one. Problems when the password is wrong.

    Does the same for an address that has an account: only that account's owner is told.
    """
    person = queries.get_person(person_id, lock=True)
    insist_password(person, password, "password")
    email = rules.tidy_email(email)
    insist([Problem("This is your address already", "email")] if email == person.email else [])
    change = AddressChange(
        person_id=person.id,
        token_id=token_for(person, PURPOSE, rules.CONFIRMATION_LASTS).id,
        email_before=person.email,
        email_after=email,
        asked_at=clock.now(),
    )
    db.session.add(change)
    db.session.flush()
    record(EmailChangeAsked(subject=person.pseudonym, change=change.id), as_person(person))
    return change


@action
def change_address(link: str) -> Person:
    """Makes the address that the link was mailed to the account's. Gone when it is used up, Conflict when it is taken."""
    token = use_link(link, PURPOSE)
    change, person = queries.get_address_change(token), queries.get_person(token.person_id, lock=True)
    try:
        with db.session.begin_nested():
            person.email = change.email_after
            person.email_confirmed_at = clock.now()
    except IntegrityError:
        raise Conflict(TAKEN) from None
    change.done_at = clock.now()
    _end_other_links(person)
    waiting = memberships_in_doubt(person, change.email_after)
    for each in waiting:
        each.approved_at, each.requested_at = None, clock.now()
    references = [each.organisation.reference for each in waiting]
    record(EmailChanged(subject=person.pseudonym, change=change.id, waiting=references), as_person(person))
    db.session.flush()
    settle_requests(person)
    return person


def _end_other_links(person: Person) -> None:
    unused = update(Token).where(Token.person_id == person.id, Token.used_at.is_(None))
    db.session.execute(unused.values(used_at=clock.now()))


def memberships_in_doubt(person: Person, email: str) -> list[Membership]:
    """The person's live memberships of councils that this address does not belong to."""
    return [
        each
        for each in queries.memberships_of_person(person.id)
        if each.is_live and not queries.is_own_address(email, each.organisation)
    ]


def find_change(link: str) -> AddressChange:
    """What a link that still works would change. NotFound when it is not ours, Gone when it is used up."""
    return queries.get_address_change(find_link(PURPOSE, link))
