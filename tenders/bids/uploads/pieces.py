"""The bytes of a file on its way: encrypted piece by piece as they arrive, and read again as one whole."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from werkzeug.exceptions import ClientDisconnected

from marketplace.core.files import StoredFile
from tenders.bids import drafts, keys, sealed
from tenders.bids.models import Bid
from tenders.bids.uploads.models import FileUpload, UploadPiece
from tenders.bids.uploads.rules import LARGEST_PIECE_BYTES

AREA = "pieces"
START_BYTES = 16
# What encryption adds to the largest piece: a head and a tag for each chunk.
ROOM_BYTES = 64 * 1024


@dataclass(frozen=True)
class About:
    """What the browser says of a file: its name, and the SHA-256 in hex that it counted ("" when it could not)."""

    name: str
    sha256: str = ""


def lock_about(bid: Bid, reference: str, about: About) -> bytes:
    """What the browser says, encrypted: a file's name may tell what a bid is about."""
    content = json.dumps(asdict(about), ensure_ascii=False).encode()
    return sealed.encrypt_draft(keys.draft_key(bid), content, bid_ref=bid.reference, part=f"upload:{reference}")


def about_of(upload: FileUpload) -> About:
    """Undoes lock_about. Raises SealingError when the draft's key is gone, as after throwing a draft away."""
    bid, part = upload.bid, f"upload:{upload.reference}"
    content = sealed.decrypt_draft(keys.draft_key(bid), upload.about, bid_ref=bid.reference, part=part)
    return About(**json.loads(content))


class Arriving:
    """The body of a request, read until its end, until the connection ends, or one byte past the largest piece."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.size, self.start = 0, b""

    def read(self, count: int) -> bytes:
        try:
            piece = self._source.read(min(count, LARGEST_PIECE_BYTES + 1 - self.size))
        except (ClientDisconnected, ConnectionError, TimeoutError):
            piece = b""
        if len(self.start) < START_BYTES:
            self.start += piece[: START_BYTES - len(self.start)]
        self.size += len(piece)
        return piece


@dataclass(frozen=True)
class Place:
    """Where a piece belongs, and the key that encrypts it."""

    key: sealed.KeyFile
    bid_reference: str
    part: str


def place_of(upload: FileUpload, start: int) -> Place:
    """The place of the piece that begins at byte `start`."""
    return Place(keys.draft_key(upload.bid), upload.bid.reference, f"upload:{upload.reference}:{start}")


def keep(place: Place, arriving: Arriving) -> StoredFile:
    """Encrypts what arrives into the file store; what arrived before the connection broke is kept. Raises NoRoom."""
    with drafts.store().writing(AREA, LARGEST_PIECE_BYTES + ROOM_BYTES, hashes=False) as out:
        source = cast(BinaryIO, arriving)
        sealed.encrypt_draft_file(place.key, source, out, bid_ref=place.bid_reference, part=place.part)
    return out.stored


class Whole(io.RawIOBase):
    """All pieces of an upload as one file, a piece in memory at a time. Raises SealingError for one that was altered."""

    def __init__(self, upload: FileUpload) -> None:
        self._upload, self._pieces = upload, list(upload.pieces)
        self._at = 0
        self._held: tuple[int, memoryview] = (-1, memoryview(b""))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        end = self._upload.size
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: end}[whence] + offset
        return self._at

    def readinto(self, into: Any, /) -> int:
        target = memoryview(into).cast("B")
        piece = next((each for each in self._pieces if each.start <= self._at < each.start + each.size), None)
        if piece is None:
            return 0
        content = self._content(piece)
        start = self._at - piece.start
        count = min(len(target), len(content) - start)
        target[:count] = content[start : start + count]
        self._at += count
        return count

    def _content(self, piece: UploadPiece) -> memoryview:
        if self._held[0] != piece.start:
            self._held = (-1, memoryview(b""))  # never two pieces in memory
            place, out = place_of(self._upload, piece.start), io.BytesIO()
            with drafts.store().path(piece.file_key).open("rb") as source:
                sealed.decrypt_draft_file(place.key, source, out, bid_ref=place.bid_reference, part=place.part)
            self._held = (piece.start, out.getbuffer())
        return self._held[1]
