"""What a bid consists of, told without telling what it says."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from tenders.bids.sealing.canonical import canonical_json, read_canonical_json
from tenders.bids.sealing.envelope import fingerprint
from tenders.bids.sealing.errors import SealBroken

FORMAT = "bid-manifest/1"
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, order=True)
class ManifestEntry:
    """One sealed part as it lies in the store: its name, size in bytes, SHA-256 of the sealed bytes."""

    part_name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, part_name: str, blob: bytes) -> "ManifestEntry":
        """The entry of a sealed part in memory."""
        return cls(part_name, len(blob), fingerprint(blob))

    @classmethod
    def of_file(cls, part_name: str, source: BinaryIO) -> "ManifestEntry":
        """The entry of a sealed part in a file, read in constant memory."""
        digest, size = hashlib.sha256(), 0
        while piece := source.read(_READ_BYTES):
            digest.update(piece)
            size += len(piece)
        return cls(part_name, size, digest.hexdigest())


@dataclass(frozen=True)
class Manifest:
    """All sealed parts of one version of a bid, in the order of their names, each once; else ValueError."""

    need_ref: str
    bid_ref: str
    version: int
    parts: tuple[ManifestEntry, ...]

    def __post_init__(self) -> None:
        names = [entry.part_name for entry in self.parts]
        if len(set(names)) != len(names):
            raise ValueError("a manifest names each part once")
        object.__setattr__(self, "parts", tuple(sorted(self.parts)))

    def to_json(self) -> bytes:
        """The canonical form, which is hashed and kept."""
        return canonical_json({**vars(self), "parts": [vars(each) for each in self.parts], "format": FORMAT})

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Read what to_json wrote; SealBroken for any other bytes."""
        try:
            fields = read_canonical_json(content)
            entries = tuple(ManifestEntry(**entry) for entry in fields["parts"])
            manifest = cls(fields["need_ref"], fields["bid_ref"], fields["version"], entries)
            if manifest.to_json() == content:
                return manifest
        except (ValueError, TypeError, KeyError):
            pass
        raise SealBroken("This is not a manifest as it was written.")

    def covers(self, entry: ManifestEntry) -> bool:
        """True if exactly this sealed part belongs to the bid."""
        return entry in self.parts


def manifest_hash(manifest: Manifest) -> str:
    """SHA-256 of the canonical manifest, 64 hexadecimal digits; the receipt signs it."""
    return hashlib.sha256(manifest.to_json()).hexdigest()
