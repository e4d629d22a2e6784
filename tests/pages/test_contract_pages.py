"""A contract from award to outcome through its pages, by the people who do it; and its mails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import render_template

from marketplace.core import clock
from tenders.contracts import queries, tasks
from tenders.contracts.emails import EMAILS
from tests import contracting, making
from tests.letterbox import mails_to, write_mails
from tests.pageclient import PageClient, signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.fixture
def app(whole_app, house):
    """The application without a context around the test: each request has its own."""
    return whole_app


def test_from_award_to_signature(app) -> None:
    deal = contracting.awarded()
    need = deal.made.need
    manager = signed_in(app, deal.manager)
    listed = manager.get("/council/contracts")
    page = manager.follow(listed, f"Draft the contract : {need.title}")
    assert page.field("value_pence") == "23400"
    start = clock.today() + timedelta(days=7)
    wrong = manager.submit(page, starts_on=start, ends_on=start - timedelta(days=1), status=422)
    assert wrong.errors == ["Enter an end that is not before the start"]
    page = manager.submit(wrong, ends_on=start + timedelta(days=364))
    assert page.has("Nothing stands in the way of signing.")

    added = manager.submit(manager.follow(page, "Add a milestone"), title="Training", amount_pence="1,000")
    assert added.has("The milestones add up to £24,400, and the contract's value is £23,400: £1,000 is too much")
    assert "Ask an approver to sign" not in added.buttons
    removed = manager.submit(manager.follow(added, "remove it : Training"), "Remove it")
    asked = manager.submit(removed, "Ask an approver to sign")
    assert asked.has("Waits for the council's signature")

    contract = queries.find_contract(need)
    assert contract is not None
    signer = signed_in(app, deal.signer)
    assert "Sign the contract" in [each.title for each in tasks.contract_tasks(deal.signer)]
    done = signer.submit(signer.get(f"/council/contracts/{contract.reference}/sign"), "Sign for the council")
    assert done.has("Waits for the supplier's signature")

    supplier = signed_in(app, deal.supplier)
    page = supplier.follow(supplier.get("/supplier/contracts"), contract.title)
    done = supplier.submit(supplier.follow(page, "Sign for your firm"), "Sign for your firm")
    assert done.has("Active")

    write_mails(app, EMAILS)
    assert mails_to(deal.signer.person.email)[-1].subject == f"Sign the contract: {contract.title}"
    assert [each.subject for each in mails_to(deal.supplier.person.email)][-2:] == [
        f"{need.buyer_name} has signed: your signature is next",
        f"Signed by both sides: {contract.title}",
    ]


def test_the_approver_sees_what_was_raised_and_why_before_signing(app) -> None:
    deal = contracting.drafted(contracting.awarded(estimated_value_pence=2_500_000))
    reference = deal.signed.reference
    manager, signer = signed_in(app, deal.manager), signed_in(app, deal.signer)
    page = manager.get(f"/council/contracts/{reference}/terms")
    assert page.has("The winner’s price is £19,500 excluding VAT, £23,400 including VAT.")
    wrong = manager.submit(page, value_pence="90,000", status=422)
    assert wrong.errors == ["Say why the value is £66,600 more than the winner's price of £23,400 including VAT"]
    page = manager.submit(wrong, difference_reason="Two more years, as the need's option said.")
    assert page.has("The value is £65,000 above the estimate of £25,000 that was published with the need.")
    manager.submit(manager.follow(page, "Change “Everything delivered”"), amount_pence="90,000")
    manager.submit(manager.get(f"/council/contracts/{reference}"), "Ask an approver to sign")
    page = signer.get(f"/council/contracts/{reference}/sign")
    assert page.summary["Winner’s price, excluding VAT"] == "£19,500"
    assert page.summary["Winner’s price, including VAT"] == "£23,400"
    assert page.summary["Value"] == "£90,000 including VAT"
    assert page.summary["Why it is not the winner’s price"] == "Two more years, as the need's option said."
    assert page.has("£65,000 above the estimate")


def test_others_find_nothing(app) -> None:
    deal = contracting.sent()
    path = deal.signed.reference
    rival = signed_in(app, deal.made.bidders[1])
    rival.get(f"/supplier/contracts/{path}", status=404)
    assert rival.get("/supplier/contracts").has("No contracts yet")
    stranger = signed_in(app, making.member(making.council(), "contract_manager"))
    stranger.get(f"/council/contracts/{path}", status=404)
    assert stranger.get("/council/contracts").has("No contracts yet")
    officer = signed_in(app, deal.made.officer)
    officer.get(f"/council/contracts/{path}")
    officer.get(f"/council/contracts/{path}/sign", status=403)


def test_the_supplier_sends_it_back(app) -> None:
    deal = contracting.sent()
    supplier = signed_in(app, deal.supplier)
    page = supplier.get(f"/supplier/contracts/{deal.signed.reference}/return")
    assert supplier.submit(page, "Send it back unsigned", status=422).errors
    done = supplier.submit(page, "Send it back unsigned", reason="The start is too soon.")
    assert done.h1 == "Your contracts"
    manager = signed_in(app, deal.manager)
    assert manager.get(f"/council/contracts/{deal.signed.reference}").has("The start is too soon.")


def test_a_milestone_is_rejected_mended_and_accepted(app) -> None:
    deal = contracting.running()
    reference = deal.signed.reference
    supplier, manager = signed_in(app, deal.supplier), signed_in(app, deal.manager)
    deliver = "Report “Everything delivered” as delivered"
    page = supplier.follow(supplier.get(f"/supplier/contracts/{reference}"), deliver)
    supplier.submit(page, note="Live at the test address <b>now</b>.")
    page = manager.follow(manager.get(f"/council/contracts/{reference}"), "Accept or reject “Everything delivered”")
    assert page.has("Live at the test address <b>now</b>.")
    wrong = manager.submit(page, "Reject with this reason", status=422)
    assert wrong.errors == ["Say what is missing, so that the supplier can put it right"]
    manager.submit(wrong, "Reject with this reason", note="Not on phones.")
    page = supplier.get(f"/supplier/contracts/{reference}")
    assert page.has("Not on phones.")
    supplier.submit(supplier.follow(page, deliver), note="Mended.")
    page = manager.follow(manager.get(f"/council/contracts/{reference}"), "Accept or reject “Everything delivered”")
    assert manager.submit(page, "Accept").has("Accepted at")
    write_mails(app, EMAILS)
    assert [each.subject for each in mails_to(deal.manager.person.email)][-2:] == [
        "Delivered: Everything delivered"
    ] * 2
    assert mails_to(deal.supplier.person.email)[-1].subject == "Accepted: Everything delivered"


def test_a_milestone_past_its_day_is_late_on_both_sides(app) -> None:
    deal = contracting.running()
    path = f"contracts/{deal.signed.reference}"
    council, supplier = f"/council/{path}", f"/supplier/{path}"
    assert signed_in(app, deal.manager).get(council).table("Milestones")[0]["Status"] == "Planned"
    clock.pass_time(days=380)
    assert signed_in(app, deal.manager).get(council).table("Milestones")[0]["Status"] == "Late"
    page = signed_in(app, deal.supplier).get(supplier)
    assert page.table("Milestones")[0]["Status"] == "Late" and page.has("Late Due on")


def test_a_change_is_tested_proposed_and_approved_by_another(app) -> None:
    deal = contracting.running()
    reference = deal.signed.reference
    manager, signer = signed_in(app, deal.manager), signed_in(app, deal.signer)
    page = manager.follow(manager.get(f"/council/contracts/{reference}"), "Propose a change")
    said = {
        "ground": "own_rules",
        "direction": "more",
        "amount_pence": "15,000",
        "reason": "A second borough joins.",
        "scope": "stays",
    }
    tested = manager.submit(page, "See what the Act's test says", **said)
    assert tested.has("All changes together come to 64.2% of the signed value")
    assert tested.field("reason") == "A second borough joins."
    assert manager.submit(tested, "Propose the change").has("Waits for approval")
    page = signer.follow(signer.get(f"/council/contracts/{reference}"), "Decide on change 1")
    wrong = signer.submit(page, "Approve the change", status=422)
    assert wrong.errors == ["Read the warnings and tick that you have taken advice on them"]
    done = signer.submit(wrong, "Approve the change", knows_warnings=True)
    assert done.summary["Value"] == "£38,400 including VAT"
    write_mails(app, EMAILS)
    assert mails_to(deal.supplier.person.email)[-1].subject == "Change 1 approved: Missed bins"


def test_the_end_and_what_residents_got_are_public(app) -> None:
    deal = contracting.running()
    reference = deal.signed.reference
    signer = signed_in(app, deal.signer)
    page = signer.follow(signer.get(f"/council/contracts/{reference}"), "Terminate it early")
    wrong = signer.submit(page, "End the contract", status=422)
    assert len(wrong.errors) == 3
    done = signer.submit(
        wrong, "End the contract", kind="terminated", reason="The firm closed.", outcome="Half the calls stopped."
    )
    assert done.has("Half the calls stopped.")
    read = PageClient(app).get(f"/needs/{deal.made.need.reference}")
    assert read.has("Contract ended on ") and read.has(": terminated early. What residents got")
    contract = queries.contract_of(deal.made.need)
    assert contract is not None
    with app.test_request_context():
        public = render_template("tenders/contracts/_public.html", contract=contract)
    assert "Half the calls stopped." in public
    assert "£23,400 including VAT" in public
    write_mails(app, EMAILS)
    assert mails_to(deal.supplier.person.email)[-1].subject == "Ended: Missed bins"
