"""What each web process runs."""

from __future__ import annotations

import gc
from threading import Thread

from flask import Flask

from marketplace import config
from marketplace.app import create_app
from marketplace.core import clocks, db, logs
from marketplace.timetable import last_beat
from search.warming import warm_up

LOCK_SECONDS = 1.5  # that a page waits for SQLite's write lock, before the visitor is asked to try again


def web_application() -> Flask:
    """The application. Most of what it has loaded by now stays for good, so the collector leaves it be."""
    logs.set_up()
    app = create_app()
    db.wait_for_lock(LOCK_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    Thread(target=warm_up, name="open the index", daemon=True).start()
    watched = (db.engine(), config.current().home, last_beat)
    Thread(target=clocks.watch, args=watched, name="compare the clocks", daemon=True).start()
    return app
