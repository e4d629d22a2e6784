"""A6: no word, secret or token in a log, also when requests and the worker fail; and one record stays one line."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from flask import Flask

from marketplace.config import Settings
from tests.bench.drafts import cookie_of
from tests.promises import faulty
from tests.promises.canaries import Flock
from tests.promises.crowd import Browser
from tests.promises.market import Market, make_market
from tests.promises.proof import Proof
from tests.promises.test_canaries import Planter
from tests.served import Served, run_python, served

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[\d+\] (WARNING|ERROR|CRITICAL) [\w.]+: \S")
FORGED = "\r\n2026-01-01T00:00:00.000Z [1] ERROR forged: a line"
# What must be told for the search to mean anything: a fault of each kind, by kind and place.
TOLD_BY_WEB = (
    "ERROR marketplace: A fault at POST", "KeyError at", "ValueError at", "IntegrityError: ",
    "the thread failing ended by a fault", "Error handling request | ValueError at", "Invalid request from ip=127.0.0.1",
    "tests/promises/faulty.py:",
)  # fmt: skip
TOLD_BY_WORKER = (
    "listener planted failed on lines", "part timetable failed", "part mails failed", "the process ends by a fault",
)  # fmt: skip


def odd_lines(log: str) -> list[str]:
    """Lines that are no record of ours, so that something typed, or a fault's words, could stand as one."""
    return [f"no record: {each[:100]!r}" for each in log.split("\n")[:-1] if not LINE.match(each) or " forged: " in each[:60]]


def untold(log: str, told: tuple[str, ...]) -> list[str]:
    return [f"the log says nothing of {each!r}" for each in told if each not in log]


def raw(copy: Served, sent: bytes) -> None:
    """Sends bytes that a browser would not, and takes whatever comes back."""
    with socket.create_connection(("127.0.0.1", copy.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


def unreadable(word: str) -> list[bytes]:
    """Requests whose every field is a canary and that no server should take."""
    text = word.encode()
    return [
        b"%s\x01 /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (text, text),
        b"GET /%s HTTP/%s\r\n\r\n" % (text, text),
        b"GET /%s HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r%s\x00\r\n\r\n" % (text, text, text),
        b"GET / HTTP/1.1\r\nHost: x\r\n(%s): %s\r\n\r\n" % (text, text),
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n" % text,
        b"POST /%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %s\r\n\r\n" % (text, text),
    ]


class Clumsy(Browser):
    """A browser that asks for a planted fault, under a name that is a canary."""

    fault, name = "", ""

    def fail(self, fault: str, path: str, **fields: str) -> int:
        self.fault = fault
        answer = self.post(path, **fields)
        self.fault = ""
        return answer.status

    def _head(self, content_type: str) -> dict[str, str]:
        planted = {faulty.FAULT: self.fault} if self.fault else {}
        return {**super()._head(content_type), "User-Agent": self.name, **planted}


def misuse(app: Flask, copy: Served, market: Market, flock: Flock, is_signed: bool) -> list[int]:
    """All that a bidder sends and that goes well, and everything beside it that does not; gives what faults answered."""
    word = flock.word
    browser = Clumsy(copy.address, *cookie_of(app, market.people[0]))
    browser.name = f"{word()} agent"
    browser.token = browser.token if is_signed else word()
    planter = Planter(browser, market, flock)
    planter.start()
    planter.bid = planter.bid or word()
    planter.write()
    here = f"/supplier/bids/{planter.bid}/files"
    planter._upload(here, f"{word()}.exe", b"MZ" + flock.raw())
    planter._upload(here, f"{word()}{FORGED}.pdf", flock.raw())
    browser.get(f"/needs/{word()}?q={word()}%0D%0AERROR+{word()}")
    stranger = Clumsy(copy.address, *cookie_of(app, 0))
    stranger.name = word()
    stranger.post("/sign-in", email=f"{word()}@example.org{FORGED}", password=word())
    stranger.send("/sign-in", f"csrf_token={word()}".encode() + b"\xff\0", "multipart/form-data; boundary=q")
    stranger.send(f"/reset/{word()}", b"{" * 5_000 + word().encode(), f"application/{word()}")
    for each in unreadable(word()):
        raw(copy, each)
    faults = [each for each in (*faulty.FAULTS, "outer") if each != "tell"]
    answered = [browser.fail(each, f"/needs/{word()}%0D%0A{word()}", words=word() + FORGED) for each in faults]
    browser.close()
    stranger.close()
    return answered


@pytest.mark.slow
def test_no_word_of_a_bid_is_in_a_log(app: Flask, house: Settings, tmp_path: Path, proof: Proof) -> None:
    market, flock, planted = make_market(2), Flock(), Flock()
    with served(house, tmp_path, application="tests.promises.faulty:web_application()") as copy:
        answered = [misuse(app, copy, market, flock, number % 2 == 0) for number in range(proof.size("A6"))]
        before = len(copy.log.read_bytes())
        teller = Clumsy(copy.address, *cookie_of(app, market.people[0]))
        teller.name = "teller"
        teller.fail("tell", "/needs", words=planted.word() + FORGED)
        submitter = Planter(Browser(copy.address, *cookie_of(app, market.people[1])), market, Flock())
        submitter.start()
        submitter.write()
        submitter.submit()
        teller.close()
        submitter.browser.close()
    assert not submitter.faults, submitter.faults
    assert all(500 in each for each in answered), f"the planted faults answered {answered}"
    words = f"{flock.word()}{FORGED}"
    worked = run_python(house, "tests.promises.faulty", words.encode("unicode_escape").decode())
    whole = copy.log.read_bytes()
    web, worker = whole[:before].decode(), worked.stdout + worked.stderr
    wrong = flock.hits(whole + worker.encode(), "log") + odd_lines(whole.decode()) + odd_lines(worker)
    wrong += untold(web, TOLD_BY_WEB) + untold(worker, TOLD_BY_WORKER)
    cookie, token = cookie_of(app, market.people[0])
    secrets = {"key": house.secret_key, "cookie": cookie.partition("=")[2][:20], "form's token": token}
    wrong += [f"the {name} is in the log" for name, each in secrets.items() if each in whole.decode() + worker]
    assert planted.hits(whole, "log"), "a word that was told on purpose is not found: what is searched is not the log"
    proof.tell(
        "A6", "words looked for in the logs of web and worker, of requests that work and that fail in every way",
        count=flock.planted, violations=wrong,
        measured=f"{len(web)} and {len(worker)} bytes of log, {web.count(chr(10)) + worker.count(chr(10))} lines",
    )  # fmt: skip


@pytest.mark.parametrize("line", ["Traceback (most recent call last):", "INFO x", FORGED.strip(), ""])
def test_a_line_that_is_no_record_is_seen(line: str) -> None:
    sound = "2026-11-24T10:00:00.000Z [12] ERROR marketplace.worker: the worker's part failed"
    assert odd_lines(f"{sound}\n") == []
    assert odd_lines(f"{sound}\n{line}\n")
    assert untold(sound, ("a fault at",))
