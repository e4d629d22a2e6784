"""A passing file gives back what was written, and its disk never holds a clear byte."""

from __future__ import annotations

import io
import os
import zipfile

import pytest
from cryptography.exceptions import InvalidTag
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.passing import CHUNK_BYTES, OnlyForward, PassingFile
from marketplace.core.passing import SpoolingRequest as Request

CANARY = b"canary-3f9c-of-a-bid"


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=5000), max_size=12), st.integers(0, 60_000), st.integers(0, 9000))
def test_it_reads_back_what_was_written_from_anywhere(pieces: list[bytes], start: int, count: int) -> None:
    whole, file = b"".join(pieces), PassingFile()
    for each in pieces:
        file.write(each)
    assert len(file) == len(whole)
    file.seek(start)
    assert file.read(count) == whole[start : start + count]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 800_001])
def test_every_length_around_a_chunk_comes_back(size: int) -> None:
    content, file = os.urandom(size), PassingFile()
    file.write(content)
    file.seek(0)
    assert file.read() == content and file.seek(0, io.SEEK_END) == size
    file.seek(max(0, size - 7))
    assert file.read() == content[max(0, size - 7) :]


def written(file: PassingFile) -> bytes:
    """What the disk holds of it."""
    return os.pread(file._disk, 10_000_000, 0)


def test_the_disk_holds_no_clear_byte() -> None:
    file = PassingFile()
    file.write(CANARY * 50_000)
    on_disk = written(file)
    assert len(on_disk) > 700_000 and CANARY not in on_disk
    small = PassingFile()
    small.write(CANARY)
    assert small._disk == -1


def test_a_chunk_that_was_changed_on_disk_is_not_read() -> None:
    file = PassingFile()
    file.write(bytes(2 * CHUNK_BYTES + 1))
    os.pwrite(file._disk, b"x", 1000)
    file.seek(0)
    with pytest.raises(InvalidTag):
        file.read(1)


def test_nothing_is_written_twice() -> None:
    file = PassingFile()
    file.write(b"abc")
    file.seek(0)
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")


def test_a_zip_is_packed_going_forward_only() -> None:
    file = PassingFile()
    with zipfile.ZipFile(OnlyForward(file), "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr("a.txt", "words " * 1000)
        with archive.open("b.bin", "w") as entry:
            entry.write(os.urandom(700_000))
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None and archive.read("a.txt") == b"words " * 1000


def test_what_a_form_uploads_waits_encrypted(whole_app: Flask) -> None:
    assert whole_app.request_class is Request
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="plan.pdf"\r\n\r\n'
    text = b'\r\n--x\r\nContent-Disposition: form-data; name="text"\r\n\r\ntyped\r\n--x--\r\n'
    body = io.BytesIO(head + CANARY * 50_000 + text)
    kind = "multipart/form-data; boundary=x"
    with whole_app.test_request_context("/", method="POST", input_stream=body, content_type=kind, content_length=len(body.getvalue())) as here:
        stream = here.request.files["file"].stream
        assert isinstance(stream, PassingFile) and CANARY not in written(stream)
        assert stream.read() == CANARY * 50_000 and here.request.form["text"] == "typed"
