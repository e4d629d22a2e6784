"""Files in pieces: what is kept when the connection breaks, who may, when it is too late, and what is left behind."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from marketplace.core import clock, db, scanning
from marketplace.core.journal import JournalLine
from tenders.bids import drafts, queries
from tenders.bids.models import LateAttempt
from tenders.bids.receipt_time import STAMP
from tenders.bids.uploads import actions, rules, sweeping
from tenders.bids.uploads.models import FileUpload, UploadPiece
from tests import bidding, making
from tests.bidding import PDF
from tests.pageclient import PageClient, signed_in
from tests.sending import Sender

pytestmark = pytest.mark.usefixtures("rows_stay_attached")
CONTENT = PDF + os.urandom(700_000)
KNOWN = b"what the scanner knows"  # long enough never to stand in random bytes by chance


@pytest.fixture
def sender(client: PageClient) -> Sender:
    member = bidding.bidder("Plain Ltd")
    return Sender(signed_in(client.app, member), bidding.drafted(bidding.purchase().need, member))


def stored() -> set[str]:
    """Every file under the store's folder."""
    folder = drafts.store().folder
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def test_a_file_goes_up_in_pieces_and_is_in_the_draft(sender: Sender) -> None:
    answer = sender.send("plan.pdf", CONTENT)
    assert answer.status_code == 200 and answer.json["is_done"] and answer.json["received"] == len(CONTENT)
    page = sender.firm.get(sender.home)
    assert page.has("plan.pdf (700,009 bytes)") and page.notices == ["File added. Only your firm can read it."]
    assert sender.firm.follow(page, "plan.pdf").content == CONTENT
    assert db.session.query(UploadPiece).count() == 0 and not [each for each in stored() if each.startswith("pieces")]
    assert not [each for each in stored() if CONTENT[1000:1020] in (drafts.store().folder / each).read_bytes()]


def test_no_piece_lies_in_the_clear(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    sender.piece(upload, 0, CONTENT[:300_000])
    kept = [(drafts.store().folder / each).read_bytes() for each in stored()]
    assert len(kept) == 1 and len(kept[0]) > 300_000
    assert not [each for each in kept if CONTENT[1000:1020] in each or PDF in each]
    about = db.session.query(FileUpload).one().about
    assert b"plan" not in about


def test_after_a_lost_answer_and_a_closed_browser_it_goes_on_where_it_was(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    assert sender.piece(upload, 0, CONTENT[:200_000]).json["received"] == 200_000
    again = sender.piece(upload, 0, CONTENT[:200_000])  # the answer was lost, so the piece is sent again
    assert again.status_code == 409 and again.json["received"] == 200_000
    page = sender.firm.get(sender.home)
    assert page.has("plan.pdf: 0.2 MB of 0.7 MB are here") and sender.files() == []
    same = sender.begin("plan.pdf", CONTENT)
    assert same.json["upload"] == upload and same.json["received"] == 200_000
    other = sender.begin("plan.pdf", CONTENT[:-1] + b"x")
    assert other.json["upload"] != upload and other.json["received"] == 0
    last = sender.piece(upload, 200_000, CONTENT[200_000:])
    repeated = sender.piece(upload, 200_000, CONTENT[200_000:])
    finished = sender.ask(f"{upload}/finish")
    assert last.json == repeated.json == finished.json == sender.state(upload) and last.json["is_done"]
    assert sender.files() == ["plan.pdf"]


def test_a_file_that_came_whole_before_a_crash_is_finished_by_the_worker(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(actions, "_store", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        sender.piece(upload, 0, CONTENT)
    assert sender.files() == [] and sweeping.finish_what_came_whole() == 0
    clock.set_clock(sender.bid.need.closes_at + timedelta(minutes=5))
    assert sweeping.finish_what_came_whole() == 1 and sweeping.finish_what_came_whole() == 0
    assert [each.name for each in drafts.read_draft(sender.bid).answers.files] == ["plan.pdf"]


def test_two_colleagues_send_at_once_and_both_files_are_there(client: PageClient, sender: Sender) -> None:
    colleague = making.member(db.session.get_one(type(sender.bid.supplier.organisation), sender.bid.supplier_id), "bidder")
    other = Sender(signed_in(client.app, colleague), sender.bid)
    one, two = sender.begin("one.pdf", CONTENT), other.begin("two.pdf", CONTENT)
    assert one.json["upload"] != two.json["upload"]
    for start in range(0, len(CONTENT), 300_000):
        for each, answer in ((sender, one), (other, two)):
            assert each.piece(answer.json["upload"], start, CONTENT[start : start + 300_000]).status_code == 200
    assert sender.files() == ["one.pdf", "two.pdf"]


def test_after_the_deadline_a_piece_is_refused_with_both_times_and_a_whole_file_stays(sender: Sender) -> None:
    sender.send("whole.pdf", CONTENT)
    upload = sender.begin("half.pdf", CONTENT).json["upload"]
    sender.piece(upload, 0, CONTENT[:300_000])
    before = stored()
    clock.set_clock(sender.bid.need.closes_at + timedelta(seconds=7))
    for _ in range(2):
        late = sender.piece(upload, 300_000, CONTENT[300_000:])
        assert late.status_code == 409 and "10:00:00am" in late.json["message"] and "10:00:07am" in late.json["message"]
    assert stored() == before and sender.files() == ["whole.pdf"]
    assert [each.kind for each in db.session.query(LateAttempt)] == ["file"]
    assert sender.firm.get(f"/supplier/bids/{sender.reference}").has("A file of yours reached us at")


def test_the_last_byte_decides_not_when_it_was_worked_on(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    closes_at = sender.bid.need.closes_at
    clock.set_clock(closes_at)
    sent = {"data": CONTENT, "content_type": "application/offset+octet-stream"}
    headers = {"Upload-Offset": "0", "X-CSRFToken": sender.token}

    def later(*given, **named):
        clock.set_clock(closes_at + timedelta(seconds=3))
        return real(*given, **named)

    real, actions.finish_upload = actions.finish_upload, later
    try:
        answer = sender.ask(f"{upload}/pieces", **sent, headers=headers, environ_overrides={STAMP: closes_at})
    finally:
        actions.finish_upload = real
    assert answer.status_code == 200 and sender.files() == ["plan.pdf"]


def test_an_upload_is_nobody_elses(client: PageClient, sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    stranger = bidding.bidder("Curious Ltd")
    other = Sender(signed_in(client.app, stranger), bidding.drafted(sender.bid.need, stranger))
    for answer in (other.piece(upload, 0, CONTENT), other.ask(f"{upload}/finish"), other.firm.client.get(upload)):
        assert answer.status_code == 404
    mixed = upload.replace(sender.reference, other.reference)
    assert other.piece(mixed, 0, CONTENT).status_code == 404
    assert sender.ask(f"{upload}/pieces", headers={"X-CSRFToken": "forged"}).status_code == 400


def test_what_cannot_be_an_upload_is_refused_in_words(sender: Sender) -> None:
    for told in (None, [], {"name": 3, "size": 1}, {"name": "a.pdf", "size": -1}, {"name": "a.pdf", "size": True},
                 {"name": "a.pdf", "size": 10**18}, {"name": "a.pdf", "size": 1, "sha256": "xyz"},
                 {"name": "a" * 1001, "size": 1}):  # fmt: skip
        answer = sender.ask(f"/supplier/bids/{sender.reference}/uploads", json=told)
        assert answer.status_code == 422 and "choose it again" in answer.json["message"]
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    too_long = sender.piece(upload, 0, CONTENT + b"x")
    assert too_long.status_code == 422 and "More bytes came" in too_long.json["message"]
    too_large = sender.piece(upload, 0, bytes(rules.LARGEST_PIECE_BYTES + 1))
    assert too_large.status_code == 422 and "at most" in too_large.json["message"]
    assert sender.piece(upload, 5, CONTENT[5:]).status_code == 409 and sender.piece(upload, 0, b"").status_code == 409
    assert stored() == set()


def test_a_file_of_another_kind_is_known_by_its_first_piece(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", b"<html>" * 100_000).json["upload"]
    answer = sender.piece(upload, 0, b"<html>" * 10_000)
    assert answer.status_code == 422 and "does not look like a .pdf file" in answer.json["message"]
    assert stored() == set() and not sender.firm.get(sender.home).has("Not finished yet")


def test_a_file_damaged_on_its_way_is_not_taken(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    answer = sender.piece(upload, 0, CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    assert answer.status_code == 422 and "plan.pdf was damaged on its way: choose it again." in answer.json["message"]
    assert stored() == set() and sender.files() == []


def test_an_unfinished_file_can_be_removed_without_a_script(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    sender.piece(upload, 0, CONTENT[:300_000])
    page = sender.firm.get(sender.home)
    assert page.has("choose the same file again below: only the rest is sent") and page.has("for 48 hours")
    page = sender.firm.submit(page, "Remove the unfinished file plan.pdf")
    assert page.notices == ["The unfinished file is removed"] and stored() == set()
    assert sender.piece(upload, 300_000, CONTENT[300_000:]).status_code == 404


def test_a_draft_thrown_away_or_submitted_takes_its_uploads_along(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    sender.piece(upload, 0, CONTENT[:300_000])
    page = sender.firm.get(f"/supplier/bids/{sender.reference}/review")
    assert sender.firm.submit(page, "Submit the bid").h1 == "Bid submitted"
    answer = sender.piece(upload, 300_000, CONTENT[300_000:])
    assert answer.status_code == 409 and "Choose the file again" in answer.json["message"]
    assert not sender.firm.get(sender.home).has("Not finished yet")


def test_what_nobody_finished_is_removed_after_its_time(sender: Sender) -> None:
    upload = sender.begin("plan.pdf", CONTENT).json["upload"]
    sender.piece(upload, 0, CONTENT[:300_000])
    left = drafts.store().folder / "pieces" / "ab" / ("ab" * 16)
    half = drafts.store().folder / "sealed" / "cd" / ("cd" * 16 + ".part")
    for each in (left, half):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(b"left by a killed process")
        long_ago = (clock.now() - timedelta(hours=7)).timestamp()
        os.utime(each, (long_ago, long_ago))
    assert sweeping.sweep_uploads() == 2 and sender.state(upload)["received"] == 300_000
    clock.set_clock(clock.now() + timedelta(hours=49))
    assert sweeping.sweep_uploads() == 1 and stored() == set()
    assert "no longer here" in sender.state(upload)["message"]


def test_a_bid_has_so_many_files_and_a_firm_so_many_bytes(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_FILES", 2)
    sender.send("one.pdf", CONTENT)
    sender.begin("two.pdf", CONTENT)
    full = sender.begin("three.pdf", CONTENT)
    assert full.status_code == 422 and "with 1 not finished yet: remove one to add three.pdf" in full.json["message"]
    room = rules.Room(files=0, unfinished=0, firm_bytes=1_999_999_990, most_firm_bytes=2_000_000_000)
    assert "can have 2,000 MB" in rules.begin_problems("a.pdf", 11, 100, room)[0].message
    assert rules.begin_problems("a.pdf", 10, 100, room) == []


def test_the_journal_tells_of_uploads_and_withholds_them(sender: Sender) -> None:
    upload = sender.begin("secret-name.pdf", CONTENT).json["upload"]
    sender.ask(f"{upload}/remove", data={"csrf_token": sender.token})
    lines = db.session.query(JournalLine).filter(JournalLine.event.like("FileUpload%")).all()
    assert [each.event for each in lines] == ["FileUploadBegun", "FileUploadGivenUp"]
    assert all(queries.is_withheld(each) and "secret" not in each.details for each in lines)


def test_a_file_that_the_scanner_knows_is_refused_and_others_say_whether_they_were_checked(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send("before.pdf", CONTENT)
    monkeypatch.setattr(scanning, "scan", lambda source: scanning.Verdict(True, "Eicar" if KNOWN in source.read() else ""))
    sender.send("good.pdf", CONTENT)
    refused = sender.send("bad.pdf", PDF + KNOWN)
    assert refused.status_code == 422 and "knows as Eicar: send a copy that is clean" in refused.json["message"]
    page = sender.firm.get(sender.home)
    assert page.has("before.pdf (700,009 bytes), not checked for viruses")
    assert page.has("good.pdf (700,009 bytes), nothing found by the virus scanner") and not page.has("bad.pdf")
