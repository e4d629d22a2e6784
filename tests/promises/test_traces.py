"""A5: what clients wrote down of their requests, with all that went wrong, against the trace of the served application."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.core import db
from tenders.bids.models import Bid
from tests.bench.drafts import DECLARED, cookie_of
from tests.promises.market import Market, make_market
from tests.promises.proof import Proof
from tests.served import served, wait_until_it_answers

NEAR = timedelta(milliseconds=10)
KILLED_AT = "submit: version stored"


@dataclass
class Sent:
    """One request as its client saw it. `status` 0: no answer came."""

    what: str
    began_at: datetime
    ended_at: datetime = datetime.max.replace(tzinfo=UTC)  # the last byte was sent
    answered_at: datetime | None = None
    status: int = 0
    name: str = ""
    length: int = 0  # bytes of the body that were sent


@dataclass
class Client:
    """A person's browser without a face: every request is written down."""

    address: str
    cookie: str
    token: str
    log: list[Sent] = field(default_factory=list)

    def ask(self, what: str, method: str, path: str, body: bytes | None = None, kind: str = "", cookie: bool = True) -> str:
        """Sends a request and takes the whole answer; its Location, else "". """
        head = {"Content-Type": kind or "application/x-www-form-urlencoded"} if body is not None else {}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        sent = Sent(what, datetime.now(UTC), length=len(body or b""))
        self.log.append(sent)
        try:
            connection.request(method, path, body, {**head, **({"Cookie": self.cookie} if cookie else {})})
            sent.ended_at = datetime.now(UTC)
            answer = connection.getresponse()
            answer.read()
            sent.answered_at = datetime.now(UTC)
        except (OSError, http.client.HTTPException):
            sent.ended_at = min(sent.ended_at, datetime.now(UTC))
            return ""
        finally:
            connection.close()
        sent.status, sent.name = answer.status, answer.getheader("X-Request-Id", "")
        return answer.getheader("Location", "")

    def post(self, what: str, path: str, token: bool = True, **fields: str) -> str:
        body = urlencode({**({"csrf_token": self.token} if token else {}), **fields}).encode()
        return self.ask(what, "POST", path, body)

    def upload(self, what: str, path: str, name: str, content: bytes) -> None:
        mark = secrets.token_hex(8)
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token}\r\n'.encode(),
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode(),
            content,
            f"\r\n--{mark}--\r\n".encode(),
        ]
        self.ask(what, "POST", path, b"".join(parts), f"multipart/form-data; boundary={mark}")

    def break_off(self, what: str, path: str, part: bytes = b"a" * 100, ends_head: bool = True) -> None:
        """Sends the head, or most of it, and part of a body, and goes away for good."""
        place = urlsplit(self.address)
        with socket.create_connection((place.hostname or "", place.port or 0)) as line:
            sent = Sent(what, datetime.now(UTC), length=len(part))
            self.log.append(sent)
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: {self.cookie}\r\nContent-Length: 5000\r\n"
            line.sendall(f"{head}\r\n".encode() + part if ends_head else head.encode())
            sent.ended_at = datetime.now(UTC)
            time.sleep(0.2)
            # With a reset, so that nothing waits for what was not read.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def journey(client: Client, market: Market, words: str) -> str:
    """From start to withdrawal, with every kind of mishap on the way; gives the bid's reference."""
    start = f"/needs/{market.way.need}/bid"
    client.ask("looks at the start", "GET", start)
    client.post("starts without a token", start, token=False)
    home = client.post("starts", start)
    bid = home.rpartition("/")[2].partition("?")[0]
    answer = f"{home}/answers/{market.way.questions[0]}"
    line = f"line_{market.way.lines[0]}"
    client.ask("looks at the bid", "GET", home)
    client.ask("without a session", "GET", home, cookie=False)
    client.ask("an unknown page", "GET", f"{home}/{words}")
    client.post("a bad price", f"{home}/price", version="0", **{line: words})
    client.post("a price", f"{home}/price", version="0", **{line: "19500"})
    client.post("an answer", answer, version="0", text=words)
    client.post("an answer over another", answer, version="0", text=f"{words} once more")
    client.post("declarations", f"{home}/declarations", version="0", **{k: str(v) for k, v in DECLARED.items() if v})
    client.upload("a file", f"{home}/files", f"{words}.pdf", b"%PDF-1.7 " + words.encode())
    client.upload("no such kind of file", f"{home}/files", f"{words}.exe", b"MZ" + words.encode())
    client.break_off("a file that breaks off", f"{home}/files")
    client.break_off("a head without its end", f"{home}/price", part=b"", ends_head=False)
    client.ask("much too large", "POST", f"{home}/files", b"x" * 30_000_000, "application/octet-stream")
    client.ask("a method that is none", "BREW", home)
    client.ask("the draft to keep", "GET", f"{home}/download")
    client.ask("reads it", "GET", f"{home}/review")
    client.post("a key too short", f"{home}/submit", idempotency_key="k\r\nX")
    client.ask("line ends in the address", "GET", f"{home}/{words}%0d%0aSet-Cookie:%20{words}")
    key = secrets.token_hex(16)
    client.post("submits", f"{home}/submit", idempotency_key=key)
    client.post("submits again", f"{home}/submit", idempotency_key=key)
    client.ask("the receipt", "GET", f"{home}/receipt/1.json")
    client.post("withdraws", f"{home}/withdraw")
    return bid


def compared(log: list[Sent], lines: list[dict[str, Any]]) -> list[str]:
    """The checker: requests that the trace lacks, tells wrongly, or at another time."""
    wrong, left = [], {each["id"]: each for each in lines}
    for sent in log:
        line = left.pop(sent.name, None) or _by_time(sent, left)
        if line is None:
            wrong.append(f"{sent.what}: not in the trace")
            continue
        left.pop(line["id"], None)
        wrong += [f"{sent.what}: {each}" for each in _differences(sent, line)]
    return wrong + [f"nobody sent what the trace has at {each['at']}" for each in left.values()]


def _by_time(sent: Sent, left: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """What had no answer has no name for its client either."""
    return next((each for each in left.values() if not sent.name and _is_near(sent, _instant(each["at"]))), None)


def _is_near(sent: Sent, at: datetime) -> bool:
    return sent.began_at - NEAR <= at <= sent.ended_at + NEAR


def _differences(sent: Sent, line: dict[str, Any]) -> Iterator[str]:
    at = _instant(line["at"])
    if not _is_near(sent, at):
        yield f"received at {at}, sent from {sent.began_at} to {sent.ended_at}"
    if sent.answered_at is not None and _instant(line["answered_at"]) > sent.answered_at + NEAR:
        yield f"answered at {line['answered_at']}, all of it there at {sent.answered_at}"
    if line.get("status", 0) != sent.status:
        yield f"status {line.get('status')}, seen {sent.status}"
    if sent.status not in (0, 413) and line.get("received", 0) != sent.length:
        yield f"{line.get('received')} bytes received, {sent.length} sent"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def lines_about(home: Path, *about: str) -> list[dict[str, Any]]:
    """The trace's lines, arrival and answer of one request made one; read here by itself."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((home / "trace").glob("*.jsonl")):
        for line in map(json.loads, path.read_text().splitlines()):
            if line["about"] in about:
                found[line["id"]] = {**found.get(line["id"], {}), **line}
    return list(found.values())


def test_the_checker_sees_a_planted_fault() -> None:
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    sent = Sent("submits", now, now, now, 200, "a1", 5)
    line = {"id": "a1", "at": "2026-11-24T10:00:00.004Z", "answered_at": "2026-11-24T10:00:00.009Z", "status": 200, "received": 5}
    assert compared([sent], [line]) == []
    assert "not in the trace" in compared([sent], [])[0]
    assert "nobody sent" in compared([], [line])[0]
    for spoiled in ({"status": 500}, {"received": 4}, {"at": "2026-11-24T10:00:00.011Z"}, {"answered_at": "2026-11-24T10:00:00.011Z"}):
        assert len(compared([sent], [{**line, **spoiled}])) == 1
    broken = SimpleNamespace(**{**vars(sent), "status": 0, "name": "", "answered_at": None})
    assert compared([broken], [{"id": "b2", "at": line["at"]}]) == []  # type: ignore[list-item]


@pytest.fixture
def market(app: Flask, house: Settings) -> Market:
    return make_market(firms=1)


@pytest.mark.slow  # the application is served
def test_every_request_is_in_the_trace(
    app: Flask, house: Settings, market: Market, tmp_path: Path, proof: Proof
) -> None:
    cookie, token = cookie_of(app, market.people[0])
    words = f"canary{secrets.token_hex(6)}"
    log: list[Sent] = []
    bids: list[str] = []
    with served(house, tmp_path) as made:
        for _ in range(proof.size("A5")):
            client = Client(made.address, cookie, token)
            bids.append(journey(client, market, words))
            log += client.log
        time.sleep(0.3)
    lines = lines_about(house.home, market.way.need, *bids)
    wrong = compared(log, lines)
    text = "".join(path.read_text() for path in (house.home / "trace").iterdir())
    leaked = [f"{each} is in the trace" for each in (words, cookie, token, "csrf", "Set-Cookie", "\r") if each in text]
    leaked += [f"no line of its own: {each}" for each in text.splitlines() if not each.startswith('{"at":') or each[-1] != "}"]
    proof.tell("A6", "words, cookies, tokens, line ends in a trace", count=len(text.splitlines()), violations=leaked)
    late = max((_instant(line["at"]) - sent.ended_at for sent in log for line in lines if line["id"] == sent.name), default=NEAR)
    proof.tell(
        "A5", "journeys with mishaps", count=len(log), violations=wrong,
        measured=f"at most {late.total_seconds() * 1000:+.1f} ms after it was sent",
    )  # fmt: skip


@pytest.mark.slow  # the application is served, and killed
def test_a_request_that_is_killed_at_work_is_in_the_trace(
    app: Flask, house: Settings, market: Market, tmp_path: Path, proof: Proof
) -> None:
    proof.size("A5")
    cookie, token = cookie_of(app, market.people[0])
    with served(house, tmp_path, MARKETPLACE_FAILPOINT=KILLED_AT) as made:
        client = Client(made.address, cookie, token)
        bid = journey(client, market, "plain")
        wait_until_it_answers(made)
        time.sleep(0.3)
    submits = [each for each in client.log if each.what == "submits"]
    assert [each.status for each in submits] == [0]
    assert db.session.scalar(select(Bid.current_version).where(Bid.reference == bid)) in (0, 1)
    proof.tell(
        "A5", "killed while submitting", count=len(client.log),
        violations=compared(client.log, lines_about(house.home, market.way.need, bid)),
    )  # fmt: skip
