"""From an accepted milestone to an invoice paid by card, in a real browser, with the pages of the stand-in for Stripe."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.core import clock, db
from marketplace.worker import Worker
from tests.browser.album import DESKTOP, PHONE
from tests.browser.windows import windows
from tests.journeys import getting_paid
from tests.journeys.getting_paid import Account, begin
from tests.stripe_server.server import StandIn

pytestmark = pytest.mark.browser


def the_account_is_connected(account: Account) -> None:
    """The supplier opens its own account with Stripe, and agrees to be paid by card."""
    supplier = account.screen("Supplier")
    supplier.go("/supplier/card-payments")
    supplier.follow("Connect an account with Stripe")
    supplier.follow("Continue on Stripe’s page")
    supplier.follow("Give details")
    account.work()
    supplier.go("/supplier/card-payments")
    supplier.fill("Save", {"We agree that councils pay our invoices by card, to our own account with Stripe": True})
    assert supplier.reads("Councils can pay your invoices by card.")


def the_card_is_charged(account: Account) -> None:
    """Finance pays on Stripe's page, with the second card."""
    finance = account.screen("Fin")
    finance.go(f"/council/invoices/{account.invoice}")
    finance.follow("Pay by card")
    finance.fill("Ask Stripe for its page", {})
    finance.follow("Continue on Stripe’s page")
    finance.follow("Try a card that is declined")
    assert finance.page.get_by_text("Your card was declined").count()
    finance.follow("Pay")
    assert finance.path == f"/council/invoices/{account.invoice}"
    account.work()
    finance.go(f"/council/invoices/{account.invoice}")
    assert finance.reads("On its way") and not finance.offers("Pay by card")


def the_money_arrives(account: Account, stand_in: StandIn) -> None:
    """Stripe pays out; from that day the invoice is paid, and both sides read so."""
    name = next(each for each in stand_in.state.books if each)
    payout = stand_in.control("pay_out", account=name, days=2)["id"]
    clock.pass_time(days=2)
    stand_in.control("stop_clock", at=clock.now().timestamp())
    stand_in.control("end_payout", payout=payout, account=name)
    account.work()
    supplier, finance = account.screen("Supplier"), account.screen("Fin")
    for hand, page in ((supplier, "supplier"), (finance, "council")):
        hand.go(f"/{page}/invoices/{account.invoice}")
        assert hand.reads("15 January 2027") and hand.reads("Card") and not hand.reads("On its way")


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("card", DESKTOP, True), ("card-plain-phone", PHONE, False)])
def test_an_invoice_paid_by_card_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser, paid_with: StandIn
) -> None:

    def work() -> None:
        paid_with.control("stop_clock", at=clock.now().timestamp())
        assert set(paid_with.sender.send_waiting()) <= {200}
        Worker(whole_app).run_until_idle()
        db.session.remove()

    with windows(browser, base, name, width=width, has_scripts=has_scripts, more_than=12) as opened:
        account = begin(opened.new_hand, work)
        work()
        the_account_is_connected(account)
        getting_paid.the_milestone_is_accepted(account)
        getting_paid.the_invoice_is_sent(account)
        getting_paid.the_dispute_is_settled(account)
        getting_paid.the_invoice_is_approved(account)
        the_card_is_charged(account)
        the_money_arrives(account, paid_with)
