"""The journal's public files: complete enough to check everything by, silent about bids until they are opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from marketplace.core import clock, db
from marketplace.core.journal import record
from marketplace.transparency.checkpoints import make_checkpoint
from tenders.needs.events import NeedExtended
from tests import bidding, making, public_files
from tests.conftest import START
from tests.pageclient import PageClient


def files(client: PageClient, folder: Path, *needs: str) -> Path:
    """The public files as a visitor without an account gets them."""
    visitor = PageClient(client.app)

    def get(name: str) -> bytes | None:
        answer = visitor.client.get(name)
        return answer.data if answer.status_code == 200 else None

    return public_files.save(get, folder, needs)


def need_lines(client: PageClient, reference: str) -> dict:
    return json.loads(PageClient(client.app).get(f"/journal/needs/{reference}.json").content)


@dataclass(frozen=True)
class Opened:
    """What the tests need to know of a purchase whose bids were opened."""

    reference: str
    people: list[str]


@pytest.fixture
def opened(client: PageClient) -> Opened:
    """A purchase whose bids were opened, with a replaced, a withdrawn and a late one."""
    made = bidding.purchase()
    firms = [bidding.bidder() for _ in range(3)]
    bids = [bidding.submitted(made.need, each) for each in firms]
    bidding.fill(bids[0], firms[0], "Better words")
    bidding.submit(bids[0], firms[0])
    bidding.submission.withdraw_bid(bids[1].id, firms[1], clock.now())
    bidding.open_all(made)
    make_checkpoint()
    people = [each.person for each in (made.first, made.second, made.evaluator, *firms)]
    return Opened(made.need.reference, [word for each in people for word in (each.name, each.email)])


def test_a_stranger_checks_an_opened_purchase_from_public_files_alone(client, opened, tmp_path: Path) -> None:
    reference = opened.reference
    folder = files(client, tmp_path / "files", reference)
    code, words = public_files.check_journal(
        folder, "--key", folder / "key", "--checkpoint", folder / "checkpoints/1", "--need", reference
    )
    assert code == 0, words
    told = [each["event"] for each in need_lines(client, reference)["lines"]]
    assert told.count("BidSubmitted") == 4 and told.count("BidWithdrawn") == 1 and "OpeningBegun" in told
    assert f"{len(told)} public lines match" in words and "Everything agrees." in words


def test_before_the_opening_nothing_tells_that_anybody_bids(client) -> None:
    need = bidding.purchase().need
    reference, closing = need.reference, {"closed_at_before": START, "closes_at": START}
    with db.one_action("test"):
        record(NeedExtended(subject=reference, need=reference, version=2, sha256="", **closing))
    bidding.submitted(need)
    bidding.close(need)
    make_checkpoint()
    told = need_lines(client, reference)
    assert told["opened_at"] is None
    assert [each["event"] for each in told["lines"]] == ["NeedExtended"]


def test_public_lines_name_nobody(client, opened) -> None:
    content = PageClient(client.app).get(f"/journal/needs/{opened.reference}.json").content.decode()
    assert "BidSubmitted" in content
    assert not [word for word in opened.people if word in content]
    assert "S-2026" not in content, "a supplier is named"


def test_lines_are_told_as_far_as_the_newest_checkpoint(client) -> None:
    reference = making.open_need().reference
    assert need_lines(client, reference)["lines"] == []
    PageClient(client.app).get("/journal/checkpoint", status=404)


@pytest.mark.parametrize("address", ["needs/N-2000-0001.json", "tile/0/000", "tile/9/000", "tile/0/x1", "checkpoints/7"])
def test_what_is_not_there_is_not_found(client, address: str) -> None:
    PageClient(client.app).get(f"/journal/{address}", status=404)


def test_a_draft_and_a_need_of_elsewhere_have_no_lines(client) -> None:
    draft, elsewhere = making.need(), making.open_need(source="elsewhere", source_id="1")
    for reference in (draft.reference, elsewhere.reference):
        assert PageClient(client.app).client.get(f"/journal/needs/{reference}.json").status_code == 404


def test_the_page_says_how_and_hands_out_the_programs(client, opened) -> None:
    shown = PageClient(client.app).get("/journal/check")
    assert "One old checkpoint is enough" in shown.text
    assert PageClient(client.app).get("/journal/check-journal.mjs").content == public_files.CHECK_JOURNAL.read_bytes()
    assert PageClient(client.app).get("/journal/check-export.py").content == public_files.CHECK_EXPORT.read_bytes()
    assert PageClient(client.app).get("/receipts/check-receipt.py").content == public_files.CHECK_RECEIPT.read_bytes()


# -- the stranger's program finds what was spoilt


def _flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def _edit(path: Path, change) -> None:
    value = json.loads(path.read_bytes())
    change(value["lines"])
    path.write_bytes(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


SPOILT = {
    "a leaf": (lambda f, n: _flip(next((f / "tile/0").rglob("*.p/*"))), "do not make the root"),
    "the signature": (lambda f, n: _flip(f / "checkpoint", -5), "not signed"),
    "the size": (
        lambda f, n: (f / "checkpoint").write_bytes((f / "checkpoint").read_bytes().replace(b"\n", b"\n1", 1)),
        "not signed",
    ),
    "a line's words": (lambda f, n: _edit(n, lambda lines: lines[0].update(event="NeedShelved")), "does not match"),
    "a line of another place": (lambda f, n: _edit(n, lambda lines: lines.reverse()), "out of order"),
    "a line twice": (lambda f, n: _edit(n, lambda lines: lines.append(lines[-1])), "out of order"),
    "spelling": (lambda f, n: n.write_bytes(n.read_bytes() + b" "), "not as it was written"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_spoilt_files_are_found(client, opened, tmp_path: Path, what: str) -> None:
    reference = opened.reference
    folder = files(client, tmp_path / "files", reference)
    spoil, words = SPOILT[what]
    spoil(folder, folder / f"needs/{reference}.json")
    code, said = public_files.check_journal(folder, "--key", folder / "key", "--need", reference)
    assert code == 1 and words in said, said


def test_what_is_missing_is_no_agreement(client, opened, tmp_path: Path) -> None:
    folder = files(client, tmp_path / "files")
    next((folder / "tile/0").rglob("*.p/*")).unlink()
    code, said = public_files.check_journal(folder)
    assert code == 2 and "is missing" in said
