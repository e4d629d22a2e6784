"""When a request reached us: the instant at which its last byte came in, as the outermost layer that knows tells it.

In order: a proxy that we trust, the kernel (or whatever took the request from the network), or, where neither speaks,
the instant at which this program read the last byte. docs/decisions/0021 says why, and what each is worth.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request

from marketplace import config
from marketplace.core import clock, clocks
from marketplace.core.arrival import ARRIVAL, Arrival

STAMP = "market.received_at"
LAST_READ = "market.last_read"
# nginx writes $msec as seconds with three digits: the beginning of the millisecond.
_MSEC = re.compile(r"[0-9]{10}\.[0-9]{3}")
_REST_OF_MILLISECOND = timedelta(microseconds=999)
LONGEST_IN_PROXY = timedelta(seconds=60)
DELAYS = 20  # requests that the proxy's clock is judged by
_delays: deque[timedelta] = deque(maxlen=DELAYS)
_logger = logging.getLogger(__name__)


class ReceiptTime:
    """WSGI: notes when the request was read, for servers that tell nothing of its arrival. No header sets anything."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if ARRIVAL in environ:
            _compare_proxy(environ)
        else:
            environ["wsgi.input"] = environ[LAST_READ] = LastRead(environ["wsgi.input"])
        return self.application(environ, start_response)


def _compare_proxy(environ: dict[str, Any]) -> None:
    """Every request that a trusted proxy stamped tells how its clock stands to ours: the least of many delays."""
    settings, arrival = config.current(), environ[ARRIVAL]
    if not settings.receipt_header or not is_trusted(arrival.peer, settings.proxy_addresses):
        return
    said = _read_msec([environ.get("HTTP_" + settings.receipt_header.upper().replace("-", "_"), "")])
    if said is not None:
        _delays.append(arrival.at - said)
        if len(_delays) == _delays.maxlen or min(_delays) < timedelta():
            clocks.put(clocks.Difference(clocks.PROXY, -min(_delays)))


class LastRead:
    """A request's body that remembers when something of it was read last."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.at = clock.now()

    def read(self, size: int = -1) -> bytes:
        return self._noted(self.body.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._noted(self.body.readline(size))

    def __iter__(self) -> LastRead:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def close(self) -> None:
        self.body.close()

    def _noted(self, content: bytes) -> bytes:
        if content:
            self.at = clock.now()
        return content


def received_at() -> datetime:
    """The instant (UTC) at which the present request's last byte reached us. Reads the form first, if nobody has."""
    request.get_data(parse_form_data=True)
    stamped = request.environ.get(STAMP)
    if isinstance(stamped, datetime):
        return stamped
    if clock.is_stopped():
        return clock.now()
    arrival = request.environ.get(ARRIVAL)
    if arrival is not None:
        return _by_proxy(arrival) or arrival.at
    return request.environ[LAST_READ].at


def _by_proxy(arrival: Arrival) -> datetime | None:
    settings = config.current()
    if not settings.receipt_header or not is_trusted(arrival.peer, settings.proxy_addresses):
        return None
    if clocks.differs(clocks.PROXY):
        return None  # what it says is not our time; clocks has said so aloud
    said = proxy_time(request.headers.getlist(settings.receipt_header), arrival.at)
    if said is None:
        _logger.warning(
            "The proxy at %s named no usable time of receipt in %s; the bid's is when it reached this program.",
            arrival.peer or "a local socket", settings.receipt_header,
        )  # fmt: skip
    return said


def is_trusted(peer: str, listed: str) -> bool:
    """Whether what came from this address may name a time of receipt: a local socket ("") or a listed address."""
    if not peer:
        return True
    address = ipaddress.ip_address(peer.partition("%")[0])
    return any(address in ipaddress.ip_network(each) for each in listed.replace(",", " ").split())


def proxy_time(values: list[str], arrived_at: datetime) -> datetime | None:
    """The instant that a trusted proxy named, or None when it named none that can be.

    Never after the request came from the proxy to us, and no more than a minute before. A millisecond counts to its
    end, so that a bid is not called in time that was not.
    """
    said = _read_msec(values)
    if said is None or said < arrived_at - LONGEST_IN_PROXY:
        return None
    return min(said, arrived_at)


def _read_msec(values: list[str]) -> datetime | None:
    if len(values) != 1 or not _MSEC.fullmatch(values[0]):
        return None
    seconds, milliseconds = values[0].split(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(milliseconds=int(milliseconds)) + _REST_OF_MILLISECOND


def how_stamped() -> str:
    """For the administrator: who notes the time of receipt of requests that come the way this one came."""
    settings, arrival = config.current(), request.environ.get(ARRIVAL)
    if arrival is None:
        return "This program notes when it has read a request: later than it came, when much comes at once."
    if settings.receipt_header and is_trusted(arrival.peer, settings.proxy_addresses):
        named = proxy_time(request.headers.getlist(settings.receipt_header), arrival.at) is not None
        return (
            f"The proxy names it in {settings.receipt_header}."
            if named
            else f"The proxy should name it in {settings.receipt_header}, and does not: see “Run it for real” in the "
            "README. Until then it is when the request came from the proxy to us."
        )
    if arrival.by_kernel:
        return "The operating system notes it for each packet, whatever this program is doing."
    return (
        "This program notes when it has taken a request from the network. The operating system gives no time for "
        "connections of this kind."
    )
