"""The public record of how promptly a council pays, its files, and the report that finance publishes."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from marketplace.core import clock
from tenders.payments.invoices.models import CreditNote, Invoice, InvoiceDispute
from tenders.payments.paying.models import Payment, PaymentRefund
from tenders.payments.reports.spend import schema
from tests import contracting, making
from tests.contracting import Deal
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")
NUMBERS = count(1)


@pytest.fixture
def deal() -> Deal:
    clock.set_clock(datetime(2026, 4, 2, 9, tzinfo=UTC))
    made = contracting.running()
    clock.set_clock(datetime(2026, 11, 22, 9, tzinfo=UTC))
    return made


def invoice(deal: Deal, received_on: date, net: int = 100_000) -> Invoice:
    number = next(NUMBERS)
    made = Invoice(
        reference=f"I-T-{number}",
        contract_id=deal.signed.id,
        authority_id=deal.signed.authority_id,
        supplier_id=deal.signed.supplier_id,
        number=f"INV-{number}",
        invoiced_on=received_on,
        description="Work",
        net_pence=net,
        vat_basis_points=2000,
        vat_pence=net // 5,
        total_pence=net + net // 5,
        supplier_name=deal.signed.supplier.name,
        received_at=datetime(received_on.year, received_on.month, received_on.day, 12, tzinfo=UTC),
        raised_by_id=deal.supplier.person_id,
    )
    making._keep(made)
    return made


def pay(deal: Deal, of: Invoice, days: int, pence: int = 0, method: str = "bacs") -> Payment:
    made = Payment(
        reference=f"P-T-{next(NUMBERS)}",
        invoice_id=of.id,
        attempt=next(NUMBERS),
        method=method,
        amount_pence=pence or of.total_pence,
        asked_at=clock.now(),
        asked_by_id=deal.manager.person_id,
        paid_on=clock.london_day(of.received_at) + timedelta(days=days),
    )
    making._keep(made)
    return made


def record_of(deal: Deal) -> str:
    return f"/councils/{deal.made.council.slug}/payments"


def rows_of(page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.content.decode(), newline="")))


def test_a_council_without_payments_says_so(client: PageClient, deal: Deal) -> None:
    page = client.get(record_of(deal))
    assert page.has("No payments on record in this half-year")
    client.get("/councils/nobody/payments", status=404)
    client.get(f"{record_of(deal)}?half-year=2026-09-29", status=404)
    client.get(f"{record_of(deal)}?half-year=soon", status=404)


def test_everybody_reads_how_promptly_the_council_pays(client: PageClient, deal: Deal) -> None:
    pay(deal, invoice(deal, date(2026, 5, 1)), 12)
    pay(deal, invoice(deal, date(2026, 6, 1)), 30)
    pay(deal, invoice(deal, date(2026, 6, 15)), 45)
    invoice(deal, date(2026, 7, 1))  # never paid
    disputed = invoice(deal, date(2026, 7, 2))
    about = InvoiceDispute(
        invoice_id=disputed.id, reason="Twice", raised_at=disputed.received_at, raised_by_id=deal.manager.person_id
    )
    making._keep(about)
    page = client.follow(client.get(f"/councils/{deal.made.council.slug}"), "How promptly this council pays its suppliers")
    page = client.get(f"{record_of(deal)}?half-year=2026-09-30")
    assert page.has("On average suppliers had their money 29.0 days after their invoice")
    assert page.has("66.7%") and page.has("33.3%") and page.has("25.0% (£1,200 of £4,800, including VAT)")
    assert page.has("Invoices in dispute on their last lawful day") and page.has("Days to pay")
    assert page.has("Average days to pay, month by month, over a year")


def test_credit_notes_and_money_that_came_back_change_what_is_unpaid(client: PageClient, deal: Deal) -> None:
    paid, credited = invoice(deal, date(2026, 5, 1)), invoice(deal, date(2026, 5, 2))
    payment = pay(deal, paid, 10)
    note = dict(net_pence=100_000, vat_pence=20_000, total_pence=120_000, raised_by_id=deal.supplier.person_id)
    making._keep(
        PaymentRefund(
            payment_id=payment.id, kind="refund", amount_pence=20_000, refunded_on=date(2026, 8, 1), recorded_at=clock.now()
        ),
        CreditNote(
            reference="CN-T-1", invoice_id=credited.id, number="C1", reason="Never done", received_at=credited.received_at, **note
        ),
    )
    page = client.get(f"{record_of(deal)}?half-year=2026-09-30")
    assert page.has("16.7% (£200 of £1,200, including VAT)")


def test_the_spend_file_keeps_to_the_published_schema(client: PageClient, deal: Deal) -> None:
    payment = pay(deal, invoice(deal, date(2026, 4, 20)), 9, method="card")
    pay(deal, invoice(deal, date(2026, 4, 20), net=41_666), 9)  # £499.99 with VAT
    making._keep(
        PaymentRefund(
            payment_id=payment.id, kind="refund", amount_pence=60_000, refunded_on=date(2026, 6, 1), recorded_at=clock.now()
        )
    )
    page = client.get(f"{record_of(deal)}/spend.csv?quarter=2026-06-30")
    rows = rows_of(page)
    assert list(rows[0]) == [each.name for each in schema()]
    assert [(row["Amount"], row["PaymentDate"], row["CardTransaction"]) for row in rows] == [
        ("1000.00", "2026-04-29T00:00:00", "GPC"),
        ("-500.00", "2026-06-01T00:00:00", "GPC"),
    ]
    assert not [(each.name, row) for row in rows for each in schema() if not fits(each, row[each.name])]
    uk = rows_of(client.get(f"{record_of(deal)}/spend.csv?quarter=2026-06-30&profile=lga2015"))
    assert [row["PaymentDate"] for row in uk] == ["29/04/2026", "01/06/2026"]
    client.get(f"{record_of(deal)}/spend.csv?profile=ours", status=404)
    assert rows_of(client.get(f"{record_of(deal)}/spend.csv?quarter=2026-09-30")) == []


TYPES = {
    "string": r".*",
    "URI": r"[a-z]+:[^ ]+",
    "boolean": r"true|false",
    "dateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "float": r"-?\d+\.\d\d",
}


def fits(column, text: str) -> bool:
    """Whether a cell is what the schema allows."""
    if not text:
        return not column.is_required
    return re.fullmatch(TYPES[column.type], text) is not None and (
        not column.pattern or re.fullmatch(column.pattern, text) is not None
    )


def test_the_check_of_the_schema_can_fail() -> None:
    by_name = {each.name: each for each in schema()}
    wrong = [("PaymentDate", "29/04/2026"), ("Amount", "£5"), ("Purpose", ""), ("CardTransaction", "Visa"), ("VCSEGrant", "no")]
    assert not [name for name, text in wrong if fits(by_name[name], text)]


def test_single_payments_over_the_limit_are_published_one_by_one(client: PageClient, deal: Deal) -> None:
    large = invoice(deal, date(2026, 7, 1), net=4_000_000)
    pay(deal, large, 20, pence=3_000_000)  # the limit itself
    pay(deal, large, 21, pence=3_000_001)
    rows = rows_of(client.get(f"{record_of(deal)}/over-the-limit.csv?quarter=2026-09-30"))
    assert [(row["amount_gbp"], row["paid_on"]) for row in rows] == [("30000.01", "2026-07-22")]


def test_finance_publishes_the_half_year_s_report_and_it_stays(client: PageClient, deal: Deal) -> None:
    pay(deal, invoice(deal, date(2026, 5, 1)), 12)
    finance = signed_in(client.app, making.member(deal.made.council, "finance"))
    page = finance.get("/council/payments/reports")
    assert page.has("Overdue It was to be published by 29 October 2026.")
    start = finance.get("/council")
    title = "Publish how promptly your council paid, 1 April 2026 to 30 September 2026"
    assert start.has(title) and start.has("Overdue By Thursday 29 October 2026")
    page = finance.follow(page, "See the figures and publish : report to 30 September 2026")
    refused = finance.submit(page, "Publish the report", status=422, director_name="", director_title="Director of Finance")
    assert refused.errors
    page = finance.submit(refused, "Publish the report", director_name="Ann Lee", director_title="Director of Finance")
    assert page.has("The report is published on your council’s payment record") and not finance.get("/council").has(title)
    pay(deal, invoice(deal, date(2026, 5, 2)), 90)
    page = finance.get(f"{record_of(deal)}?half-year=2026-09-30")
    assert page.has("approved by Ann Lee, Director of Finance: 1 payment, 100.0% within 30 days") and page.has("51.0 days")
    again = finance.get("/council/payments/reports/2026-09-30")
    assert again.has("What was published does not change")
    finance.get("/council/payments/reports/2027-03-31", status=404)
    finance.get("/council/payments/reports/2026-09-29", status=404)
    finance.get("/council/payments/reports/0001-03-31", status=404)


def test_while_a_half_year_runs_only_what_has_fallen_due_counts_as_unpaid(client: PageClient, deal: Deal) -> None:
    pay(deal, invoice(deal, date(2026, 10, 5)), 20)
    invoice(deal, date(2026, 11, 1))  # to be paid by 30 November; today is the 22nd
    page = client.get(record_of(deal))
    assert page.has("1 October 2026 to 31 March 2027, so far") and page.has("0.0% (£0 of £1,200, including VAT)")
    clock.set_clock(datetime(2026, 11, 30, 9, tzinfo=UTC))
    assert client.get(record_of(deal)).has("0.0% (£0 of £1,200, including VAT)")  # the last day is not over
    clock.set_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert client.get(record_of(deal)).has("50.0% (£1,200 of £2,400, including VAT)")


def test_only_finance_publishes(client: PageClient, deal: Deal) -> None:
    officer = signed_in(client.app, making.officer(deal.made.council))
    officer.get("/council/payments/reports")
    officer.get("/council/payments/reports/2026-09-30", status=403)
