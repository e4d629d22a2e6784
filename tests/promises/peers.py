"""Servers that the service talks to, well or ill on demand: a mail server and a virus scanner, on 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

P = TypeVar("P", bound="_Peer")
DRIP = 0.05  # seconds between two bytes of a server that drips


class _Peer:
    """Listens on a port of its own; each connection is answered as `mode` says at that moment."""

    def __init__(self) -> None:
        self.mode = "well"
        self.met = 0
        self._over = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    def end(self) -> None:
        self._over.set()
        self._thread.join(10)
        self._door.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._door.accept()
            except TimeoutError:
                continue
            self.met += 1
            threading.Thread(target=self._answer_safely, args=[line], daemon=True).start()

    def _answer_safely(self, line: socket.socket) -> None:
        line.settimeout(5)
        with line, contextlib.suppress(OSError, struct.error):
            if self.mode == "down":  # what a port without a server does to whoever knocks
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self.mode == "silent":
                self._over.wait(3)
            elif self.mode == "drips":
                while not self._over.wait(DRIP):
                    line.sendall(b"2")
            elif self.mode == "garbage":
                line.sendall(b"\x00\xff\xfe<html>what?\r\n" * 50)
            else:
                self.answer(line)

    def answer(self, line: socket.socket) -> None:
        raise NotImplementedError


@dataclass
class Taken:
    """A mail for which the server has said "250"."""

    recipient: str
    message_id: str


@dataclass
class _Talk:
    recipient: str = ""
    content: list[str] = field(default_factory=list)


class MailServer(_Peer):
    """Keeps what it has answered for, in the order in which it did."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        super().__init__()

    def answer(self, line: socket.socket) -> None:
        reader = line.makefile("r", encoding="utf-8", newline="\r\n")
        line.sendall(b"220 here\r\n")
        talk = _Talk()
        while words := reader.readline():
            verb = words[:4].upper().strip()
            if verb == "DATA":
                line.sendall(b"354 go on\r\n")
                talk.content = list(iter(reader.readline, ".\r\n"))
                if self.mode == "hangs up after the mail":
                    return
                if self.mode != "says later":
                    self.taken.append(Taken(talk.recipient, _message_id(talk.content)))
                line.sendall(b"451 later\r\n" if self.mode == "says later" else b"250 taken\r\n")
                continue
            if verb == "RCPT":
                talk.recipient = words.partition("<")[2].partition(">")[0]
            if verb == "QUIT":
                line.sendall(b"what?\r\n" if self.mode == "forgets its manners" else b"221 bye\r\n")
                return
            line.sendall(b"250 fine\r\n")


def _message_id(content: list[str]) -> str:
    return next(each.partition(":")[2].strip() for each in content if each.lower().startswith("message-id:"))


class Scanner(_Peer):
    """Answers as clamd does: KNOWN in a stream is found, anything else is clean."""

    KNOWN = b"what the scanner knows"
    SLOW = b"what takes it too long"

    def answer(self, line: socket.socket) -> None:
        stream = line.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        content = b""
        while (size := struct.unpack(">I", stream.read(4))[0]) > 0:
            content += stream.read(size)
        if self.SLOW in content:
            self._over.wait(3)
            return
        line.sendall(b"stream: Planted FOUND\0" if self.KNOWN in content else b"stream: OK\0")


@contextmanager
def running(make: Callable[[], P]) -> Iterator[P]:
    """The peer for the length of the block."""
    peer = make()
    try:
        yield peer
    finally:
        peer.end()
