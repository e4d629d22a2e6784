"""S10 and D6: files sent to do harm are taken or refused within bounds, and a full disk is told and does none."""

from __future__ import annotations

import http.client
import io
import json
import os
import resource
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import db
from tenders.needs.models import Need
from tests import bidding
from tests.bench.drafts import cookie_of
from tests.bidding import PDF
from tests.promises.market import Market, make_market
from tests.promises.proof import Proof
from tests.served import Served, served

pytestmark = pytest.mark.slow
MEMORY_MB = 200
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
SECONDS = 20


@dataclass
class Firm:
    """One bidder at a served copy, by plain HTTP."""

    copy: Served
    home: str
    cookie: str
    token: str

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.copy.port, timeout=SECONDS)
        try:
            connection.request(method, path, body or None, {"Cookie": self.cookie, "X-CSRFToken": self.token, **headers})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def form(self, name: str, content: bytes) -> int:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % name.encode()
        token = b'\r\n--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n--x--\r\n'
        body = head + content + token % self.token.encode()
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return self.ask("POST", f"{self.home}/files", body, **kind)[0]

    def begin(self, name: str, size: int) -> tuple[int, dict[str, Any]]:
        told = json.dumps({"name": name, "size": size, "sha256": ""}).encode()
        status, _, body = self.ask("POST", f"{self.home}/uploads", told, **{"Content-Type": "application/json"})
        return status, json.loads(body)

    def piece(self, upload: str, start: int, piece: bytes) -> tuple[int, dict[str, Any]]:
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(start)}
        status, _, body = self.ask("POST", f"{upload}/pieces", piece, **kind)
        return status, json.loads(body) if body.startswith(b"{") else {}

    def send(self, name: str, content: bytes) -> tuple[int, dict[str, Any]]:
        status, told = self.begin(name, len(content))
        while status < 300 and not told["is_done"]:
            start = told["received"]
            status, told = self.piece(told["upload"], start, content[start : start + 2_000_000])
        return status, told

    def raw(self, head: str, pieces: Iterator[bytes]) -> int:
        """Sends until the service answers or closes; the status of its answer, 0 for none."""
        with socket.create_connection(("127.0.0.1", self.copy.port), timeout=SECONDS) as line:
            said = f"{head} HTTP/1.1\r\nHost: x\r\nCookie: {self.cookie}\r\nX-CSRFToken: {self.token}\r\n"
            line.sendall(said.encode())
            line.setblocking(False)
            until = time.monotonic() + SECONDS
            for piece in pieces:
                rest = memoryview(piece)
                while rest and time.monotonic() < until:
                    if status := _answered(line):
                        return status
                    try:
                        rest = rest[line.send(rest) :]
                    except BlockingIOError:
                        time.sleep(0.01)
                    except OSError:
                        return _answered(line)
            while time.monotonic() < until:
                if status := _answered(line):
                    return status
                time.sleep(0.02)
            return 0


def _answered(line: socket.socket) -> int:
    try:
        answer = line.recv(64)
    except BlockingIOError:
        return 0
    except OSError:
        return -1
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else -1


@pytest.fixture
def market(app: Flask, house: Settings) -> Market:
    return make_market(firms=1)


@pytest.fixture
def copy(app: Flask, house: Settings, market: Market, tmp_path: Path) -> Iterator[Served]:
    with served(house, tmp_path, MARKETPLACE_WEB_WORKERS="2") as made:
        yield made


@pytest.fixture
def firm(app: Flask, copy: Served, market: Market) -> Firm:
    member = db.session.get_one(Membership, market.members[0])
    bid = bidding.drafted(db.session.get_one(Need, market.need_id), member)
    home = f"/supplier/bids/{bid.reference}"
    db.session.remove()
    return Firm(copy, home, *cookie_of(app, market.people[0]))


def memory_mb(copy: Served) -> float:
    """What the largest web worker has in memory."""
    return max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in copy.workers) * 4096 / 1e6


def kept_files(house: Settings) -> set[str]:
    return {str(each) for each in house.files_folder.rglob("*") if each.is_file()}


def open_temporaries(copy: Served) -> int:
    """Files without a name that the workers hold open."""
    links = [link for pid in copy.workers for link in Path(f"/proc/{pid}/fd").iterdir()]
    return sum("market-passing-" in _target(link) for link in links)


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def bomb() -> bytes:
    """A small file that unpacks to 100 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100_000_000))
        archive.writestr("../../../etc/passwd", "out of its folder")
    return packed.getvalue()


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def test_hostile_files_stay_within_bounds(house: Settings, copy: Served, firm: Firm, proof: Proof) -> None:
    wrong: list[str] = []
    before, largest = kept_files(house), 0.0

    def expect(what: str, outcome: Any, *wanted: Any) -> None:
        nonlocal largest
        largest = max(largest, memory_mb(copy))
        if outcome not in wanted:
            wrong.append(f"{what}: {outcome!r}")

    files = f"POST {firm.home}/files"
    long, form = "Content-Length: 10000000000\r\n", "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    expect("10 GB announced", firm.raw(files, iter([(long + form).encode(), *[bytes(65536)] * 2000])), 413)
    chunked = ("Transfer-Encoding: chunked\r\n" + form).encode()
    expect("a stream without an end", firm.raw(files, _first(chunked, endless(b"10000\r\n" + bytes(65536) + b"\r\n"))), 411)
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\nv\r\n' % n for n in range(50_000)) + b"--x--\r\n"
    many = f"Content-Length: {len(parts)}\r\n{form}".encode()
    expect("50,000 parts", firm.raw(files, iter([many, parts])), 413)
    expect("20 GB in pieces", firm.begin("plan.pdf", 20_000_000_000)[0], 422)
    upload = firm.begin("plan.pdf", 15_000_000)[1]["upload"]
    expect("a piece of 15 MB", firm.piece(upload, 0, PDF + bytes(14_999_000))[0], 422)
    expect("a piece for later", firm.piece(upload, 2**40, b"x")[0], 409)
    expect("a bomb", firm.send("report.docx", bomb())[0], 200)
    expect("a page and a PDF at once", firm.form("two.pdf", PDF + b"<script>alert(1)</script>"), 303)
    expect("a picture that is a script", firm.form("x.svg", b"<svg onload=alert(1)>"), 422)
    expect("a test virus, not scanned here", firm.form("eicar.txt", EICAR), 303)
    slow = [socket.create_connection(("127.0.0.1", copy.port)) for _ in range(60)]
    for each in slow:
        said = f"{files} HTTP/1.1\r\nHost: x\r\nCookie: {firm.cookie}\r\nContent-Length: 900000\r\n{form}"
        each.sendall(said.encode())
    for _ in range(3):
        for each in slow:
            each.sendall(b"x")
        started = time.monotonic()
        expect("a page while 60 send a byte at a time", firm.ask("GET", f"{firm.home}/files")[0], 200)
        expect("it waits for no one", time.monotonic() - started < 2, True)
    for each in slow:
        each.close()
    expect("files to download", len(_downloads(firm)), 3)
    for link in _downloads(firm):
        status, headers, _ = firm.ask("GET", link)
        policy = headers.get("content-security-policy", "")
        safe = headers.get("content-disposition", "").startswith("attachment") and "sandbox" in policy
        expect("a download", (status, safe, headers.get("x-content-type-options")), (200, True, "nosniff"))
    _remove_everything(firm)
    time.sleep(1.5)
    expect("files left behind", kept_files(house) - before, set())
    expect("temporary files held open", open_temporaries(copy), 0)
    expect(f"memory: {largest:.0f} MB", largest < MEMORY_MB, True)
    proof.tell("S10", "hostile uploads", count=12, violations=wrong, measured=f"largest worker {largest:.0f} MB")


def _first(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _downloads(firm: Firm) -> list[str]:
    page = firm.ask("GET", f"{firm.home}/files")[2].decode()
    return sorted({each.split('"')[0] for each in page.split('href="')[1:] if "/files/" in each and "remove" not in each[:120]})


def _remove_everything(firm: Firm) -> None:
    token = {"Content-Type": "application/x-www-form-urlencoded"}
    for link in _downloads(firm):
        firm.ask("POST", f"{link}/remove", f"csrf_token={firm.token}".encode(), **token)
    page = firm.ask("GET", f"{firm.home}/files")[2].decode()
    for each in [each.split('"')[0] for each in page.split('data-upload="')[1:]]:
        firm.ask("POST", f"{each}/remove", f"csrf_token={firm.token}".encode(), **token)


def limit_files(copy: Served, size: int) -> None:
    """From now on the web workers can write no file beyond so many bytes, as if the disk were full there."""
    for pid in copy.workers:
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_full_disk_is_told_and_nothing_half_kept(
    house: Settings, copy: Served, firm: Firm, market: Market, proof: Proof
) -> None:
    wrong: list[str] = []
    content = PDF + os.urandom(12_000_000)

    def expect(what: str, is_so: Callable[[], bool]) -> None:
        if not is_so():
            wrong.append(what)

    assert firm.form("before.pdf", PDF) == 303
    before = kept_files(house)
    limit_files(copy, 6_000_000)
    expect("the form is answered with 507", lambda: firm.form("plan.pdf", content) == 507)
    status, told = firm.begin("plan.pdf", len(content))
    upload, start = told["upload"], 0
    while start < len(content) and status < 300:
        status, told = firm.piece(upload, start, content[start : start + 2_000_000])
        start += 2_000_000
    expect(f"finishing is answered with 507 in words, not {status} {told}", lambda: status == 507 and "no room" in told["message"])
    left = kept_files(house) - before
    expect(f"only pieces are kept: {left}", lambda: all("/pieces/" in each for each in left) and len(left) == 7)
    expect("what was there is there", lambda: firm.ask("GET", _downloads(firm)[0])[2] == PDF)
    limit_files(copy, resource.RLIM_INFINITY)
    status, _, body = firm.ask("POST", f"{upload}/finish")
    expect("the same upload is finished afterwards, without a restart", lambda: status == 200 and json.loads(body)["is_done"])
    expect("the form works afterwards", lambda: firm.form("plan.pdf", content) == 303)
    expect("all three are there", lambda: len(_downloads(firm)) == 3)
    expect("no pieces are left", lambda: not [each for each in kept_files(house) if "/pieces/" in each])
    expect("no half-written file is left", lambda: not [each for each in kept_files(house) if each.endswith(".part")])
    proof.tell("D6", "file store full while files come in", count=9, violations=wrong)
