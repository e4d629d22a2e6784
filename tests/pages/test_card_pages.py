"""Pages of paying by card: the supplier connects its account and agrees, finance pays on Stripe's page or gives it up."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from marketplace import config
from marketplace.core import clock
from marketplace.core.errors import NotFound
from tenders.payments.gateway.actions import Difference, put_differences_on_record
from tenders.payments.paying import card_sync
from tenders.payments.paying.card_emails import EMAILS
from tests import invoicing, making
from tests.letterbox import mails_to, write_mails
from tests.pageclient import PageClient, signed_in
from tests.stripe_server.server import StandIn

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.fixture
def app(whole_app: Flask, house: config.Settings) -> Flask:
    """The application without a context around the test: each request has its own."""
    return whole_app


@pytest.fixture
def bill(app: Flask, stand_in: StandIn) -> invoicing.Billing:
    billed = invoicing.billing()
    stand_in.control("stop_clock", at=clock.now().timestamp())
    return billed


def _connected(supplier: PageClient, stand_in: StandIn) -> str:
    """Through the supplier's pages: account, details at Stripe, agreement; gives the account."""
    page = supplier.submit(supplier.get("/supplier/card-payments"), "Connect an account with Stripe")
    assert "Continue on Stripe’s page" in page.links
    account = str(page.summary["Your account with Stripe"])
    stand_in.control("complete_account", account=account)
    page = supplier.submit(supplier.get("/supplier/card-payments"), "Ask Stripe how it stands")
    assert page.summary["It can charge cards"] == "Yes"
    page = supplier.submit(page, "Save", status=422)
    assert page.errors == ["Tick the box if you agree"]
    page = supplier.submit(page, "Save", agrees=True)
    assert page.has("Councils can pay your invoices by card.")
    return account


def _press_pay(address: str, reference: str) -> None:
    """The card holder presses Pay on the page of the stand-in, which then sends the browser back."""
    asked = urllib.request.Request(address, b"do=pay", {"Content-Type": "application/x-www-form-urlencoded"})
    opener = urllib.request.build_opener(_Stay)
    assert opener.open(asked, timeout=10).headers["Location"].endswith(f"/council/invoices/{reference}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


def test_from_the_suppliers_agreement_to_its_bank(app: Flask, stand_in: StandIn, bill: invoicing.Billing) -> None:
    supplier, finance = signed_in(app, bill.supplier), signed_in(app, bill.finance)
    account = _connected(supplier, stand_in)
    invoice = bill.approved()
    page = finance.follow(finance.get(f"/council/invoices/{invoice.reference}"), "Pay by card")
    assert page.has("£4,800 including VAT") and page.has("we take nothing of it")
    page = finance.submit(page, "Ask Stripe for its page")
    assert page.h1 and page.has("A payment by card is under way")
    _press_pay(page.links["Continue on Stripe’s page"], invoice.reference)
    reference = page.table("Payments")[0]["Payment"]
    page = finance.submit(page, f"Ask Stripe now about {reference}")
    assert page.table("Payments")[0]["With the supplier"] == "On its way"
    assert page.has("A payment by card is under way") is False
    payout = stand_in.control("pay_out", account=account)["id"]
    stand_in.control("end_payout", payout=payout, account=account)
    card_sync.sync_payouts()
    write_mails(app, EMAILS)
    assert finance.get(f"/council/invoices/{invoice.reference}").table("Payments")[0]["With the supplier"] == "14 January 2027"
    told = [each.subject for each in mails_to(bill.supplier.person.email)]
    assert any("Paid by card" in each for each in told) and any("Paid out" in each for each in told)


def test_given_up_the_invoice_is_paid_in_another_way(app: Flask, stand_in: StandIn, bill: invoicing.Billing) -> None:
    _connected(signed_in(app, bill.supplier), stand_in)
    invoice, finance = bill.approved(), signed_in(app, bill.finance)
    page = finance.submit(finance.get(f"/council/invoices/{invoice.reference}/pay-by-card"), "Ask Stripe for its page")
    reference = page.table("Payments")[0]["Payment"]
    page = finance.submit(page, f"Give it up {reference}")
    assert page.has("Given up: nothing was charged") and "Pay by card" in page.links
    assert "Record a payment by BACS" in page.links


def test_a_supplier_agrees_no_longer(app: Flask, stand_in: StandIn, bill: invoicing.Billing) -> None:
    supplier, finance = signed_in(app, bill.supplier), signed_in(app, bill.finance)
    _connected(supplier, stand_in)
    invoice = bill.approved()
    page = supplier.submit(supplier.get("/supplier/card-payments"), "No longer agree")
    assert page.summary["You agree to be paid by card"] == "No"
    page = finance.get(f"/council/invoices/{invoice.reference}")
    assert "Pay by card" not in page.links and page.has("The supplier has not agreed to be paid by card. Pay by BACS.")
    refused = finance.submit(finance.get(f"/council/invoices/{invoice.reference}/pay-by-card"), "Ask Stripe for its page", status=422)
    assert refused.has("The supplier has not agreed to be paid by card")


def test_without_a_key_everything_else_works_and_the_pages_say_so(app: Flask, stand_in: StandIn, bill: invoicing.Billing) -> None:
    supplier, finance = signed_in(app, bill.supplier), signed_in(app, bill.finance)
    _connected(supplier, stand_in)
    invoice = bill.approved()
    config.install(replace(config.current(), stripe_secret_key=""))
    page = finance.get(f"/council/invoices/{invoice.reference}")
    assert page.has("This service is not connected to Stripe") and "Record a payment by BACS" in page.links
    assert supplier.get("/supplier/card-payments").has("This service is not connected to Stripe")


def test_another_councils_finance_and_other_roles_reach_nothing(app: Flask, stand_in: StandIn, bill: invoicing.Billing) -> None:
    _connected(signed_in(app, bill.supplier), stand_in)
    invoice, finance = bill.approved(), signed_in(app, bill.finance)
    page = finance.submit(finance.get(f"/council/invoices/{invoice.reference}/pay-by-card"), "Ask Stripe for its page")
    reference = page.table("Payments")[0]["Payment"]
    outsider = making.member(making.council(), "finance")
    assert signed_in(app, outsider).get(f"/council/invoices/{invoice.reference}/pay-by-card", status=404)
    for deed in (card_sync.look, card_sync.give_up):
        with pytest.raises(NotFound):
            deed(reference, outsider)
    manager = signed_in(app, bill.manager)
    assert "Give it up" not in " ".join(manager.get(f"/council/invoices/{invoice.reference}").buttons)
    assert manager.get(f"/council/invoices/{invoice.reference}/pay-by-card", status=403)


def test_an_administrator_sees_and_resolves_a_difference(app: Flask, stand_in: StandIn) -> None:
    put_differences_on_record([Difference("ch_1", "What was charged", "£1", "£2", 100)])
    admin = signed_in(app, making.administrator())
    page = admin.follow(admin.get("/admin"), "Stripe")
    assert page.table("Open differences")[0]["Stripe says"] == "£2"
    page = admin.follow(page, "Resolve What was charged ch_1")
    page = admin.submit(page, "Mark it as resolved", why="A penny of a test.")
    assert page.has("Nowhere, when they were last compared.")
    assert page.table("Resolved lately")[0]["How"] == "A penny of a test."
