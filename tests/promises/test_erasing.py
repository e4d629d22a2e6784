"""E5: a person's name and address go, and the record still verifies."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.accounts.actions import close_account
from marketplace.core import db
from marketplace.tables import all_tables
from marketplace.transparency.checking import check_record, read_witnessed
from marketplace.transparency.checkpoints import find_newest, make_checkpoint
from tests import bidding, making
from tests.promises.proof import Proof

pytestmark = pytest.mark.usefixtures("house")


def rows_with(words: list[str]) -> list[str]:
    """Tables that hold any of these words, in whatever column."""
    found = []
    for table in all_tables().sorted_tables:
        for row in db.session.execute(select(table)):
            if any(word in str(value) for word in words for value in row):
                found.append(table.name)
    return found


def test_after_a_person_is_erased_the_record_verifies(proof: Proof) -> None:
    count, faults = proof.size("E5"), []
    for number in range(count):
        made, member = bidding.purchase(), bidding.bidder()
        bidding.submitted(made.need, member)
        make_checkpoint()
        newest = find_newest()
        assert newest is not None
        bidding.open_all(made)
        words, person_id = [member.person.name, member.person.email], member.person_id
        assert "people" in rows_with(words)
        close_account(person_id, making.PASSWORD)
        faults += [f"{each} still names person {number}" for each in rows_with(words)]
        report = check_record(read_witnessed([newest.note]))
        faults += report.faults + ([] if report.verdict.is_whole else [report.verdict.reason])
    proof.tell("E5", "people erased after they bid", count=count, violations=faults)
