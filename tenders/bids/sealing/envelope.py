"""The one format of every sealed blob: a line of kind, a line of head, chunks. See docs/sealed-bids.md."""

import hashlib
import hmac
import io
import secrets
from typing import BinaryIO

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenders.bids.sealing.canonical import canonical_json, read_canonical_json
from tenders.bids.sealing.errors import SealBroken
from tenders.bids.sealing.stream import CHUNK_BYTES, Sink, decrypt_chunks, encrypt_chunks
from tenders.bids.sealing.wrapping import Lock, Unlock

MAGIC = "SEALED/1"
ALGORITHM = "HKDF-SHA256/AES-256-GCM/STREAM"
SALT_BYTES = 32
LONGEST_HEAD = 8192
_HEAD_NAMES = {"alg", "check", "chunk", "for", "key", "salt"}


def lock_stream(kind: str, lock: Lock, source: BinaryIO, target: Sink, bound_to: dict) -> None:
    """Write source to target, locked and bound; each blob has a fresh salt, so each has a key of its own."""
    salt = secrets.token_bytes(SALT_BYTES)
    fields, secret = lock.new_secret(salt)
    key, check = _derive(kind, secret, salt)
    head = _head_lines(kind, {
        "alg": ALGORITHM,
        "check": check.hex(),
        "chunk": CHUNK_BYTES,
        "for": bound_to,
        "key": fields,
        "salt": salt.hex(),
    })
    if len(head) > LONGEST_HEAD:
        raise ValueError("the references are too long")
    target.write(head)
    encrypt_chunks(key, hashlib.sha256(head).digest(), source, target)


def unlock_stream(kind: str, unlock: Unlock, source: BinaryIO, target: Sink, bound_to: dict) -> None:
    """Undo lock_stream; raises SealBroken, or what the key calls wrong. Use the target only after it returns."""
    head, lines = _read_head(source, kind)
    if head["for"] != bound_to:
        raise SealBroken("This sealed content belongs somewhere else.")
    salt = _bytes_of(head["salt"], SALT_BYTES)
    key, check = _derive(kind, unlock.find_secret(head["key"], salt), salt)
    if not hmac.compare_digest(check, _bytes_of(head["check"], len(check))):
        raise unlock.wrong("This key does not open this.")
    decrypt_chunks(key, hashlib.sha256(lines).digest(), source, target)


def lock_bytes(kind: str, lock: Lock, plaintext: bytes, bound_to: dict) -> bytes:
    """lock_stream for what fits in memory."""
    target = io.BytesIO()
    lock_stream(kind, lock, io.BytesIO(plaintext), target, bound_to)
    return target.getvalue()


def unlock_bytes(kind: str, unlock: Unlock, blob: bytes, bound_to: dict) -> bytes:
    """unlock_stream for what fits in memory."""
    target = io.BytesIO()
    unlock_stream(kind, unlock, io.BytesIO(blob), target, bound_to)
    return target.getvalue()


def read_head(kind: str, blob: bytes) -> dict:
    """The blob's head, unverified: for choosing a key, never for a decision. SealBroken if it is none."""
    return _read_head(io.BytesIO(blob), kind)[0]


def fingerprint(blob: bytes) -> str:
    """SHA-256 of the sealed bytes, 64 hexadecimal digits."""
    return hashlib.sha256(blob).hexdigest()


def _derive(kind: str, secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The content key, and a check value that commits the blob to it and tells a wrong key from altered content."""
    derived = HKDF(SHA256(), 48, salt, f"{MAGIC} {kind}".encode()).derive(secret)
    return derived[:32], derived[32:]


def _head_lines(kind: str, head: dict) -> bytes:
    return f"{MAGIC} {kind}\n".encode() + canonical_json(head) + b"\n"


def _read_head(source: BinaryIO, kind: str) -> tuple[dict, bytes]:
    first, second = source.readline(64), source.readline(LONGEST_HEAD)
    if first != f"{MAGIC} {kind}\n".encode() or not second.endswith(b"\n"):
        raise SealBroken("This is not a sealed blob of the expected kind.")
    try:
        head = read_canonical_json(second[:-1])
    except ValueError:
        raise SealBroken("The head of the blob is damaged.") from None
    parts_are_whole = set(head) == _HEAD_NAMES and isinstance(head["key"], dict)
    if not parts_are_whole or head["alg"] != ALGORITHM or head["chunk"] != CHUNK_BYTES:
        raise SealBroken("The blob is sealed in a way this version does not know.")
    return head, first + second


def _bytes_of(text: object, length: int) -> bytes:
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != length:
        raise SealBroken("The head of the blob is damaged.")
    return value
