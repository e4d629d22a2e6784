"""What the stand-in knows: one set of books per account, the events of each, keys it was called with, its own time."""

from __future__ import annotations

import copy
import itertools
import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

API_VERSION = "2026-10-28.endive"
KEY_SECONDS = 24 * 3600
Thing = dict[str, Any]


class Refused(Exception):
    """An answer of Stripe's that is no success."""

    def __init__(self, message: str, code: str = "", status: int = 400, kind: str = "invalid_request_error", param: str = ""):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {}), **({"param": param} if param else {})}}


@dataclass
class Books:
    """One account's things, by kind and id; "" is the platform's own account."""

    account: str
    things: dict[str, dict[str, Thing]] = field(default_factory=lambda: defaultdict(dict))
    events: list[Thing] = field(default_factory=list)


@dataclass
class Remembered:
    """The answer to the first call with a key."""

    fingerprint: str
    answer: Thing
    at: float


@dataclass
class Call:
    """A call that arrived, for tests that count them."""

    method: str
    path: str
    account: str
    key: str
    version: str
    status: int
    replayed: bool = False


class State:
    """Everything the stand-in keeps. Methods are called under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.base = ""
        self.is_live = False
        self.books: dict[str, Books] = {"": Books("")}
        self.keys: dict[tuple[str, str], Remembered] = {}
        self.calls: list[Call] = []
        self.faults: list[str] = []  # of the next calls: "500", "drop", "drop after", "slow"
        self.secret = "whsec_" + secrets.token_hex(16)
        self.connect_secret = "whsec_" + secrets.token_hex(16)
        self.waiting: list[Thing] = []  # events that no endpoint was told of yet
        self.failing_cards: set[str] = set()  # customers whose card is declined
        self._numbers = itertools.count(1)
        self._stopped_at: float | None = None
        self._ahead = 0.0

    # Time

    def now(self) -> int:
        return int((self._stopped_at if self._stopped_at is not None else time.time()) + self._ahead)

    def stop_clock(self, at: float) -> None:
        self._stopped_at, self._ahead = at, 0.0

    def move_clock(self, seconds: float) -> None:
        self._ahead += seconds

    # Things

    def of(self, account: str) -> Books:
        if account not in self.books:
            raise Refused(f"No such account: '{account}'", "account_invalid", 403)
        return self.books[account]

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):08d}"

    def add(self, books: Books, kind: str, prefix: str, **values: Any) -> Thing:
        thing = {"id": values.pop("id", "") or self.new_id(prefix), "object": kind, "livemode": self.is_live, "created": self.now(), "metadata": {}, **values}
        books.things[kind][thing["id"]] = thing
        return thing

    def get(self, books: Books, kind: str, thing_id: str) -> Thing:
        try:
            return books.things[kind][thing_id]
        except KeyError:
            raise Refused(f"No such {kind.split('.')[-1]}: '{thing_id}'", "resource_missing", 404, param="id") from None

    def tell(self, books: Books, kind: str, thing: Thing) -> Thing:
        """Something happened to a thing: an event that is kept, and waits to be sent."""
        event = {
            "id": self.new_id("evt"), "object": "event", "api_version": API_VERSION, "created": self.now(),
            "livemode": self.is_live, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
            "type": kind, "data": {"object": copy.deepcopy(thing)}, **({"account": books.account} if books.account else {}),
        }  # fmt: skip
        books.events.append(event)
        self.waiting.append(event)
        return event

    def find_customer(self, customer_id: str) -> Thing:
        return self.get(self.books[""], "customer", customer_id)


def page_of(things: list[Thing], params: Thing, url: str) -> Thing:
    """A page of a list, newest first, as Stripe gives it."""
    if isinstance(created := params.get("created"), dict):
        if "gte" in created:
            things = [each for each in things if each["created"] >= int(created["gte"])]
        if "lt" in created:
            things = [each for each in things if each["created"] < int(created["lt"])]
    things = list(reversed(things))
    if after := params.get("starting_after"):
        ids = [each["id"] for each in things]
        things = things[ids.index(after) + 1 :] if after in ids else []
    limit = int(params.get("limit", 10))
    return {"object": "list", "url": url, "has_more": len(things) > limit, "data": things[:limit]}
