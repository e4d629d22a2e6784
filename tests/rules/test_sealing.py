"""Sealing, judged by what must be impossible as much as by what must work."""

import base64
import copy
import hashlib
import io
import itertools
import json
import os
import pickle
import stat
import threading
import tracemalloc
import unicodedata
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core import merkle
from tenders.bids import sealed
from tenders.bids.sealing import canonical, envelope, shamir, wrapping
from tenders.bids.sealing.stream import CHUNK_BYTES, TAG_BYTES

ANSWERS = sealed.Binding("NEED-1", "BID-7", "SUP-3", 1, "answers")
FILE = replace(ANSWERS, part_name="file:method-statement")
OPENERS = ["ann", "bob", "cy"]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
KEYFILE = sealed.KeyFile(bytes(range(32)))
REFUSED = (sealed.SealBroken, sealed.WrongPassphrase)


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch):
    monkeypatch.setattr(wrapping, "passphrase_cost", sealed.Argon2Cost(memory_kib=8, passes=1, lanes=1))


@pytest.fixture(scope="module")
def need():
    return sealed.make_need_key()


def flipped(blob: bytes, bits: int = 1):
    for position in range(len(blob)):
        yield blob[:position] + bytes([blob[position] ^ bits]) + blob[position + 1 :]


# Sealed parts


@pytest.mark.parametrize("name", ["answers", "price", "file:method-statement"])
@pytest.mark.parametrize("content", [b"", b"12,345.00", b"x" * 4088, b"x" * 4089, b"y" * (2 * CHUNK_BYTES)])
def test_a_part_opens_as_it_was_sealed(need, name, content):
    binding = replace(ANSWERS, part_name=name)
    blob = sealed.seal_part(need[0], content, binding)
    assert sealed.open_part(need[1], blob, binding) == content
    assert b"12,345.00" not in blob


def test_the_same_content_never_seals_to_the_same_bytes(need):
    blobs = [sealed.seal_part(need[0], b"same", ANSWERS) for _ in range(50)]
    bodies = {blob.split(b"\n", 2)[2] for blob in blobs}
    assert len(bodies) == 50


def test_every_altered_byte_is_refused(need):
    blob = sealed.seal_part(need[0], b"our price", FILE)
    for altered in flipped(blob):
        with pytest.raises(sealed.SealBroken):
            sealed.open_part(need[1], altered, FILE)


def test_every_cut_and_every_addition_is_refused(need):
    blob = sealed.seal_part(need[0], b"our price", FILE)
    for length in range(len(blob)):
        with pytest.raises(sealed.SealBroken):
            sealed.open_part(need[1], blob[:length], FILE)
    with pytest.raises(sealed.SealBroken):
        sealed.open_part(need[1], blob + b"\0", FILE)


@pytest.mark.parametrize("elsewhere", [
    {"need_ref": "NEED-2"}, {"bid_ref": "BID-8"}, {"supplier_ref": "SUP-4"}, {"version": 2}, {"part_name": "price"},
])
def test_a_part_moved_elsewhere_is_refused(need, elsewhere):
    blob = sealed.seal_part(need[0], b"text", ANSWERS)
    with pytest.raises(sealed.SealBroken):
        sealed.open_part(need[1], blob, replace(ANSWERS, **elsewhere))


def test_a_head_rewritten_for_another_bid_is_refused(need):
    blob = sealed.seal_part(need[0], b"text", ANSWERS)
    with pytest.raises(sealed.SealBroken):
        sealed.open_part(need[1], blob.replace(b"BID-7", b"BID-8"), replace(ANSWERS, bid_ref="BID-8"))


def test_another_needs_key_is_refused(need):
    blob = sealed.seal_part(need[0], b"text", ANSWERS)
    with pytest.raises(sealed.WrongKey):
        sealed.open_part(sealed.make_need_key()[1], blob, ANSWERS)


def test_the_length_of_a_price_does_not_show(need):
    price = replace(ANSWERS, part_name="price")
    assert len({len(sealed.seal_part(need[0], b"9" * digits, price)) for digits in (3, 6, 400)}) == 1


@pytest.mark.parametrize("content", [b"", b"short", bytes(4095), (5).to_bytes(8, "big") + b"price" + b"!" * 4083])
def test_content_padded_in_another_way_is_refused(need, content):
    blob = envelope.lock_bytes("part", sealed.PublicKey(need[0]), content, asdict(ANSWERS))
    with pytest.raises(sealed.SealBroken):
        sealed.open_part(need[1], blob, ANSWERS)


@pytest.mark.parametrize("wrong", [
    {"part_name": "prices"}, {"part_name": "file:"}, {"part_name": "file:../x"}, {"part_name": "file:" + "x" * 76},
    {"version": 0}, {"need_ref": ""},
])
def test_a_binding_names_its_whole_place(wrong):
    with pytest.raises(ValueError):
        replace(ANSWERS, **wrong)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_in_one_way(junk):
    _, private = sealed.make_need_key()
    for start in (b"", b"SEALED/1 part\n"):
        with pytest.raises(sealed.SealBroken):
            sealed.open_part(private, start + junk, ANSWERS)


def test_a_deeply_nested_head_is_refused(need):
    with pytest.raises(sealed.SealBroken):
        sealed.open_part(need[1], b"SEALED/1 part\n" + b"[" * 8000 + b"\n", ANSWERS)


# The format, read by another program and years later

SEALED_ON_22_NOVEMBER_2026 = base64.b64decode(
    "U0VBTEVELzEgcGFydAp7ImFsZyI6IkhLREYtU0hBMjU2L0FFUy0yNTYtR0NNL1NUUkVBTSIsImNoZWNrIjoiNTRmMTBkZTJmODAw"
    "ZTI4MjI0YWEzNjliNDkwNDY2ZDAiLCJjaHVuayI6MjYyMTQ0LCJmb3IiOnsiYmlkX3JlZiI6IkJJRC03IiwibmVlZF9yZWYiOiJO"
    "RUVELTEiLCJwYXJ0X25hbWUiOiJmaWxlOm1ldGhvZC1zdGF0ZW1lbnQiLCJzdXBwbGllcl9yZWYiOiJTVVAtMyIsInZlcnNpb24i"
    "OjF9LCJrZXkiOnsiZXBoZW1lcmFsIjoiMDMwNTVhMzFjMmI3Mjk0MDMxNjZjN2VlNjhkZGFkYmZiYmRhOTAzNGMwNzBmN2QxZThj"
    "YmFhMjNhMDhlZDA3ZCIsIndyYXAiOiJ4MjU1MTkifSwic2FsdCI6IjY5NmRlNjdjYWZjZmExMmI0YjUxNGY3YmRiOWIwY2U1YmIw"
    "ZjVkMmNlNjg1YmJlOTg3NWI5MWJlNDY0OWU5ZjkifQpS3TYJ9I/WtR9EvS/iemC/870CEE3CEK1csVJKsXKf+kZxZBMolmdccbfM"
)
OWN_COPY_OF_22_NOVEMBER_2026 = base64.b64decode(
    "U0VBTEVELzEgYmlkZGVyLWNvcHkKeyJhbGciOiJIS0RGLVNIQTI1Ni9BRVMtMjU2LUdDTS9TVFJFQU0iLCJjaGVjayI6ImIwZTUx"
    "ODM5MTYyMTFmZjM4ODdkNTNkZDFlMjkwMTA5IiwiY2h1bmsiOjI2MjE0NCwiZm9yIjp7ImJpZF9yZWYiOiJCSUQtNyIsIm5lZWRf"
    "cmVmIjoiTkVFRC0xIiwicGFydF9uYW1lIjoiYW5zd2VycyIsInN1cHBsaWVyX3JlZiI6IlNVUC0zIiwidmVyc2lvbiI6MX0sImtl"
    "eSI6eyJsYW5lcyI6MSwibWVtb3J5X2tpYiI6OCwicGFzc2VzIjoxLCJ3cmFwIjoiYXJnb24yaWQifSwic2FsdCI6IjQ2MTllNTNk"
    "Y2VlZmNiMzMxZTFmNmM4ZjVhZTg2ZGExNjgwNmI3MTU4MjMyOGFhOTNmMmYyOTZmMWM4N2EzNjkifQrngiKD2FCeDCOsPZWI4Mu6"
    "5jlV62jT5Q=="
)


def read_as_the_paper_says(blob: bytes, private: bytes = b"", passphrase: str = "") -> bytes:
    """Written from docs/sealed-bids.md alone; it uses nothing of ours."""
    first, second, body = blob.split(b"\n", 2)
    head = json.loads(second)
    said = head["key"]
    if passphrase:
        assert said["wrap"] == "argon2id"
        typed, salt = unicodedata.normalize("NFKC", passphrase).encode(), bytes.fromhex(head["salt"])
        secret = hash_secret_raw(typed, salt, said["passes"], said["memory_kib"], said["lanes"], 32, Type.ID, 19)
    else:
        own = X25519PrivateKey.from_private_bytes(private)
        sent = bytes.fromhex(said["ephemeral"])
        secret = own.exchange(X25519PublicKey.from_public_bytes(sent)) + sent + own.public_key().public_bytes_raw()
    key = HKDF(SHA256(), 48, bytes.fromhex(head["salt"]), first).derive(secret)
    assert key[32:].hex() == head["check"]
    bound = hashlib.sha256(first + b"\n" + second + b"\n").digest()
    pieces = [body[start : start + 262_160] for start in range(0, len(body), 262_160)]
    return b"".join(
        AESGCM(key[:32]).decrypt(number.to_bytes(11, "big") + bytes([number == len(pieces) - 1]), piece, bound)
        for number, piece in enumerate(pieces)
    )


@pytest.mark.parametrize("size", [0, 10, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_another_program_reads_a_part_by_the_paper(need, size):
    blob = sealed.seal_part(need[0], b"a" * size, FILE)
    assert read_as_the_paper_says(blob, need[1].raw) == b"a" * size
    padded = read_as_the_paper_says(sealed.seal_part(need[0], b"a" * size, ANSWERS), need[1].raw)
    assert padded[: 8 + size] == size.to_bytes(8, "big") + b"a" * size


def joined_as_the_paper_says(shares: list[bytes]) -> bytes:
    """Lagrange at 0 over the field of AES, with the oracle's product."""
    points = {each["index"]: bytes.fromhex(each["value"]) for each in map(json.loads, shares)}
    inverse = {a: b for a in range(1, 256) for b in range(1, 256) if carryless_product(a, b) == 1}
    secret = bytes(32)
    for x, value in points.items():
        factor = 1
        for other in points.keys() - {x}:
            factor = carryless_product(factor, carryless_product(other, inverse[other ^ x]))
        secret = bytes(old ^ carryless_product(factor, each) for old, each in zip(secret, value, strict=True))
    return secret


def test_another_program_opens_a_bid_with_two_passphrases_by_the_paper(need):
    words = {"ann": "walnut harbour kettle falcon", "bob": "lantern otter granite thimble"}
    pairs = {name: sealed.make_opener_keys(name, sealed.Passphrase(text)) for name, text in words.items()}
    shares = sealed.split_key(sealed.PrivateKey(need[1].raw), [*words, "recovery"], 2)
    wrapped = {
        name: sealed.wrap_share(share, sealed.PublicKey(pairs[name].public), need_ref="NEED-1")
        for name, share in zip(words, shares, strict=False)
    }
    freed = {name: read_as_the_paper_says(pairs[name].wrapped_private, passphrase=words[name]) for name in words}
    found = [read_as_the_paper_says(wrapped[name], freed[name]) for name in words]
    private = joined_as_the_paper_says(found)
    assert private == need[1].raw and joined_as_the_paper_says(found[:1]) != private
    blob = sealed.seal_part(need[0], b"our price", FILE)
    assert read_as_the_paper_says(blob, private) == b"our price"


def test_a_recovery_code_is_as_the_paper_says(need):
    from tenders.bids import recovery

    name, *digits = recovery.code_of(need[1]).split()
    assert name == "recovery-key/1" and "".join(digits)[:64] == need[1].raw.hex()
    assert "".join(digits)[64:] == hashlib.sha256(b"recovery-key/1" + need[1].raw).hexdigest()[:8]
    spoken = "Recovery-Key/1 " + "-".join(digits).upper()
    assert recovery.read_code(f"Printed on paper\n{spoken}\n").raw == need[1].raw


def test_what_the_first_version_sealed_still_opens():
    private = sealed.PrivateKey(bytes(range(1, 33)))
    assert sealed.open_part(private, SEALED_ON_22_NOVEMBER_2026, FILE) == b"Twelve months, four people."
    passphrase = sealed.Passphrase("green lamp")
    assert sealed.open_for_bidder(passphrase, OWN_COPY_OF_22_NOVEMBER_2026, ANSWERS) == b"our bid"


# Files


def sealed_file(need, content: bytes) -> tuple[bytes, sealed.ManifestEntry]:
    target = io.BytesIO()
    entry = sealed.seal_file(need[0], io.BytesIO(content), target, FILE)
    return target.getvalue(), entry


def opened_file(need, blob: bytes) -> bytes:
    target = io.BytesIO()
    sealed.open_file(need[1], io.BytesIO(blob), target, FILE)
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_opens_as_it_was_sealed(need, size):
    content = (b"0123456789abcde" * (size // 15 + 1))[:size]
    blob, entry = sealed_file(need, content)
    assert opened_file(need, blob) == content
    assert entry == sealed.ManifestEntry.of(FILE.part_name, blob)
    assert entry == sealed.ManifestEntry.of_file(FILE.part_name, io.BytesIO(blob))
    assert sealed.open_part(need[1], blob, FILE) == content


def test_chunks_cut_moved_doubled_or_dropped_are_refused(need):
    blob, _ = sealed_file(need, bytes(3 * CHUNK_BYTES))
    step = CHUNK_BYTES + TAG_BYTES
    head, body = blob[: -3 * step], blob[-3 * step :]
    one, two, three = body[:step], body[step : 2 * step], body[2 * step :]
    assert opened_file(need, head + one + two + three) == bytes(3 * CHUNK_BYTES)
    wrong_orders = [order for count in range(5) for order in itertools.product((one, two, three), repeat=count)]
    wrong_orders.remove((one, two, three))
    for order in wrong_orders:
        with pytest.raises(sealed.SealBroken):
            opened_file(need, head + b"".join(order))


def test_chunks_of_two_files_do_not_mix(need):
    step = CHUNK_BYTES + TAG_BYTES
    one, two = (sealed_file(need, bytes(2 * CHUNK_BYTES))[0] for _ in range(2))
    with pytest.raises(sealed.SealBroken):
        opened_file(need, one[:-step] + two[-step:])


def test_a_source_that_gives_little_at_a_time_seals_the_same(need):
    class Trickle(io.RawIOBase):
        def __init__(self, content):
            self.rest = content

        def read(self, size=-1):
            piece, self.rest = self.rest[: min(size, 70_000)], self.rest[min(size, 70_000) :]
            return piece

    content, target = bytes(CHUNK_BYTES + 5), io.BytesIO()
    sealed.seal_file(need[0], Trickle(content), target, FILE)
    assert opened_file(need, target.getvalue()) == content


def test_sealing_a_file_takes_constant_memory(need, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(bytes(24 * 1024 * 1024))
    tracemalloc.start()
    try:
        with source.open("rb") as content, (tmp_path / "sealed").open("wb") as target:
            sealed.seal_file(need[0], content, target, FILE)
        with (tmp_path / "sealed").open("rb") as blob, (tmp_path / "opened").open("wb") as target:
            sealed.open_file(need[1], blob, target, FILE)
        assert tracemalloc.get_traced_memory()[1] < 8 * CHUNK_BYTES
    finally:
        tracemalloc.stop()
    assert (tmp_path / "opened").stat().st_size == 24 * 1024 * 1024


def test_only_files_are_streamed(need):
    with pytest.raises(ValueError):
        sealed.seal_file(need[0], io.BytesIO(), io.BytesIO(), ANSWERS)


# Shamir


def carryless_product(a: int, b: int) -> int:
    """An independent oracle: multiply as polynomials, then take the remainder."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(15, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def test_the_field_multiplies_and_divides():
    assert all(shamir.multiply(a, b) == carryless_product(a, b) for a in range(256) for b in range(0, 256, 7))
    assert shamir.multiply(0x57, 0x83) == 0xC1  # FIPS 197, section 4.2
    assert all(shamir.multiply(a, shamir.inverse(a)) == 1 for a in range(1, 256))
    with pytest.raises(ZeroDivisionError):
        shamir.inverse(0)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=40), st.integers(1, 7), st.data())
def test_any_threshold_of_shares_gives_the_secret(secret, threshold, data):
    count = data.draw(st.integers(threshold, 9))
    shares = shamir.split(secret, count, threshold)
    chosen = data.draw(st.lists(st.integers(1, count), min_size=threshold, max_size=count, unique=True))
    assert shamir.value_at(0, {x: shares[x - 1] for x in chosen}) == secret


@pytest.mark.parametrize("threshold", [2, 3])
def test_one_share_too_few_fits_every_secret(threshold):
    shares = shamir.split(b"\x2a", 4, threshold)
    few = {x: shares[x - 1] for x in range(1, threshold)}
    # To each secret belongs exactly one value of the missing share, so the shares in hand rule none out.
    missing = {shamir.value_at(4, {0: bytes([candidate]), **few}) for candidate in range(256)}
    assert len(missing) == 256


def test_a_single_share_is_evenly_spread_whatever_the_secret():
    for secret in (b"\x00", b"\xff"):
        seen = Counter(b"".join(shamir.split(secret * 4096, 2, 2)[:1]))
        # 4,096 bytes over 256 values: chi-squared with 255 degrees of freedom exceeds 400 once in 10^8 runs.
        assert sum((seen[value] - 16) ** 2 / 16 for value in range(256)) < 400


# Shares of a need's key


def test_two_of_three_openers_open_and_the_key_is_forgotten(need):
    blob = sealed.seal_part(need[0], b"text", ANSWERS)
    shares = sealed.split_key(need[1], OPENERS, 2)
    for pair in itertools.combinations(shares, 2):
        with sealed.opened_key(pair) as private:
            assert sealed.open_part(private, blob, ANSWERS) == b"text"
        with pytest.raises(sealed.KeyForgotten):
            sealed.open_part(private, blob, ANSWERS)


def test_the_key_is_forgotten_when_opening_fails(need):
    with pytest.raises(RuntimeError), sealed.opened_key(sealed.split_key(need[1], OPENERS, 2)) as private:
        raise RuntimeError
    with pytest.raises(sealed.KeyForgotten):
        private.raw  # noqa: B018


def test_fewer_openers_than_asked_for_open_nothing(need):
    shares = sealed.split_key(need[1], OPENERS, 3)
    for too_few in ([], shares[:1], shares[1:], [shares[0], shares[0], shares[0]]):
        with pytest.raises(sealed.NotEnoughShares):
            sealed.join_shares(too_few)
    with pytest.raises(sealed.WrongShare):
        sealed.join_shares([replace(share, threshold=2) for share in shares[:2]])


def test_a_wrong_share_is_noticed(need):
    shares = sealed.split_key(need[1], OPENERS, 2)
    again = sealed.split_key(need[1], OPENERS, 2)
    other = sealed.split_key(sealed.make_need_key()[1], OPENERS, 2)
    lied = replace(shares[1], value=bytes(32))
    spare = replace(shares[2], value=bytes(32))
    for wrong in ([shares[0], again[1]], [shares[0], other[1]], [shares[0], lied], [shares[0], shares[1], spare]):
        with pytest.raises(sealed.WrongShare):
            sealed.join_shares(wrong)


def test_a_damaged_share_is_noticed_by_itself(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    assert sealed.Share.from_bytes(share.to_bytes()) == share
    for altered in flipped(share.to_bytes()):
        with pytest.raises(sealed.WrongShare):
            sealed.Share.from_bytes(altered)


@pytest.mark.parametrize("openers, threshold", [(OPENERS, 1), (OPENERS, 4), (["ann"], 1), (["ann", "ann"], 2), ([], 0)])
def test_no_one_person_can_open(need, openers, threshold):
    with pytest.raises(ValueError):
        sealed.split_key(need[1], openers, threshold)


# Wrapped and entrusted shares


def test_a_share_unwraps_with_its_openers_passphrase_only(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    blob = sealed.wrap_share(share, sealed.Passphrase("blue kettle"), need_ref="NEED-1")
    assert share.value.hex().encode() not in blob
    assert sealed.wrapping_of(blob) == "argon2id"
    assert sealed.unwrap_share(blob, sealed.Passphrase("blue kettle"), need_ref="NEED-1", opener="ann") == share
    with pytest.raises(sealed.WrongPassphrase):
        sealed.unwrap_share(blob, sealed.Passphrase("blue kettles"), need_ref="NEED-1", opener="ann")
    for place in ({"need_ref": "NEED-2", "opener": "ann"}, {"need_ref": "NEED-1", "opener": "bob"}):
        with pytest.raises(sealed.SealBroken):
            sealed.unwrap_share(blob, sealed.Passphrase("blue kettle"), **place)
    for altered in flipped(blob):
        with pytest.raises(REFUSED):
            sealed.unwrap_share(altered, sealed.Passphrase("blue kettle"), need_ref="NEED-1", opener="ann")


def test_a_passphrase_is_the_same_on_every_keyboard(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    blob = sealed.wrap_share(share, sealed.Passphrase("caf\u00e9"), need_ref="NEED-1")
    assert sealed.unwrap_share(blob, sealed.Passphrase("cafe\u0301"), need_ref="NEED-1", opener="ann") == share
    blob = sealed.wrap_share(share, sealed.Passphrase("ﬁne №1"), need_ref="NEED-1")
    assert sealed.unwrap_share(blob, sealed.Passphrase("fine No1"), need_ref="NEED-1", opener="ann") == share
    with pytest.raises(ValueError):
        sealed.Passphrase("  ")


def test_a_share_wrapped_under_another_openers_name_is_refused(need):
    bobs = sealed.split_key(need[1], OPENERS, 2)[1]
    blob = envelope.lock_bytes("share", KEYFILE, bobs.to_bytes(), {"need_ref": "NEED-1", "opener": "ann"})
    with pytest.raises(sealed.WrongShare):
        sealed.unwrap_share(blob, KEYFILE, need_ref="NEED-1", opener="ann")


def test_an_impossible_cost_in_an_altered_head_is_not_paid(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    blob = sealed.wrap_share(share, sealed.Passphrase("blue kettle"), need_ref="NEED-1")
    for dear in (b'"memory_kib":999999999', b'"memory_kib":-1', b'"memory_kib":true', b'"memory_kib":"8"'):
        with pytest.raises(sealed.SealBroken):
            altered = blob.replace(b'"memory_kib":8', dear)
            sealed.unwrap_share(altered, sealed.Passphrase("blue kettle"), need_ref="NEED-1", opener="ann")


def test_the_shipped_cost_of_a_passphrase_is_strong():
    cost = wrapping.SHIPPED_COST
    assert (cost.memory_kib, cost.passes, cost.lanes) == (64 * 1024, 3, 4)  # RFC 9106, section 4
    assert cost.is_bearable()


def test_only_the_wrapping_changes(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    place = {"need_ref": "NEED-1", "opener": "ann"}
    first = sealed.wrap_share_to_keyfile(share, KEYFILE.content, need_ref="NEED-1")
    later = sealed.rewrap(first, KEYFILE, sealed.Passphrase("blue kettle"), **place)
    assert (sealed.wrapping_of(first), sealed.wrapping_of(later)) == ("key-file", "argon2id")
    assert sealed.unwrap_share(later, sealed.Passphrase("blue kettle"), **place) == share
    with pytest.raises(sealed.WrongKey):
        sealed.unwrap_share(first, sealed.KeyFile(bytes(32)), **place)
    with pytest.raises(sealed.WrongKey):
        sealed.unwrap_share(later, KEYFILE, **place)


def test_a_share_can_be_wrapped_for_an_absent_opener(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    keys = sealed.make_opener_keys("ann", sealed.Passphrase("blue kettle"))
    blob = sealed.wrap_share(share, sealed.PublicKey(keys.public), need_ref="NEED-1")
    private = sealed.unwrap_opener_key(keys, sealed.Passphrase("blue kettle"))
    assert sealed.wrapping_of(blob) == "x25519"
    assert sealed.unwrap_share(blob, private, need_ref="NEED-1", opener="ann") == share


def test_an_openers_key_needs_its_own_passphrase():
    keys = sealed.make_opener_keys("ann", sealed.Passphrase("blue kettle"))
    with pytest.raises(sealed.WrongPassphrase):
        sealed.unwrap_opener_key(keys, sealed.Passphrase("red kettle"))
    with pytest.raises(sealed.SealBroken):
        sealed.unwrap_opener_key(replace(keys, opener="bob"), sealed.Passphrase("blue kettle"))
    with pytest.raises(sealed.SealBroken):
        sealed.unwrap_opener_key(replace(keys, public=bytes(32)), sealed.Passphrase("blue kettle"))
    changed = sealed.rewrap_opener_key(keys, sealed.Passphrase("blue kettle"), sealed.Passphrase("red kettle"))
    assert sealed.unwrap_opener_key(changed, sealed.Passphrase("red kettle")).public == keys.public


def test_an_entrusted_share_completes_the_opening(need):
    shares = sealed.split_key(need[1], OPENERS, 2)
    keys = {name: sealed.make_opener_keys(name, KEYFILE) for name in OPENERS[1:]}
    expires_at = NOON + timedelta(minutes=30)
    entrusted = {"need_ref": "NEED-1", "expires_at": expires_at}
    blob = sealed.entrust_share(shares[0], {name: key.public for name, key in keys.items()}, **entrusted)
    assert shares[0].value.hex().encode() not in blob
    for name in OPENERS[1:]:
        private = sealed.unwrap_opener_key(keys[name], KEYFILE)
        received = sealed.receive_share(blob, private, opener="ann", receiver=name, **entrusted)
        own = next(share for share in shares if share.opener == name)
        assert sealed.join_shares([received, own]).raw == need[1].raw


@pytest.mark.parametrize("elsewhere", [
    {"need_ref": "NEED-2"}, {"opener": "cy"}, {"receiver": "cy"}, {"receiver": "dee"},
    {"expires_at": NOON + timedelta(microseconds=1)},
])
def test_an_entrusted_share_is_bound_to_need_openers_and_expiry(need, elsewhere):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    keys = sealed.make_opener_keys("bob", KEYFILE)
    cy = sealed.make_need_key()[0]
    blob = sealed.entrust_share(share, {"bob": keys.public, "cy": cy}, need_ref="NEED-1", expires_at=NOON)
    place = {"need_ref": "NEED-1", "opener": "ann", "receiver": "bob", "expires_at": NOON}
    private = sealed.unwrap_opener_key(keys, KEYFILE)
    assert sealed.receive_share(blob, private, **place) == share
    with pytest.raises(sealed.SealBroken):
        sealed.receive_share(blob, private, **{**place, **elsewhere})


def test_an_altered_entrusted_share_is_refused(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    keys = sealed.make_opener_keys("bob", KEYFILE)
    private = sealed.unwrap_opener_key(keys, KEYFILE)
    blob = sealed.entrust_share(share, {"bob": keys.public}, need_ref="NEED-1", expires_at=NOON)
    place = {"need_ref": "NEED-1", "opener": "ann", "receiver": "bob", "expires_at": NOON}
    for altered in (*flipped(blob), *flipped(blob, 0x20)):  # 0x20: the other case of the same letter
        with pytest.raises(sealed.SealBroken):
            sealed.receive_share(altered, private, **place)
    with pytest.raises(ValueError):
        sealed.entrust_share(share, {"ann": keys.public}, need_ref="NEED-1", expires_at=NOON)


# Manifests and canonical JSON


def manifest(*names: str) -> sealed.Manifest:
    return sealed.Manifest("NEED-1", "BID-7", 1, tuple(sealed.ManifestEntry.of(name, name.encode()) for name in names))


def test_a_manifest_does_not_depend_on_the_order_of_its_parts():
    one, two = manifest("price", "answers"), manifest("answers", "price")
    assert sealed.manifest_hash(one) == sealed.manifest_hash(two)
    assert sealed.Manifest.from_json(one.to_json()) == two


def test_a_manifest_keeps_its_bytes_for_ever():
    empty = sealed.Manifest("NEED-1", "BID-7", 1, (sealed.ManifestEntry.of("price", b""),))
    assert empty.to_json() == (
        b'{"bid_ref":"BID-7","format":"bid-manifest/1","need_ref":"NEED-1","parts":[{"part_name":"price",'
        b'"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}],"version":1}'
    )


def test_a_manifest_covers_exactly_its_parts():
    whole = manifest("answers", "price")
    assert whole.covers(sealed.ManifestEntry.of("price", b"price"))
    assert not whole.covers(sealed.ManifestEntry.of("price", b"prise"))
    assert not whole.covers(sealed.ManifestEntry.of("answers", b"price"))
    with pytest.raises(ValueError):
        manifest("price", "price")
    reordered = json.loads(whole.to_json())
    reordered["parts"].reverse()
    with pytest.raises(sealed.SealBroken):
        sealed.Manifest.from_json(sealed.canonical_json(reordered))
    for altered in (whole.to_json() + b" ", b"{}", b"[]", b"", whole.to_json().replace(b'"parts":[', b'"parts":[1,')):
        with pytest.raises(sealed.SealBroken):
            sealed.Manifest.from_json(altered)


def test_canonical_json_is_stable():
    assert sealed.canonical_json({"b": [1, None, True], "a": 'é"\n\x1f\x7f'}) == (
        '{"a":"é\\"\\n\\u001f\x7f","b":[1,null,true]}'.encode()
    )


@pytest.mark.parametrize("unclear", [1.5, {1: "a"}, {"é": 1}, 2**53, b"bytes", "\ud800", {"a": [{1, 2}]}])
def test_canonical_json_refuses_what_others_may_write_otherwise(unclear):
    with pytest.raises(ValueError):
        sealed.canonical_json(unclear)


@pytest.mark.parametrize("spelling", [
    b'{"a":1 }', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b'{"a":"\\u0041"}', b"[1]", b'{"a":1.0}',
])
def test_only_the_canonical_spelling_is_read(spelling):
    assert canonical.read_canonical_json(b'{"a":1}') == {"a": 1}
    with pytest.raises(ValueError):
        canonical.read_canonical_json(spelling)


def test_an_instant_has_one_spelling():
    in_paris = datetime(2026, 3, 4, 13, tzinfo=timezone(timedelta(hours=1)))
    assert sealed.utc_text(in_paris) == sealed.utc_text(NOON) == "2026-03-04T12:00:00.000000Z"
    assert sealed.utc_instant("2026-03-04T12:00:00.000000Z") == NOON
    with pytest.raises(ValueError):
        sealed.utc_text(datetime(2026, 3, 4))


# Drafts and the bidder's copy


def test_a_draft_is_read_with_its_key_in_its_place():
    key = sealed.make_draft_key()
    blob = sealed.encrypt_draft(key, b"half a sentence", bid_ref="BID-7", part="answers:2")
    assert sealed.decrypt_draft(key, blob, bid_ref="BID-7", part="answers:2") == b"half a sentence"
    wrong = [
        (sealed.make_draft_key(), "BID-7", "answers:2"), (key, "BID-8", "answers:2"), (key, "BID-7", "answers:3"),
    ]
    for other_key, bid_ref, part in wrong:
        with pytest.raises(sealed.SealBroken):
            sealed.decrypt_draft(other_key, blob, bid_ref=bid_ref, part=part)


def test_a_draft_file_is_streamed():
    key, blob, content = sealed.make_draft_key(), io.BytesIO(), io.BytesIO()
    sealed.encrypt_draft_file(key, io.BytesIO(b"z" * 300_000), blob, bid_ref="BID-7", part="file:cv")
    blob.seek(0)
    sealed.decrypt_draft_file(key, blob, content, bid_ref="BID-7", part="file:cv")
    assert content.getvalue() == b"z" * 300_000


def test_a_bidder_reads_its_copy_with_its_passphrase():
    passphrase = sealed.Passphrase("green lamp")
    blob = sealed.seal_for_bidder(passphrase, b"our bid", ANSWERS)
    assert sealed.open_for_bidder(passphrase, blob, ANSWERS) == b"our bid"
    with pytest.raises(sealed.WrongPassphrase):
        sealed.open_for_bidder(sealed.Passphrase("green lamps"), blob, ANSWERS)
    with pytest.raises(sealed.SealBroken):
        sealed.open_for_bidder(passphrase, blob, replace(ANSWERS, version=2))


def test_a_bidders_key_is_stretched_once_for_all_parts():
    key, wrapped = sealed.make_bidder_key(sealed.Passphrase("green lamp"), bid_ref="BID-7")
    blob, content = io.BytesIO(), io.BytesIO()
    sealed.seal_file_for_bidder(key, io.BytesIO(b"file"), blob, FILE)
    blob.seek(0)
    again = sealed.open_bidder_key(wrapped, sealed.Passphrase("green lamp"), bid_ref="BID-7")
    sealed.open_file_for_bidder(again, blob, content, FILE)
    assert content.getvalue() == b"file"
    with pytest.raises(sealed.WrongPassphrase):
        sealed.open_bidder_key(wrapped, sealed.Passphrase("lamp"), bid_ref="BID-7")


def test_one_kind_of_blob_is_never_taken_for_another():
    draft = sealed.encrypt_draft(KEYFILE, b"x", bid_ref="BID-7", part="answers")
    with pytest.raises(sealed.SealBroken):
        sealed.open_for_bidder(KEYFILE, draft, ANSWERS)


def test_a_held_price_stays_shut_until_it_is_released(tmp_path):
    keys, price = sealed.HeldKeys(tmp_path), replace(ANSWERS, part_name="price")
    blob = sealed.hold_part(keys.create("NEED-1"), b"12,345.00", price)
    assert len(blob) > 4096 and b"12,345" not in blob
    assert sealed.release_part(keys.read("NEED-1"), blob, price) == b"12,345.00"
    with pytest.raises(sealed.SealBroken):
        sealed.release_part(keys.read("NEED-1"), blob, replace(price, bid_ref="BID-8"))


# Receipts


FACTS = sealed.ReceiptFacts("RCPT-1", "NEED-1", "BID-7", 1, NOON + timedelta(microseconds=7), "ab" * 32)


def test_a_receipt_verifies_offline(tmp_path):
    keys = sealed.SigningKeys(tmp_path / "keys")
    receipt = sealed.sign_receipt(keys.private_key(), replace(FACTS, journal_position=12))
    facts = sealed.verify_receipt(keys.public_key(), receipt.to_json())
    assert facts == replace(FACTS, journal_position=12)
    assert b'"received_at":"2026-03-04T12:00:00.000007Z"' in receipt.to_json()
    assert sealed.sign_receipt(keys.private_key(), replace(FACTS, journal_position=12)) == receipt


def test_a_receipt_says_no_position_that_is_not_known_and_old_ones_still_verify(tmp_path):
    keys = sealed.SigningKeys(tmp_path)
    receipt = sealed.sign_receipt(keys.private_key(), FACTS)
    fields = json.loads(receipt.to_json())
    assert "journal_position" not in fields and fields.pop("signature")
    old = {**fields, "format": "bid-receipt/1", "journal_position": None}
    signature = keys.private_key().sign(sealed.canonical_json(old)).hex()
    kept = sealed.canonical_json({**old, "signature": signature})
    assert sealed.verify_receipt(keys.public_key(), kept) == FACTS
    with pytest.raises(sealed.ReceiptBroken):
        sealed.verify_receipt(keys.public_key(), kept.replace(b"receipt/1", b"receipt/3"))


def proved(number: int = 6) -> sealed.ReceiptFacts:
    """Facts with a proof that line `number` is the last of its tree."""
    hashes = [f"{n:064x}" for n in range(1, number + 1)]
    leaves = [merkle.leaf_hash(bytes.fromhex(each)) for each in hashes]
    path = [each.hex() for each in merkle.last_path(merkle.frontier_of(leaves[:-1]))]
    proof = sealed.JournalProof(number, hashes[-1], number, merkle.root(leaves).hex(), tuple(path))
    return replace(FACTS, proof=proof)


@pytest.mark.parametrize("number", [1, 2, 7, 8])
def test_a_receipt_proves_that_its_line_is_in_the_journal(tmp_path, number):
    keys = sealed.SigningKeys(tmp_path)
    receipt = sealed.sign_receipt(keys.private_key(), proved(number))
    assert sealed.verify_receipt(keys.public_key(), receipt.to_json()) == proved(number)
    fields = json.loads(receipt.to_json())
    assert fields["format"] == "bid-receipt/3" and "proof" not in fields
    assert (fields["journal_position"], fields["tree_size"]) == (number, number)


@pytest.mark.parametrize(
    "wrong", [{"journal_position": 5}, {"tree_size": 7}, {"journal_line": "0" * 64}, {"root": "0" * 64}, {"inclusion": ()}]
)
def test_a_proof_that_does_not_hold_is_neither_signed_nor_believed(tmp_path, wrong):
    keys = sealed.SigningKeys(tmp_path)
    facts = replace(proved(), proof=replace(proved().proof, **wrong))
    with pytest.raises(ValueError, match="path"):
        sealed.sign_receipt(keys.private_key(), facts)
    fields = json.loads(sealed.sign_receipt(keys.private_key(), proved()).to_json())
    del fields["signature"]
    lie = {**fields, **{name: list(value) if value == () else value for name, value in wrong.items()}}
    signature = keys.private_key().sign(sealed.canonical_json(lie)).hex()
    with pytest.raises(sealed.ReceiptBroken, match="does not show"):
        sealed.verify_receipt(keys.public_key(), sealed.canonical_json({**lie, "signature": signature}))


@pytest.mark.parametrize("facts", [FACTS, proved()], ids=["without proof", "with proof"])
def test_every_altered_bit_of_a_receipt_is_refused(tmp_path, facts):
    keys = sealed.SigningKeys(tmp_path)
    public, content = keys.public_key(), sealed.sign_receipt(keys.private_key(), facts).to_json()
    for position in range(len(content)):
        for bit in range(8):
            altered = bytearray(content)
            altered[position] ^= 1 << bit
            with pytest.raises(sealed.ReceiptBroken):
                sealed.verify_receipt(public, bytes(altered))


def test_another_services_receipt_is_refused(tmp_path):
    ours, theirs = sealed.SigningKeys(tmp_path / "a"), sealed.SigningKeys(tmp_path / "b")
    receipt = sealed.sign_receipt(theirs.private_key(), FACTS)
    for claimed in (receipt, replace(receipt, key_id=sealed.key_id(ours.public_key()))):
        with pytest.raises(sealed.ReceiptBroken, match="Another key" if claimed is receipt else "altered"):
            sealed.verify_receipt(ours.public_key(), claimed)


def test_a_receipt_needs_a_time_zone(tmp_path):
    with pytest.raises(ValueError):
        facts = replace(FACTS, received_at=datetime(2026, 3, 4))
        sealed.sign_receipt(sealed.SigningKeys(tmp_path).private_key(), facts)


# Key folders


def test_a_key_is_written_once_and_for_its_owner_only(tmp_path):
    folder = sealed.KeyFolder(tmp_path / "keys")
    folder.create("BID-7", b"k" * 32)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "BID-7").stat().st_mode) == 0o600
    with pytest.raises(sealed.KeyExists):
        folder.create("BID-7", b"other")
    assert folder.read("BID-7") == b"k" * 32
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["BID-7"]


def test_a_key_is_on_the_disc_before_it_is_used(tmp_path, monkeypatch):
    synced, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(os.fstat(descriptor)), sync(descriptor)))
    sealed.KeyFolder(tmp_path).create("BID-7", b"k" * 32)
    assert [stat.S_ISDIR(status.st_mode) for status in synced] == [False, True]
    assert synced[0].st_ino == (tmp_path / "BID-7").stat().st_ino and synced[0].st_size == 32


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\0", "a\n", "x" * 121])
def test_a_key_never_leaves_its_folder(tmp_path, name):
    with pytest.raises(ValueError):
        sealed.KeyFolder(tmp_path).create(name, b"k")


def test_a_destroyed_draft_key_leaves_the_draft_unreadable(tmp_path):
    keys = sealed.DraftKeys(tmp_path)
    blob = sealed.encrypt_draft(keys.create("BID-7"), b"text", bid_ref="BID-7", part="answers")
    assert sealed.decrypt_draft(keys.read("BID-7"), blob, bid_ref="BID-7", part="answers") == b"text"
    with (tmp_path / "BID-7").open("rb") as still_open:
        content = keys.read("BID-7").content
        keys.destroy("BID-7")
        assert content not in still_open.read()
    keys.destroy("BID-7")
    assert not keys.exists("BID-7")
    with pytest.raises(sealed.KeyMissing):
        keys.read("BID-7")


def test_a_draft_key_set_aside_is_read_by_nobody_and_then_destroyed(tmp_path):
    keys = sealed.DraftKeys(tmp_path)
    content = keys.create("BID-7.v1").content
    keys.create("BID-8.v1")
    for _ in range(2):  # a second time it is gone already
        keys.set_aside("BID-7.v1")
    assert not keys.exists("BID-7.v1") and keys.exists("BID-8.v1")
    with pytest.raises(sealed.KeyMissing):
        keys.read("BID-7.v1")
    (file,) = [each for each in tmp_path.rglob("*") if each.is_file() and each.read_bytes() == content]
    with file.open("rb") as still_open:
        assert keys.destroy_set_aside() == 1 and keys.destroy_set_aside() == 0
        assert content not in still_open.read()
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["BID-8.v1"]


def test_opener_key_files_differ(tmp_path):
    keys = sealed.OpenerKeyFiles(tmp_path)
    assert keys.create("ann").content != keys.create("bob").content
    assert keys.read("ann").content == keys.read("ann").content
    keys.destroy("ann")
    with pytest.raises(sealed.KeyMissing):
        keys.read("ann")


def test_workers_that_start_at_once_share_one_signing_key(tmp_path):
    found, start = [], threading.Barrier(8)

    def work():
        start.wait()
        found.append(sealed.SigningKeys(tmp_path).public_key())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


# Secrets stay out of sight


def test_no_secret_shows_in_a_repr_a_pickle_or_a_copy(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    assert share.value.hex() not in repr(share) and repr(share.value) not in repr(share)
    for secret in (need[1], KEYFILE, sealed.Passphrase("blue kettle")):
        assert repr(secret) == f"<{type(secret).__name__}>"
        for escape in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                escape(secret)


def test_no_refusal_tells_the_secret(need):
    share = sealed.split_key(need[1], OPENERS, 2)[0]
    blob = sealed.wrap_share(share, sealed.Passphrase("blue kettle"), need_ref="NEED-1")
    with pytest.raises(sealed.WrongPassphrase) as refusal:
        sealed.unwrap_share(blob, sealed.Passphrase("red kettle"), need_ref="NEED-1", opener="ann")
    assert "kettle" not in str(refusal.value)
    with pytest.raises(sealed.WrongShare) as refusal:
        sealed.Share.from_bytes(share.to_bytes()[:-1])
    assert share.value.hex() not in str(refusal.value)
    assert refusal.value.__cause__ is None
