"""Invoices and payments under careless and hostile hands: forged fields, odd years, sums that do not fit."""

from __future__ import annotations

from datetime import date

import pytest

from tests.pageclient import signed_in
from tests.pages.test_invoice_pages import app, bill  # noqa: F401

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.mark.parametrize("forged", [{"what_for": "abc"}, {"what_for": "²"}, {"vat_rate": "abc"}, {"vat_rate": "-5000"}])
def test_a_choice_that_was_never_offered_is_told_of_on_the_form(app, bill, forged) -> None:  # noqa: F811
    supplier = signed_in(app, bill.supplier)
    page = supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new")
    typed = {"number": "1", "net_pence": "1", "description": "x", "what_for": "other", "vat_rate": "0", **forged}
    day = {"invoiced_on-day": "1", "invoiced_on-month": "1", "invoiced_on-year": "2027"}
    token = {"csrf_token": page.field("csrf_token")} if "csrf_token" in page.html else {}
    assert len(supplier.post(page.url, data={**typed, **day, **token}, status=422).errors) == 1


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(9999, 12, 2), date(2028, 1, 14)])
def test_a_day_to_be_paid_by_is_at_most_a_year_away(app, bill, day) -> None:  # noqa: F811
    supplier = signed_in(app, bill.supplier)
    page = supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new")
    wrong = supplier.submit(page, "Send the invoice", number="1", due_on=day, status=422)
    assert wrong.errors == ["Enter a day to be paid by that is no more than a year from now, or leave it empty"]
    assert supplier.submit(wrong, "Send the invoice", due_on=date(2028, 1, 13)).has("by Friday 11 February 2028")


def test_a_penny_that_rounding_leaves_of_a_milestone_is_not_left_to_invoice(app, bill) -> None:  # noqa: F811
    supplier = signed_in(app, bill.supplier)
    bill.sent("A", 300_000)
    assert supplier.get("/supplier/invoices").has("First release, £1,400 including VAT")
    bill.sent("B", 116_666)  # £1,399.99 with VAT: £1,166.67 would come to £1,400.00
    listed = supplier.get("/supplier/invoices")
    assert "Accepted, and not invoiced yet" not in listed.text
    assert supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new").field("what_for") == "other"


def test_a_credit_note_gives_back_no_vat_that_was_not_charged(app, bill) -> None:  # noqa: F811
    invoice = bill.sent(net_pence=10_000)
    supplier = signed_in(app, bill.supplier)
    page = supplier.get(f"/supplier/invoices/{invoice.reference}/credit-note")
    wrong = supplier.submit(page, "Send the credit note", number="C", reason="x", net_pence="0.01", vat_pence="20.01", status=422)
    assert wrong.errors == ["Enter £20 or less: that is the VAT that the invoice still charges"]
    wrong = supplier.submit(wrong, "Send the credit note", net_pence="100.01", vat_pence="", status=422)
    assert wrong.errors == ["Enter £100 or less: that is what the invoice still asks for before VAT"]
    assert supplier.submit(wrong, "Send the credit note", net_pence="100", vat_pence="20").has("Credited in full")
