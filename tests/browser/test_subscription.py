"""Ordering by card and by invoice in a real browser, with the page of the stand-in for Stripe, at both widths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace import config
from marketplace.core import clock, db
from marketplace.worker import Worker
from tenders.payments.subscriptions import keeping
from tests import making, subscribing
from tests.browser.album import DESKTOP, Album
from tests.browser.hands import BrowserHand
from tests.conftest import START
from tests.stripe_server.server import StandIn, running

pytestmark = pytest.mark.browser
PAGE = "/council/subscription"


@pytest.fixture
def paid_with(whole_app: Flask, house: config.Settings, base: str) -> Iterator[StandIn]:
    """The stand-in, which leads back to the served application and tells it what happens."""
    with running() as served:
        served.control("stop_clock", at=START.timestamp())
        keys = {"stripe_secret_key": "sk_test_of_a_stand_in", "stripe_webhook_secret": served.state.secret}
        config.install(replace(config.current(), **keys, stripe_api=served.url, public_url=base))
        served.control("endpoints", own=f"{base}/stripe/events")
        yield served


def test_subscribing_in_a_browser(whole_app: Flask, base: str, browser: Browser, paid_with: StandIn) -> None:
    album, contexts = Album("subscription", True), []

    def look(page) -> None:  # type: ignore[no-untyped-def]
        if page.url.startswith(base):
            album.look(page)

    def hand(email: str) -> BrowserHand:
        context = browser.new_context(viewport={"width": DESKTOP, "height": 900}, locale="en-GB")
        context.set_default_timeout(10_000)
        contexts.append(context)
        made = BrowserHand(context.new_page(), base, look)
        made.go("/sign-in")
        made.fill("Sign in", {"Email address": email, "Password": making.PASSWORD})
        return made

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
    try:
        finance = hand(emails["finance"])
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

        officer = hand(stopped)
        officer.go("/council/needs/new")
        assert officer.reads("can start no new need for now")
        officer.follow("Your council’s subscription")
        administrator = hand(emails["administrator"])
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
        finance = hand(emails["finance"])
        finance.go(PAGE)
        assert finance.page.get_by_role("cell", name="Paid", exact=True).count() == 2
        assert finance.reads("everything is paid")
    finally:
        for each in contexts:
            each.close()
    assert len(album.kinds) > 8
    assert not album.problems, "\n".join(album.problems)
