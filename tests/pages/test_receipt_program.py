"""What the program for receipts says of a ZIP that is not the sealed bid as it was downloaded."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.core import db
from marketplace.transparency.offline import check_receipt
from tenders.bids import keys, sealed
from tenders.bids.models import Bid
from tests import bidding

pytestmark = pytest.mark.usefixtures("house")
Entries = list[tuple[str, bytes]]


@pytest.fixture
def bid() -> tuple[dict[str, object], Entries]:
    """A receipt's facts, and the files of its sealed bid."""
    made = bidding.purchase()
    version = db.session.get_one(Bid, bidding.submitted(made.need).id).versions[-1]
    facts = check_receipt.check_receipt(version.receipt.encode(), keys.signing_keys().public_key())
    sealed = {each.name: each.ciphertext for each in version.parts}
    manifest = json.loads(version.manifest)["parts"]
    parts = [(f"parts/{n}.sealed", sealed[each["part_name"]]) for n, each in enumerate(manifest, start=1)]
    return facts, [("manifest.json", version.manifest), *parts]


def zipped(path: Path, entries: Entries) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # of doubled names, which are meant here
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_doubled_and_unknown_names_are_refused(bid, tmp_path: Path) -> None:
    facts, good = bid
    assert check_receipt.check_bid(str(zipped(tmp_path / "good.zip", good)), facts) == len(good) - 1
    cases = {
        "stands twice": [good[0], (good[1][0], b"false"), *good[1:]],
        "bid-in-clear.txt does not belong": [*good, ("bid-in-clear.txt", b"1 pound")],
        "is missing": good[:-1],
        "was changed": [*good[:-1], (good[-1][0], b"false")],
    }
    for words, entries in cases.items():
        with pytest.raises(check_receipt.NotGenuine, match=words):
            check_receipt.check_bid(str(zipped(tmp_path / "b.zip", entries)), facts)


@pytest.mark.parametrize("what", ["no manifest", "encrypted", "cut short", "packed otherwise"])
def test_what_cannot_be_read_ends_with_a_sentence(bid, tmp_path: Path, monkeypatch, capsys, what: str) -> None:
    facts, good = bid
    path = zipped(tmp_path / "b.zip", good[1:] if what == "no manifest" else good)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    if what == "encrypted":
        raw[at + 8] |= 1
    elif what == "packed otherwise":
        raw[at + 10] = 77
    elif what == "cut short":
        raw = raw[: len(raw) // 2]
    path.write_bytes(raw)
    monkeypatch.setattr(check_receipt, "check_receipt", lambda *_: {"journal_position": 1, "root": "", "received_at": "", **facts})
    for name in ("_read", "_key"):
        monkeypatch.setattr(check_receipt, name, lambda _: b"")
    monkeypatch.setattr("sys.argv", ["check-receipt.py", "receipt.json", "--bid", str(path)])
    assert check_receipt.main() == 2
    assert "Cannot tell: " in capsys.readouterr().err


def test_several_receipts_are_each_told_of(bid, tmp_path: Path, monkeypatch, capsys) -> None:
    """One that was changed hides nothing of the others, and is named."""
    receipt = db.session.scalars(select(Bid)).one().versions[-1].receipt
    (tmp_path / "key.pem").write_bytes(sealed.public_key_pem(keys.signing_keys().public_key()))
    given = [str(tmp_path / f"{name}.json") for name in ("one", "changed", "other")]
    for path in given:
        Path(path).write_text(receipt.replace("bid_version\":1", "bid_version\":2") if "changed" in path else receipt)

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["check-receipt.py", *words, "--key", str(tmp_path / "key.pem")])
        return check_receipt.main()

    assert run(*given) == 1
    said = capsys.readouterr().out
    assert said.count(": Genuine.") == 2 and f"{given[1]}: Not genuine" in said
    assert run(given[0], str(tmp_path / "none.json"), given[2]) == 2
    assert run(given[0]) == 0 and capsys.readouterr().out.count("Genuine.") == 3
    with pytest.raises(SystemExit):
        run(given[0], given[2], "--bid", "bid.zip")
