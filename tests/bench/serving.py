"""The application on a market of its own, served as `marketplace run` serves it; the background worker stays away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace import config
from marketplace.accounts.actions import load_councils
from marketplace.app import create_app
from marketplace.core import db
from marketplace.serving import free_port, gunicorn_command
from marketplace.upgrade import upgrade
from search.indexing import rebuild_index
from tests.bench import drafts, market

# One need in the middle of the open ones: the page of one need is always its page.
VIEWED = 500
FIRST_PORT = 8300


@dataclass(frozen=True)
class Place:
    """One database with its market, its home folder, and what wrk is to send."""

    name: str
    settings: config.Settings
    cookie: str
    submissions: drafts.Submissions


def make_place(name: str, url: str, home: Path, count: int, index: Path | None, tell: Callable[[str], None]) -> Place:
    """Fills the empty database at the URL (empty: SQLite in the home). `index`: a home whose index to copy."""
    settings = config.Settings(home=home, database_url=url, secret_key="")
    app = create_app(settings)
    upgrade(db.engine())
    with app.app_context():
        load_councils()
        tell(f"{name}: writing {market.NEEDS:,} needs and {market.SUPPLIERS:,} suppliers")
        made = market.fill()
        tell(f"{name}: writing {count:,} drafts")
        submissions = drafts.prepare(app, made, count, home / "submissions")
        if index is not None:
            shutil.copytree(index, settings.index_folder, dirs_exist_ok=True)
        else:
            tell(f"{name}: building the search index")
            rebuild_index(lambda _: None)
        cookie = drafts.cookie_of(app, made.suppliers)[0]  # a firm that has no draft to submit
        db.session.remove()
    return Place(name, settings, cookie, submissions)


@contextmanager
def served(place: Place, worker_class: str) -> Iterator[tuple[str, int]]:
    """Yields the address and the process id of gunicorn's master."""
    port = free_port(FIRST_PORT)
    command = gunicorn_command(place.settings, port)
    at = command.index("--worker-class")
    if worker_class == "sync":
        del command[at : at + 4]
    elif worker_class == "gthread":
        command[at + 1] = "gthread"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MARKETPLACE_")}
    home, url, engine = str(place.settings.home), place.settings.database_url, place.settings.search_engine
    process = subprocess.Popen(
        command,
        cwd=config.CHECKOUT,
        env={**kept, "MARKETPLACE_HOME": home, "DATABASE_URL": url, "MARKETPLACE_SEARCH_ENGINE": engine},
        start_new_session=True,
    )
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address + "/needs", timeout=5).read()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit("gunicorn ended before it answered.") from None
            time.sleep(0.1)
    raise SystemExit("gunicorn did not answer within 30 seconds.")


def check_pages(address: str, place: Place) -> None:
    """Insists that what will be measured is the whole page for a signed-in person, before anything is timed."""
    for path, words in (("/needs", b"Next page"), (_view(), b"Questions and answers (5)")):
        request = urllib.request.Request(address + path, headers={"Cookie": place.cookie})
        body = urllib.request.urlopen(request, timeout=30).read()
        if words not in body or b'href="/account"' not in body:
            raise SystemExit(f"{place.name}: {path} is not the page that should be measured.")
    if body.count(b"annex-") < market.DOCUMENTS:
        raise SystemExit(f"{place.name}: {path} lacks its documents.")


def targets(place: Place, address: str, pids: list[int]) -> list[dict[str, Any]]:
    """What y_http.py measures beside its yardsticks."""
    signed_in = {"headers": [f"Cookie: {place.cookie}"], "pids": pids}
    return [
        {"name": f"needs_{place.name}", "url": f"{address}/needs", **signed_in},
        {"name": f"newest_{place.name}", "url": f"{address}/needs?status=open&sort=newest", **signed_in},
        {"name": f"need_{place.name}", "url": address + _view(), **signed_in},
        {"name": f"submit_{place.name}", "url": address + "/", "lua": place.submissions.script, "pids": pids},
    ]


def _view() -> str:
    return f"/needs/{market.reference_of(VIEWED)}"


def write_targets(path: Path, wanted: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(wanted))
