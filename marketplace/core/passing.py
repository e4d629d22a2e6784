"""What only passes through: a temporary file whose bytes on disk are encrypted under a key that only memory holds.

An upload is spooled while its form is read, and a download while it is packed. Either may hold a bid, and a disk or a
snapshot of it may be read by others later. The key is made with the file and dies with it.
"""

from __future__ import annotations

import io
import os
import secrets
import tempfile
from typing import IO, Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Request

from marketplace.core.files import on_disk

CHUNK_BYTES = 256 * 1024
_SEALED_BYTES = CHUNK_BYTES + 16


class PassingFile(io.RawIOBase):
    """Written once from its beginning, then read from anywhere; what fits in one chunk (256 KiB) stays in memory.

    Each chunk is encrypted by AES-256-GCM under its own number, so one that was changed or moved on disk is not read.
    Raises NoRoom when the disk is full, io.UnsupportedOperation for writing anywhere but at the end or after reading.
    """

    def __init__(self) -> None:
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._disk = -1  # a descriptor, once there is a chunk to put away
        self._tail = bytearray()  # what is not on disk yet
        self._chunks = 0
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")  # the chunk last read, and its number

    def __len__(self) -> int:
        return self._chunks * CHUNK_BYTES + len(self._tail)

    def __bool__(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self)}[whence]
        if start + offset < 0:
            raise ValueError("There is nothing before the beginning of a file.")
        self._at = start + offset
        return self._at

    def write(self, piece: Any, /) -> int:
        if self._at != len(self):
            raise io.UnsupportedOperation("A passing file is written at its end only.")
        given = memoryview(piece).cast("B")
        taken = 0
        while taken < len(given):
            room = CHUNK_BYTES - len(self._tail)
            if not room:
                self._put_away()
                room = CHUNK_BYTES
            self._tail += given[taken : taken + room]
            taken += min(room, len(given) - taken)
        self._at += len(given)
        return len(given)

    def readinto(self, into: Any, /) -> int:
        target = memoryview(into).cast("B")
        number, start = divmod(self._at, CHUNK_BYTES)
        chunk = self._chunk(number)
        count = max(0, min(len(target), len(chunk) - start))
        target[:count] = memoryview(chunk)[start : start + count]
        self._at += count
        return count

    def truncate(self, size: int | None = None, /) -> int:
        raise io.UnsupportedOperation("A passing file is not cut.")

    def close(self) -> None:
        if self._disk >= 0:
            os.close(self._disk)
            self._disk = -1
        self._held, self._tail = (-1, b""), bytearray()
        super().close()

    def _put_away(self) -> None:
        with on_disk():
            if self._disk < 0:
                self._disk = _unnamed_file()
            _write_whole(self._disk, self._cipher.encrypt(_nonce(self._chunks), self._tail, None))
        self._chunks += 1
        self._tail.clear()

    def _chunk(self, number: int) -> bytes | bytearray:
        if number >= self._chunks:
            return self._tail if number == self._chunks else b""
        if self._held[0] != number:
            sealed = os.pread(self._disk, _SEALED_BYTES, number * _SEALED_BYTES)
            self._held = (number, self._cipher.decrypt(_nonce(number), sealed, None))
        return self._held[1]


class OnlyForward:
    """A passing file for writers such as zipfile, which go back and write again where they find that they can."""

    def __init__(self, file: PassingFile) -> None:
        self._file = file

    def write(self, piece: Any, /) -> int:
        return self._file.write(piece)

    def flush(self) -> None:
        self._file.flush()


class SpoolingRequest(Request):
    """A request whose uploaded files wait encrypted while its form is read."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return cast(IO[bytes], PassingFile())


def _nonce(number: int) -> bytes:
    # The key is this file's alone and no chunk is written twice, so the number never repeats under it.
    return number.to_bytes(12, "big")


def _unnamed_file() -> int:
    """A file that has no name any more: it is gone with its descriptor, however the process ends."""
    descriptor, path = tempfile.mkstemp(prefix="market-passing-")
    os.unlink(path)
    return descriptor


def _write_whole(descriptor: int, content: bytes) -> None:
    """A write may take less than it was given, for example the last bytes before a limit."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
