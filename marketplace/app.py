"""The application: settings, database, pages, and the rooms' routes."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

from flask import Flask, g
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

from marketplace import config
from marketplace.accounts.access import current_member, has_permission, load_person
from marketplace.accounts.models import Membership
from marketplace.config import CHECKOUT, Settings
from marketplace.core import clocks, db
from marketplace.core.addresses import Name, RowNumber
from marketplace.core.cookies import SessionCookie
from marketplace.core.pages import install_pages
from marketplace.core.passing import SpoolingRequest
from marketplace.core.tokens import secret_key
from marketplace.navigation import navigation

ROOMS = (
    "marketplace.accounts",
    "suppliers",
    "suppliers.profiles",
    "suppliers.solutions",
    "suppliers.evidence",
    "tenders.needs",
    "tenders.outages",
    "tenders.traces",
    "tenders.clarifications",
    "tenders.bids",
    "tenders.assessment",
    "tenders.awards",
    "tenders.contracts",
    "tenders.payments.reports",
    "tenders.payments.gateway",
    "tenders.payments.subscriptions",
    "tenders.payments.invoices",
    "tenders.payments.paying",
    "tenders.notices",
    "search",
    "marketplace.transparency",
    "marketplace.public",
    "marketplace.auditors",
    "marketplace.admin",
)


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application on these settings; connects this process to the database they name."""
    settings = settings or config.load_settings()
    config.install(settings)
    db.connect(settings.url)
    app = Flask("marketplace", root_path=str(CHECKOUT / "marketplace"), template_folder=str(CHECKOUT / "templates"))
    app.request_class = SpoolingRequest
    app.config.update(
        SECRET_KEY=secret_key(),
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=settings.longest_request,
        MAX_FORM_MEMORY_SIZE=5_000_000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.session_interface = SessionCookie()
    app.url_map.converters.update(int=RowNumber, default=Name, string=Name)
    app.extensions["navigation"] = navigation
    app.before_request(db.read_one_by_one)
    install_pages(app)
    _install_people(app)
    for routes in import_rooms():
        app.register_blueprint(routes.blueprint)
    app.teardown_appcontext(lambda _error: db.session.remove())
    return app


def import_rooms() -> list[Any]:
    """The modules with the rooms' routes, in order."""
    return [importlib.import_module(f"{room}.routes") for room in ROOMS]


def _install_people(app: Flask) -> None:
    manager = LoginManager(app)
    manager.user_loader(load_person)
    manager.session_protection = None
    CSRFProtect(app)
    app.context_processor(_about_the_visitor)


def _about_the_visitor() -> dict[str, Any]:
    member = current_member() if g else None
    return {"may": has_permission, "member": member, "clock_notice": _clock_notice(member)}


def _clock_notice(member: Membership | None) -> str:
    """What councils' people and the service's read on every page while the clocks differ."""
    found = clocks.problems()
    concerns = found and member is not None and member.organisation.kind in ("authority", "platform")
    return found[0].message if concerns else ""
