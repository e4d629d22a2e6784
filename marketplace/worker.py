"""The worker: reads the journal and lets each listener react, sends mails, does what falls due by the clock."""

from __future__ import annotations

import logging
import signal
import smtplib
import time
from datetime import timedelta
from types import FrameType

from flask import Flask
from sqlalchemy import select

from marketplace import config
from marketplace.core import clock, db, jobs
from marketplace.core.failpoints import failpoint
from marketplace.core.mail import Mail, carrier_for
from marketplace.listeners import LISTENERS
from marketplace.timetable import TIMETABLE, is_due, mark_done
from tenders.outages.watch import watch_from_settings

_logger = logging.getLogger(__name__)
MAILS_A_PASS = 50
MAIL_LEASE = timedelta(minutes=5)  # in which one worker alone sends what it claimed
RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))


class Worker:
    """One worker. Several may run: deliveries and mails are claimed by lease, never by luck."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.must_stop = False

    def run(self) -> None:
        """Works until told to stop (SIGTERM or SIGINT); finishes the batch it is in."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        if not config.current().demonstration:  # which is stopped overnight, and has nobody to ask for more time
            watch_from_settings().start()
        pause = config.current().worker_pause_seconds
        while not self.must_stop:
            if not self.one_pass():
                time.sleep(pause)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.must_stop = True

    def one_pass(self) -> int:
        """Does what there is to do once; returns how much it was. A fault in one part is logged, not fatal."""
        done = 0
        with self.app.app_context():
            for listener in LISTENERS:
                done += self._safely(listener.name, lambda each=listener: serve(each))
            done += self._safely("mails", send_mails)
            done += self._safely("timetable", keep_timetable)
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


def send_mails() -> int:
    """Sends mails that are due. Marked only after the carrier took them: at least once, never lost."""
    settings = config.current()
    carrier = carrier_for(settings.smtp_url)
    waiting, until = _claim_mails(), clock.now() + MAIL_LEASE / 2
    for mail in waiting:
        if clock.now() > until:  # a slow server: the rest is claimed again when its lease ends
            break
        failpoint("mail: claimed")
        try:
            carrier.carry(mail, settings.mail_from)
        except (OSError, smtplib.SMTPException) as fault:
            _put_off(mail.id, str(fault))
            continue
        failpoint("mail: carried, not yet marked")
        with db.housekeeping() as current:
            sent = current.get(Mail, mail.id)
            assert sent is not None
            sent.sent_at, sent.last_error = clock.now(), ""
    db.session.rollback()
    return len(waiting)


def _claim_mails() -> list[Mail]:
    """Mails that are due, which no other worker sends meanwhile; after a kill they are due again."""
    now = clock.now()
    query = select(Mail).where(Mail.sent_at.is_(None), Mail.due_at <= now).order_by(Mail.id).limit(MAILS_A_PASS)
    if db.session.scalar(query.with_only_columns(Mail.id).limit(1)) is None:
        return []
    with db.housekeeping() as current:
        claimed = list(current.scalars(query.with_for_update(skip_locked=True)))
        for each in claimed:
            each.due_at = now + MAIL_LEASE
    return claimed


def _put_off(mail_id: int, error: str) -> None:
    with db.housekeeping() as current:
        mail = current.get(Mail, mail_id)
        assert mail is not None
        mail.due_at = clock.now() + RETRY_AFTER[min(mail.attempts, len(RETRY_AFTER) - 1)]
        mail.attempts += 1
        mail.last_error = error[:500]


def keep_timetable() -> int:
    """Runs each entry of the timetable whose time has come."""
    done = 0
    for entry in TIMETABLE:
        if is_due(entry):
            did = entry.act()
            done += did
            if not (entry.in_pieces and did):
                mark_done(entry)
    return done
