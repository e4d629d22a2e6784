"""The worker, really served: slow clients hold nobody up, and a stamp is when the last byte came."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from gunicorn.config import Config

from marketplace.config import CHECKOUT, Settings
from marketplace.edge.incoming import IN_MEMORY, Incoming, Request
from marketplace.edge.limits import ALWAYS_TAKEN, MEMORY
from marketplace.edge.worker import Connection
from marketplace.serving import free_port, gunicorn_command
from tests.edge.served_app import LONG

INNER = b"GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"
THREADS = 4  # of the one process: with two it would be chance which of them is busy


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    found = free_port(8700 + os.getpid() % 100 * 10)
    command = gunicorn_command(Settings(web_workers=1), found)
    command[command.index("marketplace.web:web_application()")] = "tests.edge.served_app:application"
    at = command.index("--config")  # it insists on a database, and this application has none
    del command[at : at + 2]
    process = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    try:
        for _ in range(200):
            try:
                get(found)
                break
            except OSError:
                assert process.poll() is None, "gunicorn ended before it answered"
                time.sleep(0.05)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def get(port: int, path: str = "/") -> Any:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", path)
        return json.loads(client.getresponse().read())
    finally:
        client.close()


def answer(connection: socket.socket) -> Any:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return json.loads(response.read())


def test_clients_that_are_slow_to_send_hold_no_thread(port: int) -> None:
    """More of them than there are threads, in the head, in the body and before the first byte."""
    begun = (b"", b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf")
    with ExitStack() as stack:
        for number in range(THREADS * 6):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(begun[number % 3])
        started = time.monotonic()
        for _ in range(20):
            get(port)
        assert time.monotonic() - started < 5


@pytest.mark.slow
def test_two_hundred_slow_clients_and_a_thousand_idle_ones_stop_nobody(port: int) -> None:
    """The slow ones send a byte now and then, all the while; others come and are answered."""
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(1_200)]
        answers = []
        for number in range(100):
            for each in slow[number % 2 : 200 : 2]:
                each.sendall(b"x")
            began = time.monotonic()
            get(port)
            answers.append(time.monotonic() - began)
    print(f"slowest of 100 answers: {1000 * max(answers):.0f} ms, p99 {1000 * sorted(answers)[98]:.0f} ms")
    assert max(answers) < 5, "a client that is no slower than others waited"


def test_clients_that_are_slow_to_read_hold_no_thread_and_get_all_of_it(port: int) -> None:
    with ExitStack() as stack:
        slow = []
        for _ in range(THREADS * 2):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            each.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            slow.append(each)
        started = time.monotonic()
        for _ in range(20):
            get(port)
        assert time.monotonic() - started < 5
        response = http.client.HTTPResponse(slow[0])
        response.begin()
        assert len(response.read()) == LONG


def test_a_stamp_is_when_the_last_byte_came_however_busy_the_threads_are(port: int) -> None:
    waiting = [Thread(target=get, args=(port, "/wait?0.2")) for _ in range(THREADS * 3)]
    for each in waiting:
        each.start()
    time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        before = time.time()
        client.sendall(b"cd")
        after = time.time()
        told = answer(client)
        answered = time.time()
    for each in waiting:
        each.join()
    assert told["read"] == 4 and told["peer"] == "127.0.0.1"
    assert before <= told["at"] + 0.000_001 and (not told["by_kernel"] or told["at"] <= after + 0.005)
    assert answered - after > 0.05, "the threads were not busy, so nothing was shown"


def test_requests_that_come_at_once_on_one_connection_are_answered_in_turn(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            b"".join(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (n, b"x" * n) for n in range(9))
        )
        reader = client.makefile("rb")
        told = []
        for _ in range(9):
            assert b"200" in reader.readline()
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            told.append(json.loads(reader.read(length))["read"])
    assert told == list(range(9))


@pytest.mark.slow
def test_slow_bodies_take_no_more_memory_than_they_may_and_a_submission_goes_through(port: int) -> None:
    """Three times as many bytes as there is room for, in bodies that stay a little short of whole."""
    size = IN_MEMORY - 1
    begun = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * (size - 10)
    count, before = MEMORY * 3 // size, memory_held(port)
    at_least = count - MEMORY // (size - 10 - ALWAYS_TAKEN) - 1
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(count)]
        for each in slow:
            try:
                each.sendall(begun)
            except OSError:
                pass  # refused before it was all sent
        refused, until = 0, time.monotonic() + 10
        while refused < at_least and time.monotonic() < until:
            refused += sum(map(is_refused, select.select(slow, [], [], 0.1)[0]))
        assert post(port, b"x" * 8_000) == 200, "a submission is refused"
        grown = memory_held(port) - before
    print(f"{count * size / 1e6:.0f} MB in {count} slow bodies: {refused} refused, {grown / 1e6:.0f} MB of memory more")
    assert refused >= at_least and grown < MEMORY * 2
    for _ in range(100):  # until those are gone
        if post(port, b"x" * size) == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the memory of those that are gone was not given back")


def memory_held(port: int) -> int:
    """Bytes that the web process has in memory."""
    return int(Path(f"/proc/{get(port)['pid']}/statm").read_text().split()[1]) * 4_096


def is_refused(slow: socket.socket) -> bool:
    """Whether the door says that it is too busy, and when to come again."""
    try:
        told = slow.recv(200)
    except OSError:
        return False
    return told.startswith(b"HTTP/1.1 503") and b"Retry-After: 60" in told


def post(port: int, body: bytes) -> int:
    """The status."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("POST", "/", body)
        return client.getresponse().status
    finally:
        client.close()


def test_large_bodies_wait_in_a_file_and_larger_ones_are_not_read(port: int, tmp_path: Path) -> None:
    for size, read in ((3_000_000, 3_000_000), (Settings().longest_request + 1, 0)):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("POST", "/", b"x" * size)
        assert json.loads(client.getresponse().read())["read"] == read
        client.close()


def test_a_request_that_is_none_is_refused_and_the_connection_closed(port: int) -> None:
    for request, status in (
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %030d\r\n\r\n%s" % (len(INNER), INNER), b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(request)
            got = b""
            while piece := client.recv(4096):
                got += piece
            assert got.split()[1] == status, got[:80]
            assert got.count(b"HTTP/1.1") == 1
            assert b"again" in got.partition(b"\r\n\r\n")[2] or request.startswith(b"nonsense"), "nothing to read"


def test_an_address_is_not_what_a_header_says(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", "/here", headers={"SCRIPT_NAME": "/elsewhere", "PATH_INFO": "/there"})
    told = json.loads(client.getresponse().read())
    client.close()
    assert told["path"] == "/here" and told["script"] == ""


def test_a_connection_goes_on_after_a_body(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    own = []
    for body in (b"abc", b"x" * 600_000, b""):
        client.request("POST", "/", body)
        response = client.getresponse()
        assert json.loads(response.read())["read"] == len(body)
        own.append(client.sock.getsockname() if client.sock else None)
    client.close()
    assert len(set(own)) == 1 and own[0]


def test_the_command_serves_with_this_worker() -> None:
    command = gunicorn_command(Settings(), 1)
    assert command[0] == sys.executable and "marketplace.edge.worker.EdgeWorker" in command


@pytest.mark.parametrize(("sent", "goes_on"), [(b"hello", True), (b"hell", False), (b"hello!", False)])
def test_a_connection_ends_when_the_parser_reads_another_length_than_the_door(sent: bytes, goes_on: bool) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    with socket.socket() as plain:
        held = Connection(Config(), plain, ("127.0.0.1", 1), ("127.0.0.1", 2), Incoming(9))
        held.request = Request(head, sent, datetime.now(UTC), True)
        held.init()
        next(held.parser).body.read()
        assert held.disagrees() is not goes_on
