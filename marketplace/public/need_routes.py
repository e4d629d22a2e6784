"""A need's public pages: the need, its history, its documents."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from marketplace.accounts.access import public
from marketplace.core.errors import NotFound
from marketplace.core.pages import page
from marketplace.public.blueprint import blueprint
from marketplace.public.need_page import get_need_view, need_context
from search import feeds
from tenders.bids.handing_over import public_recoveries
from tenders.bids.models import ClosedRegister
from tenders.bids.register import as_json, find_register, was_closed_late
from tenders.needs.files import send_document
from tenders.needs.models import Need
from tenders.needs.public import history
from tenders.needs.queries import get_document, get_public_need


@blueprint.route("/needs/<reference>")
@public
def need(reference: str) -> Any:
    view = get_need_view(reference)
    words = " ".join(request.args.get("find", "").split())[:100]
    return page("marketplace/public/need.html", title=view.title, words=words, **need_context(view, words))


@blueprint.route("/needs/<reference>.ics")
@public
def need_calendar(reference: str) -> Any:
    found = get_public_need(reference)
    assert found.published_at is not None  # it is public
    entry = feeds.FeedNeed(
        found.reference, found.title, found.summary, found.buyer_name, found.published_at, found.closes_at, None
    )
    return feeds.calendar([entry], found.title)


@blueprint.route("/needs/<reference>/history")
@public
def need_history(reference: str) -> Any:
    found = get_public_need(reference)
    title = f"What changed: {found.title}"
    return page(
        "marketplace/public/history.html",
        title=title,
        need=found,
        versions=history(found),
        recoveries=public_recoveries(found),
    )


@blueprint.route("/needs/<reference>/register")
@public
def need_register(reference: str) -> Any:
    """The root over all receipts, and how anyone can check that no bid was added, dropped or changed after it."""
    found = get_public_need(reference)
    register = _get_register(found)
    return page(
        "marketplace/public/register.html",
        title=f"Register of received bids: {found.title}",
        need=found,
        register=register,
        is_late=was_closed_late(register),
    )


@blueprint.route("/needs/<reference>/register.json")
@public
def need_register_file(reference: str) -> Any:
    found = get_public_need(reference)
    return Response(as_json(found, _get_register(found)), mimetype="application/json")


def _get_register(need: Need) -> ClosedRegister:
    register = find_register(need)
    if register is None:
        raise NotFound("The register of bids for this need is not closed: it is closed a minute after the closing time.")
    return register


@blueprint.route("/needs/<reference>/documents/<int:document_id>")
@public
def need_document(reference: str, document_id: int) -> Any:
    return send_document(get_document(get_public_need(reference), document_id))
