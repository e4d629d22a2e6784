"""Canaries: words that nobody could have guessed, planted in a bid, and the search for them in whatever shape.

All of one run begin with the same mark, so that one search finds every one of them, also those that were cut short.
"""

from __future__ import annotations

import base64
import io
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARK_BYTES, CANARY_BYTES = 6, 16
MOST_INFLATED = 8_000_000
# How zlib and gzip streams begin.
STREAMS = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


@dataclass
class Flock:
    """The canaries of one run: `word()` for text, `raw()` for files, `price()` in pence."""

    mark: bytes = field(default_factory=lambda: secrets.token_bytes(MARK_BYTES))
    planted: int = 0
    prices: list[int] = field(default_factory=list)

    def raw(self) -> bytes:
        """16 bytes, 10 of them its own."""
        self.planted += 1
        return self.mark + secrets.token_bytes(CANARY_BYTES - MARK_BYTES)

    def word(self) -> str:
        """The same as letters and digits, as a person could type them."""
        self.planted += 1
        return self._mark_word + secrets.token_hex(CANARY_BYTES - MARK_BYTES)

    def price(self) -> int:
        """Pence, of ten digits; each price is looked for by itself."""
        self.planted += 1
        self.prices.append(secrets.randbelow(8_000_000_000) + 1_000_000_001)
        return self.prices[-1]

    @property
    def _mark_word(self) -> str:
        return "k" + base64.b32encode(self.mark).decode().rstrip("=").lower()

    def needles(self) -> dict[str, bytes]:
        """Shape -> bytes that betray a canary in it."""
        word = self._mark_word
        texts = {"words": word, "upper case": word.upper(), "backwards": word[::-1]}
        texts |= {f"price {number}": str(pence) for number, pence in enumerate(self.prices)}
        texts |= {f"price {number} in pounds": f"{pence // 100:,}.{pence % 100:02}" for number, pence in enumerate(self.prices)}
        found = {"raw": self.mark}
        for name, text in texts.items():
            found |= {name: text.encode(), f"{name}, UTF-16": text.encode("utf-16-le"), f"{name}, hex": text.encode().hex().encode()}
        for name, content in (("raw", self.mark), ("words", word.encode())):
            found[f"{name}, hex"] = content.hex().encode()
            found[f"{name}, HEX"] = content.hex().upper().encode()
            for lead in range(3):  # whichever way it falls in base64's groups of three
                for kind, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
                    found[f"{name}, {kind} {lead}"] = _middle(encode(b"\0" * lead + content + b"\0" * 3), lead, len(content))
        return {name: needle for name, needle in found.items() if len(needle) >= 5}

    def hits(self, content: bytes | memoryview, where: str, depth: int = 2) -> list[str]:
        """Every shape in which a canary stands in the content, also packed inside it."""
        content = bytes(content)
        found = [f"{where}: {name}" for name, needle in self.needles().items() if needle in content]
        if depth:
            for name, inner in _unpacked(content):
                found += self.hits(inner, f"{where} > {name}", depth - 1)
        return found

    def hits_under(self, folder: Path) -> list[str]:
        """In every file under the folder and in their names."""
        found = []
        for path in sorted(folder.rglob("*")):
            found += self.hits(str(path.relative_to(folder)).encode(), f"name of {path}", 0)
            if path.is_file():
                found += self.hits(path.read_bytes(), str(path))
        return found


def _middle(encoded: bytes, lead: int, length: int) -> bytes:
    """The characters that depend on the content alone, not on what stands beside it."""
    first = -(-lead * 8 // 6)
    last = (lead + length) * 8 // 6
    return encoded[first:last]


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.infolist():
                yield each.filename, archive.read(each)
        return
    for begins in STREAMS.finditer(content):
        inflated = _inflate(content[begins.start() : begins.start() + MOST_INFLATED])
        if len(inflated) >= 16:
            yield f"inflated at {begins.start()}", inflated


def _inflate(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        return unpacker.decompress(content, MOST_INFLATED)
    except zlib.error:
        return b""


def memory_of(pid: int) -> Iterable[tuple[str, bytes]]:
    """Each readable, writable range of a process's memory: heap, stacks, buffers; not what is mapped from files."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_rest = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(each, 16) for each in span.split("-"))
            try:
                memory.seek(begin)
                yield f"{span} {line.split()[-1]}", memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
