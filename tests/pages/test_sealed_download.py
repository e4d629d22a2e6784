"""The sealed bid as a download: who gets it and when, and that it and its receipt prove each other offline."""

from __future__ import annotations

import io
import secrets
import zipfile
from pathlib import Path

import pytest

from marketplace.core import db
from tenders.bids import drafts
from tenders.bids.models import Bid
from tests import bidding, making, public_files
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


def checked(folder: Path, page: PageClient, bid: bytes, receipt: bytes) -> tuple[int, str]:
    """What check-receipt.py says of these two downloads."""
    files = {"receipt.json": receipt, "bid.zip": bid, "receipt-key.pem": page.get("/receipts/receipt-key.pem").content}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    key = folder / "receipt-key.pem"
    return public_files.check_receipt(folder / "receipt.json", "--key", key, "--bid", folder / "bid.zip")


def test_its_firm_has_every_version_before_the_opening_and_the_receipt_proves_it(
    client: PageClient, tmp_path: Path
) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    content = secrets.token_bytes(600_000)
    bid = bidding.submit(bidding.drafted(made.need, member, "first words", content), member).bid
    bidding.fill(bid, member, "second words")
    bidding.submit(bid, member)
    firm = signed_in(client.app, member)
    page = firm.get(f"/supplier/bids/{bid.reference}/receipt")
    newest = firm.follow(page, "Download the sealed bid (ZIP)")
    assert newest.response.headers["Content-Disposition"].endswith(f"sealed-{bid.reference}-V2.zip")
    assert int(newest.response.headers["Content-Length"]) == len(newest.content)
    first = firm.get(f"/supplier/bids/{bid.reference}/sealed/1.zip")
    for number, found in enumerate((first, newest), start=1):
        receipt = firm.get(f"/supplier/bids/{bid.reference}/receipt/{number}.json").content
        code, said = checked(tmp_path, client, found.content, receipt)
        assert code == 0 and "sealed parts are there, unchanged" in said, said
    assert content not in first.content and b"first words" not in first.content
    # One version's receipt does not vouch for the other's parts.
    code, said = checked(tmp_path, client, first.content, receipt)
    assert code == 1 and "not the one that the receipt signs" in said
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert archive.namelist() == ["manifest.json", "parts/1.sealed", "parts/2.sealed", "parts/3.sealed"]
    firm.get(f"/supplier/bids/{bid.reference}/sealed/3.zip", status=404)


def test_nobody_else_before_the_opening_and_council_and_auditor_after(client: PageClient, tmp_path: Path) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    need, reference = made.need.reference, bid.reference
    council = signed_in(client.app, made.evaluator)
    finance = signed_in(client.app, made.third)
    auditor = signed_in(client.app, making.auditor())
    elsewhere = signed_in(client.app, making.member(making.council(), "officer"))
    rival = signed_in(client.app, bidding.bidder())
    inside = [f"/council/needs/{need}/sealed/{reference}.zip", f"/council/needs/{need}/receipts/{reference}.json"]
    outside = [f"/audit/needs/{need}/sealed/{reference}.zip", f"/audit/needs/{need}/receipts/{reference}.json"]
    for address in inside:
        council.get(address, status=409)
    for address in outside:
        auditor.get(address, status=409)
    bidding.open_all(made)
    for address in inside:
        assert finance.get(address, status=403).is_html
        elsewhere.get(address, status=404)
        rival.get(address, status=403)
        auditor.get(address, status=403)
    for address in outside:
        council.get(address, status=403)
        rival.get(address, status=403)
    rival.get(f"/supplier/bids/{reference}/sealed/1.zip", status=404)
    for someone, page in ((council, f"/council/needs/{need}/opening"), (auditor, f"/audit/needs/{need}")):
        shown = someone.get(page)
        sealed = someone.follow(shown, f"Sealed {reference} (ZIP)" if someone is council else f"sealed {reference} (ZIP)")
        receipt = someone.follow(shown, f"receipt of {reference} (JSON)")
        code, said = checked(tmp_path, client, sealed.content, receipt.content)
        assert code == 0, said


def test_a_part_that_is_gone_is_said_and_half_a_bid_is_not_sent(client: PageClient) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submit(bidding.drafted(made.need, member, file=b"x" * 10), member).bid
    part = next(each for each in db.session.get_one(Bid, bid.id).versions[0].parts if each.file_key)
    drafts.store().path(part.file_key).unlink()
    page = signed_in(client.app, member).get(f"/supplier/bids/{bid.reference}/sealed/1.zip", status=409)
    assert page.is_html and page.has("cannot be sent whole")
