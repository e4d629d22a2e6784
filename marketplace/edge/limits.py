"""What one client, and all of them together, may take of a process: connections, time, memory and disk."""

from __future__ import annotations

import ipaddress
from collections import Counter
from threading import Lock
from typing import Any

from marketplace.core.passing import CHUNK_BYTES, PassingFile

PER_PEER = 200  # connections of one address to one process, at once
LEAST_RATE = 1_024  # bytes of a body per second, on average, after the grace: 20 MB may take five hours
GRACE_SECONDS = 30.0
DISK = 2_000_000_000  # bytes of bodies that one process keeps on disk until they are answered
MEMORY = 128_000_000  # bytes of requests that one process keeps in memory until they are answered
# Bytes of a connection that are not counted, so that a submission, which is smaller, is taken however full it is.
ALWAYS_TAKEN = 8_192


class Peers:
    """Counts connections by address. A proxy that is believed and this machine itself have no cap.

    What comes from the loopback is a proxy of this machine, one connection or many for all clients, or somebody who is
    on the machine already.
    """

    def __init__(self, trusted: str) -> None:
        self._trusted = [ipaddress.ip_network(each) for each in trusted.replace(",", " ").split()]
        self._count: Counter[str] = Counter()

    def enter(self, peer: str) -> bool:
        """Counts one more connection of `peer` ("" for a local socket), or returns False where it has too many."""
        key = _counted_as(peer)
        if self._count[key] >= PER_PEER and not self._has_no_cap(peer):
            return False
        self._count[key] += 1
        return True

    def leave(self, peer: str) -> None:
        """One connection that was counted is gone."""
        key = _counted_as(peer)
        self._count[key] -= 1
        if not self._count[key]:
            del self._count[key]

    def _has_no_cap(self, peer: str) -> bool:
        if not peer:
            return True
        address = _address(peer)
        return address.is_loopback or any(address in each for each in self._trusted)


def _address(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(peer)
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _counted_as(peer: str) -> str:
    """A network of 64 bits counts as one: whoever has an address of IPv6 has usually all of those (RFC 6177)."""
    if ":" not in peer:
        return peer
    address = _address(peer)
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return str(address)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


class NoRoomLeft(Exception):
    """The bodies that wait on disk, or in memory, have come to as much as they may."""


class Room:
    """The disk, or memory, that the bodies of one process may take together. Several threads give back to it."""

    def __init__(self, size: int = DISK) -> None:
        self.left = size
        self._lock = Lock()

    def take(self, count: int) -> None:
        """Raises NoRoomLeft when fewer bytes are left."""
        with self._lock:
            if count > self.left:
                raise NoRoomLeft
            self.left -= count

    def give_back(self, count: int) -> None:
        with self._lock:
            self.left += count


class Share:
    """What one request takes of a room, more or less as it comes; `close` gives all of it back, once."""

    def __init__(self, room: Room) -> None:
        self.room, self.took = room, 0

    def set(self, count: int) -> None:
        """Takes or gives back until it has `count`. Raises NoRoomLeft, and then has what it had."""
        if count > self.took:
            self.room.take(count - self.took)
        else:
            self.room.give_back(self.took - count)
        self.took = count

    def close(self) -> None:
        self.set(0)


class BodyFile(PassingFile):
    """A body that waits on disk, within the room, its last chunk in memory. Both are given back when it is closed."""

    def __init__(self, room: Room, memory: Room) -> None:
        super().__init__()
        self._on_disk, self._in_memory = Share(room), Share(memory)

    def write(self, piece: Any, /) -> int:
        here = self._on_disk.took + len(piece)
        self._in_memory.set(min(here, CHUNK_BYTES))
        self._on_disk.set(here)
        return super().write(piece)

    def close(self) -> None:
        self._on_disk.close()
        self._in_memory.close()
        super().close()


def body_is_due(begun_at: float, here: int) -> float:
    """The instant (of the clock of `begun_at`, seconds) by which more of a body must come than the bytes that are here."""
    return begun_at + GRACE_SECONDS + here / LEAST_RATE
