"""Which mails follow from what happened to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.accounts import queries
from marketplace.accounts.actions import link_text
from marketplace.accounts.models import Membership, Person, Token
from marketplace.accounts.people import invitation_link
from marketplace.accounts.permissions import ROLES
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute

PEOPLE_PAGES = {"authority": "/council/people", "supplier": "/supplier/people"}


def confirm_address(line: JournalLine) -> Iterable[Letter]:
    token = _token(line)
    if token is not None and token.person.email_confirmed_at is None:
        link = absolute(f"/confirm/{link_text(token)}")
        yield Letter(token.person.email, {"name": token.person.name, "link": link})


def address_is_known(line: JournalLine) -> Iterable[Letter]:
    person = queries.find_person_by_pseudonym(line.subject)
    if person is not None:
        token = _token(line) if person.email_confirmed_at is None else None
        yield Letter(
            person.email,
            {
                "name": person.name,
                "sign_in": absolute("/sign-in"),
                "forgotten": absolute("/forgotten-password"),
                "reset": absolute(f"/reset/{link_text(token)}") if token else "",
            },
        )


def reset_link(line: JournalLine) -> Iterable[Letter]:
    token = _token(line)
    if token is not None:
        link = absolute(f"/reset/{link_text(token)}")
        yield Letter(token.person.email, {"name": token.person.name, "link": link})


def password_is_new(line: JournalLine) -> Iterable[Letter]:
    person = queries.find_person_by_pseudonym(line.subject)
    if person is not None:
        context = {"name": person.name, "forgotten": absolute("/forgotten-password")}
        yield Letter(person.email, context)


def new_address_asked(line: JournalLine) -> Iterable[Letter]:
    """The link to the new address, or a word to its owner when it has an account; a notice to the present one."""
    change = queries.find_address_change(line.facts["change"])
    if change is None or change.done_at is not None or change.token.used_at is not None:
        return
    person, owner = change.token.person, queries.find_person(change.email_after)
    yield Letter(change.email_before, {"name": person.name, "password": absolute("/account/password")})
    if owner is not None and owner.id != person.id:
        context = {"name": owner.name, "sign_in": absolute("/sign-in")}
        yield Letter(owner.email, context, template="email-change-refused")
    else:
        link = absolute(f"/account/email/{link_text(change.token)}")
        yield Letter(change.email_after, {"name": person.name, "link": link}, template="email-change-link")


def address_is_new(line: JournalLine) -> Iterable[Letter]:
    """To the address that the account had before."""
    change = queries.find_address_change(line.facts["change"])
    if change is not None:
        yield Letter(change.email_before, {"name": change.token.person.name})


def invitation(line: JournalLine) -> Iterable[Letter]:
    invited = queries.find_invitation(line.facts["invitation"])
    if invited is None or invited.accepted_at or invited.withdrawn_at or invited.email.endswith(".invalid"):
        return
    inviter = db.session.get(Person, invited.invited_by_id)
    yield Letter(
        invited.email,
        {
            "name": invited.name,
            "inviter": inviter.name if inviter else "",
            "organisation": invited.organisation.name,
            "roles": _role_words(invited.organisation.kind, invited.roles.split()),
            "link": absolute(f"/invitations/{invitation_link(invited)}"),
            "expires_at": invited.expires_at,
        },
    )


def request_waits(line: JournalLine) -> Iterable[Letter]:
    """To the colleagues who manage people, or to the service's administrators."""
    request = _membership(line)
    if request is None or request.is_live or request.ended_at:
        return
    to_colleagues = line.facts["waits_for"] == "colleagues"
    deciders = queries.managers_of(request.organisation_id) if to_colleagues else queries.administrators()
    page = PEOPLE_PAGES.get(request.organisation.kind, "/account") if to_colleagues else "/admin/requests"
    for each in deciders:
        yield Letter(each.person.email, {**_facts(request), "to": each.person.name, "link": absolute(page)})


def request_approved(line: JournalLine) -> Iterable[Letter]:
    request = _membership(line)
    if request is not None:
        roles = _role_words(request.organisation.kind, line.facts["roles"])
        yield Letter(request.person.email, {**_facts(request), "roles": roles, "link": absolute("/account")})


def request_refused(line: JournalLine) -> Iterable[Letter]:
    request = _membership(line)
    if request is not None:
        yield Letter(request.person.email, _facts(request))


def _facts(membership: Membership) -> dict[str, Any]:
    person = membership.person
    return {
        "name": person.name,
        "email": person.email,
        "organisation": membership.organisation.name,
        "note": membership.note,
    }


def _role_words(kind: str, roles: Iterable[str]) -> list[str]:
    return [ROLES[kind][each] for each in roles if each in ROLES.get(kind, {})]


def _token(line: JournalLine) -> Token | None:
    """The link's row, unless it is used up or the account is closed."""
    token = db.session.get(Token, line.facts.get("token") or 0)
    return token if token is not None and token.used_at is None and token.person.erased_at is None else None


def _membership(line: JournalLine) -> Membership | None:
    person = queries.find_person_by_pseudonym(line.subject)
    organisation = queries.find_organisation(line.facts["organisation"])
    return queries.find_membership(person.id, organisation.id) if person and organisation else None


EMAILS: dict[str, Writer] = {
    "PersonRegistered": confirm_address,
    "ConfirmationAsked": confirm_address,
    "KnownAddressRegistered": address_is_known,
    "PasswordResetAsked": reset_link,
    "PasswordReset": password_is_new,
    "PasswordChanged": password_is_new,
    "EmailChangeAsked": new_address_asked,
    "EmailChanged": address_is_new,
    "ColleagueInvited": invitation,
    "JoinWaits": request_waits,
    "JoinApproved": request_approved,
    "JoinRefused": request_refused,
}
