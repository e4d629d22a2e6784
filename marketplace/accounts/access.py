"""What a route says of itself: public, signed_in, or may("…"). A test walks every door and asks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from flask import g, redirect, request, session, url_for
from flask_login import current_user

from marketplace.accounts.models import Membership, Person
from marketplace.accounts.permissions import PERMISSIONS, is_granted
from marketplace.accounts.visitor import read_visitor
from marketplace.core import db
from marketplace.core.errors import NotAllowed
from marketplace.core.journal import Actor

View = TypeVar("View", bound=Callable[..., Any])
MEMBERSHIP_KEY = "membership"


def public(view: View) -> View:
    """Anyone may: no account needed."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Any person with a confirmed account may, whatever the organisation (or none yet)."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_user.is_authenticated and current_user.email_confirmed_at is None:
            return redirect(url_for("accounts.unconfirmed"))
        return view(*args, **kwargs)

    return signed_in_even_unconfirmed(guarded)  # type: ignore[return-value]


def signed_in_even_unconfirmed(view: View) -> View:
    """Any person with an account may, even before the address is confirmed: to confirm it, and to leave."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return _ask_to_sign_in()
        return view(*args, **kwargs)

    guarded.access = "signed_in"  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def may(permission: str) -> Callable[[View], View]:
    """Only members whose roles grant the permission may; the view then checks that the thing is theirs."""
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission} is not in permissions.py; add it there and grant it to someone.")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            if current_user.email_confirmed_at is None:
                return redirect(url_for("accounts.unconfirmed"))
            member = current_member()
            if member is None or not _may_here(permission, member):
                raise NotAllowed(why_not(permission, member))
            return view(*args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def _may_here(permission: str, member: Membership) -> bool:
    """A suspended organisation's members still read: no GET of the house changes anything."""
    if has_permission(permission, member):
        return True
    reads = request.method in ("GET", "HEAD") and member.organisation.suspended_at is not None
    return reads and member.is_live and is_granted(permission, member.organisation.kind, member.roles)


def why_not(permission: str, member: Membership | None) -> str:
    """Why the member may not, in words that say whom to ask."""
    if member is None:
        return "You do not belong to an organisation here yet. Your account page says what your requests wait for."
    organisation = member.organisation
    if organisation.suspended_at is not None:
        return (
            f"{organisation.name} is suspended: {organisation.suspension_reason} "
            "You can read everything that is yours, but change nothing until the suspension is lifted."
        )
    if organisation.approved_at is None:
        return f"{organisation.name} still waits for the service’s administrator to approve it."
    return "Your account cannot do this. Ask a colleague who looks after your organisation’s people."


def has_permission(permission: str, member: Membership | None = None) -> bool:
    """Whether the member (default: the one now signed in) has the permission; used by templates too."""
    member = member or current_member()
    return (
        member is not None
        and member.is_live
        and member.person.email_confirmed_at is not None
        and member.organisation.is_active
        and is_granted(permission, member.organisation.kind, member.roles)
    )


def current_member() -> Membership | None:
    """The live membership that the signed-in person is acting in; the first one unless another was chosen."""
    if "member" not in g:
        g.member = _find_member()
    return g.member


def get_member() -> Membership:
    """The acting membership; NotAllowed when there is none.

    Where something is to be done it is the row itself, which the action reads again inside its transaction: a role that
    was taken away in between no longer counts.
    """
    member = current_member()
    if member is None:
        raise NotAllowed("You need to belong to an organisation to do this.")
    return member if request.method in ("GET", "HEAD") else db.session.get_one(Membership, member.id)


def current_actor(role: str = "") -> Actor:
    """Who the journal says acts in this request."""
    return get_member().actor(role)


def _find_member() -> Membership | None:
    if not current_user.is_authenticated or current_user.email_confirmed_at is None:
        return None
    live = [each for each in current_user.memberships if each.is_live]
    chosen = next((each for each in live if each.id == session.get(MEMBERSHIP_KEY)), None)
    return chosen or (live[0] if live else None)


def choose_membership(membership: Membership) -> None:
    """From now on this session acts in that organisation."""
    session[MEMBERSHIP_KEY] = membership.id
    g.pop("member", None)


def load_person(session_id: str) -> Person | None:
    """Flask-Login's loader: the person whose session version still holds."""
    person_id, _, version = session_id.partition(".")
    if not (person_id.isdigit() and version.isdigit()):
        return None
    person = read_visitor(int(person_id))
    if person is None or person.erased_at or str(person.session_version) != version:
        return None
    return person


def signed_in_person() -> Person:
    """The row of the person signed in, for what reads or changes more of it than a page shows."""
    return db.session.get_one(Person, current_user.id)


def _ask_to_sign_in() -> Any:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("accounts.sign_in", next=wanted or None))


def is_safe_next(target: str) -> bool:
    """Whether a `next` address stays on this site: a path, not a scheme or another host."""
    # Browsers read a backslash as a slash and leave out tabs and line ends.
    return target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
