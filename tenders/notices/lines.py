"""Lines of text out of files whose encoding is not to be trusted."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Windows-1252 leaves five bytes undefined; ISO-8859-1 reads any byte at all.
FALLBACKS = ("cp1252", "iso-8859-1")


def text_lines(path: Path) -> Iterator[str]:
    """Lines with their line ends, one at a time: each as UTF-8 when it is that, else as Windows-1252."""
    with path.open("rb") as raw:
        if raw.read(2) in UTF_16:
            yield from _utf_16_lines(path)
            return
        raw.seek(0)
        yield from _mixed_lines(raw)


def text_of(line: bytes) -> str:
    """One line's text; NUL bytes, which no database keeps, are dropped."""
    for encoding in ("utf-8", *FALLBACKS):
        try:
            return line.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    raise AssertionError("ISO-8859-1 reads every byte")


def mended(text: str) -> str:
    """Text whose UTF-8 was once read as Windows-1252 ("Â£" for "£"), put right; other text as it is."""
    if not any(mark in text for mark in ("Ã", "Â", "â€", "ï»¿")):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _mixed_lines(raw: BinaryIO) -> Iterator[str]:
    for number, line in enumerate(raw):
        yield text_of(line.removeprefix(codecs.BOM_UTF8) if number == 0 else line)


def _utf_16_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-16", errors="replace", newline="") as lines:
        for line in lines:
            yield line.replace("\x00", "")
