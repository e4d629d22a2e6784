"""Stopping mails by one press in the mail program (RFC 8058): a POST from outside, proved by the link alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request

from search.blueprint import blueprint

View = TypeVar("View", bound=Callable[..., Any])


def takes_one_click(view: View) -> View:
    """Lets the view be asked without a form of ours; it insists on one itself unless `is_one_click()`."""
    name = f"{view.__module__}.{view.__name__}"
    blueprint.record_once(lambda state: state.app.extensions["csrf"].exempt(name))
    return view


def is_one_click() -> bool:
    """Whether a mail program presses on behalf of its reader."""
    return request.method == "POST" and request.form.get("List-Unsubscribe", "").strip() == "One-Click"


def stopped() -> Response:
    """What the mail program gets: no page, no redirect, no cookie is needed to read it."""
    return Response("Stopped.\n", mimetype="text/plain")
