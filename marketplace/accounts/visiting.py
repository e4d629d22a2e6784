"""A browser's session: begun at sign-in, ended at sign-out, and where a person lands."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import Response, g, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select

from marketplace import config
from marketplace.accounts import throttle
from marketplace.accounts.access import current_member, is_safe_next
from marketplace.accounts.models import Person
from marketplace.core import db

CSRF_TOKEN = "csrf_token"  # where Flask-WTF keeps it
MARK = "known_browser"
MARK_LASTS = timedelta(days=90)
HOMES = {"authority": "/council", "supplier": "/supplier", "audit_body": "/audit", "platform": "/admin"}


def network_address() -> str:
    """Where the request comes from, as the server in front of us says."""
    return request.remote_addr or ""


def known_browser() -> str:
    return request.cookies.get(MARK, "")[:120]


def begin_session(person: Person) -> None:
    """A new session for the person; nothing of the browser's earlier one is kept."""
    person_id = person.id
    session.clear()
    g.pop("member", None)
    # Kept from the start: two pages loaded at once would each make their own, and the later answer would undo the other.
    session[CSRF_TOKEN] = secrets.token_hex(20)
    g.pop(CSRF_TOKEN, None)
    login_user(db.session.scalar(select(Person).where(Person.id == person_id)))
    session.permanent = True


def end_session() -> None:
    """Signs this browser out."""
    logout_user()
    session.clear()
    g.pop("member", None)


def remember_browser(response: Any, email: str) -> Any:
    """Marks the browser as its owner's, so that a stranger's wrong tries do not count against it."""
    https = config.current().https
    response.set_cookie(
        MARK, throttle.browser_mark(email), max_age=MARK_LASTS, httponly=True, secure=https, samesite="Lax"
    )
    return response


def home_address() -> str:
    """Where a person lands: the area of the organisation acted for, or the account page."""
    if current_user.email_confirmed_at is None:
        return url_for("accounts.unconfirmed")
    member = current_member()
    return HOMES[member.organisation.kind] if member else url_for("accounts.account")


def welcome(person: Person, wanted: str = "") -> Response:
    """Begins a session and sends the person on, to `wanted` when it is on this site."""
    begin_session(person)
    target = wanted if wanted and is_safe_next(wanted) else home_address()
    return remember_browser(redirect(target, 303), person.email)
