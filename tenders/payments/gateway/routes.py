"""Where Stripe brings its events. They are checked, stored once and acknowledged; the worker looks at them afterwards."""

from __future__ import annotations

import logging

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from marketplace import config
from marketplace.accounts.access import public
from marketplace.core.errors import Conflict
from tenders.payments.gateway import admin_routes, door
from tenders.payments.gateway.actions import store_event
from tenders.payments.gateway.blueprint import blueprint

__all__ = ["admin_routes", "blueprint"]

LONGEST_EVENT = 512 * 1024  # bytes; Stripe's are a few thousand
_logger = logging.getLogger(__name__)


@blueprint.post("/stripe/events")
@public
def own_events() -> Response:
    """Events of our own Stripe account; signed, so nobody signs in."""
    return _take(config.current().stripe_webhook_secret)


@blueprint.post("/stripe/connect-events")
@public
def connect_events() -> Response:
    """Events of suppliers' own accounts; signed with another secret."""
    return _take(config.current().stripe_connect_webhook_secret)


def _take(secret: str) -> Response:
    if not secret or not door.is_on():
        return _said("This service is not connected to Stripe.", 404)
    if request.content_length is None or request.content_length > LONGEST_EVENT:
        return _said("The event is too long, or does not say how long it is.", 413)
    try:
        hint = door.read_event(request.get_data(cache=False), request.headers.get("Stripe-Signature", ""), (secret,))
        is_new = store_event(hint)
    except (door.Forged, Conflict) as refused:
        _logger.warning("an event for %s was refused: %s", request.path, refused.message)
        return _said(refused.message, 400)
    return _said("Stored." if is_new else "It is here already.", 200)


def _said(words: str, status: int) -> Response:
    return Response(words + "\n", status, content_type="text/plain; charset=utf-8")


def _take_unasked(state: BlueprintSetupState) -> None:
    # Stripe has no session, so no token of a form: its signature is what counts.
    for view in (own_events, connect_events):
        state.app.extensions["csrf"].exempt(view)


blueprint.record_once(_take_unasked)
