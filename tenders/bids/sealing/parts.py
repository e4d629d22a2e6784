"""A bid's parts, each sealed by itself, so that the price can stay shut while quality is assessed."""

import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO

from tenders.bids.sealing.envelope import lock_bytes, lock_stream, read_head, unlock_bytes, unlock_stream
from tenders.bids.sealing.errors import SealBroken
from tenders.bids.sealing.manifest import ManifestEntry
from tenders.bids.sealing.stream import Sink
from tenders.bids.sealing.wrapping import KeyFile, PrivateKey, PublicKey

# Without padding, the length of a sealed price would tell how many digits it has.
PADDED_TO_BYTES = 4096
_LENGTH_BYTES = 8
# "bid" is a whole bid, as a bidder keeps its own copy. No name is longer than 80 characters.
_PART_NAME = re.compile(r"answers|price|bid|file:[A-Za-z0-9][A-Za-z0-9._-]{0,74}")


@dataclass(frozen=True)
class Binding:
    """The one place where a sealed part belongs; opening it under any other is refused. Versions count from 1."""

    need_ref: str
    bid_ref: str
    supplier_ref: str
    version: int
    part_name: str

    def __post_init__(self) -> None:
        if not (self.need_ref and self.bid_ref and self.supplier_ref) or self.version < 1:
            raise ValueError("a sealed part names its need, bid, supplier and version")
        if not _PART_NAME.fullmatch(self.part_name):
            raise ValueError("a part is called answers, price, bid or file:<slot>")

    @property
    def kind(self) -> str:
        """answers, price, bid or file."""
        return self.part_name.partition(":")[0]


def claimed_place(blob: bytes) -> dict[str, object]:
    """Where a sealed part says that it belongs, unverified: opening it verifies that. SealBroken if it is none."""
    return dict(read_head("part", blob)["for"])


def seal_part(need_public_key: bytes, plaintext: bytes, binding: Binding) -> bytes:
    """Seal answers, a price or a small file to the need's public key; all but files are padded to 4 KiB steps."""
    content = plaintext if binding.kind == "file" else _pad(plaintext)
    return lock_bytes("part", PublicKey(need_public_key), content, vars(binding))


def open_part(private: PrivateKey, blob: bytes, binding: Binding) -> bytes:
    """The content of a sealed part; SealBroken on any change or any other binding."""
    content = unlock_bytes("part", private, blob, vars(binding))
    return content if binding.kind == "file" else _unpad(content)


def seal_file(need_public_key: bytes, source: BinaryIO, target: Sink, binding: Binding) -> ManifestEntry:
    """Seal a file of any size in constant memory; the entry is what the manifest says of it."""
    _insist_on_file(binding)
    counted = _Counted(target)
    lock_stream("part", PublicKey(need_public_key), source, counted, vars(binding))
    return ManifestEntry(binding.part_name, counted.size, counted.digest.hexdigest())


def open_file(private: PrivateKey, source: BinaryIO, target: Sink, binding: Binding) -> None:
    """Open a sealed file in constant memory; SealBroken on any change. Use the target only after it returns."""
    _insist_on_file(binding)
    unlock_stream("part", private, source, target, vars(binding))


def hold_part(key: KeyFile, plaintext: bytes, binding: Binding) -> bytes:
    """Shut an opened part again under a key of the service: kept from sight by rule, no longer by the openers."""
    return lock_bytes("held-part", key, _pad(plaintext), vars(binding))


def release_part(key: KeyFile, blob: bytes, binding: Binding) -> bytes:
    """Undo hold_part; WrongKey or SealBroken."""
    return _unpad(unlock_bytes("held-part", key, blob, vars(binding)))


def hold_file(key: KeyFile, source: BinaryIO, target: Sink, binding: Binding) -> None:
    """An opened file under a key that lies with its row, in constant memory: without the row it is not readable."""
    _insist_on_file(binding)
    lock_stream("held-file", key, source, target, vars(binding))


def release_file(key: KeyFile, source: BinaryIO, target: Sink, binding: Binding) -> None:
    """Undo hold_file; WrongKey or SealBroken. Use the target only after it returns."""
    unlock_stream("held-file", key, source, target, vars(binding))


def _insist_on_file(binding: Binding) -> None:
    # Everything else is padded, which takes their length beforehand: they go through seal_part.
    if binding.kind != "file":
        raise ValueError("only a part called file:<slot> can be streamed")


def _pad(plaintext: bytes) -> bytes:
    content = len(plaintext).to_bytes(_LENGTH_BYTES, "big") + plaintext
    return content + bytes(-len(content) % PADDED_TO_BYTES)


def _unpad(content: bytes) -> bytes:
    length = int.from_bytes(content[:_LENGTH_BYTES], "big")
    plaintext = content[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if _pad(plaintext) != content:
        raise SealBroken("The sealed content is not padded as it must be.")
    return plaintext


class _Counted:
    """Passes bytes on, and knows how many and their SHA-256."""

    def __init__(self, target: Sink):
        self.target, self.size, self.digest = target, 0, hashlib.sha256()

    def write(self, piece: bytes, /) -> None:
        self.size += len(piece)
        self.digest.update(piece)
        self.target.write(piece)
