"""Which bytes belong to which request, and when the last of them came."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.edge import incoming, stamps
from marketplace.edge.incoming import CannotRead, Incoming
from marketplace.edge.stamps import Received

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def post(body: bytes) -> bytes:
    return b"POST /bid HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def body_of(request: incoming.Request) -> bytes:
    head, _, body = b"".join(request.pieces()).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /bid")
    request.close()
    return body


@given(
    bodies=st.lists(st.binary(max_size=120), min_size=1, max_size=5),
    cuts=st.sets(st.integers(1, 900)),
    in_memory=st.sampled_from((0, 40, 524_288)),
)
def test_each_request_has_the_instant_of_its_own_last_byte(
    bodies: list[bytes], cuts: set[int], in_memory: int
) -> None:
    """However the network cuts the bytes, and however many requests come at once."""
    wire = b"".join(post(each) for each in bodies)
    ends = [sum(len(post(each)) for each in bodies[: number + 1]) for number in range(len(bodies))]
    places = [0, *sorted(each for each in cuts if each < len(wire)), len(wire)]
    # The piece that ends at a place came as many seconds after START as the place's number.
    came = {end: START + timedelta(seconds=number) for number, end in enumerate(places)}
    due = [min(at for place, at in came.items() if place >= end) for end in ends]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(incoming, "IN_MEMORY", in_memory)
        held, found = Incoming(longest=1_000), []
        for begin, end in pairwise(places):
            held.add(Received(wire[begin:end], came[end], True))
            while (request := held.take()) is not None:
                found.append((request.at, body_of(request)))
    assert found == list(zip(due, bodies, strict=True))
    assert not held.has_begun


def test_what_cannot_be_read_is_refused_and_what_is_too_long_is_cut() -> None:
    chunked = Incoming(1_000)
    chunked.add(Received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", START, True))
    with pytest.raises(CannotRead, match="411"):
        chunked.take()
    for lengths in (b"0000000000000000005", b"9" * 30, b"+5", b"5,5", b"", "٥".encode(), b"5\r\nContent-Length: 6"):
        unsure = Incoming(1_000)
        unsure.add(Received(b"POST / HTTP/1.1\r\nContent-Length: " + lengths + b"\r\n\r\nhello", START, True))
        with pytest.raises(CannotRead, match="400"):
            unsure.take()
    endless = Incoming(1_000)
    endless.add(Received(b"GET / HTTP/1.1\r\nX: " + b"x" * incoming.LONGEST_HEAD, START, True))
    with pytest.raises(CannotRead, match="431"):
        endless.take()
    large = Incoming(1_000)
    large.add(Received(post(b"x" * 1_001)[:60], START, True))
    cut = large.take()
    assert cut is not None and cut.is_cut and cut.body == b""


def test_a_client_that_asks_first_is_told_once_to_go_on() -> None:
    held = Incoming(1_000)
    held.add(Received(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", START, True))
    assert held.take() is None
    assert held.owes_continue() and not held.owes_continue()


def test_the_kernel_knows_when_bytes_came_that_nobody_read() -> None:
    with socket.socket() as listener:
        if not stamps.ask_for_stamps(listener):
            pytest.skip("no time stamps of the kernel on this system")
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for _ in range(20):  # the system begins a moment after it was asked
            with socket.create_connection(listener.getsockname()) as client:
                first = datetime.now(UTC)
                client.sendall(b"abc")
                second = datetime.now(UTC)
                time.sleep(0.05)
                connection, _ = listener.accept()
                with connection:
                    received = stamps.receive(connection, 10)
            if received.by_kernel:
                break
    assert received.content == b"abc" and received.by_kernel
    assert first <= received.at <= second + timedelta(milliseconds=20)
