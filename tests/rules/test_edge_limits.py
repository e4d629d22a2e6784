"""What one client, and all of them together, may take of a web process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.core.passing import CHUNK_BYTES
from marketplace.edge import limits, worker
from marketplace.edge.incoming import IN_MEMORY, CannotRead, Incoming
from marketplace.edge.limits import ALWAYS_TAKEN, Peers, Room
from marketplace.edge.stamps import Received

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def some(content: bytes) -> Received:
    return Received(content, START, True)


@pytest.mark.parametrize("peer", ["203.0.113.9", "2001:db8::1", "::ffff:203.0.113.9"])
def test_one_address_has_so_many_connections_and_no_more(peer: str) -> None:
    peers = Peers("10.0.0.0/24")
    assert all(peers.enter(peer) for _ in range(limits.PER_PEER))
    assert not peers.enter(peer)
    assert peers.enter("203.0.113.10") and peers.enter("2001:db8:0:1::1"), "another client was kept out"
    peers.leave(peer)
    assert peers.enter(peer) and not peers.enter(peer)


@pytest.mark.parametrize("peer", ["10.0.0.7", "127.0.0.1", "::1", "::ffff:127.0.0.1", ""])
def test_a_proxy_and_this_machine_have_no_cap(peer: str) -> None:
    peers = Peers("10.0.0.0/24, 192.0.2.1")
    assert all(peers.enter(peer) for _ in range(limits.PER_PEER + 50))


def test_all_addresses_of_one_network_of_ipv6_count_as_one() -> None:
    peers = Peers("")
    assert sum(peers.enter(f"2001:db8::{n:x}") for n in range(1, 400)) == limits.PER_PEER


def test_bodies_on_disk_have_so_much_room_and_give_it_back() -> None:
    room = Room(IN_MEMORY * 3)
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (IN_MEMORY * 2)
    first, second = Incoming(IN_MEMORY * 9, room), Incoming(IN_MEMORY * 9, room)
    for each in (first, second):
        each.add(some(head))
        assert each.take() is None
    first.add(some(b"x" * IN_MEMORY * 2))
    second.add(some(b"x" * IN_MEMORY))
    with pytest.raises(CannotRead, match="503"):
        second.add(some(b"x"))
    whole = first.take()
    assert whole is not None and room.left == 0, "a body that waits for its answer is on the disk still"
    whole.close()
    whole.close()
    second.close()
    assert room.left == IN_MEMORY * 3


def test_bodies_in_memory_have_so_much_room_and_give_it_back_and_small_ones_are_always_taken() -> None:
    memory = Room(300_000)
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    body = 200_000 + ALWAYS_TAKEN - len(head % 200_000)
    first, second, small = (Incoming(IN_MEMORY, None, memory) for _ in range(3))
    first.add(some(head % body + b"x" * (body - 1)))
    assert first.take() is None and memory.left == 100_001
    second.add(some(head % body + b"x" * (body - 1)))
    with pytest.raises(CannotRead, match="503"):
        second.take()
    second.close()
    small.add(some(head % 8_000 + b"x" * 8_000))
    assert small.take() is not None, "a submission is refused"
    first.add(some(b"x" + b"GET / HTTP/1.1\r\n"))
    whole = first.take()
    assert whole is not None and memory.left == 100_000, "a body that waits for its answer is in memory still"
    whole.close()
    whole.close()
    assert first.take() is None and memory.left == 300_000


def test_the_part_of_a_large_body_that_is_in_memory_is_counted() -> None:
    memory = Room(CHUNK_BYTES + 1_000)
    large, another = (Incoming(IN_MEMORY * 9, None, memory) for _ in range(2))
    for each in (large, another):
        each.add(some(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (IN_MEMORY * 2)))
        assert each.take() is None
    large.add(some(b"x" * IN_MEMORY))
    assert memory.left == 1_000
    with pytest.raises(CannotRead, match="503"):
        another.add(some(b"x" * 1_001))
    large.close()
    another.close()
    assert memory.left == CHUNK_BYTES + 1_000


@pytest.fixture()
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A worker's door without the rest of it: ten connections at most, and a clock that the test sets."""
    monkeypatch.setattr(worker, "KEPT_FREE", 5)
    found: Any = worker.EdgeWorker.__new__(worker.EdgeWorker)
    found.connections, found.nr_conns, found.worker_connections, found.longest = set(), 0, 10, 10_000_000
    found.peers, found.room, found.cfg, found.clock = Peers(""), Room(), SimpleNamespace(keepalive=5), 100.0
    found.memory = Room()
    found.poller, found._swept_at, found.alive = worker.selectors.DefaultSelector(), 0.0, True
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: found.clock))
    yield found
    found.murder_keepalived(force=True)
    found.poller.close()


def arrive(door: Any, sends: bytes, peer: str = "127.0.0.1") -> socket.socket:
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    theirs.sendall(sends)
    door.accept(SimpleNamespace(accept=lambda: (ours, (peer, 1)), getsockname=lambda: ("127.0.0.1", 2)))
    return theirs


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1))
    except BlockingIOError:
        return True


POST = b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"


def test_a_body_that_trickles_is_given_up_and_a_slow_but_honest_one_is_not(door: Any) -> None:
    trickle, honest = arrive(door, POST), arrive(door, POST)
    for _ in range(30):
        door.clock += 10
        for client, piece in ((trickle, b"x"), (honest, b"x" * 15_000)):
            if is_open(client):
                client.sendall(piece)
        for each in [each for each in door.connections]:
            door._read(each)
        door.murder_keepalived()
    assert not is_open(trickle) and is_open(honest)
    trickle.close()
    honest.close()


def test_when_it_is_nearly_full_the_slowest_go(door: Any) -> None:
    slow = [arrive(door, POST + b"x") for _ in range(3)]
    fast = [arrive(door, POST + b"x" * 7_000) for _ in range(5)]
    door.clock += 20
    new = [arrive(door, POST) for _ in range(2)]
    assert [is_open(each) for each in slow].count(False) == 2
    assert all(is_open(each) for each in fast + new)
    for each in slow + fast + new:
        each.close()


def test_one_connection_too_many_is_told_so(door: Any) -> None:
    for _ in range(limits.PER_PEER):
        door.peers.enter("203.0.113.9")
    with arrive(door, b"", "203.0.113.9") as client:
        told = client.recv(4_096)
    assert told.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 60" in told and b"Wait a minute" in told
    assert not door.connections and not door.nr_conns
