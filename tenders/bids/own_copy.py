"""The bidder's own copy of a submitted version: sealed to its passphrase, read and taken up until the deadline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from marketplace.core.errors import NotFound, Problem, Problems
from marketplace.core.passing import PassingFile
from tenders.bids import drafts, keys, sealed
from tenders.bids.content import Answers, BidFile, Price
from tenders.bids.models import Bid, BidVersion
from tenders.bids.queries import current_version

WRONG = "That is not the passphrase of this copy. If you have lost it, start a new version from empty."


@dataclass(frozen=True)
class OwnCopy:
    """A submitted version as its bidder wrote it."""

    bid: Bid
    version: int
    answers: Answers
    price: Price
    _key: sealed.KeyFile
    _file_keys: dict[str, str]

    def files(self) -> Iterator[tuple[BidFile, BinaryIO]]:
        """Each file with its bytes."""
        for each in self.answers.files:
            with self.open_file(each.slot)[1] as file:
                yield each, cast(BinaryIO, file)

    def open_file(self, slot: str) -> tuple[BidFile, PassingFile]:
        """One file, ready to be read; NotFound."""
        found = next((each for each in self.answers.files if each.slot == slot), None)
        if found is None:
            raise NotFound("There is no such file in this bid.")
        return found, drafts.decrypt_file(self._key, self.bid, slot, self._file_keys[slot])


@dataclass(frozen=True)
class CopyKey:
    """A passphrase stretched once, before any lock is held: the key of the copy, and that key wrapped."""

    key: sealed.KeyFile
    wrapped: bytes


@dataclass(frozen=True)
class SealedCopy:
    """What a version's row keeps of its copy: the sealed copy, and the places of its files, one on each line."""

    content: bytes
    files: str


def make_copy_key(bid_reference: str, passphrase: str) -> CopyKey:
    """The key for a copy of this bid under this passphrase."""
    return CopyKey(*sealed.make_bidder_key(keys.passphrase_of(passphrase), bid_ref=bid_reference))


def seal_copy(
    bid: Bid, version_number: int, draft: drafts.Draft, draft_key: sealed.KeyFile, copy_key: CopyKey
) -> SealedCopy:
    """The copy of a version. The files stay as they lie: their draft key lives on inside the copy alone."""
    parts = drafts.file_parts(bid)
    content = {
        "answers": draft.answers.to_bytes().decode(),
        "price": draft.price.to_bytes().decode(),
        "draft_key": draft_key.content.hex(),
        "files": {each.slot.partition(":")[2]: each.file_key for each in parts},
    }
    binding = drafts.binding_of(bid, "bid", version_number)
    blob = sealed.seal_for_bidder(copy_key.key, sealed.canonical_json(content), binding)
    kept = sealed.canonical_json({"copy": blob.hex(), "key": copy_key.wrapped.hex()})
    return SealedCopy(kept, "\n".join(each.file_key for each in parts))


def has_copy(bid: Bid) -> bool:
    """Whether the version that counts has a copy."""
    version = current_version(bid)
    return version is not None and version.own_copy is not None


def open_copy(bid: Bid, passphrase: str) -> OwnCopy:
    """The copy of the version that counts. Raises NotFound when there is none, Problems for a wrong passphrase."""
    version = current_version(bid)
    if version is None or version.own_copy is None:
        raise NotFound("No passphrase was set for this version, so there is no copy of it here.")
    blobs = {name: bytes.fromhex(text) for name, text in json.loads(version.own_copy).items()}
    try:
        key = sealed.open_bidder_key(blobs["key"], keys.passphrase_of(passphrase), bid_ref=bid.reference)
    except (sealed.WrongPassphrase, ValueError):
        raise Problems([Problem(WRONG, "passphrase")]) from None
    content = json.loads(sealed.open_for_bidder(key, blobs["copy"], drafts.binding_of(bid, "bid", version.number)))
    return OwnCopy(
        bid,
        version.number,
        Answers.from_bytes(content["answers"].encode()),
        Price.from_bytes(content["price"].encode()),
        sealed.KeyFile(bytes.fromhex(content["draft_key"])),
        content["files"],
    )


def forget_copy(version: BidVersion) -> list[str]:
    """Drops the copy of a version that no longer counts; returns the places of its files, to be removed afterwards."""
    freed = version.own_copy_files.split()
    version.own_copy, version.own_copy_files = None, ""
    return freed
