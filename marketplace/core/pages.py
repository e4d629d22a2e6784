"""Pages: how every template is rendered, what every response carries, and what people read when something is wrong."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request, session, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader, Undefined
from jinja2.utils import missing
from markupsafe import Markup, escape
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, InternalServerError

from marketplace import config
from marketplace.config import CHECKOUT
from marketplace.core import db, moments
from marketplace.core.drawn import drawn
from marketplace.core.errors import NotNow, Problems, Refusal
from marketplace.core.files import FULL, NoRoom
from marketplace.core.forms import Form
from marketplace.core.logs import told
from marketplace.core.money import pounds

T = TypeVar("T")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
# What people uploaded is kept, never shown: even a browser that opens it runs nothing of it and as nobody.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
ONE_YEAR = 31_536_000
STALE_FORM = (
    "Your page was open for too long, or your browser refused our cookie. Go back, reload the page and try again."
)
REQUEST_NAME = "market.request_name"  # a WSGI key, where a layer further out has named the request
RETRY_AFTER = "120"  # seconds
DATABASE_RETRY_AFTER = "5"
DATABASE_AWAY = (
    "Our database does not answer just now. If you were sending something, send it again: it may or may not have "
    "arrived, and a bid is never taken twice."
)
ERROR_TITLES = {
    400: "We could not read that request",
    401: "Sign in to see this page",
    403: "You cannot see this page",
    404: "Page not found",
    405: "That cannot be done here",
    409: "Something changed while you were working",
    410: "This page is no longer here",
    413: "That file is too large",
    422: "There is a problem",
    429: "Too many tries",
    500: "Sorry, there is a problem with the service",
    503: "The service is not available just now",
    507: "There is no room just now",
}


@dataclass(frozen=True)
class PageOf(Generic[T]):
    """One page of a longer list: its rows, its number from 1, and how many rows there are in all."""

    rows: Sequence[T]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last_row(self) -> int:
        return min(self.number * self.size, self.total)


def page_number(name: str = "page") -> int:
    """The page asked for in the address, from 1 to 10,000; anything unreadable is 1."""
    text = request.args.get(name, "1")
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def page(template: str, *, title: str, form: Form | None = None, status: int = 200, **context: Any) -> Response:
    """A rendered page. A form with problems turns 200 into 422 and the title into "Error: ..."."""
    has_problems = form is not None and form.has_problems
    if has_problems and status == 200:
        status = 422
    if has_problems and form is not None:
        g.told = [each.text for each in form.summary]
    elif status >= 400:
        g.told = [title]
    text = render_template(template, title=title, form=form, has_problems=has_problems, **context)
    return make_response(text, status)


def is_autosave() -> bool:
    """The page's script is saving by itself; answer with autosaved(), or with 422 and nothing lost."""
    return request.headers.get("X-Autosave") == "1"


def autosaved() -> Response:
    """The answer that tells the page's script that what was typed is kept."""
    return make_response("", 204)


def install_pages(app: Flask) -> None:
    """Templates, filters, context, headers and error pages for an application; call before anything renders."""
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(CHECKOUT / "templates"),
            PrefixLoader(
                {
                    "govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja"),
                    "govuk_frontend_wtf": PackageLoader("govuk_frontend_wtf"),
                }
            ),
        ]
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": _Missing}
    app.jinja_env.filters.update(_FILTERS)
    app.jinja_env.globals.update(asset=asset, csrf_token=generate_csrf, page_address=page_address, pounds=pounds)
    app.context_processor(_context)
    app.log_exception = _log_fault  # type: ignore[method-assign,assignment]
    app.before_request(_name_request)
    app.after_request(_finish)
    app.register_error_handler(Refusal, _refusal_page)
    app.register_error_handler(OSError, _full_disk_page)
    # The write lock of SQLite is asked for past the toolkit, so its driver's own error comes here too.
    for fault in (OperationalError, NoConnectionFree, sqlite3.OperationalError):
        app.register_error_handler(fault, _database_away_page)
    app.register_error_handler(CSRFError, lambda _error: error_page(400, STALE_FORM))
    app.register_error_handler(InternalServerError, lambda _error: error_page(500))
    app.register_error_handler(HTTPException, _http_error_page)


# -- templates


class _Missing(Undefined):
    """A missing attribute fails loudly; a missing key of a dict is empty, a missing name is false and cannot be shown.

    The GOV.UK macros ask for dict keys that are not there and test names before they set them.
    """

    def _of_dict(self) -> bool:
        return isinstance(self._undefined_obj, dict)

    def _may_be_asked(self) -> bool:
        return self._undefined_obj is missing or self._of_dict()

    def _fail(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __bool__(self) -> bool:
        return False if self._may_be_asked() else self._fail()

    def __str__(self) -> str:
        return "" if self._of_dict() else self._fail()

    def __iter__(self) -> Any:
        return iter(()) if self._of_dict() else self._fail()

    def __len__(self) -> int:
        return 0 if self._of_dict() else self._fail()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined) if self._may_be_asked() else self._fail()

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = Undefined.__hash__


def asset(path: str) -> str:
    """The address of a static file with its content's hash, so that browsers may keep it for a year."""
    return request.script_root + _asset_address(str(current_app.static_folder), path)


@cache
def _asset_address(folder: str, path: str) -> str:
    # Made once, not by url_for: it stands five times in every page.
    address = f"{current_app.static_url_path}/{quote(path)}"
    try:
        return f"{address}?v={hashlib.sha256(Path(folder, path).read_bytes()).hexdigest()[:12]}"
    except OSError:
        return address


def page_address(number: int, name: str = "page") -> str:
    """This page's address with another page number and every other part of the question kept."""
    asked = {key: values for key, values in request.args.lists() if key != name}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **asked, name: number})


def paragraphs(text: str | None) -> Markup:
    """Plain text as safe paragraphs and lists: blank lines part paragraphs, lines led by "-", "*" or "•" are items."""
    parts: list[tuple[str, list[str]]] = []
    kind = ""
    for line in (each.strip() for each in (text or "").splitlines()):
        bullet = line[:2] in ("- ", "* ", "• ")
        now = "" if not line else "ul" if bullet else "p"
        if now and now == kind:
            parts[-1][1].append(line[2:].strip() if bullet else line)
        elif now:
            parts.append((now, [line[2:].strip() if bullet else line]))
        kind = now
    return Markup("\n").join(_paragraph(kind, lines) for kind, lines in parts)


def _paragraph(kind: str, lines: list[str]) -> Markup:
    if kind == "p":
        return Markup('<p class="govuk-body">{}</p>').format(Markup("<br>").join(escape(each) for each in lines))
    items = Markup("").join(Markup("<li>{}</li>").format(each) for each in lines)
    return Markup('<ul class="govuk-list govuk-list--bullet">{}</ul>').format(items)


def plural(count: int, word: str, words: str = "") -> str:
    """ "1 bid", "3 bids", "1,204 bids"; `words` when adding an s is wrong."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def _stated(write: Callable[[Any], str]) -> Callable[..., str]:
    """A filter that says so when there is nothing to write."""
    return lambda value, absent="Not stated": absent if value is None else write(value)


_FILTERS: dict[str, Callable[..., Any]] = {
    "pounds": _stated(pounds),
    "day": _stated(moments.day),
    "weekday_and_day": _stated(moments.weekday_and_day),
    "moment": _stated(moments.moment),
    "moment_to_second": _stated(moments.moment_to_second),
    "short_moment": _stated(moments.short_moment),
    "iso": moments.iso,
    "lateness": moments.lateness,
    "plural": plural,
    "paragraphs": paragraphs,
}


def _context() -> dict[str, Any]:
    settings = config.current()
    navigate = current_app.extensions.get("navigation")
    bare = g.get("bare_page", False)
    navigation = navigate() if navigate and not bare else []
    named = {"service_name": settings.service_name, "demonstration": settings.demonstration}
    frame = (settings.service_name, settings.demonstration)
    shown = tuple(tuple(each.items()) for each in navigation)
    return {
        **named,
        "header": drawn("layouts/_header.html", (frame, shown), navigation=navigation, **named),
        "footer": drawn("layouts/_footer.html", frame, **named),
        "current_user": None if bare else _current_user(),
        "request_name": g.get("request_name", ""),
        "form": None,
        "has_problems": False,
    }


def _current_user() -> Any:
    if not hasattr(current_app, "login_manager"):
        return None
    return current_user


# -- responses


def _name_request() -> None:
    g.request_name = request.environ.get(REQUEST_NAME) or secrets.token_hex(8)


def _finish(response: Response) -> Response:
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        response.headers.setdefault("Content-Security-Policy", SANDBOX)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_name", "")
    if config.current().https:
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"
    if request.endpoint == "static":
        if response.status_code in (200, 304) and request.args.get("v"):
            response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
    elif "_user_id" in session or request.method not in ("GET", "HEAD") or _is_from_mail():
        response.headers["Cache-Control"] = "no-store"
    return response


def _is_from_mail() -> bool:
    """Whether the address itself carries a right, as links in mails do: what it shows is one person's."""
    return not {"token", "link"}.isdisjoint(request.view_args or {})


# -- when something is wrong


def error_page(status: int, message: str = "", problems: Sequence[Any] = (), headers: Any = ()) -> Response:
    """The page for a status, in words; under /api/ the same as JSON."""
    known = status if status in ERROR_TITLES else 500 if status >= 500 else 400
    # For whoever notes what people were told.
    g.told = [message, *(each.message for each in problems)] if message or problems else [ERROR_TITLES[known]]
    if request.path.startswith("/api/"):
        response = jsonify(error={"status": status, "message": message or ERROR_TITLES[known]})
    else:
        response = make_response(_error_text(known, message, problems))
    response.status_code = status
    for name, value in headers:
        response.headers.setdefault(name, value)
    return response


def _log_fault(fault: Any) -> None:
    """By the route's name: an address may hold a token. The reference is what the page of the fault shows."""
    current_app.logger.error("A fault at %s %s, reference %s", request.method, request.endpoint, g.get("request_name", ""),
                             exc_info=fault)  # fmt: skip


def _error_text(status: int, message: str, problems: Sequence[Any]) -> str:
    g.bare_page = status >= 500  # whatever broke may be what the navigation reads
    limit = config.current().max_upload_megabytes
    context = {
        "title": ERROR_TITLES[status], "message": message, "problems": problems, "max_upload_megabytes": limit
    }  # fmt: skip
    try:
        if g.bare_page:
            return current_app.jinja_env.get_template(f"errors/{status}.html").render({**_context(), **context})
        return render_template(f"errors/{status}.html", **context)
    except Exception:
        current_app.logger.exception("The page for error %s could not be rendered", status)
        return str(
            Markup(
                '<!DOCTYPE html><html lang="en"><head><title>{title} – {name}</title></head><body><main>'
                "<h1>{title}</h1><p>Try again in a few minutes. Reference: {reference}</p></main></body></html>"
            ).format(
                title=ERROR_TITLES[status], name=config.current().service_name, reference=g.get("request_name", "")
            )
        )


def _refusal_page(refusal: Refusal) -> Response:
    problems = refusal.problems if isinstance(refusal, Problems) else ()
    headers = [("Retry-After", RETRY_AFTER)] if isinstance(refusal, NotNow) else ()
    return error_page(refusal.status, "" if problems else refusal.message, problems, headers)


def _database_away_page(fault: SQLAlchemyError | sqlite3.OperationalError) -> Response:
    """A database that cannot be reached, or that somebody else holds, is back in seconds: the visitor is told so."""
    said = str(getattr(fault, "orig", fault)).lower()
    if db.engine().dialect.name == "sqlite" and "locked" not in said and "busy" not in said:
        raise fault
    current_app.logger.error("The database did not answer: %s", told(fault))
    return error_page(503, DATABASE_AWAY, headers=[("Retry-After", DATABASE_RETRY_AFTER)])


def _full_disk_page(fault: OSError) -> Response:
    if fault.errno in FULL:
        current_app.logger.error("A disk, a quota or a file is full: %s", told(fault))
        return _refusal_page(NoRoom())
    raise fault


def _http_error_page(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error  # redirects are HTTPExceptions too
    usual = type(error).description
    own_words = error.description if isinstance(usual, str | None) and error.description != usual else ""
    headers = [pair for pair in error.get_headers() if pair[0] in ("Allow", "Retry-After")]
    return error_page(error.code, own_words or "", headers=headers)
