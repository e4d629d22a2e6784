"""Bidders who press buttons over real HTTP, each with a session of its own, and write down what they saw."""

from __future__ import annotations

import http.client
import random
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from tests.promises.history import History, Operation

RECEIPT = re.compile(r"<dd class=\"govuk-summary-list__value\">([^<]*)</dd>")
FORM = "application/x-www-form-urlencoded"
TIMEOUT = 20


@dataclass(frozen=True)
class Answer:
    """What came back. Status 0: nothing did."""

    status: int
    body: str = ""
    location: str = ""
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_fault(self) -> bool:
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True)
class Way:
    """What a bidder must know to bid for a need: its questions' and price lines' ids."""

    need: str
    questions: tuple[int, ...]
    lines: tuple[int, ...]


class Browser:
    """One person's connection: it is kept open, and made anew when it breaks."""

    def __init__(self, address: str, cookie: str, token: str) -> None:
        self.host = urlsplit(address).netloc
        self.cookie, self.token = cookie, token
        self.connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> Answer:
        return self.send(path, urlencode({"csrf_token": self.token, **fields}).encode(), FORM)

    def send(self, path: str, body: bytes, content_type: str) -> Answer:
        """Posts a body as it is."""
        return self._ask("POST", path, body, content_type)

    def _ask(self, method: str, path: str, body: bytes | None, content_type: str = "") -> Answer:
        sent_at = datetime.now(UTC)
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
            self.connection.request(method, path, body, self._head(content_type))
            answer = self.connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, sent_at=sent_at)
        return Answer(answer.status, text, answer.getheader("Location", ""), sent_at)

    def _head(self, content_type: str) -> dict[str, str]:
        return {"Cookie": self.cookie, **({"Content-Type": content_type} if content_type else {})}

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def is_submitted(answer: Answer) -> bool:
    """Whether the answer says that the bid is in: it leads to the page with the receipt of the version that counts."""
    return answer.status == 302 and re.search(r"/submitted/\d+$", urlsplit(answer.location).path) is not None


def receipt_of(answer: Answer) -> tuple[int, str]:
    """Version and fingerprint as the page tells them; (0, "") when it is not the page of a submitted bid."""
    if answer.status != 200 or "Bid submitted" not in answer.body:
        return 0, ""
    told = RECEIPT.findall(answer.body)
    return int(told[0].rpartition("-V")[2]), told[5]


class Bidder:
    """A person of a firm who writes, submits, replaces and withdraws, and tries again whatever had no answer."""

    def __init__(self, browser: Browser, way: Way, history: History, seed: int, tries: int = 60) -> None:
        self.browser, self.way, self.history = browser, way, history
        self.chance = random.Random(seed)
        self.tries = tries
        self.bid = ""
        self.server_errors: list[str] = []

    def start(self) -> None:
        """Finds or begins the firm's live bid."""
        answer = self._persist(lambda: self.browser.post(f"/needs/{self.way.need}/bid"))
        if answer.status == 302:
            self.bid = answer.location.partition("?")[0].rpartition("/")[2]

    def write(self) -> None:
        """Fills in every part; a colleague's edit in between is fine."""
        here = f"/supplier/bids/{self.bid}"
        for each in self.way.questions:
            self._save(f"{here}/answers/{each}", text=f"We will do it in {self.chance.randint(2, 90)} weeks.")
        self._save(f"{here}/price", **{f"line_{each}": str(self.chance.randint(100, 90_000)) for each in self.way.lines})
        self._save(f"{here}/declarations", conflict="no", conflict_details="", no_collusion="y", is_accurate="y")

    def submit(self, key: str = "") -> Operation:
        """Submits under one key until there is an answer; each try is in the history."""
        key = key or secrets.token_hex(16)
        told = self._submit_once(key)
        for _ in range(self.tries):
            if told.outcome != "unknown":
                break
            told = self._submit_once(key)
        return told

    def _submit_once(self, key: str) -> Operation:
        answer = self.browser.post(f"/supplier/bids/{self.bid}/submit", idempotency_key=key, seen="", passphrase="")
        outcome = "ok" if is_submitted(answer) else "unknown" if answer.is_fault else "fail"
        return self._note("submit", answer, outcome, key=key)

    def withdraw(self) -> Operation:
        answer = self._persist(lambda: self.browser.post(f"/supplier/bids/{self.bid}/withdraw"))
        done = answer.status == 302 and urlsplit(answer.location).path == "/supplier/bids"
        return self._note("withdraw", answer, "ok" if done else "unknown" if answer.is_fault else "fail")

    def act(self) -> None:
        """One thing that a bidder might do now."""
        if not self.bid:
            self.start()
        chosen = self.chance.random()
        if chosen < 0.75:
            self.write()
            told = self.submit()
            if chosen < 0.2:
                self.submit(told.key)  # the button pressed twice
        elif chosen < 0.85:
            self.withdraw()
            self.start()
        else:
            self.submit()

    def _save(self, path: str, **fields: str) -> None:
        answer = self._persist(lambda: self.browser.post(path, version="0", **fields))
        self._note("save", answer, "ok" if answer.status == 302 else "unknown" if answer.is_fault else "fail")

    def _persist(self, ask: Callable[[], Answer]) -> Answer:
        answer = ask()
        for _ in range(self.tries):
            if not answer.is_fault:
                break
            self._keep_fault(answer)
            answer = ask()
        return answer

    def _keep_fault(self, answer: Answer) -> None:
        if answer.status >= 500:
            self.server_errors.append(f"{answer.status}: {answer.body[:200]}")

    def _note(self, kind: str, answer: Answer, outcome: str, **more: object) -> Operation:
        if kind == "submit":
            self._keep_fault(answer)
        done = Operation(
            kind, self.bid, answer.sent_at, answer.answered_at, outcome, status=answer.status, **more  # type: ignore[arg-type]
        )
        self.history.add(done)
        return done
