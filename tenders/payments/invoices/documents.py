"""The supplier's own document: checked, scanned, and kept as it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from marketplace import config
from marketplace.core import scanning
from marketplace.core.errors import Problem, Problems, insist
from marketplace.core.files import FileStore, FileTooLarge, StoredFile, safe_name, upload_problems

AREA = "invoices"


@dataclass(frozen=True)
class Document:
    """An invoice as the supplier wrote it: its file's name, and its bytes as a stream that can be rewound."""

    name: str
    stream: BinaryIO


def store() -> FileStore:
    """Where documents lie."""
    return FileStore(config.current().files_folder)


def document_problems(document: Document | None) -> list[Problem]:
    """What stops the document: its kind, its size, its first bytes, or what a virus scanner knows in it."""
    if document is None:
        return []
    stream = document.stream
    size = stream.seek(0, 2)
    stream.seek(0)
    start = stream.read(16)
    stream.seek(0)
    found = [Problem(each.message, "document") for each in upload_problems(document.name, start, size, _most_bytes())]
    if found:
        return found
    known = scanning.scan(stream).found
    stream.seek(0)
    said = f"{safe_name(document.name)} holds what our virus scanner knows as {known}: send a copy that is clean."
    return [Problem(said, "document")] if known else []


def keep(document: Document | None) -> StoredFile | None:
    """Stores the document. Raises Problems with what stops it."""
    if document is None:
        return None
    insist(document_problems(document))
    try:
        return store().write(AREA, document.stream, _most_bytes())
    except FileTooLarge:
        most = _most_bytes() // 1_000_000
        raise Problems([Problem(f"Send a file of at most {most} MB", "document")]) from None


def forget(kept: StoredFile | None) -> None:
    """Removes what was stored for an invoice that was refused."""
    if kept is not None:
        store().remove(kept.key)


def _most_bytes() -> int:
    return config.current().max_upload_megabytes * 1_000_000
