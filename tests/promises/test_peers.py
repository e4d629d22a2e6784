"""D7: mail server, virus scanner and search engine that are down, slow or talk rubbish: bids come in, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import carriers, clock, db, mail, scanning
from marketplace.core.jobs import Delivery
from marketplace.worker import Worker
from search import indexing
from search.documents import Kind
from search.engine import SearchUnavailable
from tenders.bids import publishing
from tenders.bids.models import Bid, BidVersion
from tests import bidding
from tests.actions.test_bids import ready_to_publish
from tests.promises.peers import MailServer, Scanner, Taken, running
from tests.promises.proof import Proof

MODES = (
    ("mail server", "down"), ("mail server", "silent"), ("mail server", "drips"), ("mail server", "garbage"),
    ("mail server", "says later"), ("mail server", "hangs up after the mail"), ("mail server", "forgets its manners"),
    ("scanner", "down"), ("scanner", "silent"), ("scanner", "garbage"),
    ("search engine", "down"), ("search engine", "slow"), ("search engine", "garbage"),
)  # fmt: skip
A_HANG = 10.0  # seconds; a submission that takes so long waits for somebody
FIRMS = 3


@dataclass
class Peers:
    """The three, one of which may be ill."""

    mail_server: MailServer
    scanner: Scanner
    engine_mode: str = "well"

    def set(self, who: str, mode: str) -> None:
        if who == "mail server":
            self.mail_server.mode = mode
        elif who == "scanner":
            self.scanner.mode = mode
        else:
            self.engine_mode = mode


@pytest.fixture
def peers(app: Flask, house: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peers]:
    for module, name, value in (
        (carriers, "WAITS", 0.3), (carriers, "WHOLE", 0.5), (carriers, "GOODBYE", 0.3),
        (scanning, "SECONDS", 0.3), (scanning, "_rests_until", 0.0),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    with running(MailServer) as mail_server, running(Scanner) as scanner:
        made = Peers(mail_server, scanner)
        urls = {"smtp_url": f"smtp://127.0.0.1:{mail_server.port}", "scanner": f"clamd://127.0.0.1:{scanner.port}"}
        config.install(replace(config.current(), **urls))
        write = indexing._write

        def written(needs: list[str], suppliers: list[str]) -> None:
            if made.engine_mode == "down":
                raise SearchUnavailable("planted")
            if made.engine_mode == "garbage":
                raise ValueError("planted: no answer that anybody can read")
            if made.engine_mode == "slow":
                time.sleep(0.3)
            write(needs, suppliers)

        monkeypatch.setattr(indexing, "_write", written)
        yield made


@contextmanager
def working(app: Flask) -> Iterator[Worker]:
    """A worker at work beside whatever happens in the block."""
    worker, over = Worker(app), threading.Event()

    def run() -> None:
        while not over.is_set():
            if not worker.one_pass():
                time.sleep(0.02)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield worker
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(("who", "mode"), MODES, ids=str)
def test_bids_come_in_and_everything_is_told_afterwards(
    who: str, mode: str, app: Flask, peers: Peers, proof: Proof
) -> None:
    many = proof.size("D7")
    clock.set_clock(datetime.now(UTC))  # the sweepers compare it with when the disk says that a file was written
    made, members = bidding.purchase(), [bidding.bidder() for _ in range(FIRMS)]
    indexing.rebuild_index(lambda _line: None)
    drafts_of = {each.id: bidding.drafted(made.need, each) for each in members}
    with working(app) as worker:
        well = submit_all(drafts_of, members, many)
        peers.set(who, mode)
        ill = submit_all(drafts_of, members, many)
        new = publish_another()
    clock.pass_time(seconds=31)
    worker.run_until_idle()
    peers.set(who, "well")
    for _ in range(4):  # longer than the longest pause of both outboxes after so few tries
        clock.pass_time(minutes=11)
        worker.run_until_idle()
    wrong = [f"a submission took {each:.1f} s" for each in ill if each > A_HANG]
    db.session.rollback()
    stored = len(db.session.scalars(select(BidVersion)).all())
    if stored != 2 * many * FIRMS:
        wrong.append(f"{stored} versions of {2 * many * FIRMS} submitted")
    wrong += carried_wrongly(peers.mail_server.taken, list(db.session.scalars(select(mail.Mail).order_by(mail.Mail.id))))
    wrong += [f"line {each.line} waits for {each.listener}: {each.last_error}" for each in waiting()]
    wrong += indexing.check_index() + ([] if (Kind.NEED, new) in indexed() else [f"{new} is not in the index"])
    if who == "mail server" and len(peers.mail_server.taken) < 2 * many * FIRMS:
        wrong.append("fewer mails than bids: nothing was tried")
    ratio = high(ill) / high(well)
    told = f"submit p95 {1000 * high(ill):.0f} ms, {ratio:.2f} times as when it is well; {len(peers.mail_server.taken)} mails"
    proof.tell("D7", f"{who}: {mode}", count=len(ill), violations=wrong, measured=told)


def publish_another() -> str:
    """Something for the index."""
    _author, approver, need = ready_to_publish()
    bidding.give_passphrases([each.person for each in need.people_with("opener")])
    return publishing.approve_and_publish(need.id, approver).reference


def indexed() -> set[tuple[Kind, str]]:
    return {(Kind.NEED, reference) for reference, _mark in indexing.engine().references(Kind.NEED).items()}


def submit_all(drafts_of: dict[int, Bid], members: list[Membership], times: int) -> list[float]:
    """Every firm writes, adds a file and submits so many times; the seconds that each submission took."""
    took = []
    for number in range(times):
        for member in members:
            bid = drafts_of[member.id]
            bidding.fill(bid, member, f"We will do it in {number + 2} weeks.", b"plan %d" % number)
            began = time.monotonic()
            bidding.submit(bid, member)
            took.append(time.monotonic() - began)
    db.session.rollback()
    return took


def high(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


def waiting() -> list[Delivery]:
    return list(db.session.scalars(select(Delivery).where(Delivery.done_at.is_(None))))


def carried_wrongly(taken: list[Taken], written: list[mail.Mail]) -> list[str]:
    """Mails that the server took not once, or not in the order in which they were written to their recipient."""
    counted = Counter(each.message_id for each in taken)
    expected = {mail.as_message(each, config.current().mail_from)["Message-ID"]: each for each in written}
    wrong = [f"{each.key} taken {counted[number]} times" for number, each in expected.items() if counted[number] != 1]
    wrong += [f"{number} was never written" for number in counted if number not in expected]
    for recipient in {each.recipient for each in taken}:
        order = [expected[each.message_id].id for each in taken if each.recipient == recipient and each.message_id in expected]
        if order != sorted(order):
            wrong.append(f"{recipient} got mails in the order {order}")
    return wrong


def test_the_checker_catches_a_lost_a_doubled_and_an_overtaken_mail(app: Flask) -> None:
    with db.housekeeping() as current:
        for number in range(3):
            mail.post(current, key=f"{number}:x", to="ann@example.org", subject="s", body="b")
    written = list(db.session.scalars(select(mail.Mail).order_by(mail.Mail.id)))
    numbers = [mail.as_message(each, config.current().mail_from)["Message-ID"] for each in written]
    fine = [Taken("ann@example.org", each) for each in numbers]
    assert carried_wrongly(fine, written) == []
    assert "taken 0 times" in carried_wrongly(fine[:2], written)[0]
    assert "taken 2 times" in carried_wrongly([*fine, fine[-1]], written)[0]
    assert "in the order" in carried_wrongly([fine[1], fine[0], fine[2]], written)[0]
