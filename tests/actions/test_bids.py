"""Bids from start to opening: the closing instant, races, replacing and withdrawing, two openers, nothing readable."""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core import references as references_of
from marketplace.core.errors import Conflict, NotFound, Problems
from marketplace.core.journal import JournalLine
from tenders.bids import (
    actions,
    drafts,
    keys,
    opened,
    opening,
    own_copy,
    publishing,
    queries,
    rules,
    sealed,
    submission,
    sweeping,
)
from tenders.bids.models import (
    Bid,
    BidOpening,
    BidVersion,
    DraftPart,
    LateAttempt,
    OpenedPart,
    SealedPart,
)
from tenders.needs import amending
from tenders.needs.models import Need
from tests import bidding, making
from tests.bidding import PDF
from tests.lines import lines_of
from tests.making import OPENING

pytestmark = pytest.mark.usefixtures("house")
PASSPHRASE = "a passphrase of our own"


def count(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


# -- starting and drafting


def test_a_firm_has_one_live_bid_for_a_need() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    first = actions.start_bid(need.id, member)
    assert actions.start_bid(need.id, member).id == first.id
    colleague = making.member(member.organisation, "bidder")
    assert actions.start_bid(need.id, colleague).id == first.id


def test_two_colleagues_who_start_at_once_share_one_bid() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    need_id, member_id = need.id, member.id
    ids = at_once([lambda: actions.start_bid(need_id, read_member(member_id)).id] * 4)
    assert len(set(ids)) == 1 and count(Bid) == 1


def test_no_bid_for_an_imported_or_closed_need() -> None:
    member = bidding.bidder()
    made = bidding.purchase()
    with clock.clock_at(made.need.closes_at + timedelta(seconds=1)), pytest.raises(Problems, match="closed"):
        actions.start_bid(made.need.id, member)


def test_a_reserved_need_asks_for_a_declaration() -> None:
    need = bidding.purchase(reserved_to="local_area", reserved_areas="Camden and Islington").need
    member = bidding.bidder()
    with pytest.raises(Problems, match="Camden and Islington"):
        actions.start_bid(need.id, member)
    from tenders.bids.rules import Reservation

    assert actions.start_bid(need.id, member, Reservation(is_in_area=True)).reference.startswith("B-2026-")


def test_a_lost_edit_is_refused_with_the_other_text() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = actions.start_bid(need.id, member)
    slot = drafts.answer_slot(need.questions[0].id)
    seen = actions.save_part(bid.id, member, slot, "first", 0).version
    actions.save_part(bid.id, member, slot, "by a colleague", seen)
    with pytest.raises(drafts.LostEdit) as refused:
        actions.save_part(bid.id, member, slot, "mine", seen)
    assert refused.value.theirs == "by a colleague"
    actions.save_part(bid.id, member, slot, "mine", refused.value.version)
    assert drafts.read_slot(bid, slot).value == "mine"


def test_files_of_any_name_work_and_an_empty_one_says_why() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = actions.start_bid(need.id, member)
    for _ in range(2):
        actions.add_file(bid.id, member, "../same name.pdf", io.BytesIO(PDF + b"same"))
    assert [each.name for each in drafts.read_draft(bid).answers.files] == ["same name.pdf"] * 2
    with pytest.raises(Problems, match=r"empty\.pdf is empty"):
        actions.add_file(bid.id, member, "empty.pdf", io.BytesIO(b""))
    slot = drafts.read_draft(bid).answers.files[0].slot
    assert drafts.open_file(bid, slot)[1].read() == PDF + b"same"
    actions.remove_file(bid.id, member, slot)
    assert len(drafts.file_parts(bid)) == 1
    assert len(stored_files()) == 2  # encrypted for the draft, and sealed


def test_another_firm_finds_no_bid() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    stranger = bidding.bidder()
    with pytest.raises(NotFound):
        actions.save_part(bid.id, stranger, drafts.PRICE, {})
    with pytest.raises(NotFound):
        submission.submit_bid(bid.id, stranger, secrets.token_hex(16), clock.now())
    with pytest.raises(NotFound):
        queries.get_own_bid(bid.reference, stranger.organisation_id)


# -- submitting


def test_the_closing_instant_itself_is_in_time_and_a_microsecond_later_is_not() -> None:
    need, early, late = bidding.purchase().need, bidding.bidder(), bidding.bidder()
    first, second = bidding.drafted(need, early), bidding.drafted(need, late, words="Too late to count")
    closes_at = need.closes_at
    with clock.clock_at(closes_at + timedelta(seconds=3)):  # the work is done later than the request came
        sent = submission.submit_bid(first.id, early, secrets.token_hex(16), closes_at)
        refused = submission.submit_bid(second.id, late, secrets.token_hex(16), closes_at + timedelta(microseconds=1))
    assert isinstance(sent, submission.Submitted) and sent.version.received_at == closes_at
    assert isinstance(refused, submission.RefusedLate)
    attempt = db.session.scalars(select(LateAttempt)).one()
    assert attempt.received_at - attempt.closed_at == timedelta(microseconds=1) and attempt.kind == "submission"
    assert count(BidVersion) == 1
    line = lines_of("BidRefusedLate")[0]
    assert line.facts["received_at"] > line.facts["closed_at"] and line.organisation == ""


def test_an_incomplete_bid_is_told_everything_that_is_missing() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = actions.start_bid(need.id, member)
    with pytest.raises(Problems) as refused:
        submission.submit_bid(bid.id, member, secrets.token_hex(16), clock.now())
    assert {each.field for each in refused.value.problems} == {
        f"answer-{need.questions[0].id}", "price", "declarations"
    }  # fmt: skip
    assert count(BidVersion) == 0


def test_the_same_submission_sent_eight_times_at_once_is_one_bid_with_equal_receipts() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member, file=b"a plan")
    key, at, bid_id, member_id, reference = secrets.token_hex(16), clock.now(), bid.id, member.id, bid.reference

    def send() -> str:
        sent = submission.submit_bid(bid_id, read_member(member_id), key, at)
        assert isinstance(sent, submission.Submitted)
        return sent.version.receipt

    receipts = at_once([send] * 8)
    assert len(receipts) == 8 and len(set(receipts)) == 1
    assert count(BidVersion) == 1 and count(SealedPart) == 3 and len(lines_of("BidSubmitted")) == 1
    assert not keys.draft_keys().exists(f"{reference}.v1") and sweeping.sweep_drafts() == 4 and count(DraftPart) == 0


def test_a_retry_after_the_deadline_gets_its_receipt() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    key = secrets.token_hex(16)
    first = submission.submit_bid(bid.id, member, key, clock.now())
    clock.set_clock(need.closes_at + timedelta(hours=1))
    again = submission.submit_bid(bid.id, member, key, clock.now())
    assert isinstance(first, submission.Submitted) and isinstance(again, submission.Submitted)
    assert again.version.receipt == first.version.receipt and count(LateAttempt) == 0


def test_the_receipt_verifies_against_the_sealed_parts() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    version = bidding.submit(bidding.drafted(need, member, file=b"plan"), member).version
    facts = sealed.verify_receipt(keys.signing_keys().public_key(), version.receipt.encode())
    manifest = sealed.Manifest.from_json(version.manifest.encode())
    assert facts.manifest_hash == sealed.manifest_hash(manifest) and facts.received_at == version.received_at
    for part in version.parts:
        content = part.ciphertext or drafts.store().read(part.file_key)
        assert manifest.covers(sealed.ManifestEntry.of(part.name, content))


def test_what_changed_after_reading_is_not_submitted() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    seen = drafts.read_draft(bid).mark
    actions.save_part(bid.id, member, drafts.answer_slot(need.questions[0].id), "changed by a colleague")
    with pytest.raises(submission.ReadAgain):
        submission.submit_bid(bid.id, member, secrets.token_hex(16), clock.now(), seen=seen)


def test_a_new_version_replaces_and_the_last_one_is_opened() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member, words="the first words")
    bidding.fill(bid, member, words="the second words")
    bidding.submit(bid, member)
    numbers = [(each.number, each.replaced_at is None) for each in bid.versions]
    assert numbers == [(1, False), (2, True)] and bid.current_version == 2
    bidding.open_all(made)
    assert opened.read_answers(bid).answers[0].text == "the second words"


def test_a_withdrawn_bid_is_not_opened_and_another_may_be_started() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    assert isinstance(submission.withdraw_bid(bid.id, member, clock.now()), submission.Withdrawn)
    again = bidding.submitted(made.need, member, words="the bid that counts")
    assert again.id != bid.id
    bidding.open_all(made)
    assert [each.reference for each in queries.opened_bids(made.need)] == [again.reference]


def test_withdrawing_ends_at_the_deadline_and_the_attempt_is_recorded() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    clock.set_clock(made.need.closes_at + timedelta(microseconds=1))
    assert isinstance(submission.withdraw_bid(bid.id, member, clock.now()), submission.RefusedLate)
    assert bid.withdrawn_at is None and db.session.scalars(select(LateAttempt)).one().kind == "withdrawal"


# -- the bidder's own copy


def test_an_own_copy_is_read_and_taken_up_again_with_its_files() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member, words="words to keep", file=b"the plan")
    bidding.submit(bid, member, PASSPHRASE)
    assert own_copy.open_copy(bid, PASSPHRASE).answers.answers[0].text == "words to keep"
    with pytest.raises(Problems, match="not the passphrase"):
        own_copy.open_copy(bid, "some other passphrase")
    actions.amend_from_own_copy(bid.id, member, PASSPHRASE)
    draft = drafts.read_draft(bid)
    assert draft.answers.answers[0].text == "words to keep" and draft.price.total_pence == 1_950_000
    assert drafts.open_file(bid, draft.answers.files[0].slot)[1].read() == PDF + b"the plan"
    bidding.submit(bid, member)
    assert bid.current_version == 2 and not own_copy.has_copy(bid)
    bidding.open_all(made)
    assert opened.open_file(bid, opened.opened_files(bid)[0].slot)[1].read() == PDF + b"the plan"


def test_without_a_passphrase_nothing_of_the_draft_stays() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member, file=b"plan")
    bidding.submit(bid, member)
    assert not keys.draft_keys().exists(f"{bid.reference}.v1")
    sweeping.sweep_drafts()
    assert [each.parent.parent.name for each in stored_files()] == ["sealed"]
    with pytest.raises(NotFound):
        own_copy.open_copy(bid, PASSPHRASE)


# -- nobody reads before the opening


def test_a_canary_in_a_submitted_bid_is_found_nowhere(house) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    need = made.need
    words, in_file, name = "canary-7f3a9c51e0d8", "canary-1b64c0ffee99", "canary-0defaced4242"
    bid = actions.start_bid(need.id, member)
    bid_reference, need_id, openers = bid.reference, need.id, (made.first.id, made.second.id)
    bidding.fill(bid, member, words=words)
    actions.add_file(bid.id, member, f"{name}.pdf", io.BytesIO(PDF + in_file.encode()))
    bidding.submit(bid, member, PASSPHRASE)
    contents = {str(each): each.read_bytes() for each in house.home.rglob("*") if each.is_file()}
    contents["rows"] = b"\n".join(every_value())
    db.session.remove()
    if house.url.startswith("sqlite"):
        database = Path(house.url.removeprefix("sqlite:///"))
        contents |= {str(each): each.read_bytes() for each in database.parent.glob("test.db*")}
        assert len(contents[str(database)]) > 100_000
    assert len(contents) >= 4 and bid_reference.encode() in contents["rows"]
    for canary in (words, in_file, name):
        for form in spellings(canary):
            hits = [each for each, content in contents.items() if form in content]
            assert not hits, f"{form!r} stands in {hits}"
    # The search can find: once opened, the answer stands in the rows and the file in the store.
    bidding.close(db.session.get_one(Need, need_id))
    opening.begin_opening(need_id, read_member(openers[0]), OPENING)
    opening.complete_opening(need_id, read_member(openers[1]), OPENING)
    assert words.encode() in b"\n".join(every_value())
    bid = db.session.scalars(select(Bid)).one()
    assert in_file.encode() in opened.open_file(bid, opened.opened_files(bid)[0].slot)[1].read()


def every_value() -> Iterator[bytes]:
    """Every value of every table, as bytes."""
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            yield from (each if isinstance(each, bytes) else str(each).encode() for each in row)


def spellings(canary: str) -> list[bytes]:
    raw = canary.encode()
    shifted = [base64.b64encode(b"x" * lead + raw)[4:-4] for lead in range(3)]
    return [raw, raw.hex().encode(), raw.hex().upper().encode(), *shifted, canary.encode("utf-16-le"), raw[::-1]]


def test_before_the_opening_not_even_the_number_of_bids_is_told() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member)
    for ask in (queries.opened_bids, queries.late_attempts_for):
        with pytest.raises(queries.StillSealed):
            ask(made.need)
    for read in (opened.read_answers, opened.read_price, opened.opened_files):
        with pytest.raises(queries.StillSealed):
            read(bid)
    lines = db.session.scalars(select(JournalLine).where(queries.shown_lines())).all()
    assert not [each for each in lines if each.event.startswith("Bid")]
    assert all(queries.is_withheld(each) for each in lines_of("BidSubmitted"))
    names = {member.person.pseudonym, member.organisation.reference, member.person.name}
    for line in lines_of("BidSubmitted") + lines_of("BidStarted") + lines_of("BidDraftSaved"):
        assert not names & {line.actor, line.organisation, *map(str, line.facts.values())}


# -- opening


def test_two_openers_together_open_all_bids() -> None:
    made = bidding.purchase()
    bids = [bidding.submitted(made.need, words=f"words {number}") for number in range(3)]
    bidding.drafted(made.need, bidding.bidder())  # never submitted
    bidding.open_all(made)
    assert [each.reference for each in queries.opened_bids(made.need)] == [each.reference for each in bids]
    assert [opened.read_answers(each).answers[0].text for each in bids] == ["words 0", "words 1", "words 2"]
    line = lines_of("BidsOpened")[0]
    assert line.facts["count"] == 3 and line.organisation == made.second.organisation.reference
    assert [each["supplier"] for each in line.facts["bids"]] == [each.supplier.reference for each in bids]
    found = db.session.scalars(select(BidOpening)).one()
    assert found.bids_opened == 3 and found.entrusted is None and len(json.loads(found.opening_list)) == 3
    sweeping.sweep_drafts()
    left = keys.draft_keys()._keys.folder.rglob("*")
    assert count(DraftPart) == 0 and not [each.name for each in left if each.is_file()]


def test_prices_stay_shut_until_they_are_released(house) -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    bidding.open_all(made)
    with pytest.raises(opened.PriceShut):
        opened.read_price(bid)
    part = db.session.scalars(select(OpenedPart).where(OpenedPart.name == "price")).one()
    assert b"1950000" not in part.content and part.state == "shut"
    assert opened.release_prices(made.need) == 1
    assert opened.read_price(bid).total_pence == 1_950_000
    assert opened.release_prices(made.need) == 0


def test_one_opener_cannot_open_alone() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, OPENING)
    for act in (opening.begin_opening, opening.complete_opening, opening.take_part_in_opening):
        with pytest.raises(Problems, match="Another opener"):
            act(made.need.id, made.first, OPENING)
    assert made.need.opened_at is None


def test_a_first_act_lapses_after_thirty_minutes_and_can_be_begun_again() -> None:
    made = bidding.purchase()
    bid = bidding.submitted(made.need)
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, OPENING)
    clock.pass_time(minutes=30, microseconds=1)
    with pytest.raises(Problems, match="Begin it again"):
        opening.complete_opening(made.need.id, made.second, OPENING)
    opening.take_part_in_opening(made.need.id, made.second, OPENING)
    opening.take_part_in_opening(made.need.id, made.third, OPENING)
    assert opened.read_answers(bid).answers


def test_nobody_opens_before_closing_nor_without_the_duty() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    with clock.clock_at(made.need.closes_at), pytest.raises(Problems, match="Bidding closes"):
        opening.begin_opening(made.need.id, made.first, OPENING)
    bidding.close(made.need)
    with pytest.raises(Problems, match="not named as an opener"):
        opening.begin_opening(made.need.id, made.evaluator, OPENING)
    with pytest.raises(NotFound):
        opening.begin_opening(made.need.id, making.officer(), OPENING)


def test_an_evaluator_named_as_opener_by_mistake_cannot_open() -> None:
    made = bidding.purchase()
    from tenders.needs.models import PanelMember

    with db.one_action("test") as current:
        current.add(
            PanelMember(need_id=made.need.id, person_id=made.first.person_id, duty="chair", named_at=clock.now())
        )
        from marketplace.core.journal import record

        record(making.MadeForTest(subject="test"))
    bidding.close(made.need)
    with pytest.raises(Problems, match="You assess bids"):
        opening.begin_opening(made.need.id, made.first, OPENING)


def test_no_bids_is_still_an_opening() -> None:
    made = bidding.purchase()
    bidding.open_all(made)
    assert made.need.opened_at is not None and list(queries.opened_bids(made.need)) == []
    assert lines_of("BidsOpened")[0].facts["count"] == 0


def test_one_altered_bid_means_that_none_is_opened() -> None:
    made = bidding.purchase()
    bidding.submitted(made.need)
    spoiled = bidding.drafted(made.need, bidding.bidder(), file=b"plan")
    member = made.first
    sent = bidding.submit(spoiled, next(iter_members(spoiled)))
    part = next(each for each in sent.version.parts if each.file_key)
    path = drafts.store().path(part.file_key)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    bidding.close(made.need)
    opening.begin_opening(made.need.id, member, OPENING)
    with pytest.raises(opening.NothingOpened, match=spoiled.reference):
        opening.complete_opening(made.need.id, made.second, OPENING)
    assert count(OpenedPart) == 0 and made.need.opened_at is None
    assert not [each for each in stored_files() if "opened" in each.parts]


def test_keys_left_by_a_crash_are_swept_and_those_in_use_stay() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.submitted(need, member)
    keys.draft_keys().create(f"{bid.reference}.v1")  # as if the process had died before it destroyed the key
    bidding.fill(bid, member)
    assert keys.sweep_draft_keys() == 1 and keys.sweep_draft_keys() == 0
    assert not keys.draft_keys().exists(f"{bid.reference}.v1")
    assert drafts.read_draft(bid).answers.answers[0].text


def test_lost_keys_are_told_in_words() -> None:
    made, member = bidding.purchase(has_passphrases=False), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    keys.draft_keys().destroy(f"{bid.reference}.v1")
    with pytest.raises(Conflict, match="start again"):
        drafts.read_draft(bid)
    bidding.close(made.need)
    keys.opener_key_files().destroy(f"{made.need.reference}.{made.first.person.pseudonym}")
    with pytest.raises(opening.NothingOpened, match="no key"):
        opening.begin_opening(made.need.id, made.first, OPENING)


def test_too_few_openers_make_no_key() -> None:
    council = making.council()
    need = making.open_need(council, panel={"opener": [making.officer(council).person]})
    with pytest.raises(Problems, match="at least 2 people"):
        bidding.give_key(need)


def test_a_submission_after_the_opening_is_late_whatever_its_key() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    bidding.open_all(made)
    late = submission.submit_bid(bid.id, member, secrets.token_hex(16), clock.now())
    assert isinstance(late, submission.RefusedLate)
    with pytest.raises(Problems):
        actions.save_part(bid.id, member, drafts.PRICE, {})


def test_discarding_a_new_version_leaves_the_submitted_one() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.submitted(need, member)
    bidding.fill(bid, member, file=b"unwanted")
    actions.discard_draft(bid.id, member)
    assert bid.current_version == 1 and not bid.draft_parts and stored_files() == []
    with pytest.raises(Conflict):
        submission.submit_bid(bid.id, member, secrets.token_hex(16), clock.now())


def test_publishing_makes_the_key_and_an_author_cannot() -> None:
    author, approver, need = ready_to_publish()
    with pytest.raises(Problems):
        publishing.approve_and_publish(need.id, author)
    assert need.public_key is None and not queries.opener_shares(need)
    openers = [each.person for each in need.people_with("opener")]
    with pytest.raises(Problems) as refused:
        publishing.approve_and_publish(need.id, approver)
    assert [each.name in refused.value.message for each in openers] == [True, True]
    assert need.public_key is None and need.published_at is None
    bidding.give_passphrases(openers)
    publishing.approve_and_publish(need.id, approver)
    assert need.published_at is not None and len(need.public_key) == 32
    assert len(queries.opener_shares(need)) == 2
    bid = bidding.submitted(need)
    bidding.close(need)
    first, second = (each.person for each in need.people_with("opener"))
    opening.begin_opening(need.id, member_of(first), OPENING)
    opening.complete_opening(need.id, member_of(second), OPENING)
    assert opened.read_answers(bid).answers


def ready_to_publish():
    council = making.council()
    author, approver = making.officer(council), making.member(council, "approver")
    panel = {
        "opener": [making.member(council, "finance").person, making.member(council, "contract_manager").person],
        "evaluator": [making.member(council, "evaluator").person],
        "chair": [making.member(council, "chair").person],
        "award_approver": [approver.person],
    }
    need = making.need(
        council,
        author.person,
        panel=panel,
        review_asked_at=clock.now(),
        conflicts_assessment="None known.",
        lots_reason="One small service.",
        cpv_codes="72000000",
    )
    return author, approver, need


def read_member(member_id: int) -> Membership:
    """The member in this thread's own session."""
    return db.session.get_one(Membership, member_id)


def member_of(person):
    return person.memberships[0]


def iter_members(bid: Bid):
    return iter(bid.supplier.organisation.memberships)


def stored_files() -> list[Path]:
    return [each for each in drafts.store().folder.rglob("*") if each.is_file()]


def at_once(calls: list) -> list:  # type: ignore[type-arg]
    """What the calls gave, each made in a thread of its own at the same moment; raises the first fault."""
    barrier, results, faults = threading.Barrier(len(calls)), [], []
    db.session.remove()

    def run(call) -> None:
        try:
            barrier.wait()
            results.append(call())
        except BaseException as fault:
            faults.append(fault)
        finally:
            db.session.remove()

    threads = [threading.Thread(target=run, args=[each]) for each in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if faults:
        raise faults[0]
    return results


def test_a_reference_tells_nothing_of_the_other_bids() -> None:
    need = bidding.purchase().need
    references = [actions.start_bid(need.id, bidding.bidder()).reference for _ in range(3)]
    assert len(set(references)) == 3
    assert all(re.fullmatch(r"B-2026-[a-z0-9]{4}-[a-z0-9]{4}", each) for each in references)
    assert db.session.get(references_of.Sequence, "B-2026") is None  # no counter that anyone could read


def test_files_that_arrive_together_keep_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_FILES", 2)
    member = bidding.bidder()
    bid_id = actions.start_bid(bidding.purchase().need.id, member).id
    member_id = member.id

    def add() -> bool:
        mine = db.session.get(Membership, member_id)
        assert mine is not None
        try:
            actions.add_file(bid_id, mine, "plan.pdf", io.BytesIO(PDF))
        except Problems:
            return False
        return True

    assert sum(at_once([add] * 5)) == 2
    assert count(DraftPart) == 2 and len(stored_files()) == 4


# -- what lies ready


def counted_sealings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sealings: list[str] = []
    seal = sealed.seal_part
    monkeypatch.setattr(
        sealed, "seal_part", lambda key, content, binding: sealings.append(binding.part_name) or seal(key, content, binding)
    )
    return sealings


def test_a_complete_draft_is_sealed_when_it_is_saved_and_submitting_seals_nothing(monkeypatch) -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member)
    mark = drafts.read_draft(bid).mark
    assert bid.ready_mark == mark and count(SealedPart) == 2 and count(BidVersion) == 0
    sealings = counted_sealings(monkeypatch)
    monkeypatch.setattr(drafts, "read_draft", lambda _bid: pytest.fail("submitting reads no draft"))
    sent = submission.submit_bid(bid.reference, member, secrets.token_hex(16), clock.now(), seen=mark)
    assert isinstance(sent, submission.Submitted) and sealings == []
    assert [each.name for each in sent.version.parts] == ["answers", "price"]
    assert sent.bid.ready_mark == "" and not drafts.is_drafting(sent.bid)


def test_what_lies_ready_follows_every_save() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member, "first words")
    question = bid.need.questions[0]
    actions.save_part(bid.id, member, drafts.answer_slot(question.id), "word " * (question.word_limit + 1))
    assert bid.ready_mark == "" and count(SealedPart) == 0
    actions.save_part(bid.id, member, drafts.answer_slot(question.id), "last words")
    slot = actions.add_file(bid.id, member, "plan.pdf", io.BytesIO(PDF)).slot.partition(":")[2]
    assert count(SealedPart) == 3
    actions.remove_file(bid.id, member, slot)
    assert count(SealedPart) == 2
    bidding.submit(bid, member)
    bidding.open_all(made)
    assert opened.read_answers(bid).answers[0].text == "last words" and not opened.opened_files(bid)


def test_a_need_that_changed_is_answered_as_it_is_asked_now(monkeypatch) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    later = made.need.closes_at + timedelta(days=7)
    amending.extend_need(made.need.id, made.first, later, "A document was late.")
    sealings = counted_sealings(monkeypatch)
    bidding.submit(bid, member)
    assert sealings == ["answers", "price"] and count(SealedPart) == 2


def test_a_new_version_that_lies_ready_counts_for_nothing_until_it_is_submitted() -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.submitted(made.need, member, "the words that count")
    bidding.fill(bid, member, "words never submitted")
    assert bid.ready_mark and count(SealedPart) == 4
    bidding.open_all(made)
    assert opened.read_answers(bid).answers[0].text == "the words that count"
    assert count(SealedPart) == 2 and bid.ready_mark == ""


def test_what_was_taken_back_lies_ready_no_more() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.submitted(need, member)
    bidding.fill(bid, member)
    actions.discard_draft(bid.id, member)
    assert count(SealedPart) == 2 and bid.ready_mark == ""
    bidding.fill(bid, member)
    submission.withdraw_bid(bid.id, member, clock.now())
    assert count(SealedPart) == 2 and bid.ready_mark == ""


def test_the_file_of_an_own_copy_outlives_the_sweep() -> None:
    need, member = bidding.purchase().need, bidding.bidder()
    bid = bidding.drafted(need, member, file=b"a plan")
    bidding.submit(bid, member, PASSPHRASE)
    assert sweeping.sweep_drafts() == 4 and sweeping.sweep_drafts() == 0
    copy = own_copy.open_copy(bid, PASSPHRASE)
    assert [content.read() for _file, content in copy.files()] == [PDF + b"a plan"]
