"""Checks an auditor's export on your own computer, without the service that made it.

    python3 check-export.py FOLDER-or-ZIP --key journal-key [--checkpoint FILE]

Needs Python 3.9 or newer and the package "cryptography". Ends with 0 when all that you gave agrees, 1 when something
does not, 2 when a file cannot be read. It looks at these files only and sends nothing anywhere.

--key         the journal's public key, from /journal/key, which you saved before
--checkpoint  a checkpoint of the journal that you saved: are the lines that it covers those of the export?

It checks that the key signed manifest.json; that exactly its files are there, with their SHA-256 and number of rows; and
that the lines of journal.csv follow from one another, match their hashes and, when the export has no filters, make the
tree whose root the manifest signs.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MANIFEST = "manifest.json"
# What files raise that are none, cut short, damaged, or ZIPs that are encrypted or packed in a way unknown here.
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, csv.Error)
HASHED = ("at", "event", "actor", "organisation", "role", "subject", "need", "authority", "details", "previous_hash")


class NotGenuine(Exception):
    """What does not agree, in words."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks an auditor's export.", allow_abbrev=False)
    parser.add_argument("export", help="the folder, or the ZIP as downloaded")
    parser.add_argument("--key", default="journal-key", help="the journal's public key")
    parser.add_argument("--checkpoint", help="a checkpoint of the journal that you saved")
    given = parser.parse_args()
    try:
        name, key = read_key(Path(given.key).read_text(encoding="utf-8"))
        covered = read_checkpoint(Path(given.checkpoint).read_text(encoding="utf-8"), name, key) if given.checkpoint else None
        for line in check_export(Path(given.export), name, key, covered):
            print(line)
    except NotGenuine as fault:
        print(f"Not genuine: {fault}")
        return 1
    except UNREADABLE as fault:
        print(f"Cannot tell: {fault}", file=sys.stderr)
        return 2
    return 0


def check_export(place: Path, name: str, key: bytes, covered: tuple[int, str] | None = None) -> list[str]:
    """What was found to agree, in sentences; else NotGenuine. `covered`: a checkpoint's size and root."""
    files = Zipped(place) if place.is_file() else Folder(place)
    with files.open(MANIFEST) as source:
        manifest = check_manifest(source.read(), name, key)
    check_files(files, manifest)
    rows = sum(each["rows"] for each in manifest["files"])
    said = [
        f"Genuine. An export as of {manifest['as_of']}, signed by {name}",
        f"All {len(manifest['files'])} files are there, unchanged, with {rows:,} rows",
    ]
    tree = Tree(covered[0] if covered else -1)
    with files.open("journal.csv") as source:
        lines = check_lines(rows_of(source), bool(manifest["filters"]), tree)
    if manifest["filters"]:
        said.append(f"The {lines:,} lines of journal.csv match their hashes; with filters, the whole cannot be checked")
        return said
    stood = manifest["journal"]
    if (tree.size, tree.last, tree.root) != (stood["lines"], stood["hash"], stood["root"]):
        raise NotGenuine("journal.csv does not have the lines that the manifest signs.")
    said.append(f"The journal's {tree.size:,} lines follow from one another and have the root {tree.root}")
    if covered:
        said.append(check_covered(tree, covered))
    return said


def check_covered(tree: Tree, covered: tuple[int, str]) -> str:
    """Whether the export's journal begins with what the checkpoint covers."""
    size, root = covered
    if size > tree.size:
        return f"The checkpoint covers {size:,} lines, so it is later than the export and says nothing of it"
    if tree.seen != root:
        raise NotGenuine(f"the first {size:,} lines are not those of your checkpoint: the past was changed.")
    return f"Its first {size:,} lines are those of your checkpoint"


def check_manifest(content: bytes, name: str, key: bytes) -> dict[str, Any]:
    """The manifest, if this key signed exactly these bytes; else NotGenuine."""
    try:
        manifest = json.loads(content.decode("utf-8"))
        as_written = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        written = manifest.pop("signature")
        signature = bytes.fromhex(written)
        signed = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed.encode())
        is_ours = as_written.encode() == content and written == signature.hex() and manifest["signed_by"] == name
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, InvalidSignature):
        is_ours = False
    if not is_ours:
        raise NotGenuine("manifest.json was altered, or another key signed it.")
    if manifest["format"] != "market-export-1":
        raise NotGenuine("it is no export that this program knows.")
    return manifest


def check_files(files: Folder | Zipped, manifest: dict[str, Any]) -> None:
    """NotGenuine unless exactly the manifest's files are there, byte for byte, with as many rows as it says."""
    there, listed = set(files.names()), {each["name"] for each in manifest["files"]}
    for name in sorted(listed - there):
        raise NotGenuine(f"{name} is missing.")
    for name in sorted(there - listed - {MANIFEST}):
        raise NotGenuine(f"{name} does not belong to the export.")
    for each in manifest["files"]:
        with files.open(each["name"]) as source:
            if sha256_of(source) != each["sha256"]:
                raise NotGenuine(f"{each['name']} was changed.")
        with files.open(each["name"]) as source:
            if sum(1 for _ in rows_of(source)) != each["rows"]:
                raise NotGenuine(f"{each['name']} does not have {each['rows']:,} rows.")


def check_lines(rows: Iterator[dict[str, str]], is_filtered: bool, tree: Tree) -> int:
    """How many lines there are; NotGenuine when one does not match its hash or, unfiltered, does not follow."""
    count = 0
    for count, row in enumerate(rows, start=1):
        number = row["number"]
        if not is_filtered and number != str(count):
            raise NotGenuine(f"line {count} of the journal is missing.")
        if not is_filtered and row["previous_hash"] != tree.last:
            raise NotGenuine(f"line {number} of the journal does not follow from the one before.")
        if row["is_withheld"] != "true" and row["hash"] != hash_of(row):
            raise NotGenuine(f"line {number} of the journal does not match its hash.")
        tree.append(row["hash"])
    return count


class Tree:
    """The tree of RFC 6962 over the lines' hashes; `seen` is its root when it had `at` leaves."""

    def __init__(self, at: int) -> None:
        self._subtrees: list[bytes] = []
        self._at, self.seen = at, ""
        self.size, self.last = 0, "0" * 64
        self._look()

    def append(self, line: str) -> None:
        found, size = hashlib.sha256(b"\0" + bytes.fromhex(line)).digest(), self.size
        while size & 1:
            found, size = hashlib.sha256(b"\1" + self._subtrees.pop() + found).digest(), size >> 1
        self._subtrees.append(found)
        self.size, self.last = self.size + 1, line
        self._look()

    def _look(self) -> None:
        if self.size == self._at:
            self.seen = self.root

    @property
    def root(self) -> str:
        if not self._subtrees:
            return hashlib.sha256(b"").hexdigest()
        found = self._subtrees[-1]
        for each in reversed(self._subtrees[:-1]):
            found = hashlib.sha256(b"\1" + each + found).digest()
        return found.hex()


class Folder:
    """The files of a folder."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def names(self) -> list[str]:
        return [each.name for each in self._place.iterdir()]

    def open(self, name: str) -> BinaryIO:
        return (self._place / name).open("rb")


class Zipped:
    """The files of a ZIP."""

    def __init__(self, place: Path) -> None:
        self._archive = zipfile.ZipFile(place)

    def names(self) -> list[str]:
        names = self._archive.namelist()
        if len(set(names)) < len(names):
            raise NotGenuine("a name stands twice in the ZIP.")
        return names

    @contextmanager
    def open(self, name: str) -> Iterator[Any]:
        if name not in self._archive.namelist():
            raise ValueError(f"there is no {name} in the ZIP")
        with self._archive.open(name) as source:
            yield source


def rows_of(source: Any) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, with or without a byte order mark, as their cells are written."""
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        yield from csv.DictReader(text)
    finally:
        text.detach()  # whoever opened the file closes it


def hash_of(row: dict[str, str]) -> str:
    """The hash of a line, from its cells: see “recipe” in the manifest."""
    cells = ["market-journal-1", int(row["number"]), *(_uncell(row[name]) for name in HASHED)]
    return hashlib.sha256(json.dumps(cells, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _uncell(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def sha256_of(source: Any) -> str:
    digest = hashlib.sha256()
    for piece in iter(lambda: source.read(1 << 20), b""):
        digest.update(piece)
    return digest.hexdigest()


def read_key(text: str) -> tuple[str, bytes]:
    """The journal's name and key (32 bytes) from name+id+key, as verifiers of signed notes have it."""
    name, _, rest = text.strip().partition("+")
    content = base64.b64decode(rest.partition("+")[2], validate=True)
    if len(content) != 33 or content[0] != 1:
        raise ValueError("the key is not the journal's key, as /journal/key has it")
    return name, content[1:]


def read_checkpoint(text: str, name: str, key: bytes) -> tuple[int, str]:
    """A checkpoint's size in lines and its root, if this key signed it; else NotGenuine."""
    body, _, signatures = text.rpartition("\n\n")
    body += "\n"
    for line in signatures.splitlines():
        try:
            _dash, signer, written = line.split(" ")
            Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(written, validate=True)[4:], body.encode())
            signed_name, size, root = body.split("\n")[:3]
            if signer == signed_name == name:
                return int(size), base64.b64decode(root, validate=True).hex()
        except (ValueError, InvalidSignature):
            continue
    raise NotGenuine("the checkpoint was altered, or another journal's key signed it.")


if __name__ == "__main__":
    csv.field_size_limit(1 << 30)  # of the whole process, so only where the process is ours
    sys.exit(main())
