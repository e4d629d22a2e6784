"""Mails leave by a real SMTP conversation on loopback; a server that is away loses none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from marketplace import config, worker
from marketplace.core import clock, db, mail
from marketplace.worker import send_mails


class Postbox:
    """What the server took."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], str]] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.taken.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def postbox(free_port: int) -> Iterator[Postbox]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def to_smtp(house: config.Settings, free_port: int) -> None:
    config.install(replace(house, smtp_url=f"smtp://127.0.0.1:{free_port}"))


def post(key: str, subject: str = "Your bid – received", body: str = "Café £5\n") -> bool:
    with db.housekeeping() as current:
        return mail.post(current, key=key, to="ann@example.org", subject=subject, body=body, stop_url="https://x/stop")


def test_a_mail_arrives_whole_and_once(to_smtp: None, postbox: Postbox) -> None:
    assert post("1:x:ann@example.org")
    assert not post("1:x:ann@example.org"), "the same effect is not posted twice"
    assert send_mails() == 1 and send_mails() == 0
    [(to, content)] = postbox.taken
    assert to == ["ann@example.org"]
    assert "List-Unsubscribe: <https://x/stop>" in content
    assert "Message-ID:" in content


def test_a_subject_cannot_smuggle_a_header(to_smtp: None, postbox: Postbox) -> None:
    post("2", subject="Hello\r\nBcc: everyone@example.org")
    send_mails()
    [(to, content)] = postbox.taken
    assert to == ["ann@example.org"] and "\nBcc:" not in content


def test_a_server_that_is_away_loses_no_mail(to_smtp: None, free_port: int) -> None:
    post("3")
    assert send_mails() == 1
    waiting = db.session.scalar(select(mail.Mail))
    assert waiting is not None and waiting.sent_at is None and waiting.attempts == 1 and waiting.last_error
    assert send_mails() == 0, "not before the pause is over"
    clock.pass_time(minutes=1)
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    try:
        send_mails()
    finally:
        controller.stop()
    db.session.expire_all()
    assert len(box.taken) == 1 and waiting.sent_at is not None


def test_without_a_server_the_outbox_page_is_the_delivery(house: config.Settings) -> None:
    post("4")
    send_mails()
    kept = db.session.scalar(select(mail.Mail))
    assert kept is not None and kept.sent_at is not None


def test_two_workers_send_each_mail_once(app, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        post(f"{number}:x")
    taken: list[str] = []

    class SlowCarrier:
        def carry(self, mail: mail.Mail, _sender: str) -> None:
            taken.append(mail.key)
            time.sleep(0.01)

    monkeypatch.setattr(worker, "carrier_for", lambda _url: SlowCarrier())
    gate = threading.Barrier(2)

    def work() -> None:
        with app.app_context():
            gate.wait()
            send_mails()
            db.session.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(taken) == sorted(f"{number}:x" for number in range(12))


def test_what_a_killed_worker_had_claimed_is_sent_after_its_lease(app, monkeypatch: pytest.MonkeyPatch) -> None:
    post("1:x")
    taken: list[str] = []

    class Killed(BaseException):
        pass

    class Carrier:
        def carry(self, mail: mail.Mail, _sender: str) -> None:
            taken.append(mail.key)
            if len(taken) == 1:
                raise Killed

    monkeypatch.setattr(worker, "carrier_for", lambda _url: Carrier())
    with pytest.raises(Killed):
        send_mails()
    db.session.rollback()
    assert send_mails() == 0, "it may be on its way"
    clock.pass_time(seconds=worker.MAIL_LEASE.total_seconds() + 1)
    assert send_mails() == 1 and taken == ["1:x", "1:x"]
    assert send_mails() == 0
