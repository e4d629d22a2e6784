"""A bid as it lies sealed: its manifest and sealed parts in one ZIP, which check-receipt.py compares with the receipt."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from typing import IO, BinaryIO, cast

from werkzeug.wrappers import Response

from marketplace.core.errors import Conflict
from marketplace.core.files import CHUNK
from marketplace.core.passing import OnlyForward, PassingFile
from tenders.bids import drafts
from tenders.bids.desk import download
from tenders.bids.models import BidVersion, SealedPart


class PartsMissing(Conflict):
    """A sealed part that the manifest names is not here. Nothing is sent rather than a part of the bid."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The sealed part “{name}” is not on this service any more, so the sealed bid cannot be sent whole. "
            "Tell the service’s administrator: a backup may have it."
        )


def pack_sealed(version: BidVersion) -> PassingFile:
    """manifest.json and parts/1.sealed… in the manifest's order, byte for byte as they lie here. Raises PartsMissing.

    Packed in constant memory. What is sealed does not get smaller, so it is not compressed.
    """
    kept = {each.name: each for each in version.parts}
    packed = PassingFile()
    with zipfile.ZipFile(cast(IO[bytes], OnlyForward(packed)), "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("manifest.json", version.manifest)
        for number, entry in enumerate(json.loads(version.manifest)["parts"], start=1):
            with _open(kept.get(entry["part_name"]), entry["part_name"]) as part:
                with archive.open(f"parts/{number}.sealed", "w") as out:
                    shutil.copyfileobj(part, out, CHUNK)
    packed.seek(0)
    return packed


def _open(part: SealedPart | None, name: str) -> BinaryIO:
    if part is not None and part.ciphertext is not None:
        return io.BytesIO(part.ciphertext)
    try:
        if part is not None:
            return drafts.store().path(part.file_key).open("rb")
    except FileNotFoundError:
        pass
    raise PartsMissing(name)


def sealed_zip(version: BidVersion) -> Response:
    """The ZIP to keep; who may have it has been settled."""
    return download(pack_sealed(version), f"sealed-{version.bid.reference}-V{version.number}.zip", "application/zip")


def signed_receipt(version: BidVersion) -> Response:
    """The receipt as the signed file that anyone can verify; who may have it has been settled."""
    name = f"receipt-{version.bid.reference}-V{version.number}.json"
    return download(io.BytesIO(version.receipt.encode()), name, "application/json")
