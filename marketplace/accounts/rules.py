"""What stands in the way: of a password, of roles, of joining, leaving, and using a link. No database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from marketplace.accounts.models import Invitation, Token
from marketplace.accounts.permissions import PERMISSION_OF_PEOPLE, ROLES, is_granted
from marketplace.core.errors import Problem
from marketplace.reference import common_passwords

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
WRONG_TRIES_AN_HOUR = 10
WRONG_TRIES_AN_HOUR_FROM_ONE_NETWORK_ADDRESS = 100
MAILS_AN_HOUR_TO_ONE_ADDRESS = 5
MAILS_AN_HOUR_FROM_ONE_NETWORK_ADDRESS = 30
RESET_LASTS = timedelta(hours=1)
CONFIRMATION_LASTS = timedelta(hours=24)
INVITATION_LASTS = timedelta(days=7)
FIRST_COUNCIL_ROLE = "officer"


def tidy_email(email: str) -> str:
    """The one spelling that an account is kept and looked up under: trimmed and in lower case."""
    return email.strip().lower()


def password_problems(password: str, email: str = "", field: str = "password") -> list[Problem]:
    """Length, common passwords and the address itself; no rule about kinds of characters (NCSC advice)."""
    plain = password.strip().lower()
    if len(password) < SHORTEST_PASSWORD:
        return [Problem(f"Password must be {SHORTEST_PASSWORD} characters or more", field)]
    if len(password) > LONGEST_PASSWORD:
        return [Problem(f"Password must be {LONGEST_PASSWORD} characters or fewer", field)]
    if plain in common_passwords() or len(set(plain)) < 4:
        return [Problem("Choose a password that is harder to guess. This one is well known", field)]
    if email and plain in (tidy_email(email), tidy_email(email).partition("@")[0]):
        return [Problem("Choose a password that is not your email address", field)]
    return []


def role_problems(kind: str, roles: Collection[str], field: str = "roles") -> list[Problem]:
    """Whether one member of this kind of organisation may hold these roles together."""
    known = ROLES.get(kind, {})
    if not roles:
        return [Problem("Choose at least one role", field)]
    if set(roles) - set(known):
        return [Problem("Choose roles from the list", field)]
    if {"officer", "approver"} <= set(roles):
        text = "Choose officer or approver, not both: what one person writes another must approve"
        return [Problem(text, field)]
    return []


def manages_people(kind: str, roles: Collection[str]) -> bool:
    """Whether these roles look after the organisation's people."""
    permission = PERMISSION_OF_PEOPLE.get(kind)
    return permission is not None and is_granted(permission, kind, set(roles))


def change_problems(kind: str, roles: Collection[str], *, is_self: bool, is_last: bool) -> list[Problem]:
    """Whether a member's roles may become these. `is_last` means that nobody else manages the people."""
    problems = role_problems(kind, roles)
    if is_self:
        problems.append(Problem("You cannot change your own roles. Ask a colleague to do it"))
    elif is_last and not manages_people(kind, roles):
        problems.append(Problem("Someone must be left who looks after your organisation’s people", "roles"))
    return problems


def leaving_problems(*, is_last: bool, has_colleagues: bool) -> list[Problem]:
    """Whether a membership may end: the last who manages the people first hands that over."""
    if is_last and has_colleagues:
        text = "Nobody else looks after your organisation’s people. Give a colleague that role first"
        return [Problem(text)]
    return []


def is_in_domains(email: str, domains: Iterable[str]) -> bool:
    """Whether the address is in one of the domains or below one."""
    host = tidy_email(email).rpartition("@")[2]
    return any(host == each or host.endswith("." + each) for each in domains if each)


def invitation_problems(invitation: Invitation, now: datetime) -> list[Problem]:
    """Why an invitation cannot be accepted any more."""
    if invitation.accepted_at:
        return [Problem("This invitation has been used. Sign in instead")]
    if invitation.withdrawn_at:
        return [Problem("This invitation has been withdrawn. Ask whoever sent it")]
    if invitation.expires_at <= now:
        return [Problem("This invitation is more than 7 days old. Ask for a new one")]
    if invitation.organisation.suspended_at:
        return [Problem(f"{invitation.organisation.name} is suspended, so nobody can join it now")]
    return []


def is_usable(token: Token, now: datetime) -> bool:
    """Whether a link still works: not used, not expired, and made since the last change of password."""
    person = token.person
    return (
        token.used_at is None
        and now < token.expires_at
        and token.session_version == person.session_version
        and person.erased_at is None
    )
