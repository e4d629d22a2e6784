"""Where files lie: named by their content's id under one folder, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from marketplace.core.errors import Problem
from marketplace.core.failpoints import failpoint

CHUNK = 256 * 1024
_KEY = re.compile(r"^[a-z]+/[0-9a-f]{2}/[0-9a-f]{32}$")
# Extensions that people send with bids and needs, and the leading bytes that must agree with them.
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "pptx": (b"PK\x03\x04",),
    "odt": (b"PK\x03\x04",),
    "ods": (b"PK\x03\x04",),
    "odp": (b"PK\x03\x04",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "csv": (),
    "txt": (),
}


@dataclass(frozen=True)
class StoredFile:
    """A file that is safely on disk: its key in the store, size in bytes, SHA-256 in hex."""

    key: str
    size: int
    sha256: str


class FileStore:
    """Files under one folder. A key says nothing of the name that a person gave the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, area: str, source: BinaryIO, limit: int) -> StoredFile:
        """Stores a stream, fsynced, under a fresh key; raises FileTooLarge past `limit` bytes and keeps nothing."""
        name = secrets.token_hex(16)
        key = f"{area}/{name[:2]}/{name}"
        target = self.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        digest, size = hashlib.sha256(), 0
        try:
            with part.open("xb") as out:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise FileTooLarge(limit)
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            failpoint("store: written, not yet in its place")
            part.rename(target)
            sync_folder(target.parent)
            failpoint("store: in its place")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return StoredFile(key, size, digest.hexdigest())

    def path(self, key: str) -> Path:
        """The file's place; a key that is not of our making is refused."""
        if not _KEY.match(key):
            raise ValueError("That is not a key of this store.")
        return self.folder / key

    def read(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    def chunks(self, key: str) -> Iterator[bytes]:
        with self.path(key).open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk

    def remove(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)


class FileTooLarge(Exception):
    """The stream went past the limit, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


def sync_folder(folder: Path) -> None:
    """Makes the names of a folder's files outlast a power cut, as fsync does their contents."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a file whole or not at all: beside, fsynced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        failpoint("whole file: written, not yet in its place")
        part.rename(path)
        sync_folder(path.parent)
        failpoint("whole file: in its place")
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def safe_name(name: str) -> str:
    """A name fit for a download header and a page: no path, no control or direction marks, at most 120 characters."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable() and c not in '<>:"|?*\u202a\u202b\u202c\u202d\u202e')
    name = name.strip(". ") or "file"
    stem, dot, extension = name.rpartition(".")
    return f"{stem[:110]}{dot}{extension[:9]}" if dot else name[:120]


def upload_problems(name: str, start: bytes, size: int, limit: int) -> list[Problem]:
    """What stops this upload: its kind, its first bytes, its size."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in SIGNATURES:
        kinds = ", ".join(sorted(set(SIGNATURES) - {"jpeg"}))
        return [Problem(f"{safe_name(name)} cannot be used. Send one of these kinds of file: {kinds}.")]
    if size == 0:
        return [
            Problem(f"{safe_name(name)} is empty. Choose the file again, and check that it opens on your computer.")
        ]
    if size > limit:
        return [Problem(f"{safe_name(name)} is too large. The most is {limit // 1_000_000} MB a file.")]
    expected = SIGNATURES[extension]
    if expected and not start.startswith(expected):
        return [Problem(f"{safe_name(name)} does not look like a .{extension} file. Save it again as .{extension}.")]
    return []
