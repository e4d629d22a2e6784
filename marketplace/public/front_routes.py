"""The front page, the words about this service, the outbox of the demonstration, and what machines ask."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, jsonify
from sqlalchemy import func, select, text

from marketplace import config
from marketplace.accounts.access import public
from marketplace.accounts.models import Organisation
from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from marketplace.core.letters import absolute
from marketplace.core.mail import Mail
from marketplace.core.pages import PageOf, page, page_number
from marketplace.public.blueprint import blueprint
from search import cards
from search.indexing import engine
from search.plain_lists import (
    count_open_needs,
    count_public_suppliers,
    newest_open_needs,
)

SHOWN = 6
MAILS_A_PAGE = 20
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


@blueprint.route("/")
@public
def front() -> Any:
    now = clock.now()
    shown = [cards.open_need_card(each, now) for each in newest_open_needs(SHOWN)]
    numbers = {"needs": count_open_needs(), "suppliers": count_public_suppliers(), "councils": _count_councils()}
    return page("marketplace/public/front.html", title="Find and post council needs", cards=shown, numbers=numbers)


def _count_councils() -> int:
    """Councils with an account, not the whole register."""
    query = select(func.count(Organisation.id)).where(
        Organisation.kind == "authority", Organisation.approved_at.is_not(None), Organisation.suspended_at.is_(None)
    )
    return db.session.scalar(query) or 0


@blueprint.route("/how-it-works")
@public
def how_it_works() -> Any:
    return page("marketplace/public/how_it_works.html", title="How it works")


@blueprint.route("/accessibility")
@public
def accessibility() -> Any:
    return page("marketplace/public/accessibility.html", title="Accessibility statement")


@blueprint.route("/privacy")
@public
def privacy() -> Any:
    return page("marketplace/public/privacy.html", title="Privacy")


@blueprint.route("/outbox")
@public
def outbox() -> Any:
    if not config.current().demonstration:
        raise NotFound("The outbox can be read in a demonstration only.")
    number = page_number()
    total = db.session.scalar(select(func.count(Mail.id))) or 0
    query = select(Mail).order_by(Mail.id.desc()).limit(MAILS_A_PAGE).offset((number - 1) * MAILS_A_PAGE)
    rows = [(mail, linked(mail.body)) for mail in db.session.scalars(query)]
    return page("marketplace/public/outbox.html", title="Outbox", listed=PageOf(rows, number, MAILS_A_PAGE, total))


def linked(body: str) -> list[tuple[str, str]]:
    """A mail's text in pieces (text, address); addresses of this copy become paths, so that they work at any port."""
    pieces, at, home = [], 0, absolute("/").rstrip("/")
    for found in _ADDRESS.finditer(body):
        pieces.append((body[at : found.start()], ""))
        address = found.group()
        pieces.append((address, address.removeprefix(home) or "/"))
        at = found.end()
    pieces.append((body[at:], ""))
    return [each for each in pieces if each[0]]


@blueprint.route("/robots.txt")
@public
def robots() -> Response:
    lines = ("User-agent: *", "Disallow: /council/", "Disallow: /supplier/", "Disallow: /account", "Disallow: /outbox")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.route("/health")
@public
def health() -> Any:
    """200 while pages can be served; the index may be away, then searches are answered from the database."""
    db.session.execute(text("select 1"))
    is_ready = engine().is_ready() and engine().is_healthy()
    return jsonify(status="ok", database="ok", index="ok" if is_ready else "answered from the database")
