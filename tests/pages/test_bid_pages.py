"""A bidder's journey without scripts, and the opening by two people, page by page."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest

from marketplace.core import clock, db
from tenders.bids import keys, opened, queries, sealed
from tenders.bids.models import Bid
from tenders.bids.receipt_time import STAMP
from tests import bidding, making
from tests.bidding import PDF
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


def test_a_bidder_writes_reads_submits_and_reads_again_after_the_opening(client: PageClient) -> None:
    made, member = bidding.purchase(), bidding.bidder("Plain Ltd")
    need, question = made.need, made.need.questions[0].text
    firm = signed_in(client.app, member)
    assert firm.get("/supplier/bids").has("You have not started a bid")
    page = firm.submit(firm.get(f"/needs/{need.reference}/bid"), "Start the bid")
    assert page.has("Not started")
    home = f"/supplier/bids/{queries.bids_of_supplier(member.organisation_id)[0].reference}"

    page = firm.submit(firm.follow(page, question), "Save and go back", text="word " * 201)
    assert page.has("Too long")
    assert firm.follow(page, question).has("take out 1 word before you submit")
    page = firm.submit(firm.follow(page, question), "Save and go back", text="We will build it plainly.")
    page = firm.submit(firm.follow(page, "Price"), "Save and go back", status=422, Build="many pounds")
    assert page.field("Build") == "many pounds"
    page = firm.submit(page, "Save and go back", Build="£19,500.50")
    page = firm.submit(
        firm.follow(page, "Declarations"), "Save and go back", conflict="no", no_collusion=True, is_accurate=True
    )
    files = firm.follow(page, "Files")
    files = firm.submit(files, "Add this file", status=422, file=(io.BytesIO(b""), "empty.pdf"))
    assert any("empty.pdf is empty" in each for each in files.errors)
    for _ in range(2):
        files = firm.submit(files, "Add this file", file=(io.BytesIO(PDF + b"plan"), "plan.pdf"))
    assert files.text.count("plan.pdf (13 bytes)") == 2
    files = firm.submit(firm.follow(files, "Remove plan.pdf, file 1"), "Remove the file")
    review = firm.follow(firm.follow(files, "Back to the bid"), "Read the whole bid and submit it")
    assert review.has("Nothing is missing") and review.has("£19,500.50") and review.has("plan.pdf")

    packed = firm.follow(review, "Download my bid with its files (zip)")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.read("files/01-plan.pdf") == PDF + b"plan"
        assert "We will build it plainly." in archive.read("bid.txt").decode()
        assert json.loads(archive.read("bid.json"))["price"]["total_pence"] == 1_950_050

    sent = firm.submit(review, "Submit the bid")
    assert sent.h1 == "Bid submitted" and sent.has("10:00:00am") and not sent.has("We will build it plainly.")
    again = firm.submit(review, "Submit the bid")  # the button pressed twice
    assert again.summary == sent.summary and not again.has("We will build it plainly.")
    receipt = firm.follow(sent, "Download the signed receipt (JSON)")
    facts = sealed.verify_receipt(keys.signing_keys().public_key(), receipt.content)
    assert facts.manifest_hash == sent.summary["Fingerprint of the sealed bid"]

    page = firm.get(home)
    assert page.has("You can change or withdraw it") and not page.has("plainly")
    bidding.open_all(made)
    page = firm.get(home)
    assert page.has("We will build it plainly.") and page.has("prices stay shut") and not page.has("£19,500.50")
    assert firm.follow(page, "plan.pdf").content == PDF + b"plan"
    opened.release_prices(need)
    assert firm.get(home).has("£19,500.50")


def test_a_bid_that_lacks_something_lists_what_to_do(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    firm = signed_in(client.app, member)
    page = firm.submit(firm.get(f"/needs/{need.reference}/bid"), "Start the bid")
    review = firm.follow(page, "Read the whole bid and submit it")
    assert review.has("5 things to do")
    refused = firm.submit(review, "Submit the bid", status=422)
    assert len(refused.errors) == 5
    assert firm.follow(refused, f"Answer the question “{need.questions[0].text}”").h1.endswith(need.questions[0].text)


def test_two_colleagues_see_both_texts_when_one_would_be_lost(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    colleague = making.member(member.organisation, "bidder")
    bid = bidding.drafted(need, member)
    here = f"/supplier/bids/{bid.reference}/answers/{need.questions[0].id}"
    one, two = signed_in(client.app, member), signed_in(client.app, colleague)
    first, second = one.get(here), two.get(here)
    one.submit(first, "Save and go back", text="the text of the first")
    lost = two.submit(second, "Save and go back", status=409, text="the text of the second")
    assert lost.has("the text of the first") and lost.field("text") == "the text of the second"
    two.submit(lost, "Save and go back", text="both texts")
    assert one.get(here).field("text") == "both texts"
    price = f"/supplier/bids/{bid.reference}/price"
    first, second = one.get(price), two.get(price)
    one.submit(first, "Save and go back", Build="100")
    assert two.submit(second, "Save and go back", status=409, Build="200").has("Build: £100")
    declarations = f"/supplier/bids/{bid.reference}/declarations"
    first, second = one.get(declarations), two.get(declarations)
    one.submit(first, "Save and go back", conflict="yes", conflict_details="A cousin")
    assert two.submit(second, "Save and go back", status=409, is_accurate=False).has("A cousin")


def test_autosave_tells_the_version_that_the_next_save_builds_on(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    firm = signed_in(client.app, member)
    page = firm.get(f"/supplier/bids/{bid.reference}/answers/{need.questions[0].id}")
    sent = {"csrf_token": token_of(page), "version": page.field("version"), "text": "typed"}
    saved = firm.post(page.url, status=204, data=sent, headers={"X-Autosave": "1"})
    sent.update(version=saved.response.headers["X-Version"], text="typed on")
    firm.post(page.url, status=204, data=sent, headers={"X-Autosave": "1"})


def token_of(page) -> str:
    return page.main.find("input", attrs={"name": "csrf_token"})["value"]


def test_late_is_told_with_both_times_to_the_second(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    firm = signed_in(client.app, member)
    review = firm.get(f"/supplier/bids/{bid.reference}/review")
    clock.set_clock(need.closes_at + timedelta(seconds=7))
    late = firm.submit(review, "Submit the bid", status=409)
    assert late.has("10:00:00am") and late.has("10:00:07am")
    page = firm.get(f"/supplier/bids/{bid.reference}")
    assert page.has("It did not count") and page.has("was never submitted")


def test_what_counts_is_when_the_request_arrived_not_when_it_was_worked_on(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    firm = signed_in(client.app, member)
    review = firm.get(f"/supplier/bids/{bid.reference}/review")
    sent = {name: review.field(name) for name in ("csrf_token", "idempotency_key", "seen")}
    sent["csrf_token"] = token_of(review)
    closes_at = need.closes_at
    clock.set_clock(closes_at + timedelta(seconds=4))
    path = f"/supplier/bids/{bid.reference}/submit"
    spoofed = {"Market.Received-At": closes_at.isoformat(), "Market-Received-At": closes_at.isoformat()}
    firm.post(path, status=409, data={**sent, "idempotency_key": "f" * 32}, headers=spoofed)
    page = firm.post(path, data=sent, environ_overrides={STAMP: closes_at})
    assert page.h1 == "Bid submitted" and bid.submitted_at == closes_at


def test_own_copy_replaces_and_withdraws(client: PageClient) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member, words="the words we keep")
    firm = signed_in(client.app, member)
    review = firm.get(f"/supplier/bids/{bid.reference}/review")
    assert firm.submit(review, "Submit the bid", status=422, passphrase="short").errors
    firm.submit(review, "Submit the bid", passphrase="a passphrase of ours")
    page = firm.follow(firm.get(f"/supplier/bids/{bid.reference}"), "Read or change your own copy")
    wrong = firm.submit(page, "Show my copy", status=422, passphrase="some other words")
    assert "not the passphrase" in wrong.errors[0]
    assert firm.submit(page, "Show my copy", passphrase="a passphrase of ours").has("the words we keep")
    page = firm.submit(page, "Change my bid from this copy", passphrase="a passphrase of ours")
    assert page.has("You are writing a new version")
    page = firm.submit(firm.follow(page, "Throw away the new version"), "Throw it away")
    page = firm.submit(firm.follow(page, "Withdraw this bid"), "Withdraw the bid")
    assert page.has("Withdrawn")
    assert firm.get(f"/supplier/bids/{bid.reference}").has("You withdrew this bid")


def test_another_firm_and_the_council_find_no_bid(client: PageClient) -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    paths = ["", "/review", "/receipt", "/receipt/1.json", "/download", "/files", "/price", "/my-copy", "/withdraw"]
    other = signed_in(client.app, bidding.bidder())
    council = signed_in(client.app, made.first)
    for path in paths:
        other.get(f"/supplier/bids/{bid.reference}{path}", status=404)
        council.get(f"/supplier/bids/{bid.reference}{path}", status=403)


def test_two_openers_open_page_by_page(client: PageClient) -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need, bidding.bidder("Sealed Ltd"))
    here = f"/council/needs/{made.need.reference}/opening"
    first, second, evaluator = (signed_in(client.app, each) for each in (made.first, made.second, made.evaluator))
    page = first.get(here)
    assert page.has("Bidding closes at") and not page.has("Sealed Ltd") and page.buttons == []
    bidding.close(made.need)
    assert evaluator.get(here).has("You assess bids")
    page = first.submit(first.get(here), "Begin the opening", passphrase=making.OPENING)
    assert page.has("You have done your part") and not page.has("Sealed Ltd") and page.buttons == []
    done = second.submit(second.get(here), "Complete the opening", passphrase=making.OPENING)
    row = done.table("Opening list")[0]
    assert row["Bid"] == bid.reference and row["Supplier"] == "Sealed Ltd"
    assert done.summary["Bids opened"] == "1"
    stranger = signed_in(client.app, making.officer())
    stranger.get(here, status=404)


def test_before_the_opening_no_council_page_tells_of_bids(client: PageClient) -> None:
    made = bidding.purchase()
    bids = [bidding.submitted(made.need, bidding.bidder(f"Hidden {name} Ltd")) for name in ("Alpha", "Beta")]
    officer = signed_in(client.app, made.first)
    for path in (f"/council/needs/{made.need.reference}/opening", f"/council/needs/{made.need.reference}", "/council"):
        page = officer.get(path)
        assert not re.search(r"Hidden|Alpha|Beta|B-2026|2 bids|\b2 suppliers", page.text)
        assert all(each.reference not in page.html for each in bids)


def test_the_mails_of_a_bid_say_nothing_of_it(app) -> None:
    from marketplace.core import letters
    from marketplace.core.journal import JournalLine
    from marketplace.core.mail import Mail
    from tenders.bids.emails import EMAILS

    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member, words="canary-words")
    bidding.open_all(made)
    with app.test_request_context():
        for line in db.session.query(JournalLine).order_by(JournalLine.number).all():
            if line.event in EMAILS:
                letters.write_letters(line, list(EMAILS[line.event](line)))
    mails = db.session.query(Mail).order_by(Mail.id).all()
    assert [each.subject for each in mails if each.recipient == member.person.email] == [
        f"We received your bid {bid.reference}: receipt", f"Your bid {bid.reference} was opened"
    ]  # fmt: skip
    others = {each.recipient for each in mails if each.subject.startswith("Complete the opening")}
    assert others == {made.second.person.email, made.third.person.email}
    assert not [each for each in mails if "canary" in each.body + each.subject or "19,500" in each.body]


def test_the_council_approves_and_publishes_with_one_button(client: PageClient) -> None:
    from tests.actions.test_bids import ready_to_publish

    author, approver, need = ready_to_publish()
    page = signed_in(client.app, author).get(f"/council/needs/{need.reference}")
    assert "Approve and publish" not in page.buttons
    council = signed_in(client.app, approver)
    openers = [each.person for each in need.people_with("opener")]
    page = council.submit(council.get(f"/council/needs/{need.reference}"), "Approve and publish")
    assert all(page.has(f"{each.name} has not set an opening passphrase yet") for each in openers)
    bidding.give_passphrases(openers)
    page = council.submit(council.get(f"/council/needs/{need.reference}"), "Approve and publish")
    db.session.expire_all()
    assert need.published_at is not None and need.public_key is not None
    assert len(queries.opener_shares(need)) == 2
    assert db.session.query(Bid).count() == 0
