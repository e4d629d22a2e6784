"""The ledger: every posting balances, a fact is posted once, rows cannot be changed, balances come from rows."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from marketplace.core import db
from marketplace.core.journal import record
from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import Move, balance, balances, post, transfers_of
from tests.making import MadeForTest

pytestmark = pytest.mark.usefixtures("house")

BOOKS = contract_books("C-2026-0001")


def posted(fact: str, *moves: Move, subject: str = "I-2026-0001") -> int:
    with db.one_action("test"):
        record(MadeForTest(subject="test"))
        return post(fact, "invoice", subject, moves)


def received() -> int:
    return posted("I-2026-0001/received", Move("net", BOOKS.cost, BOOKS.owed, 10_000), Move("vat", BOOKS.vat, BOOKS.owed, 2_000))


def test_every_balance_is_explained_by_rows_and_the_whole_is_nought() -> None:
    assert received() == 2
    posted("P-2026-0001/paid", Move("all", BOOKS.owed, BOOKS.paid, 5_000), subject="P-2026-0001")
    assert balances() == {BOOKS.cost: 10_000, BOOKS.owed: -7_000, BOOKS.paid: -5_000, BOOKS.vat: 2_000}
    assert sum(balances().values()) == 0
    assert balance(BOOKS.owed) == -7_000 and balance(BOOKS.owed, "P-2026-0001") == 5_000
    assert [each.amount_pence for each in transfers_of(BOOKS.owed)] == [10_000, 2_000, 5_000]
    assert balances("contract/C-2026-0002") == {} and balance("nowhere") == 0


def test_a_fact_is_posted_once() -> None:
    assert (received(), received()) == (2, 0)
    assert balance(BOOKS.owed) == -12_000


def test_a_fact_told_with_another_amount_is_refused() -> None:
    received()
    with pytest.raises(RuntimeError, match="posted as 10000 pence and is now told as 9000"):
        posted("I-2026-0001/received", Move("net", BOOKS.cost, BOOKS.owed, 9_000))


def test_what_goes_back_is_turned_round_and_nothing_is_left_out() -> None:
    assert posted("X/back", Move("net", BOOKS.cost, BOOKS.owed, -300), Move("vat", BOOKS.vat, BOOKS.owed, 0)) == 1
    assert balances() == {BOOKS.cost: -300, BOOKS.owed: 300}


@pytest.mark.parametrize("change", ["UPDATE ledger_transfers SET amount_pence = 1", "DELETE FROM ledger_transfers"])
def test_the_database_refuses_to_change_what_is_posted(change: str) -> None:
    received()
    with pytest.raises(Exception, match="ledger_transfers_are_append_only"), db.one_action("test") as current:
        current.execute(text(change))
    assert balance(BOOKS.owed) == -12_000
