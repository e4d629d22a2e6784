"""The watch: every few seconds the worker asks the web through its own front door and writes down that both are there."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.logs import told
from tenders.outages import actions, queries

_logger = logging.getLogger(__name__)
WORKER, WEB = "worker", "web"
LONGEST_ANSWER = 5.0  # seconds


def web_answers(url: str) -> bool:
    """Whether the front door answers 200 in time; whatever else happens is a no."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=LONGEST_ANSWER)
    try:
        connection.request("GET", parts.path or "/alive", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def started_at() -> datetime | None:
    """When this machine was switched on; None where the system does not say."""
    try:
        return clock.now() - timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
    except (AttributeError, OSError):
        return None


class Watch:
    """Beats for the worker and, where an address is given, for the web. What fails meanwhile is remembered by name."""

    def __init__(self, url: str, limit: timedelta, ask: Callable[[str], bool] = web_answers) -> None:
        self.url, self.limit, self.ask = url, limit, ask
        self.causes: set[str] = set()
        self.every = min(10.0, limit.total_seconds() / 4)
        self._is_first = True
        self._stopped = threading.Event()

    def one_beat(self) -> None:
        """Looks once and writes it down; never raises for what it is there to notice."""
        parts = [WORKER]
        if self.url:
            if self.ask(self.url):
                parts.append(WEB)
            else:
                self.causes.add(WEB)
        try:
            if self._is_first:
                self._look_back()
            ended = actions.beat(parts, self.limit, self.causes)
            self._is_first = False
        except SQLAlchemyError as fault:
            db.session.rollback()
            self.causes.add("database")
            _logger.error("the watch cannot write to the database: %s", told(fault))
            return
        finally:
            db.session.remove()
        if not self.url or WEB in parts:
            self.causes.clear()
        if ended is not None:
            _logger.error("the service was away; see `marketplace outages`")

    def _look_back(self) -> None:
        seen, on = queries.seen_parts(), started_at()
        if seen and on is not None and on > max(seen.values()):
            self.causes.add("machine")

    def run(self) -> None:
        """Beats until stopped."""
        while not self._stopped.wait(0 if self._is_first else self.every):
            try:
                self.one_beat()
            except Exception:  # the watch must outlive whatever it meets
                db.session.remove()
                _logger.exception("the watch stumbled; it goes on")
            if self._is_first and self._stopped.wait(1):
                return

    def start(self) -> None:
        """Beats in a thread of its own, so that long work of the worker does not look like an outage."""
        threading.Thread(target=self.run, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()


def watch_from_settings() -> Watch:
    """The watch that a worker keeps."""
    settings = config.current()
    return Watch(settings.watch_url, timedelta(seconds=settings.outage_seconds))
