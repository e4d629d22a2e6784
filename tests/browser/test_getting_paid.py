"""Getting paid, clicked in a real browser: with scripts at a desk, and without them on a phone."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.worker import Worker
from tests.browser.album import DESKTOP, PHONE
from tests.browser.windows import windows
from tests.einvoices import Sample
from tests.journeys.getting_paid import Account, begin, run_getting_paid, the_milestone_is_accepted

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("paid", DESKTOP, True), ("paid-plain-phone", PHONE, False)])
def test_getting_paid_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser
) -> None:
    with windows(browser, base, name, width=width, has_scripts=has_scripts, more_than=15) as opened:
        run_getting_paid(begin(opened.new_hand, Worker(whole_app).run_until_idle))


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("xml", DESKTOP, True), ("xml-plain-phone", PHONE, False)])
def test_an_electronic_invoice_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser
) -> None:
    """The file is read by its button and fills the form in; Enter sends what stands there."""
    with windows(browser, base, name, width=width, has_scripts=has_scripts, more_than=5) as opened:
        account = begin(opened.new_hand, Worker(whole_app).run_until_idle)
        the_milestone_is_accepted(account)
        supplier = account.screen("Supplier")
        supplier.go("/supplier/invoices")
        supplier.follow("Send an invoice for Final release")
        written = sample(account).ubl()
        supplier.fill("Read the file", {"Your own invoice as a file": (io.BytesIO(written), "ours.xml")})
        assert supplier.reads("Your file ours.xml waits here and goes with this invoice.")
        for label, value in (("Your invoice number", "2027/14"), ("Sum before VAT", "15000"), ("Your VAT number", "GB123456789")):
            assert supplier.page.get_by_label(label).input_value() == value
        with supplier.page.expect_navigation():
            supplier.page.get_by_label("Your invoice number").press("Enter")
        assert supplier.reads("£18,000 including VAT is owed")
        assert supplier.download("Download ours.xml") == written


def sample(account: Account) -> Sample:
    return Sample(
        seller=account.firm, buyer=account.buyer, order="PO 4711", net="15000.00", vat_total="3000.00", total="18000.00",
        vat=(("S", "20", "15000.00", "3000.00"),), lines=(("Final release", "15000.00"),),
    )  # fmt: skip
