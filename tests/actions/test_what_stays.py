"""What a law keeps when a person is erased: told before, kept for its time, and then gone."""

from __future__ import annotations

import io
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace import config
from marketplace.accounts import erasing
from marketplace.accounts.staying import staying_of
from marketplace.admin.erasing_command import erase_whom
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from tenders.payments.invoices import actions, queries, waiting
from tenders.payments.invoices.documents import AREA, Document
from tenders.payments.invoices.keeping import empty_old_invoices, kept_until
from tenders.payments.invoices.rules import InvoiceFacts
from tenders.payments.reports.actions import publish_report
from tenders.payments.reports.rules import Period
from tests import invoicing, making

pytestmark = pytest.mark.usefixtures("app")
REASON = "Asked for by letter"


def files() -> int:
    return sum(each.is_file() for each in (config.current().files_folder / AREA).rglob("*"))


def pdf() -> Document:
    return Document("Ann.pdf", io.BytesIO(b"%PDF-1.7 Ann, 1 High Street"))


@pytest.fixture
def bill() -> invoicing.Billing:
    """The firm is a sole trader's, and sent an invoice with a file on 12 January 2027."""
    made = invoicing.billing()
    made.deal.signed.supplier.is_sole_trader = True
    db.session.commit()
    facts = InvoiceFacts(
        "INV-1", clock.today(), "First release", 400_000, 2000, made.milestone_id,
        supplier_address="1 High Street", vat_number="GB123",
    )  # fmt: skip
    actions.send_invoice(made.contract_id, made.supplier, facts, pdf())
    return made


def test_a_sole_traders_invoices_stay_their_time_and_then_lose_address_and_file(app: Flask, bill) -> None:
    person, firm = bill.supplier.person, bill.deal.signed.supplier.name
    waiting.keep_document(bill.contract_id, bill.supplier, pdf())
    (told,) = staying_of(person)
    assert str(told) == (
        f"1 invoice of {firm}, with its name and address and the files sent with them. VAT records are kept for six years "
        "(VAT Act 1994, Schedule 11, paragraph 6; HMRC VAT Notice 700/21). Until 12 January 2034: then address, VAT number "
        "and files go, if nobody belongs to the firm any more."
    )
    assert f"Stays: {told}" in list(erase_whom(person.email, REASON, does_it=False))
    clock.set_clock(invoicing.RECEIVED.replace(year=2034))
    assert empty_old_invoices() == 0, "somebody belongs to the firm"
    erasing.erase_person(person.id, REASON)
    assert (waiting.sweep_waiting(), files()) == (1, 1), "what was never sent goes at once"
    assert empty_old_invoices() == 0, "its last day is not over"
    clock.pass_time(days=1)
    assert empty_old_invoices() == 1 and empty_old_invoices() == 0
    invoice = queries.get_by_reference("I-2027-0001")
    assert (invoice.supplier_address, invoice.vat_number, invoice.file_key, invoice.file_name) == ("", "", "", "")
    assert (invoice.supplier_name, invoice.total_pence, invoice.number) == (firm, 480_000, "INV-1")
    assert invoice.file_sha256 and files() == 0
    line = db.session.scalars(select(JournalLine).where(JournalLine.event == "InvoiceEmptied")).one()
    assert (line.subject, line.actor) == ("I-2027-0001", "system")


def test_a_companys_invoices_are_no_matter_of_the_person(bill) -> None:
    bill.deal.signed.supplier.is_sole_trader = False
    db.session.commit()
    assert staying_of(bill.supplier.person) == []
    erasing.erase_person(bill.supplier.person_id, REASON)
    clock.pass_time(days=10_000)
    assert empty_old_invoices() == 0


def test_seven_years_are_whole_on_leap_days_too() -> None:
    assert kept_until(date(2028, 2, 29)) == date(2035, 3, 1)
    assert kept_until(date(2027, 12, 31)) == date(2034, 12, 31)


def test_a_published_report_goes_on_naming_its_director_and_says_so(app: Flask) -> None:
    council = making.council()
    finance = making.member(council, "finance", name="Ann Smith")
    making.officer(council)
    period = Period(date(2026, 4, 1), date(2026, 9, 30))
    publish_report(finance, period, "Ann Smith CPFA", "Director of Finance")
    (told,) = staying_of(finance.person)
    assert told.what == (
        f"The payments report of {council.name} for the half-year to 30 September 2026, which names Ann Smith CPFA as its director"
    )
    assert "regulation 38" in told.why and told.until.startswith("As long as the report is public")
    erasing.erase_person(finance.person_id, REASON)
    page = app.test_client().get(f"/councils/{council.slug}/payments?half-year=2026-09-30")
    assert "Ann Smith CPFA" in page.text
    assert staying_of(making.officer(council).person) == []
