"""What a bidder is told while it writes: what is lacking, what looks like a slip, what can be checked."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.core import clock
from tenders.bids import actions
from tests import bidding
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


def home_of(bid) -> str:
    return f"/supplier/bids/{bid.reference}"


def test_saving_tells_what_is_still_lacking(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    home, question = home_of(actions.start_bid(need.id, member)), need.questions[0].id
    firm = signed_in(client.app, member)
    page = firm.submit(firm.get(f"{home}/answers/{question}"), "Save and go back", text="word " * 203)
    assert page.has("3 words over the limit") and not page.has("Done")
    page = firm.submit(firm.get(f"{home}/price"), "Save and go back")
    assert page.has("1 line still has no price") and firm.get(f"{home}/price").has("Nothing priced yet")
    assert firm.get(f"{home}/review").has("Nothing priced yet")
    page = firm.submit(firm.get(f"{home}/declarations"), "Save and go back")
    assert page.has("3 declarations are still to be made") and not page.has("Done")
    page = firm.submit(firm.get(f"{home}/declarations"), "Save and go back", status=422, conflict="yes", no_collusion=True)
    assert page.errors == ["Describe the conflict of interest: who, and how"] and page.field("conflict") == "yes"


def test_a_price_is_shown_beside_the_estimate_and_a_likely_slip_is_told(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    home = home_of(actions.start_bid(need.id, member))
    firm = signed_in(client.app, member)
    for typed, told in (
        ("20,000", ["£20,000 excluding VAT", "£24,000. Your price is 100% of it"]),
        ("40,000.01", ["more than twice the council’s estimate", "£48,000.01"]),
        ("0", ["“Build” is priced at £0"]),
    ):
        firm.submit(firm.get(f"{home}/price"), "Save and go back", Build=typed)
        for words in told:
            assert firm.get(f"{home}/price").has(words) and firm.get(f"{home}/review").has(words)
    assert not firm.submit(firm.get(f"{home}/price"), "Save and go back", Build="19,000").has("lack")
    assert not firm.get(f"{home}/price").has("Warning")
    page = firm.submit(firm.get(f"{home}/price"), "Save and go back", status=422, Build="100,000,000.01")
    assert page.errors == ["One line can come to £100,000,000 at most: check the price of “Build”"]
    assert page.field("Build") == "100,000,000.01"


def test_submitting_tells_the_passphrase_and_everything_else_together(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    firm = signed_in(client.app, member)
    review = firm.get(home_of(actions.start_bid(need.id, member)) + "/review")
    refused = firm.submit(review, "Submit the bid", status=422, passphrase="short")
    assert len(refused.errors) == 6 and any("passphrase must have" in each for each in refused.errors)


def test_a_new_version_is_told_that_the_old_one_had_a_readable_copy(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    home, firm, words = home_of(bid), signed_in(client.app, member), "a passphrase of ours"
    review = firm.get(f"{home}/review")
    assert not review.has("Set a passphrase again")
    firm.submit(review, "Submit the bid", passphrase=words)
    firm.submit(firm.get(f"{home}/my-copy"), "Change my bid from this copy", passphrase=words)
    assert firm.get(f"{home}/review").has(
        "Set a passphrase again, or this version can only be read after the opening"
    )


def test_a_draft_is_deleted_and_another_can_be_started(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    reference, closes_at = need.reference, need.closes_at
    home, firm = home_of(actions.start_bid(need.id, member)), signed_in(client.app, member)
    page = firm.submit(firm.follow(firm.get(home), "Delete this draft"), "Delete the draft")
    assert page.has("Your draft is deleted") and page.has("You deleted this draft")
    started = firm.follow(firm.get(home), "Start another bid for this need")
    assert started.h1.startswith("Bid for this need") or reference in started.url
    clock.set_clock(closes_at)
    clock.pass_time(microseconds=1)
    assert not firm.get(home).has("Start another bid")


def test_anyone_can_check_a_receipt_by_the_steps_of_the_page(client: PageClient, tmp_path: Path) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    firm = signed_in(client.app, member)
    bid = bidding.submitted(need, member)
    visitor = PageClient(client.app)  # without an account
    program = visitor.follow(visitor.get("/receipts/check"), "check-receipt.py")
    (tmp_path / "check-receipt.py").write_bytes(program.content)
    (tmp_path / "receipt-key.pem").write_bytes(visitor.get("/receipts/receipt-key.pem").content)
    content = firm.get(f"{home_of(bid)}/receipt/1.json").content

    def checked(receipt: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "receipt.json").write_bytes(receipt)
        command = [sys.executable, "check-receipt.py", "receipt.json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert f"Genuine. {bid.reference}-V1 received at" in checked(content).stdout
    altered = checked(content.replace(b'"bid_version":1', b'"bid_version":2'))
    assert altered.returncode == 1 and "Not genuine: the receipt was altered" in altered.stdout


def test_the_price_page_tells_of_vat_and_of_the_opening(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    home = home_of(actions.start_bid(need.id, member))
    firm = signed_in(client.app, member)
    page = firm.get(f"{home}/price")
    assert page.has("Enter every price without VAT") and page.has("with VAT at 20%")
    assert page.has("your price stays shut until the assessors have agreed their scores for quality")
    firm.submit(page, "Save and go back", Build="100")
    assert firm.get(f"{home}/price").summary["Your total with VAT at 20%"] == "£120"


def test_the_page_of_files_tells_limits_and_what_was_not_checked(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    firm = signed_in(client.app, member)
    page = firm.get(f"{home_of(bid)}/files")
    assert page.has("A bid can have 20 files; this one has none yet.") and not page.has("for viruses")
    actions.add_file(bid.id, member, "plan.pdf", io.BytesIO(bidding.PDF + b"plan"))
    page = firm.get(f"{home_of(bid)}/files")
    assert page.has("you have added 1") and page.has("not checked for viruses")
