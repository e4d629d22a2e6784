"""Files that came in while no scanner answered are checked later; what is found is marked and told before the deadline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace import config
from marketplace.core import db, scanning
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail
from tenders.bids import drafts, emails, opened, rechecking
from tenders.bids.models import Bid
from tests import bidding
from tests.letterbox import write_mails
from tests.promises.peers import Scanner, running


@pytest.fixture
def scanner(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scanner]:
    """A scanner that does not answer yet."""
    monkeypatch.setattr(scanning, "_rests_until", 0.0)
    monkeypatch.setattr(scanning, "REST_SECONDS", 0.0)
    monkeypatch.setattr(scanning, "SECONDS", 0.5)
    rechecking._known.clear()
    rechecking._failed.clear()
    with running(Scanner) as made:
        made.mode = "down"
        config.install(replace(config.current(), scanner=f"clamd://127.0.0.1:{made.port}"))
        yield made


def said_of(bid: Bid) -> list[str]:
    db.session.expire_all()
    return [each.checked for each in drafts.read_draft(bid).answers.files]


def test_a_file_is_checked_when_a_scanner_is_there_and_the_bid_can_be_submitted_as_it_was_read(scanner: Scanner) -> None:
    member = bidding.bidder()
    bid = bidding.drafted(bidding.purchase().need, member, file=b"a plan")
    before = drafts.read_draft(bid).mark
    assert said_of(bid) == [""] and rechecking.check_files_again() == 0
    scanner.mode = "well"
    assert rechecking.check_files_again() == 1 and rechecking.check_files_again() == 0
    assert said_of(bid) == ["clean"] and drafts.read_draft(bid).mark == before == bid.ready_mark
    met = scanner.met
    rechecking.check_files_again()
    assert scanner.met == met, "nothing is scanned twice"
    assert bidding.submit(bid, member).bid.current_version == 1


def test_what_is_found_is_marked_and_told_and_stays_part_of_the_bid(app: Flask, scanner: Scanner) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bid = bidding.drafted(made.need, member, file=Scanner.KNOWN)
    scanner.mode = "well"
    assert rechecking.check_files_again() == 1
    write_mails(app, emails.EMAILS)
    assert said_of(bid) == ["found Planted"]
    [letter] = db.session.scalars(select(Mail).where(Mail.subject.startswith("Look at a file of your bid"))).all()
    assert letter.recipient == member.person.email and "remove it" in letter.body and "plan.pdf" not in letter.body
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "DraftFilesChecked")).one()
    assert (line.facts["files"], line.facts["found"]) == (1, 1) and "Planted" not in line.details
    bidding.submit(bid, member)
    bidding.open_all(made)
    assert [each.said_of_viruses for each in opened.read_answers(bid).files] == [
        "the virus scanner knows something in it as Planted"
    ]


def test_a_file_that_the_scanner_is_too_slow_for_keeps_no_other_from_being_checked(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    need, first, second = bidding.purchase().need, bidding.bidder(), bidding.bidder()
    slow = bidding.drafted(need, first, file=Scanner.SLOW)
    other = bidding.drafted(need, second, file=b"a plan")
    monkeypatch.setattr(scanning, "REST_SECONDS", 60.0)
    monkeypatch.setattr(scanning, "_rests_until", 0.0)
    scanner.mode = "well"
    assert rechecking.check_files_again() == 0, "what falls due by the clock waits for one such file, not for more"
    assert rechecking.check_files_again() == 1
    assert (said_of(slow), said_of(other)) == ([""], ["clean"]) and not scanning.is_resting()


def test_what_is_sealed_or_closed_is_left_alone(scanner: Scanner) -> None:
    made, member = bidding.purchase(), bidding.bidder()
    bidding.submit(bidding.drafted(made.need, member, file=b"a plan"), member)
    bidding.drafted(made.need, bidding.bidder(), file=b"another")
    bidding.close(made.need)
    scanner.mode, met = "well", scanner.met
    assert rechecking.check_files_again() == 0 and scanner.met == met
