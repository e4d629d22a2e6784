"""A council from its first day to its second year, through the pages and the worker, with the stand-in for Stripe."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask

from marketplace.core import clock, db
from marketplace.worker import Worker
from tenders.payments.gateway import door
from tests import subscribing
from tests.letterbox import mails_to
from tests.pageclient import signed_in
from tests.stripe_server.server import StandIn

PAGE = "/council/subscription"
pytestmark = [pytest.mark.usefixtures("rows_stay_attached"), pytest.mark.slow]  # two years of two journeys


def _work(app: Flask) -> None:
    db.session().bind = db.engine()  # pages of this thread have set it to read one by one, as a worker never does
    Worker(app).run_until_idle()


def time_passes(app: Flask, stand_in: StandIn, days: int = 0) -> None:
    """Days pass here and at Stripe, Stripe tells, the worker does what there is to do."""
    if days:
        clock.pass_time(hours=24 * days)
        stand_in.control("pass_time", days=days)
    _work(app)
    for event in stand_in.take_events():
        body, signature = stand_in.sender.signed(event)
        answer = app.test_client().post("/stripe/events", data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 200
    _work(app)


@pytest.fixture
def app(whole_app: Flask, house: object) -> Flask:
    """The application without a context around the test: each request has its own."""
    return whole_app


def test_from_trial_to_a_renewed_subscription_by_invoice(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.council()
    time_passes(app, stand_in)
    finance = signed_in(app, by.finance)
    assert finance.get(PAGE).has("Your free trial runs until the end of 22 February 2027")
    time_passes(app, stand_in, 62)
    finance = signed_in(app, by.finance)
    assert "free trial" in mails_to(by.finance.person.email)[-1].subject
    form = finance.follow(finance.get(PAGE), "Order for a year")
    page = finance.submit(form, purchase_order="PO-77", pays_by="transfer")
    assert page.summary["Next invoice"] == "On its way, for this year"
    time_passes(app, stand_in)
    page = finance.get(PAGE)
    row = page.table("Invoices")[0]
    assert (row["Including VAT"], row["Left to pay"], row["Pay by"]) == ("£2,880", "£2,880", "24 February 2027")
    assert page.links[f"{by.invoice.number} on Stripe’s page"].startswith(stand_in.url)

    stand_in.control("transfer", customer=by.subscription.customer_id, pence=288_000)
    time_passes(app, stand_in)
    assert finance.get(PAGE).has("everything is paid")
    time_passes(app, stand_in, 330)
    assert "next year" in mails_to(by.finance.person.email)[-1].subject
    time_passes(app, stand_in, 40)
    page = signed_in(app, by.finance).get(PAGE)
    assert [each["State"] for each in page.table("Invoices")] == ["To pay", "Paid"]
    assert page.summary["This year"] == "25 January 2028 to 24 January 2029"


def test_from_trial_to_a_renewed_subscription_by_card(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.council()
    time_passes(app, stand_in)
    finance = signed_in(app, by.finance)
    page = finance.submit(finance.get(f"{PAGE}/order"), purchase_order="", pays_by="card")
    assert page.has("Nothing is ordered before you have paid there")
    address = urlsplit(page.links["Pay on Stripe’s page"])
    assert address.path == f"/pay/platform/{by.subscription.session_id}"
    stand_in.control("pay_page", session=by.subscription.session_id)
    time_passes(app, stand_in)
    assert finance.get(PAGE).has("everything is paid")
    time_passes(app, stand_in, 370)
    page = signed_in(app, by.finance).get(PAGE)
    assert [each["State"] for each in page.table("Invoices")] == ["Paid", "Paid"]
    assert len(door.get_door().list_subscriptions()) == 1
