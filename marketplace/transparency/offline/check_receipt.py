"""Checks a bid's receipt on your own computer, without the service that gave it.

    python3 check-receipt.py receipt.json --key receipt-key.pem [--manifest manifest.json] [--bid sealed-bid.zip]
    python3 check-receipt.py receipt-1.json receipt-2.json … --key receipt-key.pem

Needs Python 3.9 or newer and the package "cryptography". Ends with 0 when all that you gave agrees, 1 when something
does not, 2 when a file cannot be read. It looks at these files only and sends nothing anywhere. Several receipts are
each checked, whatever is wrong with another.

--key       the service's public key, which you saved when you bid
--manifest  the list of the bid's sealed parts: is it the one whose fingerprint the receipt signs?
--bid       the sealed bid as downloaded: is every part of its manifest in it, unchanged?
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

FIELDS = {"reference", "need_ref", "bid_ref", "bid_version", "received_at", "manifest_hash", "format", "key_id"}
# What files raise that are none, cut short, damaged, or ZIPs that are encrypted or packed in a way unknown here.
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
PROOF = {"journal_position", "journal_line", "tree_size", "root", "inclusion"}
FORMATS = {"bid-receipt/3": FIELDS | PROOF, "bid-receipt/2": FIELDS, "bid-receipt/1": FIELDS | {"journal_position"}}


class NotGenuine(Exception):
    """What does not agree, in words."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks a bid's receipt.", allow_abbrev=False)
    parser.add_argument("receipts", nargs="+", metavar="receipt")
    parser.add_argument("--key", default="receipt-key.pem", help="the service's public key (PEM)")
    parser.add_argument("--manifest", help="the list of the bid's sealed parts (JSON)")
    parser.add_argument("--bid", help="the sealed bid as downloaded (ZIP)")
    given = parser.parse_args()
    if len(given.receipts) > 1 and (given.manifest or given.bid):
        parser.error("--manifest and --bid belong to one receipt: give that one alone")
    ends = {_check_one(path, given, f"{path}: " if len(given.receipts) > 1 else "") for path in given.receipts}
    return 1 if 1 in ends else max(ends)


def _check_one(path: str, given: argparse.Namespace, name: str) -> int:
    """Says what came out of one receipt, with its name before it; 0, 1 or 2 as the program ends."""
    try:
        facts = check_receipt(_read(path), _key(_read(given.key)))
        print(f"{name}Genuine. {facts['reference']} received at {facts['received_at']} {facts['manifest_hash']}")
        if facts["format"] == "bid-receipt/3":
            print(f"Its line is number {facts['journal_position']} of the journal, in the tree {facts['root']}")
        if given.manifest:
            check_manifest(_read(given.manifest), facts)
            print("The manifest is the one that the receipt signs.")
        if given.bid:
            print(f"All {check_bid(given.bid, facts)} sealed parts are there, unchanged.")
    except NotGenuine as fault:
        print(f"{name}Not genuine: {fault}")
        return 1
    except UNREADABLE as fault:
        print(f"{name}Cannot tell: {fault}", file=sys.stderr)
        return 2
    return 0


def check_receipt(content: bytes, key: bytes) -> dict[str, Any]:
    """What a receipt says, if this key (32 bytes) signed exactly these bytes and its proof holds; else NotGenuine."""
    facts = _canonical_object(content, "the receipt")
    signed = {name: value for name, value in facts.items() if name != "signature"}
    try:
        signature = bytes.fromhex(facts["signature"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _canonical(signed))
        is_ours = facts["signature"] == signature.hex() and signed["key_id"] == hashlib.sha256(key).hexdigest()
    except (KeyError, TypeError, ValueError, InvalidSignature):
        is_ours = False
    if not is_ours:
        raise NotGenuine("the receipt was altered, or another key signed it.")
    kind = signed.get("format")
    names = set(signed) - ({"journal_position"} if kind == "bid-receipt/2" else set())
    if kind not in FORMATS or names != FORMATS[kind]:
        raise NotGenuine("it is no receipt that this program knows.")
    if kind == "bid-receipt/3" and not _is_included(signed):
        raise NotGenuine("its proof does not show that its line is in the journal.")
    return signed


def check_manifest(content: bytes, facts: dict[str, Any]) -> dict[str, Any]:
    """The manifest, if it is the one that the receipt signs; else NotGenuine."""
    if hashlib.sha256(content).hexdigest() != facts["manifest_hash"]:
        raise NotGenuine("the manifest is not the one that the receipt signs.")
    manifest = _canonical_object(content, "the manifest")
    same = [("need_ref", "need_ref"), ("bid_ref", "bid_ref"), ("version", "bid_version")]
    if any(manifest.get(theirs) != facts[ours] for theirs, ours in same):
        raise NotGenuine("the manifest is of another bid or version.")
    return manifest


def check_bid(path: str, facts: dict[str, Any]) -> int:
    """How many sealed parts the downloaded bid has; NotGenuine unless they are exactly those of its manifest."""
    with zipfile.ZipFile(path) as archive:
        parts = {each.filename: each for each in archive.infolist()}
        if len(parts) < len(archive.infolist()):
            raise NotGenuine("a name stands twice in the ZIP.")
        if parts.pop("manifest.json", None) is None:
            raise ValueError("there is no manifest.json in the ZIP. Is it the sealed bid as downloaded?")
        manifest = check_manifest(archive.read("manifest.json"), facts)
        for number, part in enumerate(manifest["parts"], start=1):
            name = f"parts/{number}.sealed"
            found = parts.pop(name, None)
            if found is None:
                raise NotGenuine(f"{name} ({part['part_name']}) is missing.")
            if (found.file_size, _sha256(archive, name)) != (part["size"], part["sha256"]):
                raise NotGenuine(f"{name} ({part['part_name']}) was changed.")
    if parts:
        raise NotGenuine(f"{min(parts)} does not belong to the bid.")
    return len(manifest["parts"])


def _is_included(facts: dict[str, Any]) -> bool:
    """Whether the path leads from the line to the root: RFC 9162, section 2.1.3.2, with RFC 6962's hashes."""
    here, last = facts["journal_position"] - 1, facts["tree_size"] - 1
    if not 0 <= here <= last:
        return False
    found = hashlib.sha256(b"\0" + bytes.fromhex(facts["journal_line"])).digest()
    for each in facts["inclusion"]:
        if last == 0:
            return False
        beside = bytes.fromhex(each)
        if here & 1 or here == last:
            found = hashlib.sha256(b"\1" + beside + found).digest()
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + beside).digest()
        here, last = here >> 1, last >> 1
    return last == 0 and found.hex() == facts["root"]


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _canonical_object(content: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8"))
        if isinstance(value, dict) and _canonical(value) == content:
            return value
    except (ValueError, RecursionError):
        pass
    raise NotGenuine(f"{what} is not as it was written. Was it opened in an editor and saved again?")


def _key(pem: bytes) -> bytes:
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is not an Ed25519 public key")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as part:
        for piece in iter(lambda: part.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main())
