"""Electronic invoices through the pages: read, sent, downloaded by whoever may, and ours written for the council."""

from __future__ import annotations

import io
from datetime import date

import pytest
from sqlalchemy import select

from marketplace import config
from marketplace.core import clock, db
from tenders.payments.einvoices.reading import read_einvoice
from tenders.payments.einvoices.rules import einvoice_problems
from tenders.payments.invoices.documents import AREA
from tenders.payments.invoices.models import WaitingDocument
from tenders.payments.invoices.waiting import KEPT_FOR, sweep_waiting
from tests import invoicing, making
from tests.einvoices import Sample
from tests.pageclient import Page, PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.fixture
def app(whole_app, house):
    return whole_app


@pytest.fixture
def bill(app) -> invoicing.Billing:
    return invoicing.billing()


@pytest.fixture
def sample(bill) -> Sample:
    """What the supplier's program writes for the first milestone."""
    return Sample(seller=bill.deal.signed.supplier.name, buyer=bill.deal.made.need.buyer_name)


@pytest.fixture
def supplier(app, bill) -> PageClient:
    return signed_in(app, bill.supplier)


@pytest.fixture
def form(supplier: PageClient, bill) -> Page:
    return supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new?milestone={bill.milestone_id}")


def file(content: bytes, name: str = "mine.xml") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def kept_files() -> list[str]:
    """Every file of an invoice that lies in the store, by its key."""
    folder = config.current().files_folder / AREA
    return [str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()]


@pytest.mark.parametrize("write", [Sample.ubl, Sample.cii], ids=["UBL", "CII"])
def test_read_then_sent_and_downloaded_exactly_as_it_came(app, bill, sample, supplier, form, write) -> None:
    content = write(sample)
    read = supplier.submit(form, "Read the file", document=file(content))
    assert [read.field(each) for each in ("number", "net_pence", "vat_rate", "purchase_order", "vat_number")] == [
        "2027/14", "4000", "2000", "PO 77", "GB123456789"
    ]  # fmt: skip
    assert read.field("description") == "First release\nTraining"
    assert read.field("supplier_address") == "1 High Street\nLeeds\nLS1 1UR"
    assert [read.field(f"due_on-{each}") for each in ("day", "month", "year")] == ["31", "1", "2027"]
    assert read.summary["Total"] == "£4,800" and read.summary["Terms of payment"] == sample.terms
    assert read.has("Your file mine.xml waits here and goes with this invoice.")

    sent = supplier.submit(read, "Send the invoice")
    assert sent.has("£4,800 including VAT is owed")
    reference = sent.url.rsplit("/", 1)[1]
    council = signed_in(app, bill.manager)
    auditor = signed_in(app, making.auditor())
    shown = council.get(f"/council/invoices/{reference}")
    case = auditor.get(f"/audit/needs/{bill.deal.made.need.reference}")
    assert case.table("Invoices")[0]["Supplier’s own document"] == "mine.xml"
    for client, page, link in (
        (supplier, sent, "Download mine.xml"),
        (council, shown, "Download mine.xml"),
        (auditor, case, "mine.xml"),
    ):
        fetched = client.follow(page, link)
        headers = fetched.response.headers
        assert fetched.content == content
        assert headers["Content-Disposition"].startswith("attachment") and headers["X-Content-Type-Options"] == "nosniff"
    signed_in(app, making.member(making.council(), "finance")).get(f"/audit/invoices/{reference}/document", status=403)
    assert len(kept_files()) == 1 and db.session.scalars(select(WaitingDocument)).all() == []


def test_what_was_typed_stays_and_what_differs_is_told(supplier, form, sample, bill) -> None:
    read = supplier.submit(
        form, "Read the file", document=file(sample.ubl()), number="2027/15", net_pence="4,500", status=422
    )
    assert read.errors == [
        "The file says 2027/14, the form says 2027/15",
        "The file says £4,000 before VAT, the form says £4,500 before VAT",
        "The file says £800 VAT, the form says £900 VAT",
    ]
    assert (read.field("number"), read.field("net_pence"), read.field("purchase_order")) == ("2027/15", "4,500", "PO 77")
    assert supplier.submit(read, "Send the invoice", number="2027/14", status=422).errors == read.errors[1:]
    assert supplier.submit(read, "Send the invoice", number="2027/14", net_pence="4,000").has("£4,800 including VAT is owed")


def test_sent_at_once_with_a_file_that_nobody_read(supplier, form, sample) -> None:
    typed = {"number": "2027/14", "net_pence": "4000", "vat_rate": "2000", "vat_number": "123 4567 89"}
    wrong = supplier.submit(form, "Send the invoice", document=file(sample.cii()), **typed, status=422)
    assert wrong.errors == [
        "The file says order number PO 77, the form says nothing",
        "The file says 31 January 2027, the form says nothing",
    ]
    read = supplier.submit(wrong, "Read the file")
    assert supplier.submit(read, "Send the invoice").has("£4,800 including VAT is owed")


def test_a_second_file_takes_the_place_of_the_first(supplier, form, sample) -> None:
    read = supplier.submit(form, "Read the file", document=file(sample.ubl(), "one.xml"))
    other = sample.but(number="2027/15", order="", net="3000.00", lines=(("Release", "3000.00"),), vat_total="600.50",
                       total="3600.50", vat=(("S", "20", "3000.00", "600.50"),))  # fmt: skip
    again = supplier.submit(read, "Read the file", document=file(other.ubl(), "two.xml"))
    assert [again.field(each) for each in ("number", "purchase_order", "vat_rate", "vat_typed_pence")] == [
        "2027/15", "", "other", "600.50"
    ]  # fmt: skip
    assert len(kept_files()) == 1
    assert supplier.submit(read, "Send the invoice", status=422).errors == [
        "The file that waited here was replaced or removed. Choose it again"
    ]
    assert supplier.submit(again, "Send the invoice").has("£3,600.50 including VAT is owed")


def test_names_and_sums_that_the_council_will_ask_about(supplier, form, sample) -> None:
    odd = sample.but(seller="Somebody Else", buyer="Another Council", prepaid="100.00", due_total="4700.00")
    read = supplier.submit(form, "Read the file", document=file(odd.ubl()))
    asked = supplier.submit(read, "Send the invoice", status=422)
    assert asked.has("The file is from “Somebody Else”, and this contract is with")
    assert asked.has("The file is to “Another Council”, and this contract is with")
    assert asked.has("The file asks for £4,700 of its total of £4,800.")
    assert supplier.submit(asked, "Send the invoice", knows_warnings=True).has("£4,800 including VAT is owed")


UNUSABLE = (
    (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "The file declares a document type (DOCTYPE), which"),
    (b"<html/>", "The file is XML and no invoice that is read here (it begins with “html”)"),
    (b"no XML", "The file is no XML that can be read"),
    (Sample(currency="EUR").ubl(), "The file is in EUR. Invoices here are in pounds: send one in GBP"),
    (Sample(vat_total="801.00").cii(), "The VAT is £801 in the file, and its parts come to £800 (BR-CO-14)"),
    (
        Sample(kind="381", credits="INV-1").ubl(),
        "The file is a credit note. Open invoice INV-1 in “Your invoices”, choose “Send a credit note” and enter it there",
    ),
    (Sample(kind="381").cii(), "The file is a credit note. Open the invoice that it credits in “Your invoices”"),
)


@pytest.mark.parametrize("button", ["Read the file", "Send the invoice"])
def test_a_file_that_cannot_be_used_costs_nothing_that_was_typed(supplier, form, button) -> None:
    for content, said in UNUSABLE:
        page = supplier.submit(form, button, document=file(content), number="7", description="Typed", status=422)
        assert page.errors[0].startswith(said)
        assert (page.field("number"), page.field("description")) == ("7", "Typed")
        assert kept_files() == [] and not page.has("waits here")


def test_other_files_go_with_the_invoice_and_wait_while_the_form_has_problems(supplier, form) -> None:
    pdf = file(b"%PDF-1.7 mine", "mine.pdf")
    read = supplier.submit(form, "Read the file", document=pdf, net_pence="abc")
    assert read.has("It is no electronic invoice, so nothing was filled in.") and read.field("net_pence") == "abc"
    assert supplier.submit(form, "Read the file", status=422).errors == [
        "Choose the file to read. If you have none, enter the invoice below and press “Send the invoice”"
    ]
    wrong = supplier.submit(read, "Send the invoice", status=422)
    assert wrong.has("Your file mine.pdf waits here")
    sent = supplier.submit(wrong, "Send the invoice", number="1", net_pence="10")
    assert supplier.follow(sent, "Download mine.pdf").content == b"%PDF-1.7 mine" and len(kept_files()) == 1


def test_a_file_that_waits_can_be_left_out_and_goes_by_itself_after_a_week(supplier, form, sample, bill) -> None:
    supplier.submit(form, "Read the file", document=file(sample.ubl()))
    supplier.submit(form, "Send the invoice", number="0", net_pence="1")  # from a page that knew of no file
    form = supplier.get(form.url)
    assert form.has("Your file mine.xml waits here")
    sent = supplier.submit(form, "Send the invoice", number="1", without_document=True)
    assert "The supplier’s own document" not in sent.summary and kept_files() == []
    supplier.submit(supplier.get(form.url), "Read the file", document=file(sample.ubl()))
    assert sweep_waiting() == 0
    clock.set_clock(clock.now() + KEPT_FOR)
    clock.pass_time(hours=1)
    assert (sweep_waiting(), kept_files()) == (1, [])


def test_a_field_that_cannot_be_read_stays_as_it_was_typed(supplier, form, sample) -> None:
    page = supplier.submit(form, "Read the file", document=file(sample.ubl()), net_pence="four thousand", status=422)
    assert page.errors[0] == "Sum before VAT must be an amount in pounds, like 1,200 or 1200.50"
    assert (page.field("net_pence"), page.field("number")) == ("four thousand", "2027/14")


@pytest.mark.parametrize(
    ("facts", "category", "rate"),
    [
        ({}, "S", "20"),
        ({"vat_basis_points": 0}, "Z", "0"),
        ({"vat_basis_points": 0, "vat_number": ""}, "O", None),
        ({"vat_basis_points": -1, "vat_typed_pence": 65_480, "due_on": date(2027, 2, 28)}, "S", "16.37"),
        ({"vat_basis_points": -1, "vat_typed_pence": 33_333, "net_pence": 199_999}, "S", "16.666583"),
    ],
)
def test_the_council_takes_any_invoice_as_ubl(app, bill, facts, category, rate) -> None:
    said = {"description": "First release\nand <more> & “quotes”", "supplier_address": "1 High Street\nLeeds", **facts}
    invoice = bill.sent("A/1", purchase_order="PO 77", **said)
    council = signed_in(app, bill.manager)
    page = council.get(f"/council/invoices/{invoice.reference}")
    fetched = council.follow(page, "Download it as an electronic invoice (UBL, EN 16931)")
    assert fetched.response.headers["Content-Disposition"] == f"attachment; filename={invoice.reference}.xml"
    found = read_einvoice(fetched.content)
    assert einvoice_problems(found) == []
    assert (found.number, found.invoiced_on, found.due_on) == (invoice.number, invoice.invoiced_on, invoice.due_on)
    assert (found.totals.net_pence, found.totals.vat_pence) == (invoice.net_pence, invoice.vat_pence)
    assert found.totals.due_pence == invoice.total_pence
    assert (found.description, found.seller.address) == (invoice.description, "1 High Street\nLeeds")
    assert (found.seller.name, found.buyer.name) == (invoice.supplier_name, bill.deal.made.need.buyer_name)
    assert (found.purchase_order, found.contract, found.seller.vat_number) == ("PO 77", bill.reference, invoice.vat_number)
    group = found.vat_groups[0]
    assert (group.category, None if group.rate is None else f"{group.rate:f}") == (category, rate)
    signed_in(app, making.member(making.council(), "finance")).get(f"/council/invoices/{invoice.reference}/ubl.xml", status=404)
