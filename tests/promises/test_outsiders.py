"""A7, B6: a stranger checks a purchase and a receipt with programs that import nothing of ours."""

from __future__ import annotations

import json
import random
import re
import resource
import time
from pathlib import Path

import pytest

from marketplace.core import clock, db
from marketplace.transparency.checking import check_record, read_witnessed
from marketplace.transparency.checkpoints import find_newest, make_checkpoint
from marketplace.transparency.offline import check_receipt
from tenders.bids import keys, sealed, submission
from tenders.bids.models import Bid
from tests import bidding, public_files
from tests.pageclient import PageClient
from tests.promises.proof import Proof

MOST_SECONDS = 10.0  # the promise's, for both programs
COPIES = {"a leaf": "tile/0/", "a line": "needs/", "the checkpoint": "checkpoint", "the register": "register.json"}


def purchase_of(size: int) -> tuple[str, list[Bid]]:
    """An opened need with that many bids, one of them submitted twice and one more withdrawn."""
    made, firm, fickle = bidding.purchase(), bidding.bidder(), bidding.bidder()
    first = bidding.submitted(made.need, firm)
    # Their numbers, not the rows: every commit looks through all the rows that are held.
    numbers = [first.id, *(bidding.submitted(made.need).id for _ in range(size - 1))]
    bidding.fill(first, firm, "Better words")
    bidding.submit(first, firm)
    submission.withdraw_bid(bidding.submitted(made.need, fickle).id, fickle, clock.now())
    make_checkpoint()
    bidding.open_all(made)
    make_checkpoint()
    return made.need.reference, [db.session.get_one(Bid, each) for each in numbers]


def files(client: PageClient, folder: Path, reference: str) -> Path:
    visitor = PageClient(client.app)

    def get(address: str) -> bytes | None:
        answer = visitor.client.get(address)
        return answer.data if answer.status_code == 200 else None

    return public_files.save(get, folder, [reference])


def receipts_of(bids: list[Bid], folder: Path) -> list[Path]:
    folder.mkdir()
    paths = []
    for version in (version for bid in bids for version in bid.versions):
        path = folder / f"{version.bid.reference}-V{version.number}.json"
        path.write_bytes(version.receipt.encode())
        paths.append(path)
    return paths


def test_two_programs_agree_on_a_closed_purchase(client: PageClient, tmp_path: Path, proof: Proof) -> None:
    size = proof.size("A7")
    reference, bids = purchase_of(size)
    receipts = receipts_of(bids, tmp_path / "receipts")
    newest = find_newest()
    assert newest is not None
    ours = check_record(read_witnessed([newest.note]))
    folder = files(client, tmp_path / "files", reference)
    given = [word for each in receipts for word in ("--receipt", each)]
    began, worked = time.perf_counter(), _worked()
    code, said = public_files.check_journal(
        folder, "--key", folder / "key", "--receipt-key", folder / "receipt-key.pem", "--every-checkpoint",
        "--checkpoint", folder / "checkpoints/1", "--need", reference, *given,
    )  # fmt: skip
    first = time.perf_counter() - began
    another, told = public_files.check_receipt(*receipts, "--key", folder / "receipt-key.pem")
    both, worked = time.perf_counter() - began, _worked() - worked
    wrong = [said[-500:]] if code else []
    wrong += [told[-500:]] if another else []
    lines = set(re.findall(r"line ([0-9]+) of the journal says the same", said))
    if len(lines) != len(receipts) or lines != set(re.findall(r"Its line is number ([0-9]+) of the journal", told)):
        wrong.append("the two programs do not find the receipts in the same lines")
    if worked > MOST_SECONDS:
        wrong.append(f"the two programs worked for {worked:.1f} s")
    wrong += ours.faults + ([] if ours.verdict.is_whole else [ours.verdict.reason])
    if f"has {size} receipts, one for each bid" not in said:
        wrong.append("the register was not checked")
    found = [each for each in said.splitlines() if "says the same" in each]
    if len(found) != len(receipts) or sum("closed register has it" in each for each in found) != size:
        wrong.append(f"{len(found)} of {len(receipts)} receipts found in the need's lines")
    measured = f"check-journal.mjs {first:.1f} s, check-receipt.py {both - first:.1f} s; of the processor {worked:.1f} s"
    proof.tell("A7", "bids checked from public files, by both", count=size, violations=wrong, measured=measured)


def _worked() -> float:
    """Seconds of the processor that programs which we started have used: what they take where nobody else works."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("what", COPIES)
def test_a_stranger_finds_a_changed_file(client: PageClient, tmp_path: Path, what: str) -> None:
    reference, _bids = purchase_of(1)
    folder = files(client, tmp_path / "files", reference)
    path = next(p for p in sorted(folder.rglob("*")) if p.is_file() and COPIES[what] in str(p.relative_to(folder)))
    if what == "the checkpoint":
        path = folder / "checkpoint"
    content = path.read_bytes()
    at = content.index(b'"receipts":["') + 14 if what == "the register" else len(content) // 2
    path.write_bytes(content[:at] + (b"0" if content[at : at + 1] != b"0" else b"1") + content[at + 1 :])
    code, said = public_files.check_journal(folder, "--need", reference)
    assert code == 1, said


def test_a_dropped_bid_shows_in_the_register(client: PageClient, tmp_path: Path) -> None:
    reference, _bids = purchase_of(2)
    folder = files(client, tmp_path / "files", reference)
    path = folder / f"needs/{reference}/register.json"
    told = json.loads(path.read_bytes())
    told["receipts"].pop()
    path.write_bytes(json.dumps(told, sort_keys=True, separators=(",", ":")).encode())
    assert public_files.check_journal(folder, "--need", reference)[0] == 1


def test_every_changed_bit_of_a_receipt_is_refused(client: PageClient, tmp_path: Path, proof: Proof) -> None:
    """By our own reader and by the program to take away; a sample by the programs run as a stranger runs them."""
    _reference, bids = purchase_of(1)
    content, public = bids[0].versions[-1].receipt.encode(), keys.signing_keys().public_key()
    assert sealed.verify_receipt(public, content).proof is not None
    assert check_receipt.check_receipt(content, public)["format"] == "bid-receipt/3"
    taken, flips = [], len(content) * 8
    for bit in range(flips):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        for name, read in (("ours", _ours), ("check-receipt.py", _theirs)):
            if read(bytes(altered), public):
                taken.append(f"{name} takes bit {bit}")
    proof.tell("B6", "bits of a receipt changed", count=flips, violations=taken, measured="two readers")
    key = tmp_path / "receipt-key.pem"
    key.write_bytes(sealed.public_key_pem(public))
    wrong = [f"sample {n}" for n, each in enumerate(_samples(content, proof.size("B6"))) if _is_taken(tmp_path, each, key)]
    assert not _is_refused(tmp_path, content, key)
    proof.tell("B6", "sample given to the program as it is downloaded", count=proof.size("B6"), violations=wrong)


def _ours(content: bytes, key: bytes) -> bool:
    try:
        sealed.verify_receipt(key, content)
    except sealed.ReceiptBroken:
        return False
    return True


def _theirs(content: bytes, key: bytes) -> bool:
    try:
        check_receipt.check_receipt(content, key)
    except check_receipt.NotGenuine:
        return False
    return True


def _samples(content: bytes, size: int) -> list[bytes]:
    chosen = random.Random(6)
    flips = [(chosen.randrange(len(content)), 1 << chosen.randrange(8)) for _ in range(size)]
    return [content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :] for at, bit in flips]


def _is_taken(folder: Path, receipt: bytes, key: Path) -> bool:
    (folder / "receipt.json").write_bytes(receipt)
    return public_files.check_receipt(folder / "receipt.json", "--key", key)[0] != 1


def _is_refused(folder: Path, receipt: bytes, key: Path) -> bool:
    (folder / "receipt.json").write_bytes(receipt)
    return public_files.check_receipt(folder / "receipt.json", "--key", key)[0] != 0
