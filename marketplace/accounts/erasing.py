"""Erasing a person: who asks us to (UK GDPR, Article 17) is answered by an administrator, or closes the own account.

Names and addresses go from every table in one transaction. What a person did for an organisation stays under the
pseudonym, for the record of a purchase must be kept (Article 17(3)(b)); the journal never held a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from marketplace.accounts import queries, rules
from marketplace.accounts.events import EmailChangeAsked, PersonErased
from marketplace.accounts.joining import end_membership_of
from marketplace.accounts.models import AddressChange, Invitation, Membership, Person, SignInTry
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, Problem, insist
from marketplace.core.journal import SYSTEM, Actor, JournalLine, record
from marketplace.core.letters import letter_key
from marketplace.core.mail import Mail
from marketplace.core.tokens import salted_hash

ERASED = "[erased]"
SHORTEST_TOLD_NAME = 3  # letters: shorter parts of a name stand in too many other words

# What rooms above know: why a person cannot go yet, and what of a person's addresses they keep.
HINDRANCES: list[Callable[[Person], list[Problem]]] = []
FORGETTERS: list[Callable[[Person | None, Sequence[str]], None]] = []


@dataclass(frozen=True)
class Kept:
    """What of a person is kept here, to be read before anything goes.

    Not how many mails there are: one more on the day before an opening would say that the person's firm bids.
    """

    addresses: list[str]
    memberships: Sequence[Membership]
    invitations: int


def find_whom(who: str) -> Person:
    """The account under an e-mail address or a pseudonym (p_…), unless it is erased. NotFound."""
    person = queries.find_person_by_pseudonym(who.strip()) or queries.find_person(who)
    if person is None or person.erased_at is not None:
        raise NotFound("No account has this address or reference.")
    return person


def kept_of(person: Person) -> Kept:
    """What erasing takes away."""
    addresses = _addresses(person)
    return Kept(
        addresses,
        queries.memberships_of_person(person.id),
        db.session.scalar(select(func.count(Invitation.id)).where(Invitation.email.in_(addresses))) or 0,
    )


def _count(*where: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(Mail.id)).where(*where)) or 0


def erasing_problems(person: Person, by_person_id: int | None = None) -> list[Problem]:
    """Why this person cannot be erased now, each with what to do first."""
    if person.id == by_person_id:
        return [Problem("This is your own account. Close it on the page “Your account”")]
    problems = [each for hindrance in HINDRANCES for each in hindrance(person)]
    for membership in queries.memberships_of_person(person.id):
        problems += _last_there(membership)
    return problems


def _last_there(membership: Membership) -> list[Problem]:
    of, members = membership.organisation, queries.members_of(membership.organisation_id)
    if of.kind == "platform" and [each.id for each in queries.administrators()] == [membership.id]:
        return [Problem("This is the only administrator of the service. Invite another one first")]
    is_last = [each.id for each in queries.managers_of(of.id)] == [membership.id]
    if is_last and len(members) > 1:
        text = f"Nobody else looks after the people of {of.name}. They give a colleague that role first"
        return [Problem(text)]
    return []


def reason_problems(reason: str, person: Person | None, addresses: Sequence[str]) -> list[Problem]:
    """Whether the reason can stay in the journal for ever: it says something, and not who it is about."""
    if not reason.strip():
        return [Problem("Enter the reason, such as “Asked for by letter”", "reason")]
    parts = {part for name in (_names(person) if person else []) for part in name.split() if len(part) >= SHORTEST_TOLD_NAME}
    told = reason.casefold()
    if any(each.casefold() in told for each in addresses) or any(_whole_word(each).search(reason) for each in parts):
        return [Problem("Leave name and address out of the reason: it stays in the journal for ever", "reason")]
    return []


def erase_person(person_id: int, reason: str, by: Membership | None = None) -> Person:
    """Erases a person on request, by an administrator or (without `by`) by a command. Raises Problems.

    Records the reason under the pseudonym. Memberships and sessions end; links stop to work.
    """
    person = _erase_person(person_id, reason, by)
    db.clear_write_ahead_log()
    return person


@action
def _erase_person(person_id: int, reason: str, by: Membership | None) -> Person:
    for each in sorted(queries.memberships_of_person(person_id), key=lambda each: each.organisation_id):
        queries.get_organisation(each.organisation_id, lock=True)
    person = queries.get_person(person_id, lock=True)
    insist(erasing_problems(person, by.person_id if by else None))
    insist(reason_problems(reason, person, _addresses(person)))
    actor = by.actor() if by else SYSTEM
    erase(person, actor)
    record(PersonErased(subject=person.pseudonym, reason=reason.strip(), had_account=True), actor)
    return person


def erase_address(address: str, reason: str) -> int:
    """Erases an address that has no account: invitations, follows, mails. Returns how many rows held it."""
    count = _erase_address(address, reason)
    db.clear_write_ahead_log()
    return count


@action
def _erase_address(address: str, reason: str) -> int:
    addresses = [rules.tidy_email(address)]
    insist(reason_problems(reason, None, addresses))
    hash_of_it = "a_" + salted_hash("address", addresses[0])[:12]
    before = _count(or_(_is_to(addresses), _mentions(addresses)))
    invited = select(func.count(Invitation.id)).where(Invitation.email.in_(addresses))
    before += db.session.scalar(invited) or 0
    _forget(None, addresses, addresses, f"{hash_of_it}@erased.invalid")
    record(PersonErased(subject=hash_of_it, reason=reason.strip(), had_account=False))
    return before


def overwrite_traces(since: datetime | None) -> int:
    """Takes what somebody erased since then may have left in unused space of SQLite's file. Returns how many were erased."""
    query = select(func.count(JournalLine.number)).where(JournalLine.event.in_(("AccountClosed", "PersonErased")))
    if since is not None:
        query = query.where(JournalLine.at >= since)
    erased = db.session.scalar(query) or 0
    db.session.rollback()
    if erased:
        db.write_anew()
    return erased


def erase(person: Person, actor: Actor) -> None:
    """Inside an action: ends memberships, and takes name, addresses, password and mails away."""
    for membership in queries.memberships_of_person(person.id):
        end_membership_of(membership, actor)
    addresses = _addresses(person)
    erased = f"{person.pseudonym}@erased.invalid"
    _forget(person, addresses, _words(person, addresses), erased)
    _forget_asked_addresses(person)
    db.session.execute(delete(AddressChange).where(AddressChange.person_id == person.id))
    db.session.execute(update(Membership).where(Membership.person_id == person.id).values(note=""))
    person.email, person.name, person.earlier_names, person.password_hash = erased, "Closed account", "", ""
    person.session_version += 1
    person.erased_at = clock.now()


def _forget(person: Person | None, addresses: Sequence[str], words: Sequence[str], erased: str) -> None:
    for forget in FORGETTERS:
        forget(person, addresses)
    db.session.execute(delete(Mail).where(_is_to(addresses)))
    for mail in db.session.scalars(select(Mail).where(_mentions(words)).order_by(Mail.id)):
        mail.subject, mail.body = _without(words, mail.subject), _without(words, mail.body)
    invitations = update(Invitation).where(Invitation.email.in_(addresses))
    db.session.execute(invitations.values(email=erased, name=""))
    tries = [salted_hash("sign-in", each) for each in addresses] + [salted_hash("mail to", each) for each in addresses]
    db.session.execute(delete(SignInTry).where(SignInTry.who.in_(tries)))


def _forget_asked_addresses(person: Person) -> None:
    """The mails that asked whether a new address is the person's. Others to it stay: it may be somebody else's."""
    asked = select(JournalLine.number).where(
        JournalLine.subject == person.pseudonym, JournalLine.event == EmailChangeAsked.__name__
    )
    addresses = [each.email_after for each in queries.address_changes_of(person.id)]
    keys = [letter_key(line, "email-change-link", to) for line in db.session.scalars(asked) for to in addresses]
    db.session.execute(delete(Mail).where(Mail.key.in_(keys)))


def _addresses(person: Person) -> list[str]:
    """The person's address and those before it: what a link in a mail has proved."""
    changes = queries.address_changes_of(person.id)
    asked = [each.email_after for each in changes if each.done_at]
    return list(dict.fromkeys([person.email, *(each.email_before for each in changes if each.done_at), *asked]))


def _names(person: Person) -> list[str]:
    return [person.name, *person.earlier_names.splitlines()]


def _words(person: Person, addresses: Sequence[str]) -> list[str]:
    # Addresses first: a name may be part of one. Long names before short ones, for the same reason.
    names = {each for each in _names(person) if len(each) >= SHORTEST_TOLD_NAME}
    return [*addresses, *sorted(names, key=lambda each: (-len(each), each))]


def _is_to(addresses: Sequence[str]) -> ColumnElement[bool]:
    # Whoever follows a need without an account may have written the address in capitals.
    return func.lower(Mail.recipient).in_(addresses)


def _mentions(words: Sequence[str]) -> ColumnElement[bool]:
    """Mails to others that speak of the person: "Ann Smith asks to join"."""
    found = [column.icontains(each, autoescape=True) for each in words for column in (Mail.subject, Mail.body)]
    return or_(*found)


def _without(words: Sequence[str], text: str) -> str:
    for each in words:
        text = _whole_word(each).sub(ERASED, text)
    return text


def _whole_word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
