"""The supplier's own document: checked, scanned, read when it is an electronic invoice, and kept as it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from marketplace import config
from marketplace.core import scanning
from marketplace.core.errors import Problem, Problems, insist
from marketplace.core.files import FileStore, FileTooLarge, StoredFile, extension_of, safe_name, upload_problems
from marketplace.core.xmltree import MOST_BYTES
from tenders.payments.einvoices.model import EInvoice, EInvoiceUnreadable
from tenders.payments.einvoices.reading import read_einvoice
from tenders.payments.einvoices.rules import einvoice_problems

AREA = "invoices"
XML = "xml"


@dataclass(frozen=True)
class Document:
    """An invoice as the supplier wrote it: its file's name, and its bytes as a stream that can be rewound."""

    name: str
    stream: BinaryIO

    @cached_property
    def electronic(self) -> EInvoice | None:
        """What it says as an electronic invoice; None for every other kind of file. Raises EInvoiceUnreadable."""
        if extension_of(self.name) != XML:
            return None
        self.stream.seek(0)
        content = self.stream.read(MOST_BYTES + 1)
        self.stream.seek(0)
        return read_einvoice(content)


def store() -> FileStore:
    """Where documents lie."""
    return FileStore(config.current().files_folder)


def document_problems(document: Document | None) -> list[Problem]:
    """What stops the document: its kind, its size, its first bytes, what a virus scanner knows in it, what an XML says."""
    if document is None:
        return []
    stream = document.stream
    size = stream.seek(0, 2)
    stream.seek(0)
    start = stream.read(16)
    stream.seek(0)
    found = [Problem(each.message, "document") for each in _of_any_kind(document, start, size)]
    if found:
        return found
    known = scanning.scan(stream).found
    stream.seek(0)
    said = f"{safe_name(document.name)} holds what our virus scanner knows as {known}: send a copy that is clean."
    return [Problem(said, "document")] if known else _electronic_problems(document)


def _of_any_kind(document: Document, start: bytes, size: int) -> list[Problem]:
    return upload_problems(document.name, start, size, _most_bytes(), besides=frozenset({XML}))


def _electronic_problems(document: Document) -> list[Problem]:
    try:
        found = document.electronic
    except EInvoiceUnreadable as fault:
        return [Problem(str(fault), "document")]
    if found is None:
        return []
    return [Problem(_no_invoice(found), "document")] if found.is_credit_note else einvoice_problems(found)


def _no_invoice(found: EInvoice) -> str:
    which = f"invoice {found.credits[0]}" if found.credits else "the invoice that it credits"
    return f"The file is a credit note. Open {which} in “Your invoices”, choose “Send a credit note” and enter it there"


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
