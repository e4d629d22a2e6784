"""Money asked for, approved, paid and reported by several at the same moment: once each, never too much, and no fault."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.references import next_reference
from tenders.payments.invoices import actions, deciding, queries
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.rules import InvoiceFacts
from tenders.payments.ledger.posting import balances
from tenders.payments.paying import bacs, remittances
from tenders.payments.paying.forms import ARRIVES
from tenders.payments.paying.models import Payment, Remittance
from tenders.payments.reports import actions as reporting
from tenders.payments.reports.models import PaymentsReport
from tenders.payments.reports.rules import half_year
from tests import invoicing
from tests.actions.test_at_the_same_moment import AT_ONCE, count, together


@pytest.fixture
def bill(app) -> invoicing.Billing:
    return invoicing.billing()


@pytest.fixture(autouse=True)
def _nothing_is_lost(app):
    yield
    assert sum(balances().values()) == 0


def of(member_id: int) -> Membership:
    return db.session.get(Membership, member_id)


def only_problems(raised: list[Exception]) -> bool:
    return all(isinstance(each, Problems) for each in raised)


def payments_file(bill: invoicing.Billing, *lines: tuple[str, str]) -> bytes:
    name, today = bill.deal.signed.supplier.name, clock.today()
    rows = "".join(f"{number},{name},{sum_},{today:%d/%m/%Y}\n" for number, sum_ in lines)
    return ("Invoice number,Supplier,Amount,Payment date\n" + rows).encode()


def test_two_that_begin_a_year_get_two_references(app: Flask) -> None:
    got: list[str] = []

    def take() -> None:
        with db.housekeeping() as session:
            got.append(next_reference(session, "X", 2031))

    assert together(app, take) == []
    assert sorted(got) == [f"X-2031-{number:04}" for number in range(1, AT_ONCE + 1)]


def test_one_number_is_one_invoice(app: Flask, bill) -> None:
    contract_id, supplier_id = bill.contract_id, bill.supplier.id
    facts = InvoiceFacts("INV-1", clock.today(), "First release", 1_000, 2000, vat_number="GB123")
    raised = together(app, lambda: actions.send_invoice(contract_id, of(supplier_id), facts))
    assert (len(raised), only_problems(raised), count(Invoice)) == (AT_ONCE - 1, True, 1)


def test_never_more_is_paid_than_is_owed(app: Flask, bill) -> None:
    invoice = bill.approved(net_pence=1_000)
    invoice_id, finance_id, today = invoice.id, bill.finance.id, clock.today()
    raised = together(app, lambda: bacs.record_payment(invoice_id, of(finance_id), 400, today))
    assert (len(raised), only_problems(raised), count(Payment)) == (1, True, 3)
    assert owed_pence(queries.get_invoice(invoice_id)) == 0


def test_an_invoice_is_approved_or_sent_back_and_never_both(app: Flask, bill) -> None:
    invoice_id, manager_id, turn = bill.sent().id, bill.manager.id, iter(range(AT_ONCE))

    def decide() -> None:
        if next(turn) % 2:
            deciding.approve_invoice(invoice_id, of(manager_id), True)
        else:
            deciding.return_invoice(invoice_id, of(manager_id), "Not valid")

    raised = together(app, decide)
    assert (len(raised), only_problems(raised)) == (AT_ONCE - 1, True)
    invoice = queries.get_invoice(invoice_id)
    assert (invoice.approved_at is None) != (invoice.returned_at is None)
    assert owed_pence(invoice) == (0 if invoice.returned_at else 480_000)


def test_one_file_is_imported_once(app: Flask, bill) -> None:
    bill.approved("INV-1", 1_000)
    finance_id, content = bill.finance.id, payments_file(bill, ("INV-1", "12.00"))
    new: list[bool] = []
    raised = together(
        app, lambda: new.append(remittances.import_remittance(of(finance_id), "run.csv", content, ARRIVES)[1])
    )
    assert (raised, sorted(new)) == ([], [False] * (AT_ONCE - 1) + [True])
    assert (count(Remittance), count(Payment)) == (1, 1)


def test_lines_tried_again_at_once_are_paid_once_and_say_so(app: Flask, bill) -> None:
    invoice = bill.sent("INV-1", 1_000)
    content = payments_file(bill, ("INV-1", "12.00"), ("", "5.00"))
    made, _ = remittances.import_remittance(bill.finance, "run.csv", content, ARRIVES)
    deciding.approve_invoice(invoice.id, bill.manager, True)
    finance_id, reference, authority_id = bill.finance.id, made.reference, bill.finance.organisation_id
    assert together(app, lambda: remittances.try_again(reference, of(finance_id))) == []
    lines = remittances.get_remittance(reference, authority_id).lines
    assert [each.problem for each in lines] == ["", "The line names no invoice number."]
    assert count(Payment) == 1


def test_a_file_and_a_payment_by_hand_that_cross_do_not_stop_each_other(app: Flask, bill, monkeypatch) -> None:
    """Somebody pays the second invoice by hand while the file, which has paid the first, comes to it."""
    bill.approved("INV-1", 1_000)
    second_id, finance_id, today = bill.approved("INV-2", 1_000).id, bill.finance.id, clock.today()
    content = payments_file(bill, ("INV-1", "12.00"), ("INV-2", "12.00"))
    by_hand, has_locked, number = threading.local(), threading.Event(), bacs.next_reference

    def slowly(*asked):
        if getattr(by_hand, "is_here", False):
            has_locked.set()
            threading.Event().wait(0.3)  # the file comes as far as it can
        return number(*asked)

    monkeypatch.setattr(bacs, "next_reference", slowly)
    turn = iter(range(AT_ONCE))

    def pay() -> None:
        at = next(turn)
        if at == 0:
            by_hand.is_here = True
            bacs.record_payment(second_id, of(finance_id), 1_200, today)
        elif at == 1:
            has_locked.wait(10)
            remittances.import_remittance(of(finance_id), "run.csv", content, ARRIVES)

    assert together(app, pay) == []
    assert count(Payment) == 2
    assert owed_pence(queries.get_invoice(second_id)) == 0


def test_a_report_is_published_once(app: Flask, bill) -> None:
    finance_id, period = bill.finance.id, half_year(date(2026, 9, 30))
    raised = together(
        app, lambda: reporting.publish_report(of(finance_id), period, "A. Director", "Director of Finance")
    )
    assert (len(raised), only_problems(raised)) == (AT_ONCE - 1, True)
    assert db.session.scalar(select(func.count()).select_from(PaymentsReport)) == 1
