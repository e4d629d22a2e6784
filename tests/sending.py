"""Sending files as the page's script does: in pieces, with what may go wrong on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from tenders.bids.models import Bid
from tests.pageclient import PageClient

PIECE = "application/offset+octet-stream"


@dataclass
class Sender:
    """A firm's browser on the page of files of its bid."""

    firm: PageClient
    bid: Bid

    def __post_init__(self) -> None:
        self.reference = self.bid.reference
        page = self.firm.get(self.home)
        self.token = str(page.soup.find("input", attrs={"name": "csrf_token"})["value"])

    @property
    def home(self) -> str:
        return f"/supplier/bids/{self.reference}/files"

    def begin(self, name: str, content: bytes, sha256: str | None = None) -> Any:
        """Says what comes; the response."""
        counted = hashlib.sha256(content).hexdigest() if sha256 is None else sha256
        told = {"name": name, "size": len(content), "sha256": counted}
        return self.ask(f"/supplier/bids/{self.reference}/uploads", json=told)

    def ask(self, path: str, **kwargs: Any) -> Any:
        kwargs.setdefault("headers", {}).setdefault("X-CSRFToken", self.token)
        return self.firm.client.post(path, **kwargs)

    def piece(self, upload: str, start: int, piece: bytes) -> Any:
        headers = {"Upload-Offset": str(start)}
        return self.ask(f"{upload}/pieces", data=piece, content_type=PIECE, headers=headers)

    def state(self, upload: str) -> Any:
        return self.firm.client.get(upload).json

    def send(self, name: str, content: bytes, step: int = 300_000) -> Any:
        """A whole file; the last response."""
        answer = self.begin(name, content)
        while answer.status_code < 300 and not answer.json["is_done"]:
            start = answer.json["received"]
            answer = self.piece(answer.json["upload"], start, content[start : start + step])
        return answer

    def files(self) -> list[str]:
        """The names on the page, in their order."""
        page = self.firm.get(self.home)
        return [each.a.get_text() for each in page.main.select("ol li")]
