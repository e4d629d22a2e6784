"""The pages of subscriptions: prices for everybody, the council's own, our administrator's. By the people who use them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core import clock
from tenders.payments.gateway import door
from tenders.payments.subscriptions import at_gateway, tasks
from tests import making, subscribing
from tests.pageclient import signed_in
from tests.subscribing import days_pass

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.fixture
def app(whole_app, house):
    """The application without a context around the test: each request has its own."""
    return whole_app


def test_everybody_reads_what_it_costs_and_that_suppliers_pay_nothing(client) -> None:
    page = client.get("/prices")
    assert page.has("Suppliers pay nothing") and page.has("section 96") and page.has("There is no fee on an award.")
    rows = page.table("Price for a year, whatever is bought and by how many colleagues")
    assert [row["Including VAT"] for row in rows] == ["", "£1,440", "£2,880", "£5,760", "£8,640"]
    assert page.has("Nothing is held hostage") and page.has("When 60 days have passed")
    assert client.get("/").soup.find("a", href="/prices")


def test_from_trial_to_a_paid_invoice(app) -> None:
    by = subscribing.council()
    finance, administrator = signed_in(app, by.finance), signed_in(app, by.administrator)
    page = finance.get("/council/subscription")
    assert page.has("begins by itself within a day")
    page = finance.submit(page, "Begin the free trial now")
    assert page.has("runs until the end of 22 February 2027") and page.has("not connected to Stripe")

    form = finance.follow(page, "Order for a year")
    assert form.has("£2,880 including VAT (£2,400 and £480 VAT)") and "A card" not in form.text
    wrong = finance.submit(form, status=422)
    assert wrong.errors == ["Select how the council pays"]
    page = finance.submit(wrong, purchase_order="PO-77", pays_by="transfer")
    assert page.summary["Purchase order"] == "PO-77" and page.summary["Next invoice"] == "On its way, for this year"
    assert page.summary["This year"] == "24 November 2026 to 23 November 2027"
    finance.post("/council/subscription/trial", status=400)

    listed = administrator.follow(administrator.get("/admin"), "Councils’ subscriptions")
    assert listed.table("Subscriptions by council")[0]["State"] == "Ordered"
    one = administrator.follow(listed, by.organisation.name)
    one = administrator.submit(administrator.follow(one, "Record an invoice that you have sent"), number="INV-1")
    assert one.table("The ledger’s rows of this council")[0]["Amount"] == "£2,400"
    part = administrator.submit(
        administrator.follow(one, "Record a payment for INV-1"), amount_pence="880", bank_reference="BACS 1"
    )
    assert part.table("Invoices")[0]["Left to pay"] == "£2,000"

    page = finance.get("/council/subscription")
    assert page.has("An invoice waits to be paid") and page.has("INV-1 Purchase order PO-77")
    assert page.table("Invoices")[0]["State"] == "To pay"
    assert [each.title for each in tasks.subscription_tasks(by.finance)] == ["Pay the invoice for the subscription"]
    again = administrator.follow(part, "Record a payment for INV-1")
    administrator.submit(again, amount_pence="2,100", bank_reference="BACS 2")
    page = finance.get("/council/subscription")
    assert page.has("everything is paid") and page.summary["In hand"] == "£100, used for the next invoice"
    assert page.summary["Next invoice"] == "On 24 November 2027: £2,880 including VAT, as prices are today"


def test_changing_cancelling_and_taking_it_back(app) -> None:
    by = subscribing.invoiced()
    finance = signed_in(app, by.finance)
    page = finance.get("/council/subscription")
    page = finance.submit(finance.follow(page, "Change the purchase order number"), purchase_order="PO-90")
    assert page.summary["Purchase order"] == "PO-90"
    page = finance.submit(finance.follow(page, "Cancel the next year"), "Cancel the next year")
    assert page.has("Ends with the year") and page.summary["Next invoice"] == "No further one: you have cancelled the next year"
    page = finance.submit(finance.follow(page, "Take the cancelling back"), "Carry on with the next year")
    assert page.has("Invoice to pay")


def test_a_stopped_council_reads_why_and_everything_else_goes_on(app) -> None:
    by = subscribing.invoiced()
    need = making.need(by.organisation, by.officer.person)
    days_pass(95, each=19)
    officer, finance = signed_in(app, by.officer), signed_in(app, by.finance)
    page = officer.get("/council/needs/new")
    assert page.h1 == "No new needs for now" and "Begin" not in page.buttons
    assert officer.follow(page, "Your council’s subscription").has("until invoice INV-1 is paid")
    assert officer.get(f"/council/needs/{need.reference}").status == 200
    assert finance.get("/council/subscription").has("everything can be read and taken away")

    administrator = signed_in(app, by.administrator)
    one = administrator.get(f"/admin/subscriptions/{by.subscription.reference}")
    assert one.has("New needs of this council have been stopped since")
    form = administrator.follow(one, "Keep new needs open until a day")
    day = clock.today() + timedelta(days=14)
    assert administrator.submit(form, until_on=day, reason="", status=422).errors == ["Say why they stay open"]
    administrator.submit(form, until_on=day, reason="A new finance system.")
    assert "Begin" in officer.get("/council/needs/new").buttons


def test_who_may(app) -> None:
    by = subscribing.in_trial()
    officer = signed_in(app, by.officer)
    page = officer.get("/council/subscription")
    assert page.has("Colleagues with the finance role order, change and cancel: see who has it.") and not page.buttons
    officer.get("/council/subscription/order", status=403)
    officer.get("/admin/subscriptions", status=403)
    other = subscribing.in_trial()
    administrator = signed_in(app, other.administrator)
    form = administrator.follow(administrator.get(f"/admin/subscriptions/{by.subscription.reference}"), "Set the band by hand")
    page = administrator.submit(form, band="largest", reason="They merged.")
    assert page.summary["Band"] == "500,000 people or more"


def test_an_unpaid_invoice_is_taken_back(app) -> None:
    by = subscribing.invoiced()
    administrator = signed_in(app, by.administrator)
    form = administrator.follow(administrator.get(f"/admin/subscriptions/{by.subscription.reference}"), "take INV-1 back")
    assert administrator.submit(form, reason="", status=422).errors == ["Enter why it is taken back"]
    page = administrator.submit(form, reason="The order number was wrong.")
    row = page.table("Invoices")[0]
    assert (row["State"], row["Left to pay"]) == ("Taken back", "£0")


def test_while_stripe_does_not_answer_the_page_for_a_card_is_prepared(app, stand_in, monkeypatch) -> None:
    monkeypatch.setattr(door, "RETRIES", 0)
    door._door.cache_clear()
    by = subscribing.in_trial()
    finance = signed_in(app, by.finance)
    stand_in.control("fault", kinds=["500"])
    page = finance.submit(finance.get("/council/subscription/order"), purchase_order="", pays_by="card")
    assert page.has("is being prepared") and "Pay on Stripe’s page" not in page.links
    assert at_gateway.bring_all() == 1
    page = finance.get("/council/subscription")
    assert page.links["Pay on Stripe’s page"].startswith(stand_in.url) and page.has("Nothing is ordered before")
    door._door.cache_clear()
