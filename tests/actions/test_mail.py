"""Mails leave by a real SMTP conversation on loopback; a server that is away loses none."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import delete, select

from marketplace import config
from marketplace.core import carriers, clock, db, mail, posting
from marketplace.core.posting import send_mails


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
    controller = Controller(box, hostname="127.0.0.1", port=free_port, ready_timeout=60)
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
    assert re.search(r"^Message-ID: <[0-9a-f]{40}@market-cross.example>\r?$", content, re.MULTILINE)


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
    controller = Controller(box, hostname="127.0.0.1", port=free_port, ready_timeout=60)
    controller.start()
    try:
        send_mails()
    finally:
        controller.stop()
    sent = db.session.scalars(select(mail.Mail)).one()
    assert len(box.taken) == 1 and sent.sent_at is not None


def test_many_mails_behind_one_that_failed_all_leave(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one pass takes in hand, all to one address, whose first mail met a server that was away."""
    written = [f"{number}:x" for number in range(2 * posting.MAILS_A_PASS + 10)]
    for each in written:
        post(each)
    faults: dict[str, Exception] = {"0:x": carriers.Away("nobody there")}
    taken = carrier_that(monkeypatch, faults)
    send_mails()
    faults.clear()
    taken.clear()
    clock.pass_time(minutes=1)
    while send_mails():
        pass
    assert taken == written


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

    monkeypatch.setattr(posting, "carrier_for", lambda _url: SlowCarrier())
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

    monkeypatch.setattr(posting, "carrier_for", lambda _url: Carrier())
    with pytest.raises(Killed):
        send_mails()
    db.session.rollback()
    assert send_mails() == 0, "it may be on its way"
    clock.pass_time(seconds=posting.MAIL_LEASE.total_seconds() + 1)
    assert send_mails() == 1 and taken == ["1:x", "1:x"]
    assert send_mails() == 0


def to_ann_and_bob() -> list[str]:
    with db.housekeeping() as current:
        for number, to in enumerate(("ann", "ann", "bob", "ann")):
            mail.post(current, key=f"{number}:x", to=f"{to}@example.org", subject="s", body="b")
    return [f"{number}:x" for number in range(4)]


def carrier_that(monkeypatch: pytest.MonkeyPatch, faults: dict[str, Exception]) -> list[str]:
    """A carrier that fails each named mail as often as it is tried; the keys of those that it took."""
    taken: list[str] = []

    class Carrier:
        def carry(self, mail: mail.Mail, _sender: str) -> None:
            if mail.key in faults:
                raise faults[mail.key]
            taken.append(mail.key)

    monkeypatch.setattr(posting, "carrier_for", lambda _url: Carrier())
    return taken


def test_nobody_gets_a_later_mail_before_an_earlier_one(app, monkeypatch: pytest.MonkeyPatch) -> None:
    to_ann_and_bob()
    faults: dict[str, Exception] = {"0:x": carriers.NotThisOne("451 later")}
    taken = carrier_that(monkeypatch, faults)
    send_mails()
    send_mails()
    assert taken == ["2:x"], "Bob need not wait for Ann's server"
    faults.clear()
    clock.pass_time(minutes=1)
    send_mails()
    assert taken == ["2:x", "0:x", "1:x", "3:x"]


def test_a_mail_that_a_server_will_never_take_holds_no_other_back(app, monkeypatch: pytest.MonkeyPatch) -> None:
    to_ann_and_bob()
    taken = carrier_that(monkeypatch, {"0:x": carriers.Refused("550 no")})
    send_mails()
    assert taken == ["1:x", "2:x", "3:x"]
    clock.pass_time(minutes=6)
    assert send_mails() == 1, "it is tried again"


def test_a_server_that_is_away_is_asked_once_for_a_whole_queue(app, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = to_ann_and_bob()
    faults: dict[str, Exception] = {"0:x": carriers.Away("nobody there")}
    taken = carrier_that(monkeypatch, faults)
    send_mails()
    assert taken == [] and send_mails() == 0
    faults.clear()
    clock.pass_time(minutes=1)
    send_mails()
    assert taken == [keys[2], keys[0], keys[1], keys[3]], "whom nothing has failed for comes first"


def test_a_mail_at_which_the_server_hangs_up_keeps_no_other_for_ever(app, monkeypatch: pytest.MonkeyPatch) -> None:
    to_ann_and_bob()
    taken = carrier_that(monkeypatch, {"0:x": carriers.Away("connection lost")})
    for _ in range(4):
        send_mails()
        clock.pass_time(minutes=6)
    assert taken == ["2:x"], "Bob has his; Ann's later mails wait for her first"


def test_mails_that_are_erased_while_others_leave_are_not_sent_and_hold_no_other_up(
    app, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, taken = to_ann_and_bob(), []

    class Carrier:
        def carry(self, sent: mail.Mail, _sender: str) -> None:
            if sent.key != keys[0]:
                taken.append(sent.key)
                return
            with db.housekeeping() as current:
                current.execute(delete(mail.Mail).where(mail.Mail.recipient == sent.recipient))
            raise carriers.Refused("550 no")

    monkeypatch.setattr(posting, "carrier_for", lambda _url: Carrier())
    send_mails()
    assert taken == ["2:x"]


@pytest.fixture
def unvouched(tmp_path: Path) -> ssl.SSLContext:
    """A certificate that its own key has signed, as anybody on the way can make one."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(day).not_valid_after(day + timedelta(days=36_500))
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(plain + made.sign(key, hashes.SHA256()).public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


@pytest.mark.parametrize("scheme", ["smtps", "smtp+tls"])
def test_a_server_that_nobody_vouches_for_gets_no_mail(house: config.Settings, unvouched, scheme: str) -> None:
    post("9:x")
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(5)

    def serve() -> None:
        line, _ = door.accept()
        with line:
            if scheme == "smtp+tls":
                for words in (b"220 here\r\n", b"250-here\r\n250 STARTTLS\r\n", b"220 go on\r\n"):
                    line.sendall(words)
                    if words != b"220 go on\r\n":
                        line.recv(1000)
            with contextlib.suppress(OSError), unvouched.wrap_socket(line, server_side=True) as inside:
                inside.recv(1000)

    thread = threading.Thread(target=serve)
    thread.start()
    waiting = db.session.scalars(select(mail.Mail)).one()
    with pytest.raises(carriers.Away, match="certificate"):
        carriers.SmtpCarrier(f"{scheme}://127.0.0.1:{door.getsockname()[1]}").carry(waiting, "us@example.org")
    thread.join(6)
    door.close()
