"""Files of payments: whose act an import is, what is matched and what is not, and the same file twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from marketplace.core import clock, db
from marketplace.core.errors import NotFound, Problems
from tenders.payments.invoices import actions, deciding, queries
from tenders.payments.invoices.books import owed_pence
from tenders.payments.paying import remittances
from tenders.payments.paying.forms import ARRIVES, SENT
from tenders.payments.paying.models import Payment
from tests import invoicing, making
from tests.invoicing import Billing

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def bill(app) -> Billing:
    return invoicing.billing()


def file_of(bill: Billing, *rows: tuple[str, str], supplier: str = "", on: date | None = None) -> bytes:
    named, day = supplier or bill.deal.signed.supplier.name, on or clock.today()
    lines = [f"{number},{named},{amount},{day:%d/%m/%Y},B-1" for number, amount in rows]
    return "\n".join(["Invoice Number,Supplier Name,Amount,Payment Date,Payment Reference", *lines]).encode()


def problems(bill: Billing, content: bytes, dates: str = ARRIVES) -> list[str]:
    made, is_new = remittances.import_remittance(bill.finance, "run.csv", content, dates)
    assert is_new
    return [each.problem for each in made.lines]


def test_a_line_that_is_exactly_an_invoice_pays_it_and_keeps_where_it_came_from(bill) -> None:
    invoice = bill.approved()
    assert problems(bill, file_of(bill, ("inv-1", "4800"))) == [""]
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.amount_pence, payment.paid_on, payment.bank_reference) == (480_000, clock.today(), "B-1")
    assert owed_pence(invoice) == 0


def test_the_day_of_sending_is_not_the_day_of_arrival(bill) -> None:
    bill.approved()
    assert problems(bill, file_of(bill, ("INV-1", "4800")), SENT) == [""]
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.sent_on, payment.paid_on) == (date(2027, 1, 12), date(2027, 1, 14))


def test_nothing_is_guessed(bill) -> None:
    bill.approved("A")
    gone = bill.sent("B", 100)
    actions.withdraw_invoice(gone.id, bill.supplier)
    content = file_of(bill, ("A", "4799.99"), ("B", "1.20"), ("A1", "4800"))
    assert problems(bill, content) == [
        "The file says £4,799.99, and £4,800 of this invoice is owed.",
        "This invoice was withdrawn or sent back, so nothing of it is owed.",
        "No invoice here has the number A1.",
    ]
    assert problems(bill, file_of(bill, ("A", "4800"), supplier="Firm")) == ["The invoice with this number is not from “Firm”."]
    early = file_of(bill, ("A", "4800"), on=date(2027, 1, 11))
    assert problems(bill, early) == ["The invoice was received on 12 January 2027. Enter that day or a later one"]
    assert db.session.scalar(select(func.count(Payment.id))) == 0


def test_who_approved_pays_by_file_as_little_as_by_hand(bill) -> None:
    both = making.member(bill.deal.made.council, "finance", "contract_manager")
    invoice = bill.sent()
    deciding.approve_invoice(invoice.id, both)
    made, _ = remittances.import_remittance(both, "run.csv", file_of(bill, ("INV-1", "4800")), ARRIVES)
    assert [each.problem for each in made.lines] == ["You approved this invoice, so a colleague pays it."]
    remittances.try_again(made.reference, bill.finance)
    assert queries.row_of(invoice).status == "paid"


def test_the_same_file_again_changes_nothing_and_another_with_the_same_line_pays_nothing_twice(bill) -> None:
    bill.approved()
    content = file_of(bill, ("INV-1", "4800"))
    first, _ = remittances.import_remittance(bill.finance, "run.csv", content, ARRIVES)
    again, is_new = remittances.import_remittance(bill.finance, "copy.csv", content, ARRIVES)
    assert not is_new and again.reference == first.reference
    assert problems(bill, content + b"\n") == ["Invoice INV-1 is paid already."]
    assert db.session.scalar(select(func.count(Payment.id))) == 1
    remittances.try_again(first.reference, bill.finance)
    assert [each.problem for each in first.lines] == [""]


def test_a_file_that_is_none_leaves_nothing(bill) -> None:
    with pytest.raises(Problems):
        remittances.import_remittance(bill.finance, "run.csv", b"hello", ARRIVES)
    assert remittances.remittances_of(bill.finance.organisation_id) == []


def test_the_command_acts_for_the_one_person_with_the_role_or_the_one_named(bill) -> None:
    other = making.council()
    alone = making.member(other, "finance")
    assert remittances.finance_member(other.slug).person_id == alone.person_id
    slug, second = bill.deal.made.council.slug, bill.finance
    with pytest.raises(NotFound, match="people of .* --by EMAIL"):
        remittances.finance_member(slug)
    assert remittances.finance_member(slug, second.person.email.upper()).person_id == second.person_id
    with pytest.raises(NotFound, match="does not have the role finance"):
        remittances.finance_member(slug, bill.manager.person.email)
    with pytest.raises(NotFound, match="no council called nowhere"):
        remittances.finance_member("nowhere")
    made, _ = remittances.import_remittance(second, "run.csv", file_of(bill, ("X", "1")), ARRIVES)
    assert remittances.outcome_of(made) == {"reference": "RM-2027-0001", "lines": 1, "matched": 0, "unmatched": 1}
