"""When a request's last byte reached this machine, as the layer that took it from the network tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

ARRIVAL = "market.arrival"  # a WSGI key: what clients send can only make keys that begin with HTTP_


@dataclass(frozen=True)
class Arrival:
    """One request's arrival. `at` (UTC) is never before its last byte came; see docs/decisions/0021.

    `by_kernel`: the system noted the instant as the byte came in; otherwise it is when the program read that byte.
    `peer` is the address that the connection came from, "" for a socket of this machine's file system.
    """

    at: datetime
    by_kernel: bool
    peer: str


@dataclass(frozen=True)
class Broken:
    """A request that never came whole, or that the door refused: no page saw it.

    `first_line` as it came, cut at 2,000 characters; `began_at` (UTC) is when the last of what came was here; `expected`
    is the length of the body that its head names, in bytes; `status` is what the door answered, 0 for nothing.
    """

    first_line: str
    began_at: datetime
    received: int
    expected: int
    status: int = 0


# Who is told of broken requests, in the thread of the door: they must be quick.
BROKEN: list[Callable[[Broken], None]] = []
