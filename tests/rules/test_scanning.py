"""The scanner's door: what clamd says is believed, and a scanner that fails holds nothing up."""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from marketplace import config
from marketplace.core import scanning
from marketplace.core.scanning import Verdict


def read_stream(line: socket.socket) -> bytes:
    """Reads one INSTREAM as clamd does."""
    stream = line.makefile("rb")
    assert stream.read(10) == b"zINSTREAM\0"
    content = b""
    while (size := struct.unpack(">I", stream.read(4))[0]) > 0:
        content += stream.read(size)
    return content


@contextmanager
def scanner(answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """A scanner on a port of its own, named in the settings, that does `answer` with each connection."""
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(5)

    def serve() -> None:
        try:
            line, _ = door.accept()
            with line:
                answer(line)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    config.install(replace(config.current(), scanner=f"clamd://127.0.0.1:{door.getsockname()[1]}"))
    yield
    thread.join(6)
    door.close()


@pytest.fixture(autouse=True)
def _fresh(whole_app, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = config.current()
    monkeypatch.setattr(scanning, "_rests_until", 0.0)
    monkeypatch.setattr(scanning, "SECONDS", 20.0)  # a busy machine's good scanner is no slow one
    yield
    config.install(before)


def says(words: bytes) -> Callable[[socket.socket], None]:
    def answer(line: socket.socket) -> None:
        found = b"EICAR" in read_stream(line)
        line.sendall(words if words else (b"stream: Eicar-Test FOUND\0" if found else b"stream: OK\0"))

    return answer


def test_what_the_scanner_says_is_believed() -> None:
    with scanner(says(b"")):
        assert scanning.scan(io.BytesIO(b"a plan" * 100_000)) == Verdict(is_checked=True)
    with scanner(says(b"")):
        assert scanning.scan(io.BytesIO(b"x" * 300_000 + b"EICAR")) == Verdict(True, "Eicar-Test")
    with scanner(says(b"stream: <b>Bad\x1b[31m FOUND\0")):
        assert scanning.scan(io.BytesIO(b"x")).found == "bBad31m"


@pytest.mark.parametrize(
    "answer",
    [
        says(b"\xff\xfe rubbish"), says(b"stream: OK but not quite\0"),
        says(b"y" * 5000), lambda line: line.close(), lambda line: time.sleep(0.8),
        lambda line: line.sendall(b"stream: OK\0"[:4]),
    ],
)  # fmt: skip
def test_a_bad_scanner_holds_nothing_up_and_is_left_alone_for_a_while(
    answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "SECONDS", 0.4)
    with scanner(answer):
        started = time.monotonic()
        assert scanning.scan(io.BytesIO(b"x" * 600_000)) == Verdict()
        assert time.monotonic() - started < 10  # without a limit it would wait for ever
        assert scanning.is_resting() and scanning.scan(io.BytesIO(b"x")) == Verdict()


def test_what_is_wrong_with_one_file_keeps_no_other_from_being_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with scanner(says(b"INSTREAM size limit exceeded. ERROR\0")):
        assert scanning.scan(io.BytesIO(b"x" * 600_000)) == Verdict() and not scanning.is_resting()
    monkeypatch.setattr(scanning, "SECONDS", 0.4)
    with scanner(lambda line: time.sleep(0.8)):
        assert scanning.scan(io.BytesIO(b"slow"), puts_to_rest=False) == Verdict() and not scanning.is_resting()


def test_without_a_setting_or_without_a_scanner_nothing_is_checked() -> None:
    assert scanning.scan(io.BytesIO(b"x")) == Verdict()
    config.install(replace(config.current(), scanner="clamd:///nowhere/clamd.ctl"))
    assert scanning.scan(io.BytesIO(b"x")) == Verdict()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(config.SettingRefused, match="MARKETPLACE_SCANNER"):
        config.load_settings({"MARKETPLACE_SCANNER": "/usr/bin/clamscan"})
