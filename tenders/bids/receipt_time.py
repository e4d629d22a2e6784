"""When a request reached us: stamped at the outermost layer, before anything of the application works."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import request

from marketplace.core import clock

STAMP = "market.received_at"


class ReceiptTime:
    """WSGI: notes the instant of arrival. A stamp made by a layer further out stays; no header can set one."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.setdefault(STAMP, clock.now())
        return self.application(environ, start_response)


def received_at() -> datetime:
    """The instant (UTC) at which the present request reached us."""
    stamped = request.environ.get(STAMP)
    return stamped if isinstance(stamped, datetime) else clock.now()
