"""A supplier's start page and its list of bids: what presses most stands first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core import clock
from tenders.bids import submission as actions
from tenders.clarifications import actions as clarifications
from tenders.payments.invoices import actions as actions_of_invoices
from tenders.payments.invoices import deciding
from tests import bidding, contracting, invoicing, making
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


def waiting(page) -> list[str]:
    heading = page.main.find("h2", string="Waiting for you")
    return [each.get_text(" ", strip=True) for each in heading.find_next_sibling("ul").select(".market-card")]


def section(page, heading: str) -> list[str]:
    found = next((each for each in page.main.select("section") if each.h2.get_text().startswith(heading)), None)
    return [each.get_text(strip=True) for each in found.select("h3")] if found else []


def test_what_presses_most_stands_first(client: PageClient) -> None:
    deal = contracting.sent()
    firm, now = deal.supplier, clock.now()
    later = bidding.purchase(title="Closes later", closes_at=now + timedelta(days=20)).need
    soon = bidding.purchase(title="Closes soon", closes_at=now + timedelta(days=2, hours=3)).need
    bidding.drafted(later, firm)
    bidding.submit(bid := bidding.drafted(soon, firm), firm)
    bidding.fill(bid, firm, "Better words.")
    officer = making.officer(later.authority)
    asked = clarifications.ask_question(later.id, firm, "Is data moved?")
    clarifications.answer_question(later.id, officer, asked.reference, "Is data moved?", "Yes.")
    page = signed_in(client.app, firm).get("/supplier")
    rows = waiting(page)
    assert [each.split(" : ")[0] for each in rows[:4]] == [
        "Submit the new version of your bid",
        "Sign the contract",
        "Finish and submit your bid",
        "Read the answer to your question",
    ]
    assert "2 days and 3 hours left" in rows[0] and "left" not in rows[2]
    assert "Bids close at" in rows[3]
    assert rows[4].startswith("Read how your bid was scored")
    colleague = making.member(firm.organisation, "bidder", name="Bea")
    assert not signed_in(client.app, colleague).get("/supplier").has("Sign the contract")  # may not sign
    bids = signed_in(client.app, firm).get("/supplier/bids")
    assert section(bids, "To finish and submit") == ["Closes soon", "Closes later"]
    assert section(bids, "Decided") == [deal.made.need.title]
    assert f"How your bid was assessed : {deal.made.need.title}" in bids.links


def test_a_late_milestone_stands_first_and_says_so(client: PageClient) -> None:
    deal = contracting.running()
    clock.set_clock(clock.now() + timedelta(days=400))
    need = bidding.purchase(title="Closes soon", closes_at=clock.now() + timedelta(days=1)).need
    bidding.drafted(need, deal.supplier)
    firm = signed_in(client.app, deal.supplier)
    page = firm.get("/supplier")
    assert waiting(page)[0].startswith("Deliver “") and "Overdue" in waiting(page)[0]
    assert firm.follow(page, "Deliver “Everything delivered” : Missed bins").h1


def test_with_nothing_to_do_the_page_says_so(client: PageClient) -> None:
    page = signed_in(client.app, bidding.bidder()).get("/supplier")
    assert page.has("Nothing waits for you.")


def test_bids_stand_in_groups(client: PageClient) -> None:
    firm = bidding.bidder()
    now = clock.now()
    later = bidding.purchase(title="Draft, closes later", closes_at=now + timedelta(days=20)).need
    soon = bidding.purchase(title="Draft, closes soon", closes_at=now + timedelta(days=9)).need
    first, second = (bidding.purchase(title=f"Sent {each}").need for each in ("first", "second"))
    ended = bidding.purchase(title="Withdrawn need").need
    for need in (soon, later):
        bidding.drafted(need, firm)
    for need in (second, first):
        bid = bidding.drafted(need, firm)
        if need is second:
            late_bid = bid
        else:
            bidding.submit(bid, firm)
    clock.set_clock(now + timedelta(minutes=5))
    bidding.submit(late_bid, firm)
    gone = bidding.drafted(ended, firm)
    actions.withdraw_bid(gone.id, firm, clock.now())
    page = signed_in(client.app, firm).get("/supplier/bids")
    assert section(page, "To finish and submit") == ["Draft, closes soon", "Draft, closes later"]
    assert section(page, "Sent") == ["Sent second", "Sent first"]
    assert section(page, "Not submitted or withdrawn") == ["Withdrawn need"]
    assert section(page, "Decided") == []


def test_invoices_to_send_to_answer_and_overdue_wait_on_the_start_page(client: PageClient) -> None:
    bill = invoicing.billing()
    firm = signed_in(client.app, bill.supplier)
    page = firm.get("/supplier")
    buyer = bill.deal.made.need.buyer_name
    assert f"{buyer} accepted it: £5,000 including VAT is not invoiced yet" in page.text
    form = firm.follow(page, f"Send the invoice for “First release” : {buyer} accepted it: £5,000 including VAT is not invoiced yet")
    assert form.field("net_pence") == "5000"

    invoice = bill.sent()  # £4,800 of the £5,000
    actions_of_invoices.send_credit_note(invoice.id, bill.supplier, "C1", "A day less", 10_000, 2_000)
    page = firm.get("/supplier")
    assert "£200 including VAT is not invoiced yet" in page.text  # what the credit note gave up is not asked for again
    assert page.has("Your invoices (1 to be paid: £4,680 including VAT)")

    deciding.dispute_invoice(invoice.id, bill.manager, "One day too many.")
    page = firm.get("/supplier")
    answer = firm.follow(page, f"Answer the dispute of invoice INV-1 : {buyer}")
    firm.submit(answer, "Send the answer", answer="No, it is right.")
    assert not firm.get("/supplier").has("Answer the dispute")
    clock.pass_time(days=39)
    first = waiting(firm.get("/supplier"))[0]
    assert "Invoice INV-1 is overdue: see what you may claim" in first and "Overdue" in first
    assert first.endswith("It was to be paid by Wednesday 10 February 2027") and "owes you £4,680 including VAT" in first


def test_an_invoice_sent_back_is_shown_until_the_next_one(client: PageClient) -> None:
    bill = invoicing.billing()
    deciding.return_invoice(bill.sent("A").id, bill.manager, "Which release is it?")
    firm = signed_in(client.app, bill.supplier)
    page = firm.get("/supplier")
    assert firm.follow(page, f"Read why invoice A was sent back : {bill.deal.made.need.buyer_name}").has("Which release is it?")
    clock.pass_time(minutes=1)
    bill.sent("B", 416_667, vat_basis_points=2000)
    assert not firm.get("/supplier").has("sent back") and not firm.get("/supplier").has("Send the invoice")
