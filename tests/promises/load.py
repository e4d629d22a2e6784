"""Visitors who ask for pages all the time, and what each of them saw."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread


@dataclass(frozen=True)
class Seen:
    """One answer, or its absence (status 0, with the reason)."""

    began: float
    seconds: float
    status: int
    retry_after: str = ""
    fault: str = ""


@dataclass
class Load:
    """Several visitors; half keep their connection, as browsers do, and half make a new one for each page."""

    port: int
    path: str = "/needs"
    visitors: int = 4
    pause: float = 0.02  # seconds between two pages, so that they do not starve what they watch
    seen: list[Seen] = field(default_factory=list)
    _over: Event = field(default_factory=Event)

    @contextmanager
    def running(self) -> Iterator[Load]:
        threads = [Thread(target=self._visit, args=(number % 2 == 0,)) for number in range(self.visitors)]
        for each in threads:
            each.start()
        try:
            yield self
        finally:
            self._over.set()
            for each in threads:
                each.join()

    def _visit(self, keeps: bool) -> None:
        client = None
        while not self._over.is_set():
            client = client or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            began = time.monotonic()
            try:
                client.request("GET", self.path)
                answer = client.getresponse()
                answer.read()
                self._note(began, answer.status, answer.getheader("Retry-After", ""))
                time.sleep(self.pause)
                if keeps and not answer.will_close:
                    continue
            except (OSError, http.client.HTTPException) as fault:
                self._note(began, 0, fault=f"{type(fault).__name__}: {fault}")
            client.close()
            client = None
        if client is not None:
            client.close()

    def _note(self, began: float, status: int, retry_after: str = "", fault: str = "") -> None:
        self.seen.append(Seen(began, time.monotonic() - began, status, retry_after, fault))

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        """Until so many more answers were seen."""
        wanted, until = len(self.seen) + count, time.monotonic() + seconds
        while len(self.seen) < wanted and time.monotonic() < until:
            time.sleep(0.01)

    def failed(self) -> list[str]:
        """Every request that was not answered by the page."""
        return [f"{each.status} {each.fault}".strip() for each in self.seen if each.status != 200]


def outage_faults(seen: list[Seen], gone: float, back: float, patience: float) -> list[str]:
    """What broke D5, in words, of what visitors saw while the database was gone from `gone` to `back`.

    `patience`: seconds that an answer may take while it is gone, and that the service may need to be well afterwards.
    """
    found = [f"no answer: {each.fault}" for each in seen if not each.status]
    for each in seen:
        if each.status == 503 and not each.retry_after:
            found.append("503 without Retry-After")
        elif each.status not in (0, 200, 503):
            found.append(f"answered {each.status}")
        elif each.status == 503 and each.began > back + patience:
            found.append(f"503 to a request {each.began - back:.1f} s after the database was back")
        if each.seconds > patience and gone < each.began < back:
            found.append(f"an answer took {each.seconds:.1f} s while the database was gone")
    if not any(each.status == 503 for each in seen):
        found.append("nobody was told to come back later, so the database was never gone")
    if not any(each.status == 200 and each.began > back for each in seen):
        found.append("no page came after the database was back")
    return found
