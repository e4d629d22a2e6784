"""Content in chunks, each authenticated with its place, so that memory stays constant and no cut goes unseen."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenders.bids.sealing.errors import SealBroken

CHUNK_BYTES = 256 * 1024
TAG_BYTES = 16


class Sink(Protocol):
    """Takes bytes, as a file open for writing does."""

    def write(self, piece: bytes, /) -> object: ...


def encrypt_chunks(key: bytes, bound: bytes, source: BinaryIO, target: Sink) -> None:
    """AES-256-GCM over chunks of 256 KiB; the key must be fresh, for the nonces start from 0."""
    cipher = AESGCM(key)
    for number, final, chunk in _chunks(source, CHUNK_BYTES):
        target.write(cipher.encrypt(_nonce(number, final), chunk, bound))


def decrypt_chunks(key: bytes, bound: bytes, source: BinaryIO, target: Sink) -> None:
    """Undo encrypt_chunks; SealBroken if a chunk is changed, moved or missing. Use the target only after it returns."""
    cipher = AESGCM(key)
    for number, final, chunk in _chunks(source, CHUNK_BYTES + TAG_BYTES):
        try:
            target.write(cipher.decrypt(_nonce(number, final), chunk, bound))
        except InvalidTag:
            raise SealBroken("The sealed content was altered, moved or cut short.") from None


def _nonce(number: int, final: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([final])


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[int, bool, bytes]]:
    """(number, is it the last?, bytes); there is always a last one, even of nothing."""
    number, chunk = 0, _read_fully(source, size)
    while True:
        following = _read_fully(source, size) if len(chunk) == size else b""
        yield number, not following, chunk
        if not following:
            return
        number, chunk = number + 1, following


def _read_fully(source: BinaryIO, size: int) -> bytes:
    # A raw file or a socket may give less than was asked for long before its end.
    pieces, missing = [], size
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
