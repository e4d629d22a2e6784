"""Webhooks: signing, and bringing events to endpoints late, twice, in another order, or never."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from tests.stripe_server.state import State, Thing

MAX_TRIES = 5


def body_of(event: Thing) -> bytes:
    return json.dumps(event, indent=2).encode()


def signature_of(body: bytes, secret: str, at: int) -> str:
    """Stripe's header: the time, and HMAC-SHA256 of time and body under the endpoint's secret."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


@dataclass
class Manners:
    """How events are brought. Held back until asked for, unless `is_automatic`."""

    is_automatic: bool = False
    delay_seconds: float = 0.0
    copies: int = 1
    lose_one_in: int = 0
    shuffles: bool = False
    seed: int = 1


@dataclass
class Sender:
    """Brings waiting events to the endpoints: one for our own account's events, one for connected accounts'."""

    state: State
    endpoint: str = ""
    connect_endpoint: str = ""
    manners: Manners = field(default_factory=Manners)
    tries: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def send_waiting(self) -> list[int]:
        """Brings what waits, by the manners; gives the answers' statuses. What was refused waits again."""
        with self.state.lock:
            waiting, self.state.waiting = self.state.waiting, []
        chance = random.Random(self.manners.seed)
        if self.manners.shuffles:
            chance.shuffle(waiting)
        statuses = []
        for event in waiting:
            if self.manners.lose_one_in and chance.randrange(self.manners.lose_one_in) == 0:
                self.lost.append(event["id"])
                continue
            for _ in range(self.manners.copies):
                statuses.append(self.send(event))
        return statuses

    def send(self, event: Thing, age: int = 0) -> int:
        """Brings one event now, as if signed `age` seconds ago; 0 when nobody answered."""
        endpoint = self.connect_endpoint if event.get("account") else self.endpoint
        if not endpoint:
            return 0
        body, header = self.signed(event, age)
        asked = urllib.request.Request(endpoint, body, {"Content-Type": "application/json", "Stripe-Signature": header})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            status = refused.code
        except OSError:
            status = 0
        tries = self.tries[event["id"]] = self.tries.get(event["id"], 0) + 1
        if tries < MAX_TRIES:
            with self.state.lock:
                self.state.waiting.append(event)
        return status

    def signed(self, event: Thing, age: int = 0) -> tuple[bytes, str]:
        """Body and signature header, as they go over the wire."""
        body, secret = body_of(event), self.state.connect_secret if event.get("account") else self.state.secret
        return body, signature_of(body, secret, self.state.now() - age)

    def run(self) -> None:
        """Brings events by itself, until stopped; started in a thread by the server."""
        while not self._stop.wait(0.05):
            if self.manners.is_automatic and self.state.waiting:
                if self.manners.delay_seconds and self._stop.wait(self.manners.delay_seconds):
                    return
                self.send_waiting()

    def stop(self) -> None:
        self._stop.set()
