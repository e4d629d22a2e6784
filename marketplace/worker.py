"""The worker: reads the journal and lets each listener react, sends mails, does what falls due by the clock."""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread
from types import FrameType

from flask import Flask

from marketplace import config
from marketplace.core import db, jobs
from marketplace.core.posting import send_mails
from marketplace.listeners import LISTENERS
from marketplace.timetable import TIMETABLE, is_due, mark_done
from tenders.outages.watch import watch_from_settings

_logger = logging.getLogger(__name__)
AGAIN_AFTER = 10.0  # seconds, for what falls due and failed


class Worker:
    """One worker. Several may run: deliveries and mails are claimed by lease, never by luck."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.must_stop = self.has_failed = False
        self.put_off: dict[str, float] = {}

    def run(self) -> None:
        """Works until told to stop (SIGTERM or SIGINT); finishes the batch it is in.

        Exits with 1 when one of its two threads cannot go on: the other would work on alone, and nobody would see it.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        if not config.current().demonstration:  # which is stopped overnight, and has nobody to ask for more time
            watch_from_settings().start()
        # A mail server that answers slowly must not hold back the index or a register.
        posting = Thread(target=self._keep_at, args=[self._post], name="mails")
        posting.start()
        self._keep_at(self._pass_without_mails)
        posting.join()
        if self.has_failed:
            sys.exit(1)

    def _keep_at(self, work: Callable[[], int]) -> None:
        pause = config.current().worker_pause_seconds
        try:
            while not self.must_stop:
                if not work():
                    time.sleep(pause)
        except Exception:
            _logger.exception("the worker cannot go on; who started it starts it again")
            self.has_failed = True
        finally:
            self.must_stop = True

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.must_stop = True

    def one_pass(self) -> int:
        """Does what there is to do once; returns how much it was. A fault in one part is logged, not fatal."""
        return self._pass_without_mails() + self._post()

    def _post(self) -> int:
        with self.app.app_context():
            done = self._safely("mails", send_mails)
            db.session.remove()
        return done

    def _pass_without_mails(self) -> int:
        done = 0
        with self.app.app_context():
            for listener in LISTENERS:
                done += self._safely(listener.name, lambda each=listener: serve(each))
            done += self._safely("timetable", lambda: keep_timetable(self.put_off))
            db.session.remove()
        return done

    def _safely(self, name: str, part: object) -> int:
        try:
            return part()  # type: ignore[operator]
        except Exception:
            db.session.rollback()
            _logger.exception("the worker's part %s failed; it is tried again", name)
            return 0

    def run_until_idle(self, passes: int = 1000) -> None:
        """For tests, the demonstration and commands: works until there is nothing left to do now."""
        for _ in range(passes):
            if not self.one_pass():
                return


def serve(listener: jobs.Listener) -> int:
    """One listener's turn: enter what is new, deliver what is due."""
    if jobs.has_unseen_lines(listener):
        jobs.enter_deliveries(listener)
    return jobs.deliver(listener)


def keep_timetable(put_off: dict[str, float]) -> int:
    """Runs each entry of the timetable whose time has come. One that fails holds up no other, and is put off a little.

    `put_off` holds, by an entry's name, the instant of time.monotonic() before which it is not tried again.
    """
    done = 0
    for entry in TIMETABLE:
        if time.monotonic() < put_off.get(entry.name, 0.0) or not is_due(entry):
            continue
        try:
            did = entry.act()
        except Exception:
            db.session.rollback()
            _logger.exception("what falls due failed and is tried again: %s", entry.name)
            put_off[entry.name] = time.monotonic() + AGAIN_AFTER
            continue
        done += did
        if not (entry.in_pieces and did):
            mark_done(entry)
    return done
