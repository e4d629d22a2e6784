"""The one door to a virus scanner: clamd, or whatever speaks its INSTREAM. Without a setting nothing is scanned, and said.

A scanner that is gone, slow or talks rubbish never holds a file up: the file is taken as not checked, and the scanner is
left alone for a minute, so that it costs no other upload its time either.
"""

from __future__ import annotations

import logging
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

from marketplace import config
from marketplace.core.files import CHUNK

SECONDS = 10.0  # for one file, from its first byte to the scanner's word
REST_SECONDS = 60.0  # after a scanner failed
LONGEST_ANSWER = 1000
_FOUND = re.compile(r"stream: (.{1,80}) FOUND")
_logger = logging.getLogger(__name__)
_rests_until = 0.0


@dataclass(frozen=True)
class Verdict:
    """What a scanner says: `found` names what it knows in the file; without that, whether the file was checked."""

    is_checked: bool = False
    found: str = ""


class NoVerdict(Exception):
    """The scanner said neither yes nor no."""


def is_resting() -> bool:
    """Whether the scanner is left alone just now, or there is none."""
    return not config.current().scanner or time.monotonic() < _rests_until


def scan(source: BinaryIO, puts_to_rest: bool = True) -> Verdict:
    """Asks the scanner that the settings name about a stream, from where it stands. Never raises for a bad scanner.

    `puts_to_rest` is False for who asks again and again: one file that fails must not keep others from being checked.
    """
    global _rests_until
    if is_resting():
        return Verdict()
    try:
        return _ask(config.current().scanner, source)
    except (OSError, NoVerdict) as fault:
        if puts_to_rest:
            _rests_until = time.monotonic() + REST_SECONDS
        rest = ", and none is for a minute" if puts_to_rest else ""
        _logger.warning("a file was not checked for viruses%s: %s", rest, fault)
        return Verdict()


def _ask(address: str, source: BinaryIO) -> Verdict:
    until = time.monotonic() + SECONDS
    with _connect(address) as line:
        has_sent_all = _send(line, source, until)
        said = _answer(line, until)
    if said.endswith(" ERROR"):  # of this file, such as one longer than its settings take: it is well otherwise
        return Verdict()
    if not has_sent_all:
        raise NoVerdict("the scanner hung up before it had the whole file")
    return _read(said)


def _send(line: socket.socket, source: BinaryIO, until: float) -> bool:
    """False when the scanner hangs up first; it may have said why."""

    def send(piece: bytes) -> None:
        line.settimeout(max(0.01, until - time.monotonic()))
        line.sendall(piece)

    try:
        send(b"zINSTREAM\0")
        while chunk := source.read(CHUNK):
            send(struct.pack(">I", len(chunk)) + chunk)
        send(struct.pack(">I", 0))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.hostname:
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=SECONDS / 5)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(SECONDS / 5)
        line.connect(parts.path)
    except OSError:
        line.close()
        raise
    return line


def _answer(line: socket.socket, until: float) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < LONGEST_ANSWER:
        line.settimeout(max(0.01, until - time.monotonic()))
        piece = line.recv(LONGEST_ANSWER)
        if not piece:
            break
        said += piece
    return said.rstrip(b"\0\n").decode("utf-8", "replace")


def _read(said: str) -> Verdict:
    if said == "stream: OK":
        return Verdict(is_checked=True)
    if found := _FOUND.fullmatch(said):
        return Verdict(is_checked=True, found="".join(each for each in found[1] if each.isalnum() or each in "-._/ "))
    raise NoVerdict(f"the scanner said {said[:100]!r}")
