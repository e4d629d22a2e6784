"""Web and worker with planted faults, whose words hold what was sent: a log must tell of them without the words.

The worker: python -m tests.promises.faulty WORDS. It works once, with a fault in each part, and ends by another.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from threading import Thread
from typing import Any, NoReturn

from flask import Flask, current_app, request
from sqlalchemy import text

from marketplace import cli, worker
from marketplace.core import db, jobs
from marketplace.web import web_application as sound_application
from tenders.bids.events import BidSubmitted

FAULT = "X-Planted-Fault"
TOLD = "told on purpose"


def fail(words: str) -> NoReturn:
    try:
        raise KeyError(words)
    except KeyError as cause:
        raise ValueError(f"nothing can be done with {words}") from cause


def break_a_rule(words: str) -> None:
    """A row that the database refuses: its own words tell the values."""
    db.session.execute(text("INSERT INTO organisations (name) VALUES (:words)"), {"words": words[-100:]})


def ask_for_nothing(words: str) -> None:
    db.session.execute(text(f'SELECT "{words}" FROM nowhere WHERE name = :words'), {"words": words[-100:]})


def fail_in_a_thread(words: str) -> None:
    failing = Thread(target=fail, args=[words], name="failing")
    failing.start()
    failing.join()


def tell(words: str) -> None:
    """What no part of the house may do."""
    current_app.logger.error("%s: %s", TOLD, words)


FAULTS: dict[str, Callable[[str], None]] = {
    "value": fail, "rule": break_a_rule, "table": ask_for_nothing, "thread": fail_in_a_thread, "tell": tell,
}  # fmt: skip


def web_application() -> Flask:
    """The application, which fails as a request's header says, at the door of a page or outside of all pages."""
    app = sound_application()
    inner = app.wsgi_app

    def outer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_X_PLANTED_FAULT") == "outer":
            fail(f"{environ['PATH_INFO']} {environ.get('HTTP_USER_AGENT')}")
        return inner(environ, start_response)

    def planted() -> None:
        if fault := FAULTS.get(request.headers.get(FAULT, "")):
            fault(f"{dict(request.form)} {request.path} {request.user_agent} {request.form.get('words', '')}")

    app.wsgi_app = outer  # type: ignore[method-assign]
    app.before_request(planted)
    return app


def main(words: str) -> None:
    """The worker's command, whose listeners, timetable and mails all fail."""

    def react(_lines: Sequence[object]) -> None:
        fail(words)

    def once(self: worker.Worker) -> None:
        self.one_pass()
        fail(words)

    kinds = frozenset({BidSubmitted.__name__})
    worker.LISTENERS = (jobs.Listener("planted", kinds, react),)
    worker.keep_timetable = lambda _put_off: break_a_rule(words)  # type: ignore[assignment,return-value]
    worker.send_mails = lambda: fail(words)
    worker.Worker.run = once  # type: ignore[method-assign]
    cli.cli(["worker"])


if __name__ == "__main__":
    main(sys.argv[1].encode().decode("unicode_escape"))
