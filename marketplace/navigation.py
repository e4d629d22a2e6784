"""The navigation at the top of every page, by who is looking."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_login import current_user

from marketplace.accounts.access import current_member

EVERYBODY = (("Needs", "/needs"), ("Suppliers", "/suppliers"))
BY_KIND = {
    "authority": (("Your council", "/council"), ("Invoices", "/council/invoices")),
    "supplier": (("Your firm", "/supplier"), ("Your bids", "/supplier/bids"), ("Your invoices", "/supplier/invoices")),
    "audit_body": (("Audit", "/audit"),),
    "platform": (("Administration", "/admin"),),
}


def navigation() -> list[dict[str, Any]]:
    """`{text, href, current}` for each place; the longest matching path is the current one."""
    places = list(EVERYBODY)
    if current_user.is_authenticated:
        member = current_member()
        places += BY_KIND.get(member.organisation.kind, ()) if member else ()
        places.append(("Your account", "/account"))
    else:
        places += [("Join", "/join"), ("Sign in", "/sign-in")]
    here = max((path for _, path in places if _is_under(request.path, path)), key=len, default="")
    return [{"text": text, "href": path, "current": path == here} for text, path in places]


def _is_under(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")
