"""Checkpoints in the form of signed notes: read as they were written, and by nobody else's rules."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from marketplace.transparency.notes import LogKey, NoteBroken, Signed, read_checkpoint, sign_checkpoint, split_notes
from marketplace.transparency.tiles import Tile, parse_tile, tile_place

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = LogKey(PRIVATE.public_key().public_bytes_raw())
AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ROOT = "ab" * 32


def note(size: int = 7) -> str:
    return sign_checkpoint(PRIVATE, size, ROOT, AT)


def test_a_checkpoint_has_the_form_of_the_specifications() -> None:
    """c2sp.org/signed-note: text, empty line, em dash, name, base64 of key id and signature."""
    body, signature = note().split("\n\n")
    assert body.split("\n") == [KEY.name, "7", base64.b64encode(bytes.fromhex(ROOT)).decode(), f"at {AT:%Y-%m-%dT%H:%M:%S}.000000Z"]
    dash, name, encoded = signature.rstrip("\n").split(" ")
    content = base64.b64decode(encoded)
    assert (dash, name, signature[-1]) == ("\u2014", KEY.name, "\n")
    assert content[:4] == hashlib.sha256(f"{KEY.name}\n".encode() + b"\x01" + KEY.public).digest()[:4]
    PRIVATE.public_key().verify(content[4:], (body + "\n").encode())
    encoded_key = base64.b64encode(b"\x01" + KEY.public).decode()
    assert KEY.text == f"{KEY.name}+{content[:4].hex()}+{encoded_key}"


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    assert read_checkpoint(note(), KEY) == Signed(7, ROOT, "2026-11-24T10:00:00.000000Z")


def test_a_witness_may_have_signed_too() -> None:
    assert read_checkpoint(note() + "\u2014 witness.example AAAAAAAA\n", KEY).size == 7


def test_every_altered_bit_of_a_checkpoint_is_refused() -> None:
    content = note().encode()
    for position in range(len(content)):
        for bit in range(8):
            altered = bytearray(content)
            altered[position] ^= 1 << bit
            with pytest.raises((NoteBroken, UnicodeDecodeError)):
                read_checkpoint(bytes(altered).decode(), KEY)


def test_another_logs_checkpoint_is_refused_by_name() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(NoteBroken, match="another log"):
        read_checkpoint(sign_checkpoint(other, 7, ROOT, AT), KEY)


def test_a_file_may_hold_several_checkpoints() -> None:
    assert split_notes(note(1) + note(2) + "\n" + note(3)) == [note(1), note(2), note(3)]
    assert split_notes(note().replace("\n", "\r\n")) == [note()]
    for spoilt in ("", "hello\n", note() + "hello\n"):
        with pytest.raises(NoteBroken):
            split_notes(spoilt)


@pytest.mark.parametrize(("number", "place"), [(0, "000"), (67, "067"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_tiles_have_the_addresses_of_the_specification(number: int, place: str) -> None:
    """c2sp.org/tlog-tiles."""
    assert tile_place(number) == place
    assert parse_tile(0, place) == Tile(0, number) and parse_tile(2, place + ".p/8") == Tile(2, number, 8)


@pytest.mark.parametrize("place", ["0", "x000/067", "067.p/0", "067.p/256", "067.p/08", "x1/067", "067/068", "../000"])
def test_no_tile_has_another_address(place: str) -> None:
    assert parse_tile(0, place) is None
