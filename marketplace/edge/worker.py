"""Gunicorn's threaded worker, with a door: one thread reads every connection, and the others get whole requests only.

So a client that is slow to send, or slow to read, holds no thread; and each request carries the instant at which its
last byte came in. Overridden of gunicorn 27.0: how a connection is accepted, read, handed over and closed; parsing,
answering, stopping and the watch of the master are its own.
"""

from __future__ import annotations

import errno
import heapq
import logging
import os
import resource
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Lock, Thread, current_thread
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import ThreadWorker

from marketplace import config
from marketplace.core.arrival import ARRIVAL, BROKEN, Arrival, Broken
from marketplace.core.files import NoRoom
from marketplace.edge import READY_FD, limits, stamps
from marketplace.edge.incoming import CannotRead, Incoming, Request
from marketplace.edge.outgoing import Outgoing

HEAD_SIZE = 8_192  # bytes read at once
READ_SIZE = 65_536  # the same, of a body
AHEAD = 65_536  # bytes that a client may send ahead while its request is being answered
HEAD_SECONDS = 60.0  # for the whole head of a request
STALLED_SECONDS = 30.0  # without a byte of a body, or without taking a byte of an answer
LINGER_SECONDS = 5.0  # what is still sent after we refused it is thrown away, so that the refusal can be read
SWEEP_SECONDS = 1.0
KEPT_FREE = 50  # one in so many connections is kept free for those who come: the slowest go
RETRY_SECONDS = 60
FILES = 16_384
PATIENCE = 0.01  # seconds that a request waits for the one before it while a thread is free
_logger = logging.getLogger(__name__)

# What the door says itself, in a sentence that a browser shows.
SENTENCES = {
    "400": "This request could not be read. Go back to the page you came from and try again.",
    "411": "This request does not say how long it is. Send it again with a Content-Length.",
    "431": "This request has too many headers. Delete the cookies of this site in your browser and try again.",
    "503": "This service is too busy to take this now. Nothing of it was kept. Wait a minute and try again.",
    "507": "There is no room for files on this service just now. Nothing of this was kept. Try again later.",
}


class Connection:
    """One client's connection. The thread of the door reads it; while `is_busy`, one other thread answers."""

    # What gunicorn's worker asks of a connection: the bytes are here, and this is plain HTTP/1.
    initialized = True
    data_ready = True
    is_http2 = False

    def __init__(self, cfg: Any, plain: socket.socket, client: Any, server: Any, incoming: Incoming) -> None:
        self.cfg, self.client, self.server = cfg, client, server
        self.plain = plain
        self.sock = Outgoing(plain)
        self.incoming = incoming
        self.lock = Lock()  # of what follows, and of `incoming`
        self.is_busy = False
        self.is_paused = False  # not read until the answer is out
        self.client_is_done = False
        self.request: Request | None = None
        self.parser: Any = None
        self.watched = 0
        self.timeout = 0.0
        self.since = time.monotonic()  # that it was accepted, or that the request that is not whole began to come
        self.body_since = 0.0  # that the head of that request was here; 0 before
        self.is_lingering = False
        self.is_last = False

    @property
    def peer(self) -> str:
        return peer_of(self.client)

    def rate(self, now: float) -> float:
        """Bytes per second that came of the request that is not whole.

        As if a second's worth had come before: so one that has only just begun is not slow, and one that has sent
        nothing for long is.
        """
        return (self.incoming.here + limits.LEAST_RATE) / (now - self.since + 0.001)

    def init(self) -> None:
        """Called by gunicorn's worker before it parses: a parser that sees this request's bytes and no other's."""
        assert self.request is not None
        self.sock.arrival = Arrival(self.request.at, self.request.by_kernel, self.peer)
        self.parser = http.get_parser(self.cfg, self.request.pieces(), self.client)

    def disagrees(self) -> bool:
        """Whether gunicorn's parser left bytes of the request, or wanted more: then where the next begins is unknown."""
        assert self.request is not None
        unread = self.parser.unreader
        # It forgets the pieces (None) when it asks for one after the last.
        wanted_more = unread.iter is None
        return (
            self.request.is_cut or wanted_more or bool(unread.buf.getvalue()) or next(unread.iter, None) is not None
        )


def peer_of(client: Any) -> str:
    """The address of what accept() names, "" for a local socket."""
    return str(client[0]) if isinstance(client, tuple) else ""


class Threads:
    """Threads that answer one after another: the next request waits for the one before, but no longer than PATIENCE.

    Threads that compute at once only take the interpreter from each other, which costs a quarter more. One that waits
    for something, or computes for long, does not keep the others: then a spare thread takes the next request.
    """

    def __init__(self, count: int, serve: Callable[[Connection], None]) -> None:
        self._serve = serve
        self._waiting: deque[Connection] = deque()
        self._changed = Condition()
        self._turn: Thread | None = None  # whose request the next one waits for
        self._turn_ends = 0.0
        self._is_watched = False  # a spare thread waits for the turn's end
        self._is_over = False
        self._threads = [Thread(target=self._run, name=f"request {n}", daemon=True) for n in range(count)]
        for each in self._threads:
            each.start()

    def _run(self) -> None:
        while (connection := self._take()) is not None:
            try:
                self._serve(connection)
            except Exception:  # the thread stays: there are few, and nobody would start another
                _logger.exception("a request ended without an answer")

    def _take(self) -> Connection | None:
        with self._changed:
            if self._turn is current_thread():
                self._turn = None
            while not self._waiting or not self._is_free():
                if self._is_over and not self._waiting:
                    self._changed.notify_all()
                    return None
                self._wait()
            self._turn, self._turn_ends = current_thread(), time.monotonic() + PATIENCE
            taken = self._waiting.popleft()
            if self._waiting and not self._is_watched:
                self._changed.notify()
            return taken

    def _is_free(self) -> bool:
        return self._turn is None or time.monotonic() >= self._turn_ends

    def _wait(self) -> None:
        """Until something comes; of those that see something wait, one looks again when the turn ends."""
        if not self._waiting or self._is_watched:
            self._changed.wait()
            return
        self._is_watched = True
        self._changed.wait(max(0.0, self._turn_ends - time.monotonic()))
        self._is_watched = False

    def put(self, connection: Connection) -> None:
        with self._changed:
            self._waiting.append(connection)
            if self._turn is None or not self._is_watched:
                self._changed.notify()

    def shutdown(self, wait: bool = False) -> None:
        """Ends each thread once nothing waits any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for each in self._threads if wait else ():
            each.join()


class EdgeWorker(ThreadWorker):
    """See above. Takes no TLS: a proxy in front does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()
        self.longest = 0
        self.peers = limits.Peers("")
        self.room, self.memory = limits.Room(), limits.Room(limits.MEMORY)
        self._swept_at = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise RuntimeError("This worker speaks no TLS. Put a proxy in front; see docs/decisions/0021.")

    def init_process(self) -> None:
        for each in self.sockets:
            stamps.ask_for_stamps(each)
        _allow_files()
        super().init_process()

    def run(self) -> None:
        _tell_that_we_answer()
        super().run()

    def get_thread_pool(self) -> Threads:
        return Threads(self.cfg.threads, self.serve)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        application: Any = self.wsgi  # type: ignore[has-type]
        self.longest = config.current().longest_request
        self.peers = limits.Peers(config.current().proxy_addresses)

        def with_arrival(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ[ARRIVAL] = environ["gunicorn.socket"].arrival
            return application(environ, start_response)

        self.wsgi = with_arrival

    # -- the thread of the door

    def accept(self, listener: Any) -> None:
        try:
            plain, client = listener.accept()
        except OSError as fault:
            if fault.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                return
            raise
        plain.setblocking(False)
        if not self.peers.enter(peer_of(client)):
            _turn_away(plain)
            return
        if self.nr_conns >= self.worker_connections - self.worker_connections // KEPT_FREE:
            self._drop_slowest()
        incoming = Incoming(self.longest, self.room, self.memory)
        connection = Connection(self.cfg, plain, client, listener.getsockname(), incoming)
        self.connections.add(connection)
        self.nr_conns += 1
        connection.timeout = time.monotonic() + self.cfg.keepalive
        self._watch(connection, selectors.EVENT_READ)
        self._read(connection)  # most have sent their request by now

    def _drop_slowest(self) -> None:
        """Makes room for those who come, so that clients who only hold connections keep nobody out."""
        now = time.monotonic()
        waiting = [each for each in self.connections if not each.is_busy]
        for each in heapq.nsmallest(self.worker_connections // KEPT_FREE, waiting, lambda each: each.rate(now)):
            self._drop(each)

    def _watch(self, connection: Connection, events: int) -> None:
        if events == connection.watched:
            return
        if not connection.watched:
            self.poller.register(connection.plain, events, lambda _socket: self._on_event(connection))
        elif not events:
            self.poller.unregister(connection.plain)
        else:
            self.poller.modify(connection.plain, events, lambda _socket: self._on_event(connection))
        connection.watched = events

    def _on_event(self, connection: Connection) -> None:
        if connection.watched == selectors.EVENT_WRITE:
            self._write(connection)
        else:
            self._read(connection)

    def _read(self, connection: Connection) -> None:
        try:
            received = stamps.receive(connection.plain, READ_SIZE if connection.incoming.has_head else HEAD_SIZE)
        except BlockingIOError:
            return
        except OSError:
            received = None
        if connection.is_lingering:
            if not received or not received.content:
                self._drop(connection)
            return
        with connection.lock:
            if not received or not received.content:
                connection.client_is_done = True
                is_over = not connection.is_busy
            else:
                is_over = False
                if not connection.incoming.has_begun:
                    connection.since, connection.body_since = time.monotonic(), 0.0
                try:
                    connection.incoming.add(received)
                except (NoRoom, CannotRead) as fault:  # while nobody answers on it: what comes meanwhile stays in memory
                    self._refuse(connection, _status(fault))
                    return
                if connection.is_busy:
                    connection.is_paused = len(connection.incoming) > AHEAD
                else:
                    self._hand_over(connection)
        if is_over:
            self._drop(connection)
        elif connection.client_is_done or connection.is_paused:
            self._watch(connection, 0)

    def _hand_over(self, connection: Connection) -> None:
        """Gives a whole request to a thread; with the connection's lock, and only while nobody answers on it."""
        try:
            connection.request = connection.incoming.take()
        except (NoRoom, CannotRead) as fault:
            self._refuse(connection, _status(fault))
            return
        if connection.request is not None:
            connection.is_busy = True
            connection.body_since = 0.0
            self.tpool.put(connection)
            return
        connection.timeout = self._waits_until(connection)
        if connection.incoming.owes_continue():
            self._say(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _waits_until(self, connection: Connection) -> float:
        if connection.incoming.has_head:
            now = time.monotonic()
            connection.body_since = connection.body_since or now
            return min(now + STALLED_SECONDS, limits.body_is_due(connection.body_since, connection.incoming.here))
        if connection.incoming.has_begun:
            return connection.since + HEAD_SECONDS
        return time.monotonic() + self.cfg.keepalive

    def _refuse(self, connection: Connection, status: str) -> None:
        self._tell_broken(connection, int(status[:3]))
        connection.incoming.close()
        self._say(connection, _refusal(status))
        self._linger(connection)

    def _say(self, connection: Connection, content: bytes) -> None:
        try:
            connection.sock.sendall(content)
            connection.sock.flush()
        except OSError:
            pass  # the client has gone, which is seen when it is read next

    def _linger(self, connection: Connection) -> None:
        connection.is_lingering = True
        connection.timeout = time.monotonic() + LINGER_SECONDS
        try:
            connection.plain.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._watch(connection, selectors.EVENT_READ)

    def _write(self, connection: Connection) -> None:
        """Goes on with an answer that the client did not take at once."""
        try:
            is_out = connection.sock.flush()
        except OSError:
            self._drop(connection)
            return
        connection.timeout = time.monotonic() + STALLED_SECONDS
        if is_out:
            self._finish(connection)

    def _finish(self, connection: Connection) -> None:
        """After an answer that ended the connection, or that was long, or during which the client sent ahead."""
        if connection not in self.connections:
            return
        try:
            if not connection.sock.is_broken and not connection.sock.flush():
                connection.timeout = time.monotonic() + STALLED_SECONDS
                self._watch(connection, selectors.EVENT_WRITE)
                return
        except OSError:
            pass
        was_cut = connection.request is not None and connection.request.is_cut
        if connection.sock.is_broken or (connection.is_last and not was_cut):
            self._drop(connection)
        elif was_cut and not connection.client_is_done:
            self._linger(connection)
        else:
            with connection.lock:
                connection.is_busy = connection.is_paused = False
                connection.since = time.monotonic()
                self._hand_over(connection)
                is_over = connection.client_is_done and not connection.is_busy
            if is_over:
                self._drop(connection)
            elif not connection.client_is_done:
                self._watch(connection, selectors.EVENT_READ)

    def _drop(self, connection: Connection) -> None:
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        self.peers.leave(connection.peer)
        self.nr_conns -= 1
        if not connection.is_busy and not connection.is_lingering:
            self._tell_broken(connection)
        self._watch(connection, 0)
        connection.incoming.close()
        connection.sock.discard()
        connection.plain.close()

    def _tell_broken(self, connection: Connection, status: int = 0) -> None:
        """Tells those who keep a trace of a request that no page will see."""
        left = connection.incoming.left()
        if left is not None:
            for listener in BROKEN:
                listener(Broken(*left, status))

    def murder_keepalived(self, force: bool = False) -> None:
        """Closes connections on which nothing came, or went, for too long; none that is being answered."""
        now = time.monotonic()
        if now < self._swept_at + SWEEP_SECONDS and not force and self.alive:
            return
        self._swept_at = now
        for each in list(self.connections):
            with each.lock:
                is_over = force or (each.timeout < now and (not each.is_busy or each.watched == selectors.EVENT_WRITE))
            if is_over:
                self._drop(each)

    def murder_pending(self) -> None:
        """Nothing: a connection that sent nothing yet is like one that sends nothing more."""

    def _cap_keepalive(self, deadline: float) -> None:
        for each in self.connections:
            if not each.incoming.has_begun:
                each.timeout = min(each.timeout, deadline)

    # -- the other threads

    def serve(self, connection: Connection) -> None:
        """Answers a connection's request, and those that came behind it meanwhile."""
        while True:
            goes_on = self.handle(connection)
            assert connection.request is not None
            connection.request.close()
            try:
                is_out = not connection.sock.is_broken and connection.sock.flush()
            except OSError:
                is_out = False
            connection.is_last = not goes_on
            if not goes_on or not is_out or connection.is_paused or connection.client_is_done:
                self.method_queue.defer(self._finish, connection)
                return
            with connection.lock:
                connection.since = time.monotonic()
                connection.timeout = connection.since + self.cfg.keepalive
                if not connection.incoming.has_begun:
                    connection.is_busy = False
                    if not connection.client_is_done:
                        return
            self.method_queue.defer(self._finish, connection)
            return

    def handle_request(self, req: Any, conn: Connection) -> Any:
        req._expected_100_continue = False  # the door has told the client already
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        return bool(keepalive) and conn.parser.finish_body() and not conn.disagrees()


def _status(fault: NoRoom | CannotRead) -> str:
    return fault.status if isinstance(fault, CannotRead) else "507 Insufficient Storage"


def _refusal(status: str) -> bytes:
    sentence = SENTENCES[status[:3]] + "\n"
    again = f"Retry-After: {RETRY_SECONDS}\r\n" if status.startswith("503") else ""
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\n{again}Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(sentence)}\r\n\r\n{sentence}"
    ).encode()


def _turn_away(plain: socket.socket) -> None:
    """Answers what has too many connections, and closes at once: to wait would be to hold one more."""
    try:
        plain.send(_refusal("503 Service Unavailable"))
    except OSError:
        pass
    plain.close()


def _tell_that_we_answer() -> None:
    """To whoever started us and waits for it: a byte on the pipe that the environment names."""
    named = os.environ.get(READY_FD, "")
    if named:
        try:
            os.write(int(named), b".")
            os.close(int(named))
        except OSError:
            pass  # a process that gunicorn started again later: nobody listens any more


def _allow_files() -> None:
    """A connection is an open file, of which a process may often have no more than 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
