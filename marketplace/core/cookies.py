"""The session's cookie, signed anew from time to time and not with every page."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, bytes_to_int
from itsdangerous.exc import BadData

from marketplace.core import clock

# A session ends this much earlier, at most, than its lifetime after the last page.
KEPT = timedelta(minutes=10)


class SessionCookie(SecureCookieSessionInterface):
    """Flask's own, which otherwise signs and sends an unchanged session with each answer, and makes its signer twice."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The one signer of the application; its key is fixed when the application is made."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Whether the session changed, or its cookie is older than KEPT."""
        if session.modified or not session.permanent:
            return super().should_set_cookie(app, session)
        age = clock.now().timestamp() - self._signed_at(app)
        return not 0 <= age < KEPT.total_seconds()

    def _signed_at(self, app: Flask) -> float:
        # Read only from a cookie whose signature holds: another's session is empty, and comes here only when changed.
        parts = request.cookies.get(self.get_cookie_name(app), "").rsplit(".", 2)
        try:
            return bytes_to_int(base64_decode(parts[1])) if len(parts) == 3 else 0
        except BadData:
            return 0
