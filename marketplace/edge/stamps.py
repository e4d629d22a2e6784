"""The instant at which bytes came in, as Linux notes it for each packet (SO_TIMESTAMPNS, socket(7))."""

from __future__ import annotations

import platform
import socket
import struct
import sys
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from marketplace.core import clock

# Linux, include/uapi/asm-generic/socket.h. Python has no name for it, and not every machine has this number.
SO_TIMESTAMPNS = 35
KNOWN_MACHINES = ("x86_64", "aarch64")
_TIMESPEC = struct.Struct("@ll")  # seconds, nanoseconds
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Received(NamedTuple):
    """Bytes, and an instant (UTC) that is not before the last of them came."""

    content: bytes
    at: datetime
    by_kernel: bool


def ask_for_stamps(listener: socket.socket) -> bool:
    """Has the system note arrivals on every connection that this socket accepts from now on. False: it cannot.

    The connections inherit it, so bytes are stamped even while nobody has accepted the connection yet.
    """
    if sys.platform != "linux" or platform.machine() not in KNOWN_MACHINES:
        return False
    try:
        listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def receive(connection: socket.socket, size: int) -> Received:
    """What has come in, at most `size` bytes, without waiting (BlockingIOError when there is nothing).

    The system keeps one instant for bytes that it has put together: the latest. Where it noted none (a socket of the
    file system, another system, the first packets after asking) the present instant stands in, which is later.
    """
    content, notes, _flags, _address = connection.recvmsg(size, _ROOM)
    for level, kind, value in notes:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value[: _TIMESPEC.size])
            # Rounded up to the microsecond that rows keep: a stamp never says earlier than it was.
            return Received(content, _EPOCH + timedelta(seconds=seconds, microseconds=-(-nanoseconds // 1000)), True)
    return Received(content, clock.now(), False)
