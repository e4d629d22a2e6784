"""Notes each request about a bid: on arrival when it would change something, and once it is answered, or broken off.

The address tells whether a request is about a bid, so that those are noted too that no page ever took: refused for a
missing token, too large, unknown, broken. No words, no file names, no addresses of people, no cookies, no tokens.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import Flask, Response, g, request, session
from flask_login import current_user

from marketplace import config
from marketplace.core import clock
from marketplace.core.arrival import ARRIVAL, Broken
from marketplace.core.pages import REQUEST_NAME
from tenders.traces.book import current_book
from tenders.traces.telling import without_what_was_sent

_logger = logging.getLogger(__name__)
NOTE = "market.trace"
_OF_A_BID = re.compile(r"/supplier/bids/(B-[0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})(?:/.*)?", re.DOTALL)
_OF_A_NEED = re.compile(r"/needs/([A-Z]{1,4}-[0-9]{4}-[0-9]{1,9})/bid")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def subject_of(path: str) -> str:
    """The reference of the bid, or of the need, that a request for this path is about; "" for anything else."""
    if path.startswith("/supplier/bids/"):
        found = _OF_A_BID.fullmatch(path)
    elif path.endswith("/bid") and path.startswith("/needs/"):
        found = _OF_A_NEED.fullmatch(path)
    else:
        return ""
    return found[1] if found else ""


class Traced:
    """WSGI: watches each request about a bid from its arrival to the last byte of the answer."""

    def __init__(self, application: Callable[..., Iterable[bytes]], app: Flask) -> None:
        self.application, self.app = application, app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        subject = subject_of(environ.get("PATH_INFO", ""))
        if not subject:
            return self.application(environ, start_response)
        note = Note(subject, environ)
        if note.method not in READS:
            # What is killed at work leaves this much.
            current_book().add({"at": note.at, "id": note.id, "method": note.method, "about": subject, "arrived": True})
        try:
            return Watched(self.application(environ, note.starting(start_response)), note)
        except BaseException:
            note.status = 500
            note.write()
            raise


class Note:
    """What is known of one request so far."""

    def __init__(self, subject: str, environ: dict[str, Any]) -> None:
        arrival = environ.get(ARRIVAL)
        self.at: datetime = clock.now() if arrival is None or clock.is_stopped() else arrival.at
        self.id = environ[REQUEST_NAME] = secrets.token_hex(8)
        method = environ.get("REQUEST_METHOD", "")
        self.method = method if method in _METHODS else "other"
        self.subject = subject
        self.bid = ""
        self.route = ""
        self.person = ""
        self.status = 0
        self.told = ""
        self.key = ""
        self.expected = _whole_number(environ.get("CONTENT_LENGTH"))
        # A door that waits for whole requests has all of it, whoever reads it afterwards.
        self.received = self.expected if arrival and self.expected <= config.current().longest_request else 0
        self.body: Counted | None = None
        if environ.get("wsgi.input") is not None:
            self.body = environ["wsgi.input"] = Counted(environ["wsgi.input"])
        self.sent = 0
        self.is_whole = False
        environ[NOTE] = self

    def starting(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def begin(status: str, headers: Any, *rest: Any) -> Any:
            self.status = int(status[:3])
            if self.subject.startswith("N-") and 300 <= self.status < 400:
                location = next((value for name, value in headers if name.lower() == "location"), "")
                self.bid = subject_of("/" + location.partition("//")[2].partition("/")[2] if "//" in location else location)
            return start_response(status, headers, *rest)

        return begin

    def write(self) -> None:
        """The line for the answer. Never raises: an answer is not held up by its trace."""
        line = {
            "at": self.at,
            "answered_at": clock.now(),
            "id": self.id,
            "method": self.method,
            "route": self.route,
            "about": self.subject,
            "bid": self.bid,
            "person": self.person,
            "status": self.status,
            "received": max(self.received, self.body.count if self.body else 0),
            "expected": self.expected,
            "sent": self.sent,
            "whole": self.is_whole,
            "told": self.told,
            "key": self.key,
        }
        try:
            current_book().add({name: value for name, value in line.items() if value not in ("", 0) or name == "status"})
        except Exception:
            _logger.exception("a request could not be noted in the trace")


def _whole_number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


class Counted:
    """A request's body that counts what is read of it."""

    def __init__(self, body: Any) -> None:
        self.body, self.count = body, 0

    def read(self, size: int = -1) -> bytes:
        return self._counted(self.body.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._counted(self.body.readline(size))

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def close(self) -> None:
        self.body.close()

    def _counted(self, content: bytes) -> bytes:
        self.count += len(content)
        return content


class Watched:
    """An answer on its way: counts its bytes and writes the line when it is out, or when the client has gone."""

    def __init__(self, answer: Iterable[bytes], note: Note) -> None:
        self.answer, self.note = answer, note
        self.pieces = iter(answer)
        self.is_noted = False

    def __iter__(self) -> Watched:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self.pieces)
        except StopIteration:
            self.note.is_whole = True
            self._note_once()
            raise
        self.note.sent += len(piece)
        return piece

    def close(self) -> None:
        try:
            if hasattr(self.answer, "close"):
                self.answer.close()
        finally:
            self._note_once()

    def _note_once(self) -> None:
        if not self.is_noted:
            self.is_noted = True
            self.note.write()


def note_starter() -> None:
    """Who starts a bid is noted before the work: if that is killed, nothing else tells whose request it was."""
    note = request.environ.get(NOTE)
    if note is not None and note.subject.startswith("N-") and note.method not in READS:
        person = _person(may_ask=True)
        line = {"at": note.at, "id": note.id, "method": note.method, "about": note.subject, "person": person}
        current_book().add({**line, "arrived": True})


def note_answer(response: Response) -> Response:
    """What the page layer knows of the answer: route, person, what was said, and the key of a submission."""
    note = request.environ.get(NOTE)
    if note is not None:
        try:
            note.route = request.endpoint or ""
            note.person = _person(may_ask=response.status_code < 500)
            note.told = without_what_was_sent(_told(response), _sent())
            note.key = _key()
        except Exception:
            _logger.exception("a request could not be described in the trace")
    return response


def _person(may_ask: bool) -> str:
    """The pseudonym of who is signed in; the database is asked only where that can do no harm."""
    user = g.get("_login_user")
    if user is None and may_ask and "_user_id" in session:
        try:
            user = current_user._get_current_object()
        except Exception:  # a database that is away: the request itself will say so
            return ""
    return getattr(user, "pseudonym", "") or ""


def _told(response: Response) -> list[str]:
    found = list(g.get("told", ()))
    if not found and response.status_code >= 400 and response.is_json:
        said = response.get_json(silent=True)
        found.append(said.get("message", "") if isinstance(said, dict) else "")
    if 300 <= response.status_code < 400:
        found += [text for category, text in session.get("_flashes", []) if category == "notice"]
    return [str(each) for each in found]


def _sent() -> list[str]:
    """What the form brought, if it was read: values, and the names of files."""
    read = request.__dict__
    values = [value for name, value in read["form"].items(multi=True) if name != "csrf_token"] if "form" in read else []
    names = [each.filename or "" for _, each in read["files"].items(multi=True)] if "files" in read else []
    told = request.get_json(silent=True) if request.is_json and "form" not in read else None
    spoken = [each for each in told.values() if isinstance(each, str)] if isinstance(told, dict) else []
    return [*values, *names, *spoken, *(value for _, value in request.args.items(multi=True))]


def _key() -> str:
    """The beginning of the SHA-256 of a submission's key: tells two tries of one submission from two submissions."""
    form = request.__dict__.get("form")
    key = (form.get("idempotency_key", "") if form is not None else "") or request.headers.get("Idempotency-Key", "")
    return hashlib.sha256(b"idempotency key:" + key.encode()).hexdigest()[:16] if key else ""


def note_broken(broken: Broken) -> None:
    """A request that never came whole, so that no page saw it."""
    method, _, rest = broken.first_line.partition(" ")
    subject = subject_of(rest.partition(" ")[0].partition("?")[0])
    if subject:
        current_book().add(
            {
                "at": broken.began_at,
                "answered_at": clock.now(),
                "id": secrets.token_hex(8),
                "method": method if method in _METHODS else "other",
                "about": subject,
                "status": broken.status,
                "received": broken.received,
                "expected": broken.expected,
                "whole": False,
                "told": "The request broke off before all of it was here." if not broken.status else "",
            }
        )
