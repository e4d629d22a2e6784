"""Signed notes and checkpoints in the form that witnesses of transparency logs read.

The forms are public specifications: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint. A checkpoint is
the log's name, the tree's size and its root in base64, each on a line; ours has one line more, the time it was signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from marketplace.core.journal import plain

ED25519 = b"\x01"
_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/=]+)")


class NoteBroken(Exception):
    """Why a text is no checkpoint of this log, in words."""


@dataclass(frozen=True)
class LogKey:
    """A log's public key and name. The name is made from the key, so that no other log has it."""

    public: bytes

    @property
    def name(self) -> str:
        return "marketplace-journal-" + hashlib.sha256(self.public).hexdigest()[:16]

    @property
    def key_id(self) -> bytes:
        """Four bytes that say in a signature which key made it."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as verifiers of notes read it: name+id+key."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True)
class Signed:
    """What a checkpoint says: the tree's size in lines, its root in hexadecimal, and when it was signed (ISO, UTC)."""

    size: int
    root: str
    at: str


def sign_checkpoint(private: Ed25519PrivateKey, size: int, root: str, at: datetime) -> str:
    """The signed note of a tree of `size` lines. The same facts always give the same text."""
    key = LogKey(private.public_key().public_bytes_raw())
    body = f"{key.name}\n{size}\n{base64.b64encode(bytes.fromhex(root)).decode()}\nat {plain(at)}\n"
    signature = base64.b64encode(key.key_id + private.sign(body.encode())).decode()
    return f"{body}\n— {key.name} {signature}\n"


def read_checkpoint(note: str, key: LogKey) -> Signed:
    """What this log signed; NoteBroken when it is no note, another log's, or altered. Other signatures are passed over."""
    body, signatures = _parts(note)
    lines = body.split("\n")
    if lines[0] != key.name:
        raise NoteBroken(f"it is a checkpoint of another log, {lines[0][:80]}")
    if not any(_is_signed(body, each, key) for each in signatures):
        raise NoteBroken("this journal's key did not sign it")
    try:
        size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
        at = next((each[3:] for each in lines[3:] if each.startswith("at ")), "")
        if str(size) == lines[1] and size >= 0 and len(root) == 32:
            return Signed(size, root.hex(), at)
    except (ValueError, IndexError):
        pass
    raise NoteBroken("it is not a checkpoint as this journal writes them")


def split_notes(text: str) -> list[str]:
    """The notes of a file that has one or several, one after the other. NoteBroken when something else is in it."""
    notes, lines = [], text.replace("\r\n", "\n").split("\n")
    start = 0
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("— ") and not following.startswith("— "):
            notes.append("\n".join(lines[start : number + 1]).lstrip("\n") + "\n")
            start = number + 1
    if not notes or any(lines[start:]):
        raise NoteBroken("it holds no signed checkpoint, or something behind it")
    return notes


def _parts(note: str) -> tuple[str, list[str]]:
    body, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise NoteBroken("it is no signed note")
    return body + "\n", signatures[:-1].split("\n")


def _is_signed(body: str, line: str, key: LogKey) -> bool:
    found = _SIGNATURE.fullmatch(line)
    if not found or found[1] != key.name:
        return False
    try:
        content = base64.b64decode(found[2], validate=True)
        Ed25519PublicKey.from_public_bytes(key.public).verify(content[4:], body.encode())
    except (binascii.Error, InvalidSignature):
        return False
    # Base64 with other idle bits at its end would be another spelling of the same signature.
    return content[:4] == key.key_id and base64.b64encode(content).decode() == found[2]
