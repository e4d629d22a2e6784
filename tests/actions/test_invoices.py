"""Invoices from an accepted milestone to paid: sent, compared, disputed, approved, paid by somebody else, given back."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from marketplace.core import clock, db
from marketplace.core.errors import NotFound, Problems
from marketplace.core.journal import JournalLine
from tenders.contracts import running
from tenders.payments.invoices import actions, deciding, queries
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.documents import Document, store
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.reminding import remind_of_payments
from tenders.payments.ledger.posting import balances
from tenders.payments.paying import bacs
from tenders.payments.paying import queries as paying
from tests import invoicing, making
from tests.invoicing import Billing
from tests.refusing import refused

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def bill(app) -> Billing:
    return invoicing.billing()


def status(invoice: Invoice) -> str:
    return queries.row_of(invoice).status


def pay(bill: Billing, invoice: Invoice, pence: int | None = None, **days: date):
    return bacs.record_payment(invoice.id, bill.finance, pence or owed_pence(invoice), days.get("sent_on", clock.today()), days.get("paid_on"))


class TestSending:
    def test_the_invoice_is_received_now_owed_and_due_in_thirty_days_the_first_being_today(self, bill) -> None:
        invoice = bill.sent()
        row = queries.row_of(invoice)
        assert (invoice.reference, row.status, row.owed_pence) == ("I-2027-0001", "to_check", 480_000)
        assert invoice.received_at == clock.now() and row.due.on == date(2027, 2, 10)
        assert "received on 12 January 2027" in row.due.reason and "the last is 10 February 2027" in row.due.reason
        line = db.session.scalars(select(JournalLine).where(JournalLine.event == "InvoiceReceived")).one()
        assert line.facts["total_pence"] == 480_000 and "INV-1" not in line.details

    def test_a_later_day_on_the_invoice_moves_the_last_day_and_an_earlier_one_does_not(self, bill) -> None:
        late = bill.sent("A", 1_000, due_on=date(2027, 1, 19))
        early = bill.sent("B", 1_000, due_on=date(2027, 1, 1))
        assert queries.row_of(late).due.on == date(2027, 2, 17)
        assert queries.row_of(early).due.on == date(2027, 2, 10)

    def test_nothing_that_the_law_asks_for_may_be_missing_and_nothing_else_is_asked_for(self, bill) -> None:
        said = refused(bill.sent, " ", 0, description=" ")
        assert "Enter your invoice number" in said and "Say what the invoice is for" in said and "more than nought" in said
        plain = bill.sent("Z-9", 1, milestone_id=None, vat_basis_points=0, vat_number="", knows_warnings=False)
        assert plain.total_pence == 1 and plain.supplier_name

    def test_a_number_is_used_once_until_its_invoice_is_withdrawn(self, bill) -> None:
        first = bill.sent("INV-1")
        assert "already" in refused(bill.sent, "inv-1")
        actions.withdraw_invoice(first.id, bill.supplier)
        assert bill.sent("INV-1").id != first.id

    def test_more_than_was_agreed_is_confirmed_and_never_refused(self, bill) -> None:
        said = refused(bill.sent, "INV-1", 450_000, knows_warnings=False)
        assert "Read the warnings" in said
        invoice = bill.sent("INV-1", 450_000)
        assert [each.text for each in deciding.match_for(invoice) if not each.holds] == [
            "The invoice asks for £5,400 with VAT; £5,000 of the milestone was not invoiced before."
        ]

    def test_the_order_number_that_the_contract_names_must_be_on_it(self, bill) -> None:
        assert bill.sent("A", 100).purchase_order == ""
        running.name_order_number(bill.contract_id, bill.manager, "PO 77")
        assert "names the order number PO 77" in refused(bill.sent, "B", 100)
        assert bill.sent("B", 100, purchase_order="po 77").purchase_order == "po 77"

    def test_a_milestone_that_is_not_accepted_and_one_of_another_contract_are_refused(self, bill) -> None:
        rest = bill.deal.signed.milestones[1]
        assert "not accepted" in refused(bill.sent, milestone_id=rest.id)
        assert "of this contract" in refused(bill.sent, milestone_id=99_999)

    def test_a_document_is_kept_and_a_refused_invoice_leaves_none(self, bill) -> None:
        def files() -> int:
            return sum(each.is_file() for each in store().folder.rglob("*"))

        before = files()
        facts = invoicing.InvoiceFacts("", clock.today(), "x", 1, 0)
        with pytest.raises(Problems):
            actions.send_invoice(bill.contract_id, bill.supplier, facts, Document("a.pdf", io.BytesIO(b"%PDF-1.7 x")))
        with pytest.raises(Problems, match="does not look like"):
            actions.send_invoice(bill.contract_id, bill.supplier, facts, Document("a.pdf", io.BytesIO(b"MZ")))
        assert files() == before
        facts = invoicing.InvoiceFacts("1", clock.today(), "x", 1, 0)
        kept = actions.send_invoice(bill.contract_id, bill.supplier, facts, Document("a.pdf", io.BytesIO(b"%PDF-1.7 x")))
        assert store().read(kept.file_key) == b"%PDF-1.7 x" and kept.file_name == "a.pdf"

    def test_other_firms_and_councils_find_nothing(self, bill) -> None:
        invoice = bill.sent()
        rival = bill.deal.made.bidders[1]
        stranger = making.member(making.council(), "contract_manager", "finance")
        for act in (
            lambda: actions.withdraw_invoice(invoice.id, rival),
            lambda: actions.send_credit_note(invoice.id, rival, "C", "x", 1, 0),
            lambda: deciding.approve_invoice(invoice.id, stranger, True),
            lambda: deciding.return_invoice(invoice.id, stranger, "x"),
            lambda: bacs.record_payment(invoice.id, stranger, 1, clock.today()),
        ):
            with pytest.raises(NotFound):
                act()
        assert status(invoice) == "to_check"

    def test_the_database_keeps_the_time_of_receipt(self, bill) -> None:
        invoice = bill.sent()
        with pytest.raises(Exception, match="invoices_keep_received_at"), db.one_action("test") as current:
            current.execute(text("UPDATE invoices SET received_at = '2020-01-01'"))
        assert queries.get_invoice(invoice.id).received_at == clock.now()


class TestDeciding:
    def test_sent_back_with_a_reason_nothing_is_owed(self, bill) -> None:
        invoice = bill.sent()
        assert "Say what is missing" in refused(deciding.return_invoice, invoice.id, bill.manager, " ")
        deciding.return_invoice(invoice.id, bill.manager, "The description says nothing.")
        assert (status(invoice), owed_pence(invoice)) == ("returned", 0)
        assert set(balances().values()) == {0}
        assert "sent back" in refused(deciding.approve_invoice, invoice.id, bill.manager)

    def test_a_dispute_is_answered_and_settled_while_the_days_go_on(self, bill) -> None:
        invoice = bill.sent()
        due = queries.row_of(invoice).due.on
        deciding.dispute_invoice(invoice.id, bill.finance, "Half of it was not delivered.")
        assert status(invoice) == "disputed"
        assert "disputed already" in refused(deciding.dispute_invoice, invoice.id, bill.manager, "Again")
        assert "Settle the dispute" in refused(deciding.approve_invoice, invoice.id, bill.manager)
        actions.answer_dispute(invoice.id, bill.supplier, "It was, see the note.")
        clock.pass_time(days=3)
        deciding.resolve_dispute(invoice.id, bill.manager, "We found it.")
        assert status(invoice) == "to_check" and queries.row_of(invoice).due.on == due
        assert "does not dispute" in refused(actions.answer_dispute, invoice.id, bill.supplier, "And")

    def test_what_does_not_agree_is_looked_into_before_it_is_approved(self, bill) -> None:
        invoice = bill.sent(milestone_id=None)
        assert "does not agree" in refused(deciding.approve_invoice, invoice.id, bill.manager)
        deciding.approve_invoice(invoice.id, bill.manager, True)
        assert status(invoice) == "to_pay"
        assert "approved this invoice" in refused(actions.withdraw_invoice, invoice.id, bill.supplier)

    def test_a_credit_note_takes_off_what_is_owed_and_no_more_than_the_invoice(self, bill) -> None:
        invoice = bill.sent()
        actions.send_credit_note(invoice.id, bill.supplier, "CR-1", "One day less", 50_000, 10_000)
        assert owed_pence(invoice) == 420_000
        assert "already" in refused(actions.send_credit_note, invoice.id, bill.supplier, "cr-1", "x", 1, 0)
        assert "Enter £3,500 or less: that is what the invoice still asks for before VAT" in refused(actions.send_credit_note, invoice.id, bill.supplier, "CR-2", "x", 420_001, 0)
        actions.send_credit_note(invoice.id, bill.supplier, "CR-2", "The rest", 350_000, 70_000)
        assert status(invoice) == "credited"
        assert "nothing to pay" in refused(deciding.approve_invoice, invoice.id, bill.manager)
        assert queries.invoiced_pence(bill.contract_id) == 0

    def test_a_withdrawn_invoice_takes_its_credit_notes_with_it(self, bill) -> None:
        invoice = bill.sent()
        actions.send_credit_note(invoice.id, bill.supplier, "CR-1", "One day less", 50_000, 10_000)
        actions.withdraw_invoice(invoice.id, bill.supplier)
        assert owed_pence(invoice) == 0 and set(balances().values()) == {0}


class TestPaying:
    def test_somebody_who_neither_approved_nor_accepted_pays(self, bill) -> None:
        both = making.member(bill.deal.made.council, "finance", "contract_manager")
        invoice = bill.sent()
        pence = owed_pence(invoice)
        assert "approves the invoice first" in refused(bacs.record_payment, invoice.id, both, pence, clock.today())
        deciding.approve_invoice(invoice.id, both)
        assert "You approved" in refused(bacs.record_payment, invoice.id, both, pence, clock.today())
        assert "You accepted" in refused(bacs.record_payment, invoice.id, bill.manager, pence, clock.today())
        pay(bill, invoice)
        assert status(invoice) == "paid"

    def test_the_database_refuses_a_payer_who_approved(self, bill) -> None:
        invoice = bill.approved()
        payment = pay(bill, invoice, 100)
        with pytest.raises(Exception, match="payments_payer_is_not_approver"), db.one_action("test") as current:
            current.execute(
                text(
                    "INSERT INTO payments (reference, invoice_id, attempt, method, amount_pence, asked_at, asked_by_id,"
                    " bank_reference, account_id, session_id, session_url, charge_id, payout_id, failure)"
                    " SELECT 'P-X', invoice_id, 2, 'bacs', 1, asked_at, :approver, '', '', '', '', '', '', ''"
                    " FROM payments WHERE id = :id"
                ),
                {"approver": invoice.approved_by_id, "id": payment.id},
            )

    def test_parts_are_paid_until_nothing_is_owed_and_never_more(self, bill) -> None:
        invoice = bill.approved()
        pay(bill, invoice, 300_000)
        assert (status(invoice), owed_pence(invoice)) == ("to_pay", 180_000)
        assert "£1,800 is owed" in refused(pay, bill, invoice, 180_001)
        pay(bill, invoice)
        assert status(invoice) == "paid"
        assert "Nothing of this invoice is owed" in refused(bacs.record_payment, invoice.id, bill.finance, 1, clock.today())

    def test_bacs_is_there_on_the_third_working_day_and_the_day_can_be_corrected(self, bill) -> None:
        clock.pass_time(days=3)  # a Friday
        payment = pay(bill, bill.approved())
        assert payment.paid_on == date(2027, 1, 19)
        assert "not before the payment was sent" in refused(
            bacs.correct_arrival, payment.reference, bill.finance, date(2027, 1, 14)
        )
        bacs.correct_arrival(payment.reference, bill.finance, date(2027, 1, 18))
        assert payment.paid_on == date(2027, 1, 18)

    def test_days_that_cannot_be_are_refused(self, bill) -> None:
        invoice = bill.approved()
        for sent_on, words in ((date(2027, 1, 13), "has come"), (date(2027, 1, 11), "received on")):
            assert words in refused(bacs.record_payment, invoice.id, bill.finance, 100, sent_on)

    def test_a_payment_that_is_missed_comes_back_and_is_owed_again(self, bill) -> None:
        invoice = bill.approved()
        payment = pay(bill, invoice)
        assert "on its way" in refused(bacs.say_not_arrived, payment.reference, bill.supplier)
        clock.pass_time(days=2)
        bacs.say_not_arrived(payment.reference, bill.supplier)
        assert payment.not_arrived_at == clock.now()
        bacs.record_came_back(payment.reference, bill.finance, "Account closed")
        assert (status(invoice), owed_pence(invoice)) == ("to_pay", 480_000)
        assert "given this payment back" in refused(bacs.record_came_back, payment.reference, bill.finance, "")
        pay(bill, invoice)
        assert status(invoice) == "paid"

    def test_a_credit_after_payment_is_given_back(self, bill) -> None:
        invoice = bill.approved()
        payment = pay(bill, invoice)
        actions.send_credit_note(invoice.id, bill.supplier, "CR-1", "One day less", 50_000, 10_000)
        assert (status(invoice), owed_pence(invoice)) == ("overpaid", -60_000)
        bacs.record_refund(payment.reference, bill.finance, 60_000, clock.today(), "As agreed")
        assert status(invoice) == "paid"
        assert "has not come back yet" in refused(
            bacs.record_refund, payment.reference, bill.finance, 420_001, clock.today(), ""
        )


class TestLate:
    def test_finance_is_reminded_a_week_before_the_day_before_and_the_day_after_once_each(self, bill) -> None:
        bill.approved()
        said = []
        for _ in range(34):
            clock.pass_time(days=1)
            said.append(remind_of_payments() + remind_of_payments())
        assert [clock.today() - timedelta(days=33 - at) for at, each in enumerate(said) if each] == [
            date(2027, 2, 3), date(2027, 2, 9), date(2027, 2, 11)
        ]  # fmt: skip
        assert sum(said) == 3

    def test_a_paid_invoice_reminds_nobody(self, bill) -> None:
        pay(bill, bill.approved())
        clock.pass_time(days=40)
        assert remind_of_payments() == 0

    def test_late_money_may_cost_interest_for_each_day_and_a_fixed_sum(self, bill) -> None:
        invoice = bill.approved()
        assert paying.claim_of(queries.row_of(invoice), clock.today()) is None
        clock.pass_time(days=39)  # ten days after the last
        claim = paying.claim_of(queries.row_of(invoice), clock.today())
        assert claim is not None
        assert (claim.rate_words, claim.late_since, claim.fixed_pence) == ("11.75%", date(2027, 2, 11), 7_000)
        assert claim.interest_pence == round(480_000 * 0.1175 * 10 / 365)
