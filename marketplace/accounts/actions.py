"""Making an account, confirming it, its password and its end; founding organisations."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from marketplace.accounts import queries, rules
from marketplace.accounts.councils import load_councils
from marketplace.accounts.erasing import erase
from marketplace.accounts.events import (
    AccountClosed,
    ConfirmationAsked,
    EmailConfirmed,
    KnownAddressRegistered,
    NameChanged,
    OrganisationFounded,
    PasswordChanged,
    PasswordReset,
    PasswordResetAsked,
    PersonRegistered,
    SessionsEnded,
)
from marketplace.accounts.joining import ask_to_join, make_member, settle_requests
from marketplace.accounts.models import Organisation, Person, Token
from marketplace.accounts.passwords import hash_password, is_password
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Gone, NotFound, Problem, Problems, insist
from marketplace.core.journal import Actor, record
from marketplace.core.references import next_reference, pseudonym, slug
from marketplace.core.tokens import is_token, make_token, salted_hash, token_row

__all__ = [
    "ask_to_change_password", "ask_to_join", "change_name", "change_password", "close_account", "confirm_email",
    "end_sessions", "found_organisation", "join_council", "link_text", "load_councils", "make_member", "register_person",
    "reset_password", "send_confirmation",
]  # fmt: skip

PREFIXES = {"audit_body": "AB", "platform": "P", "supplier": "S", "authority": "C"}


def as_person(person: Person) -> Actor:
    """The journal's actor for an act on one's own account."""
    return Actor(person.pseudonym, "", "person")


@action
def register_person(name: str, email: str, password: str, *, is_confirmed: bool = False) -> Person | None:
    """Makes an account and mails a link to confirm it. Raises Problems when password_problems finds any.

    None when the address has an account already: its owner is mailed, and the page must say the same as for a new
    one. `is_confirmed` is for an address that a link in a mail has proved, and for the command line.
    """
    email = rules.tidy_email(email)
    insist(rules.password_problems(password, email))
    # Hashed in both cases, so that the time taken does not tell which it was.
    password_hash = hash_password(password)
    known = queries.find_person(email)
    person = _new_person(name, email, password_hash, is_confirmed) if known is None else None
    if person is None:
        _tell_known(known or queries.get_person_at(email))
        return None
    token = 0 if is_confirmed else token_for(person, "confirm", rules.CONFIRMATION_LASTS).id
    record(PersonRegistered(subject=person.pseudonym, token=token), as_person(person))
    return person


def _new_person(name: str, email: str, password_hash: str, is_confirmed: bool) -> Person | None:
    """The new row, or None when another registration of the same address came first."""
    person = Person(
        pseudonym=pseudonym("p"),
        email=email,
        name=name.strip(),
        password_hash=password_hash,
        created_at=clock.now(),
        email_confirmed_at=clock.now() if is_confirmed else None,
    )
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        return None
    return person


def _tell_known(person: Person) -> None:
    # Whoever registered first may not own the mailbox, so its owner gets a link that sets the password anew.
    # It is made for a confirmed account too, though not mailed: writing as much takes as long.
    token = token_for(person, "reset", rules.RESET_LASTS).id
    record(KnownAddressRegistered(subject=person.pseudonym, token=token))


@action
def join_council(name: str, email: str, password: str, council: Organisation, note: str = "") -> Person | None:
    """Registers a person who asks to join a council; confirming the address decides what becomes of the request."""
    person = register_person(name, email, password)
    if person is not None:
        ask_to_join(person, council, note)
    return person


@action
def send_confirmation(person_id: int) -> None:
    """Mails a new link to confirm the address; nothing to do when it is confirmed."""
    person = queries.get_person(person_id, lock=True)
    if person.email_confirmed_at is None:
        token = token_for(person, "confirm", rules.CONFIRMATION_LASTS)
        record(ConfirmationAsked(subject=person.pseudonym, token=token.id), as_person(person))


@action
def confirm_email(link: str) -> Person:
    """Confirms the address that the link was mailed to, and settles what waited for it. Gone when it is used up."""
    person = use_link(link, "confirm").person
    confirm_person(person)
    return person


def confirm_person(person: Person) -> None:
    """Inside an action that proved the mailbox: confirms the address and settles what waited for it."""
    if person.email_confirmed_at is None:
        person.email_confirmed_at = clock.now()
        record(EmailConfirmed(subject=person.pseudonym), as_person(person))
        db.session.flush()
        settle_requests(person)


@action
def ask_to_change_password(email: str) -> None:
    """Mails a link to choose a new password, if there is an account. Does as much work when there is none."""
    person = queries.find_person(email)
    if person is None:
        record(PasswordResetAsked(subject="a_" + salted_hash("address", rules.tidy_email(email))[:12]))
        return
    token = token_for(person, "reset", rules.RESET_LASTS)
    record(PasswordResetAsked(subject=person.pseudonym, token=token.id))


@action
def reset_password(link: str, password: str) -> Person:
    """Sets a new password, ends every session and kills every other link. The mailbox is proved by it."""
    person = find_link("reset", link).person
    insist(rules.password_problems(password, person.email))
    use_link(link, "reset")
    person.password_hash = hash_password(password)
    person.session_version += 1
    record(PasswordReset(subject=person.pseudonym), as_person(person))
    confirm_person(person)
    return person


@action
def change_password(person_id: int, current: str, password: str) -> Person:
    """Sets a new password and ends every session. Problems when the current one is wrong."""
    person = queries.get_person(person_id, lock=True)
    insist_password(person, current, "current")
    insist(rules.password_problems(password, person.email))
    person.password_hash = hash_password(password)
    person.session_version += 1
    record(PasswordChanged(subject=person.pseudonym), as_person(person))
    return person


@action
def change_name(person_id: int, name: str) -> Person:
    """Changes the name that others see."""
    person = queries.get_person(person_id, lock=True)
    if person.name != name.strip():
        known = dict.fromkeys([*person.earlier_names.splitlines(), person.name])
        person.name, person.earlier_names = name.strip(), "\n".join(known)
        record(NameChanged(subject=person.pseudonym), as_person(person))
    return person


@action
def end_sessions(person_id: int) -> None:
    """Signs the person out everywhere, here too."""
    person = queries.get_person(person_id, lock=True)
    person.session_version += 1
    record(SessionsEnded(subject=person.pseudonym), as_person(person))


def close_account(person_id: int, password: str) -> None:
    """Erases name, address, password and mails, and ends memberships. The journal keeps the pseudonym."""
    _close_account(person_id, password)
    db.clear_write_ahead_log()


@action
def _close_account(person_id: int, password: str) -> None:
    person = queries.get_person(person_id, lock=True)
    insist_password(person, password, "password")
    erase(person, as_person(person))
    record(AccountClosed(subject=person.pseudonym), as_person(person))


@action
def found_organisation(kind: str, name: str, actor: Actor | None = None) -> Organisation:
    """Sets up an approved audit body or the service's own organisation; the one of that name if it is there."""
    found = queries.find_organisation_named(kind, name)
    if found is not None:
        return found
    made = Organisation(
        kind=kind,
        reference=next_reference(db.session(), PREFIXES[kind], clock.today().year),
        name=name.strip(),
        slug=slug(name),
        created_at=clock.now(),
        approved_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    happened = OrganisationFounded(subject=made.reference, kind=kind)
    record(happened, actor) if actor else record(happened)
    return made


def link_text(token: Token) -> str:
    """What stands in the address of the link for this token."""
    return make_token(token.purpose, token.id, str(token.session_version))


def find_link(purpose: str, link: str, lock: bool = False) -> Token:
    """The token of a link that still works. NotFound when it is not ours, Gone when it is used up."""
    row_id = token_row(link)
    token = queries.find_token(row_id, purpose, lock) if row_id is not None else None
    if token is None or not is_token(purpose, link, token.id, str(token.session_version)):
        raise NotFound("This link is not complete. Open it again from the email.")
    if not rules.is_usable(token, clock.now()):
        raise Gone("This link has been used or is too old. Ask for a new one.")
    return token


def use_link(link: str, purpose: str) -> Token:
    """Inside an action: the link's row, used up by this. Raises NotFound and Gone as find_link does."""
    token = find_link(purpose, link, lock=True)
    token.used_at = clock.now()
    return token


def token_for(person: Person, purpose: str, lasts: timedelta) -> Token:
    """Inside an action: a new link's row for this person and purpose."""
    token = Token(
        person_id=person.id,
        purpose=purpose,
        session_version=person.session_version,
        made_at=clock.now(),
        expires_at=clock.now() + lasts,
    )
    db.session.add(token)
    db.session.flush()
    return token


def insist_password(person: Person, password: str, field: str) -> None:
    """Raises Problems on the field when this is not the person's password."""
    if not is_password(password, person.password_hash):
        raise Problems([Problem("Password is not right", field)])
