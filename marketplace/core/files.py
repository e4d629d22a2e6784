"""Where files lie: named by their content's id under one folder, written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from marketplace.core.errors import NotNow, Problem
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
        with self.writing(area, limit) as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
        return out.stored

    @contextmanager
    def writing(self, area: str, limit: int, hashes: bool = True) -> Iterator[Incoming]:
        """A file to write to: at the end it is fsynced under a fresh key, and after an error nothing of it is kept.

        Raises FileTooLarge past `limit` bytes, NoRoom when the disk is full. With `hashes` False its SHA-256 is not
        counted and stays "".
        """
        name = secrets.token_hex(16)
        key = f"{area}/{name[:2]}/{name}"
        target = self.folder / key
        part = target.with_suffix(".part")
        try:
            with on_disk():
                target.parent.mkdir(parents=True, exist_ok=True)
                with part.open("xb") as out:
                    incoming = Incoming(out, limit, hashes)
                    yield incoming
                    out.flush()
                    os.fsync(out.fileno())
                failpoint("store: written, not yet in its place")
                part.rename(target)
                sync_folder(target.parent)
                failpoint("store: in its place")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        incoming.stored = StoredFile(key, incoming.size, incoming.sha256)

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


class Incoming:
    """A file that is being stored: takes bytes, counts them and knows their SHA-256. `stored` is there at the end."""

    stored: StoredFile

    def __init__(self, out: IO[bytes], limit: int, hashes: bool) -> None:
        self._out, self._limit = out, limit
        self._digest = hashlib.sha256() if hashes else None
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest() if self._digest else ""

    def write(self, piece: bytes, /) -> int:
        self.size += len(piece)
        if self.size > self._limit:
            raise FileTooLarge(self._limit)
        if self._digest:
            self._digest.update(piece)
        return self._out.write(piece)


class NoRoom(NotNow):
    """The disk is full, or a quota of it. Nothing half-written is kept; it works again as soon as there is room."""

    status = 507

    def __init__(self) -> None:
        super().__init__("There is no room for files on this service just now, so nothing of this was kept.")


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def on_disk() -> Iterator[None]:
    """Says NoRoom where the machine says that a disk, a quota or a file is full."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            raise NoRoom from fault
        raise


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
        with on_disk(), os.fdopen(handle, "wb") as out:
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


def upload_problems(
    name: str, start: bytes, size: int, limit: int, besides: frozenset[str] = frozenset()
) -> list[Problem]:
    """What stops this upload, in one sentence: its kind, its size, its first bytes. `size` and `limit` in bytes.

    `besides` are kinds that this place takes and others do not, such as xml; it looks into them itself.
    """
    return kind_problems(name, size, limit, besides) or content_problems(name, start)


def kind_problems(name: str, size: int, limit: int, besides: frozenset[str] = frozenset()) -> list[Problem]:
    """What can be said of a file before its first byte is here."""
    shown, extension = safe_name(name), extension_of(name)
    kinds = ", ".join(sorted({*SIGNATURES, *besides} - {"jpeg"}))
    if not extension:
        said = f"{shown} has no ending like .pdf, so it cannot be used: rename it to end as what it is, one of {kinds}."
    elif extension not in SIGNATURES and extension not in besides:
        said = f"{shown} is a .{extension} file, which cannot be used: send one of these kinds of file: {kinds}."
    elif size == 0:
        said = f"{shown} is empty: check that it opens on your computer, then choose it again."
    elif size > limit:
        said = (
            f"{shown} is too large with {size / 1_000_000:,.1f} MB: the most is {limit // 1_000_000} MB a file, "
            "so split it or make its pictures smaller."
        )
    else:
        return []
    return [Problem(said)]


def content_problems(name: str, start: bytes) -> list[Problem]:
    """Whether the first bytes (16 are enough) are those of the kind that the name says."""
    extension = extension_of(name)
    expected = SIGNATURES.get(extension, ())
    if expected and not start.startswith(expected):
        said = f"{safe_name(name)} does not look like a .{extension} file: save it again as .{extension}, then choose it."
        return [Problem(said)]
    return []


def extension_of(name: str) -> str:
    """What a name ends in after its last dot, in small letters and without the dot; "" when there is none."""
    stem, dot, extension = safe_name(name).rpartition(".")
    return extension.lower() if stem and dot else ""
