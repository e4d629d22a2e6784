"""The register of received bids: closed before the opening, kept to, and what counts in it."""

from __future__ import annotations

import io
import json
import secrets
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, insert, select, update

from marketplace.core import clock, db, merkle
from marketplace.core.errors import Conflict, Problems
from marketplace.core.journal import JournalLine
from tenders.bids import (
    actions,
    drafts,
    emails,
    keys,
    opened,
    opening,
    queries,
    register,
    reminding,
    rules,
    sealed,
    submission,
)
from tenders.bids.models import BidVersion, ClosedRegister, LateAttempt
from tenders.needs import amending
from tests import bidding

pytestmark = pytest.mark.usefixtures("house")


def lines(event: str) -> list[JournalLine]:
    return list(db.session.scalars(select(JournalLine).where(JournalLine.event == event)))


def told(need) -> dict:
    found = register.find_register(need)
    assert found is not None
    return json.loads(register.as_json(need, found))


def test_the_worker_closes_the_register_before_anything_is_opened() -> None:
    made = bidding.purchase()
    bids = [bidding.submitted(made.need) for _ in range(3)]
    assert register.close_registers() == 0
    clock.set_clock(made.need.closes_at + rules.SETTLES)
    assert register.close_registers() == 0
    bidding.close(made.need)
    assert register.close_registers() == 1 and register.close_registers() == 0
    root = lines("RegisterClosed")[0].facts["root"]
    assert made.need.bids_closed_at == clock.now() and told(made.need)["root"] == root
    bidding.open_all(made)
    assert len(lines("RegisterClosed")) == 1
    # What anyone does with the file alone.
    public = told(made.need)
    receipts = sorted(sha256(b"\0" + bid.versions[-1].receipt.encode()).hexdigest() for bid in bids)
    assert public["receipts"] == receipts and public["root"] == root
    leaves = [merkle.leaf_hash(bytes.fromhex(public["blinding"])), *(bytes.fromhex(each) for each in receipts)]
    assert merkle.root(leaves).hex() == root


def test_before_the_opening_the_register_says_nothing_of_how_many_bid() -> None:
    alone, nobody = bidding.purchase(), bidding.purchase()
    bid = bidding.submitted(alone.need)
    bidding.close(max((alone.need, nobody.need), key=lambda each: each.closes_at))
    assert register.close_registers() == 2
    for made in (alone, nobody):
        assert set(told(made.need)) == {"format", "need_ref", "closes_at", "closed_at", "root"}
    assert told(alone.need)["root"] != merkle.leaf_hash(bid.versions[0].receipt.encode()).hex()
    assert told(nobody.need)["root"] != sha256(b"").hexdigest()


@pytest.mark.parametrize("change", ["dropped", "altered", "added", "replaced"])
def test_a_bid_added_dropped_or_changed_after_the_register_stops_the_opening(change: str) -> None:
    made = bidding.purchase()
    bids = [bidding.submitted(made.need) for _ in range(2)]
    late = bidding.drafted(made.need, bidding.bidder())
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, bidding.OPENING)
    with db.engine().begin() as connection:
        of_first = BidVersion.bid_id == bids[0].id
        if change == "dropped":
            connection.execute(update(type(late)).where(type(late).id == bids[0].id).values(withdrawn_at=clock.now()))
        elif change == "altered":
            connection.execute(update(BidVersion).where(of_first).values(receipt=bids[1].versions[0].receipt))
        elif change == "added":
            row = connection.execute(select(BidVersion.__table__).where(of_first)).one()._asdict()
            forged = {**row, "id": row["id"] + 99, "bid_id": late.id, "receipt": row["receipt"] + " "}
            connection.execute(insert(BidVersion), forged)
            connection.execute(
                update(type(late)).where(type(late).id == late.id).values(current_version=1, submitted_at=clock.now())
            )
        else:
            other = bids[0].versions[0].receipt.replace("-V1", "-V2")
            connection.execute(update(BidVersion).where(of_first).values(receipt=other))
    db.session.expire_all()
    with pytest.raises(opening.NothingOpened, match="register"):
        opening.complete_opening(made.need.id, made.second, bidding.OPENING)
    assert queries.find_opening(made.need).opened_at is None


def test_what_was_received_in_time_but_came_through_after_the_register_is_recorded_and_not_taken() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    bidding.close(made.need)
    register.close_registers()
    in_time = made.need.closes_at - timedelta(seconds=1)
    refused = submission.submit_bid(bid.id, member, secrets.token_hex(16), in_time)
    assert isinstance(refused, submission.RefusedLate) and bid.current_version == 0
    attempt = db.session.scalars(select(LateAttempt)).one()
    assert attempt.received_at < attempt.closed_at


def test_a_complete_draft_counts_where_the_council_said_so() -> None:
    made = bidding.purchase(left_drafts="counted")
    left, unfinished, sent = (bidding.bidder() for _ in range(3))
    bid = bidding.drafted(made.need, left, "words left unsubmitted", file=b"a plan")
    saved_at = bid.saved_at
    actions.start_bid(made.need.id, unfinished)
    again = bidding.submitted(made.need, sent, "the first words")
    bidding.fill(again, sent, "the better words")
    bidding.close(made.need)
    key = keys.draft_key_name(bid)
    register.close_registers()
    version = bid.versions[0]
    assert (bid.current_version, again.current_version) == (1, 2) and version.received_at == saved_at
    assert sealed.verify_receipt(keys.signing_keys().public_key(), version.receipt.encode())
    assert not keys.draft_keys().exists(key) and not drafts.is_drafting(bid)
    assert [each.subject for each in lines("DraftTakenAsBid")] == [bid.reference, again.reference]
    assert {each.role for each in lines("DraftTakenAsBid")} == {"timetable"}
    letters = list(emails.EMAILS["DraftTakenAsBid"](lines("DraftTakenAsBid")[0]))
    assert [each.to for each in letters] == [left.person.email]
    bidding.open_all(made)
    assert [opened.read_answers(each).answers[0].text for each in (bid, again)] == [
        "words left unsubmitted",
        "the better words",
    ]
    assert len(queries.opened_bids(made.need)) == 2


def test_a_complete_draft_counts_for_nothing_where_the_council_did_not_say_so() -> None:
    made = bidding.purchase()
    bid = bidding.drafted(made.need, bidding.bidder())
    bidding.open_all(made)
    assert bid.current_version == 0 and not queries.opened_bids(made.need)


def test_a_left_draft_answers_the_need_as_it_is_asked_now() -> None:
    made, member = bidding.purchase(left_drafts="counted"), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    amending.extend_need(made.need.id, made.first, made.need.closes_at + timedelta(days=7), "A document was late.")
    assert bid.ready_for != made.need.version
    bidding.open_all(made)
    assert bid.current_version == 1 and opened.read_answers(bid).answers


def test_the_register_of_a_deadline_that_moved_is_closed_anew() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    bidding.close(made.need)
    register.close_registers()
    with db.one_action("test"):
        amending.extend_after_outage(made.need, made.second, made.need.closes_at + timedelta(days=1), "An outage.")
    assert made.need.bids_closed_at is None and register.find_register(made.need) is None
    bidding.submitted(made.need)
    bidding.open_all(made)
    assert db.session.scalar(select(func.count(ClosedRegister.id))) == 2 and len(queries.opened_bids(made.need)) == 2


def test_nobody_can_save_or_submit_while_the_register_is_closed() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    bidding.close(made.need)
    register.close_registers()
    assert made.need.bids_closed_at is not None
    with pytest.raises(Problems):
        actions.save_part(bid.id, member, drafts.PRICE, {})


# -- drafts that wait


def test_a_firm_is_reminded_once_for_each_closing_time_of_a_draft_that_waits() -> None:
    made, waiting, done, new = bidding.purchase(), bidding.bidder(), bidding.bidder(), bidding.bidder()
    bid = bidding.drafted(made.need, waiting)
    bidding.submitted(made.need, done)
    assert reminding.remind_of_drafts() == 0
    clock.set_clock(made.need.closes_at - timedelta(hours=23))
    bidding.drafted(made.need, new)
    assert reminding.remind_of_drafts() == 1 and reminding.remind_of_drafts() == 0
    line = lines("DraftWaits")[0]
    assert (line.subject, line.organisation, line.role) == (bid.reference, "", "timetable")
    letter = next(iter(emails.EMAILS["DraftWaits"](line)))
    assert letter.to == waiting.person.email and letter.context["link"].endswith(f"{bid.reference}/review")
    amending.extend_need(made.need.id, made.first, made.need.closes_at + timedelta(days=3), "A document was late.")
    assert reminding.remind_of_drafts() == 0
    clock.set_clock(made.need.closes_at - timedelta(hours=1))
    assert reminding.remind_of_drafts() == 2
    bidding.submit(bid, waiting)
    assert reminding.remind_of_drafts() == 0


# -- what must not stop the others


def test_a_submission_cannot_take_a_key_that_the_service_gives_itself() -> None:
    made, member = bidding.purchase(left_drafts="counted"), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    for key in (f"left-{bid.reference}-1", "a" * 15, "a" * 65, "a" * 20 + " "):
        with pytest.raises(Problems):
            submission.submit_bid(bid.id, member, key, clock.now())


def test_a_draft_whose_key_is_gone_goes_on_record_and_holds_up_nobody() -> None:
    made, unlucky = bidding.purchase(left_drafts="counted"), bidding.bidder()
    bid, other = bidding.drafted(made.need, unlucky), bidding.drafted(made.need, bidding.bidder())
    amending.extend_need(made.need.id, made.first, made.need.closes_at + timedelta(days=7), "A document was late.")
    keys.draft_keys().destroy(keys.draft_key_name(bid))
    bidding.open_all(made)
    assert (bid.current_version, other.current_version) == (0, 1)
    line = lines("DraftNotTaken")[0]
    assert line.subject == bid.reference
    assert [each.to for each in emails.EMAILS["DraftNotTaken"](line)] == [unlucky.person.email]


def test_one_register_that_cannot_be_closed_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = bidding.purchase(), bidding.purchase()
    close, refused = register.close_register, first.need.id

    def broken(need_id: int) -> bool:
        if need_id == refused:
            raise RuntimeError("a fault")
        return close(need_id)

    monkeypatch.setattr(register, "close_register", broken)
    bidding.close(max((first.need, second.need), key=lambda each: each.closes_at))
    assert register.close_registers() == 1 and second.need.bids_closed_at and not first.need.bids_closed_at


def test_a_colleague_who_begins_anew_while_a_draft_is_thrown_away_keeps_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    bidding.fill(bid, member, "thrown away")
    discard = actions._discard

    def then_begun_anew(bid_id: int, who) -> object:
        gone = discard(bid_id, who)
        bidding.fill(bid, member, "begun anew")
        return gone

    monkeypatch.setattr(actions, "_discard", then_begun_anew)
    actions.discard_draft(bid.id, member)
    assert drafts.read_draft(bid).answers.answers[0].text == "begun anew"


def test_a_file_sent_for_a_draft_that_was_thrown_away_is_refused() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    bidding.fill(bid, member)
    stored = drafts.store_upload(bid, "plan.pdf", io.BytesIO(bidding.PDF))
    actions.discard_draft(bid.id, member)
    with pytest.raises(Conflict, match="thrown away"):
        actions.add_stored(bid.id, member, [stored], bid.current_version)


def test_a_file_that_came_in_time_makes_no_bid_late() -> None:
    made, member = bidding.purchase(left_drafts="counted"), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    in_time = made.need.closes_at - timedelta(seconds=1)
    clock.set_clock(in_time)
    stored = drafts.store_upload(bid, "plan.pdf", io.BytesIO(bidding.PDF))
    clock.set_clock(made.need.closes_at + timedelta(seconds=30))
    actions.add_stored(bid.id, member, [stored], 0, in_time)
    bidding.close(made.need)
    register.close_registers()
    assert bid.versions[0].received_at == in_time and len(bid.versions[0].parts) == 3
