"""When a request's last byte reached this machine, as the layer that took it from the network tells it."""

from __future__ import annotations

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
