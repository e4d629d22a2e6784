"""Bids sent around a closing instant, and what a client knows of each: when it sent the last byte, and the answer."""

from __future__ import annotations

import re
import secrets
import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Thread
from urllib.parse import urlencode

HELD_BACK = 12  # bytes that every third client sends late, so that the beginning of a request proves nothing
AHEAD = 0.4  # seconds that the rest of such a request is sent before
ACCEPTED = 200
PATIENCE = 60.0  # seconds in which an answer may come


@dataclass
class Sent:
    """One client's submission: its bid, its bytes, and what the client saw (seconds of the machine's monotonic clock)."""

    bid: str
    wire: bytes
    before: float = 0.0
    after: float = 0.0
    answered: float = 0.0
    status: int = 0
    body: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Kept:
    """What the database has of a bid: instants at which versions, and attempts that were too late, were received."""

    versions: tuple[datetime, ...]
    too_late: tuple[datetime, ...]


def request(bid: str, cookie: str, token: str, seen: str) -> Sent:
    fields = {"csrf_token": token, "idempotency_key": secrets.token_hex(16), "seen": seen, "passphrase": ""}
    body = urlencode(fields).encode()
    head = (
        f"POST /supplier/bids/{bid}/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Sent(bid, head.encode() + body)


def send_all(port: int, sent: Sequence[Sent], centre: float, spread: float) -> None:
    """Sends them evenly from `centre - spread` to `centre + spread` (monotonic seconds), and waits for the answers."""
    reader = selectors.DefaultSelector()
    due = [centre - spread + 2 * spread * n / max(1, len(sent) - 1) for n in range(len(sent))]
    clients: dict[int, socket.socket] = {}
    # In the order of time: the first part of every third request, and the last part of each.
    acts = [(at, n, False) for n, at in enumerate(due)] + [(at - AHEAD, n, True) for n, at in enumerate(due) if n % 3 == 0]
    listening = Thread(target=_hear, args=(reader, len(sent)))
    listening.start()
    for at, number, is_first_part in sorted(acts):
        if at > time.monotonic():
            time.sleep(at - time.monotonic())
        each = sent[number]
        if number not in clients:
            clients[number] = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        if is_first_part:
            clients[number].sendall(each.wire[:-HELD_BACK])
            continue
        rest = each.wire[-HELD_BACK:] if number % 3 == 0 else each.wire
        each.before = time.monotonic()
        clients[number].sendall(rest)
        each.after = time.monotonic()
        reader.register(clients[number], selectors.EVENT_READ, each)
    listening.join(PATIENCE)
    for client in clients.values():
        client.close()
    reader.close()


def _hear(reader: selectors.BaseSelector, awaited: int) -> None:
    until = time.monotonic() + PATIENCE
    while awaited and time.monotonic() < until:
        for key, _ in reader.select(0.05):
            each: Sent = key.data
            assert isinstance(key.fileobj, socket.socket)
            try:
                piece = key.fileobj.recv(65_536)
            except OSError:
                piece = b""
            each.body += piece
            if not piece:
                reader.unregister(key.fileobj)
                each.answered = time.monotonic()
                each.status = told(bytes(each.body))
                awaited -= 1


def told(answer: bytes) -> int:
    """What an answer says: its status, and ACCEPTED for the way to the page "Bid submitted"; 0 for none."""
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = head.split()[1] if len(head.split()) > 1 else ""
    if status == "302" and re.search(r"^Location: \S+/submitted/\d+\r?$", head, re.MULTILINE):
        return ACCEPTED
    return int(status) if status.isdigit() else 0


def monotonic_to_utc() -> float:
    """What to add to the monotonic clock to get the machine's time of day, in seconds: the tightest of many looks."""
    looks = []
    for _ in range(200):
        first, at, second = time.monotonic(), time.time(), time.monotonic()
        looks.append((second - first, at - (first + second) / 2))
    return min(looks)[1]


def wrong_ones(sent: Iterable[Sent], kept: dict[str, Kept], closes_at: datetime, offset: float) -> list[str]:
    """What broke the promise, in words: judged by what each client saw, not by what the service says of itself."""
    found = []
    for each in sent:
        stored = kept.get(each.bid, Kept((), ()))
        before, after = (datetime.fromtimestamp(at + offset, UTC) for at in (each.before, each.after))
        if each.status not in (ACCEPTED, 409):
            found.append(f"{each.bid} was answered {each.status or 'not at all'}")
        elif each.status == ACCEPTED and len(stored.versions) != 1:
            found.append(f"{each.bid} was accepted and is stored {len(stored.versions)} times")
        elif each.status == 409 and (stored.versions or len(stored.too_late) != 1):
            found.append(f"{each.bid} was refused and is stored, or its attempt is not on record once")
        elif each.status == ACCEPTED and before > closes_at:
            found.append(f"{each.bid} was accepted and its last byte sent {before - closes_at} after closing")
        elif each.status == 409 and after <= closes_at:
            found.append(f"{each.bid} was refused and had been sent {closes_at - after} before closing")
        elif any(at > closes_at for at in stored.versions) or any(at <= closes_at for at in stored.too_late):
            found.append(f"{each.bid} is stored against its own time of receipt")
    return found


def stamp_errors(sent: Iterable[Sent], kept: dict[str, Kept], offset: float) -> list[float]:
    """How far each stored instant lies outside the moment in which the client sent the last byte, in ms, sorted."""
    errors = []
    for each in sent:
        for at in kept[each.bid].versions + kept[each.bid].too_late:
            stamp = at.timestamp() - offset
            errors.append(1000 * max(0.0, each.before - stamp, stamp - each.after))
    return sorted(errors)
