"""Ordering by card and by invoice in a real browser, with the page of the stand-in for Stripe, at both widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.core import clock, db
from marketplace.worker import Worker
from tenders.payments.subscriptions import keeping
from tests import subscribing
from tests.browser.windows import windows
from tests.conftest import START
from tests.stripe_server.server import StandIn

pytestmark = pytest.mark.browser
PAGE = "/council/subscription"


def test_subscribing_in_a_browser(whole_app: Flask, base: str, browser: Browser, paid_with: StandIn) -> None:
    def stripe_tells() -> None:
        Worker(whole_app).run_until_idle()
        assert set(paid_with.sender.send_waiting()) <= {200}
        Worker(whole_app).run_until_idle()
        db.session.remove()

    with whole_app.app_context():
        by = subscribing.in_trial()
        late = subscribing.invoiced()
        clock.pass_time(hours=24 * 95)
        for _ in range(3):
            keeping.look_after_all()
            clock.pass_time(hours=24)
        emails = {each: getattr(by, each).person.email for each in ("finance", "administrator")}
        stopped, reference = late.officer.person.email, late.subscription.reference
    clock.set_clock(START + timedelta(days=98))
    paid_with.control("pass_time", days=98)
    with windows(browser, base, "subscription", more_than=8) as opened:
        finance = opened.signed_in(emails["finance"])
        finance.go("/prices")
        finance.go(PAGE)
        finance.follow("Order for a year")
        finance.fill("Order for a year", {}, status=422)
        finance.fill("Order for a year", {"Purchase order number": "PO-9", "How does your council pay?": "A card, on Stripe's page"})
        finance.page.get_by_role("button", name="Pay on Stripe’s page").or_(
            finance.page.get_by_role("link", name="Pay on Stripe’s page")
        ).first.click()
        finance.page.get_by_role("button", name="Try a card that is declined").click()
        finance.page.get_by_role("button", name="Pay", exact=True).click()
        assert finance.path == PAGE and finance.page.url.startswith(base)
        stripe_tells()
        finance.go(PAGE)
        assert finance.reads("everything is paid") and finance.reads("£2,880")
        finance.follow("Cancel the next year")
        finance.fill("Cancel the next year", {})
        finance.follow("Take the cancelling back")
        finance.fill("Carry on with the next year", {})
        finance.follow("Change the purchase order number")

        officer = opened.signed_in(stopped)
        officer.go("/council/needs/new")
        assert officer.reads("can start no new need for now")
        officer.follow("Your council’s subscription")
        administrator = opened.signed_in(emails["administrator"])
        administrator.go("/admin/subscriptions")
        administrator.go(f"/admin/subscriptions/{reference}")
        administrator.follow("Record a payment for INV-1")
        administrator.fill("Record the payment", {"Amount that arrived": "2880", "The bank's reference": "BACS 1"})
        administrator.follow("Keep new needs open until a day")
        officer.go("/council/needs/new")
        assert officer.reads("Begin with an empty need")

        # A year later nobody has done anything: the second year is paid by the same card.
        clock.set_clock(START + timedelta(days=98 + 370))
        paid_with.control("pass_time", days=370)
        stripe_tells()
        finance = opened.signed_in(emails["finance"])
        finance.go(PAGE)
        assert finance.page.get_by_role("cell", name="Paid", exact=True).count() == 2
        assert finance.reads("everything is paid")
