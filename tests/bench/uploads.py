"""Measures uploads at a served copy: one file of 50 MB, then twenty at once, by the form and in pieces.

python -m tests.bench.uploads [--megabytes 50] [--at-once 20]     It reports; it never fails for being slow.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from marketplace import config
from marketplace.app import create_app
from marketplace.core import db
from marketplace.upgrade import upgrade
from tests.served import Served, served

PIECE = 2 * 1024 * 1024


@dataclass(frozen=True)
class Bidder:
    """One firm's bid and session."""

    home: str
    cookie: str
    token: str


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.bench.uploads")
    asked.add_argument("--megabytes", type=int, default=50)
    asked.add_argument("--at-once", type=int, default=20)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = config.Settings(
            home=home, database_url=f"sqlite:///{home / 'bench.db'}", secret_key="bench",
            max_upload_megabytes=given.megabytes + 1,
        )  # fmt: skip
        bidders = _prepare(settings, given.at_once)
        content = b"%PDF-1.7 " + os.urandom(given.megabytes * 1_000_000)
        print(f"seal and encrypt alone: {_yardstick(content):.0f} MB/s (SHA-256 and AES-GCM, three times, on one core)")
        for way, send in (("form", by_form), ("pieces", by_pieces)):
            for count in (1, given.at_once):
                with served(settings, home, MARKETPLACE_MAX_UPLOAD_MEGABYTES=str(given.megabytes + 1)) as copy:
                    _measure(way, send, copy, bidders[:count], content)


def _prepare(settings: config.Settings, count: int) -> list[Bidder]:
    from tests import bidding
    from tests.bench.drafts import cookie_of

    app = create_app(settings)
    upgrade(db.engine())
    with app.app_context():
        need = bidding.purchase().need
        made = []
        for _ in range(count):
            member = bidding.bidder()
            bid = bidding.drafted(need, member)
            made.append(Bidder(f"/supplier/bids/{bid.reference}", *cookie_of(app, member.person_id)))
    db.session.remove()
    return made


def _yardstick(content: bytes) -> float:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, started = AESGCM(bytes(32)), time.perf_counter()
    for number in range(3):
        hashlib.sha256(content).digest()
        for start in range(0, len(content), 262_144):
            cipher.encrypt((number << 32 | start).to_bytes(12, "big"), content[start : start + 262_144], None)
    return len(content) / 1e6 / (time.perf_counter() - started)


def _measure(way: str, send: Callable[..., None], copy: Served, bidders: list[Bidder], content: bytes) -> None:
    send(copy, bidders[0], b"%PDF-1.7 small")  # what is loaded at first use is not the upload's
    before, peak, is_over = memory(copy), [0.0], threading.Event()
    watch = threading.Thread(target=lambda: _watch(copy, peak, is_over))
    threads = [threading.Thread(target=send, args=(copy, each, content)) for each in bidders]
    watch.start()
    started = time.perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    took = time.perf_counter() - started
    is_over.set()
    watch.join()
    speed = len(bidders) * len(content) / 1e6 / took
    print(f"{way}, {len(bidders)} at once: {speed:.0f} MB/s in all, worker's memory +{peak[0] - before:.0f} MB", flush=True)


def memory(copy: Served) -> float:
    """Resident megabytes of the largest worker."""
    return max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in copy.workers) * 4096 / 1e6


def _watch(copy: Served, peak: list[float], is_over: threading.Event) -> None:
    while not is_over.wait(0.05):
        peak[0] = max(peak[0], memory(copy))


def by_form(copy: Served, bidder: Bidder, content: bytes) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="plan.pdf"\r\n\r\n'
    tail = b'\r\n--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n--x--\r\n' % bidder.token.encode()
    status, said = _ask(copy, bidder, "/files", head + content + tail, "multipart/form-data; boundary=x")
    assert status == 303, (status, said[:300])


def by_pieces(copy: Served, bidder: Bidder, content: bytes) -> None:
    about = json.dumps({"name": "plan.pdf", "size": len(content), "sha256": ""}).encode()
    _, said = _ask(copy, bidder, "/uploads", about, "application/json")
    path = json.loads(said)["upload"].removeprefix(bidder.home)
    for start in range(0, len(content), PIECE):
        piece = content[start : start + PIECE]
        kind = "application/offset+octet-stream"
        status, said = _ask(copy, bidder, f"{path}/pieces", piece, kind, **{"Upload-Offset": str(start)})
        assert status == 200, (status, said[:300])
    assert json.loads(said)["is_done"]


def _ask(copy: Served, bidder: Bidder, path: str, body: bytes, kind: str, **more: str) -> tuple[int, bytes]:
    headers = {"Cookie": bidder.cookie, "X-CSRFToken": bidder.token, "Content-Type": kind, **more}
    line = http.client.HTTPConnection("127.0.0.1", copy.port, timeout=300)
    try:
        line.request("POST", bidder.home + path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


if __name__ == "__main__":
    main()
