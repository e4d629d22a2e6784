"""Invoices through the pages of both sides: sent, checked, disputed, paid, imported from a remittance; and their mails."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from marketplace.accounts.models import MembershipRole
from marketplace.core import clock, db
from tenders.payments.invoices import actions, deciding, tasks
from tenders.payments.invoices.emails import EMAILS
from tenders.payments.paying import bacs
from tenders.payments.paying.emails import EMAILS as PAYING_EMAILS
from tests import invoicing, making
from tests.letterbox import mails_to, write_mails
from tests.pageclient import signed_in

pytestmark = pytest.mark.usefixtures("rows_stay_attached")


@pytest.fixture
def app(whole_app, house):
    """The application without a context around the test: each request has its own."""
    return whole_app


@pytest.fixture
def bill(app) -> invoicing.Billing:
    return invoicing.billing()


def test_from_the_accepted_milestone_to_the_paid_invoice(app, bill) -> None:
    supplier, manager, finance = (signed_in(app, each) for each in (bill.supplier, bill.manager, bill.finance))
    page = supplier.follow(supplier.get("/supplier/invoices"), "Send an invoice for First release")
    assert (page.field("net_pence"), page.field("description"), page.field("vat_rate")) == ("5000", "First release", "0")
    assert page.has("£23,400 of the contract’s £23,400 with VAT is not invoiced yet.")
    wrong = supplier.submit(page, "Send the invoice", status=422)
    assert wrong.errors == ["Enter your invoice number"]
    sent = supplier.submit(
        wrong, "Send the invoice", number="2027/14", document=(io.BytesIO(b"%PDF-1.7 mine"), "mine.pdf")
    )
    assert sent.has("£5,000 including VAT is owed, by Wednesday 10 February 2027. 29 days left.")
    assert supplier.follow(sent, "Download mine.pdf").content == b"%PDF-1.7 mine"

    assert "Check invoice 2027/14" in [each.title for each in tasks.invoice_tasks(bill.manager)]
    page = manager.follow(manager.get("/council/invoices"), f"2027/14 of {bill.deal.signed.supplier.name}")
    assert {each["Match"] for each in page.table("Order, acceptance and invoice")} == {"Agrees"}
    assert "Record a payment by BACS" not in page.links
    done = manager.submit(manager.follow(page, "Approve the invoice"), "Approve the invoice")
    assert done.has("Finance pays next")

    assert "Pay invoice 2027/14" in [each.title for each in tasks.invoice_tasks(bill.finance)]
    bill.manager.role_rows.append(MembershipRole(role="finance"))
    assert "Pay invoice 2027/14" not in [each.title for each in tasks.invoice_tasks(bill.manager)]
    db.session.rollback()
    page = finance.follow(finance.get(f"/council/invoices/{done.url.rsplit('/', 1)[1]}"), "Record a payment by BACS")
    wrong = finance.submit(page, "Record the payment", amount_pence="5,001", status=422)
    assert wrong.errors == ["£5,000 is owed. Enter that or less"]
    paid = finance.submit(wrong, "Record the payment", amount_pence="5,000", bank_reference="BACS 9")
    assert paid.has("Nothing is owed any more.") and paid.table("Payments")[0]["With the supplier"] == "14 January 2027"
    assert supplier.get("/supplier/invoices").has("£0 including VAT is owed to you.")

    write_mails(app, {**EMAILS, **PAYING_EMAILS})
    assert [each.subject for each in mails_to(bill.supplier.person.email)][-3:] == [
        f"{bill.deal.made.need.buyer_name} has your invoice 2027/14",
        "Approved: your invoice 2027/14",
        "Paid: £5,000 for your invoice 2027/14",
    ]
    assert mails_to(bill.manager.person.email)[-1].subject.startswith("Check invoice 2027/14 from")
    assert mails_to(bill.finance.person.email)[-1].subject.startswith("Pay invoice 2027/14 from")


def test_an_invoice_beyond_the_milestone_shows_what_the_council_will_ask_and_goes_when_confirmed(app, bill) -> None:
    supplier = signed_in(app, bill.supplier)
    page = supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new?milestone={bill.milestone_id}")
    asked = supplier.submit(page, "Send the invoice", number="1", net_pence="6,000", status=422)
    assert asked.has("The invoice comes to £6,000 with VAT, and £5,000 of this milestone is not invoiced yet.")
    assert supplier.submit(asked, "Send the invoice", knows_warnings=True).has("£6,000 including VAT is owed")


def test_disputed_answered_credited_and_settled(app, bill) -> None:
    invoice = bill.sent()
    supplier, manager = signed_in(app, bill.supplier), signed_in(app, bill.manager)
    page = manager.follow(manager.get(f"/council/invoices/{invoice.reference}"), "Dispute it")
    assert manager.submit(page, "Dispute the invoice", status=422).errors
    manager.submit(page, "Dispute the invoice", reason="One day too many.")
    page = supplier.get(f"/supplier/invoices/{invoice.reference}")
    assert page.has("One day too many.") and page.has("by Wednesday 10 February 2027")
    supplier.submit(supplier.follow(page, "Answer the dispute"), "Send the answer", answer="You are right.")
    page = supplier.get(f"/supplier/invoices/{invoice.reference}")
    note = supplier.follow(page, "Send a credit note")
    assert note.has("The invoice asks for £4,000 and £800 VAT, £4,800 in all.")
    note = supplier.submit(note, "Send the credit note", number="C1", reason="One day", net_pence="4,500", vat_pence="100", status=422)
    assert note.errors == ["Enter £4,000 or less: that is what the invoice still asks for before VAT"]
    supplier.submit(note, "Send the credit note", number="C1", reason="One day", net_pence="500", vat_pence="100")
    page = manager.follow(manager.get(f"/council/invoices/{invoice.reference}"), "End the dispute")
    assert page.has("You are right.")
    done = manager.submit(page, "End the dispute", resolution="Settled by the credit note.")
    assert done.has("£4,200 including VAT is owed") and done.has("To check")
    write_mails(app, EMAILS)
    assert [each.subject for each in mails_to(bill.supplier.person.email)][-2:] == [
        "Disputed: your invoice INV-1", "The dispute of your invoice INV-1 is over"
    ]  # fmt: skip
    assert "One day too many." in mails_to(bill.supplier.person.email)[-2].body


def test_sent_back_and_withdrawn(app, bill) -> None:
    supplier, manager = signed_in(app, bill.supplier), signed_in(app, bill.manager)
    first, second = bill.sent("A"), bill.sent("B", 100)
    page = manager.follow(manager.get(f"/council/invoices/{first.reference}"), "Send it back as not valid")
    manager.submit(page, "Send the invoice back", reason="Which release is it?")
    assert supplier.get(f"/supplier/invoices/{first.reference}").has("Which release is it?")
    page = supplier.follow(supplier.get(f"/supplier/invoices/{second.reference}"), "Withdraw the invoice")
    assert supplier.submit(page, "Withdraw it").has("Withdrawn")
    write_mails(app, EMAILS)
    assert "Which release is it?" in mails_to(bill.supplier.person.email)[-1].body
    assert mails_to(bill.manager.person.email)[-1].subject.startswith("Withdrawn: invoice B")


def test_a_payment_that_did_not_arrive_comes_back_and_what_was_paid_twice_is_refunded(app, bill) -> None:
    invoice = bill.approved()
    payment = bacs.record_payment(invoice.id, bill.finance, 480_000, clock.today())
    clock.pass_time(days=2)
    supplier, finance = signed_in(app, bill.supplier), signed_in(app, bill.finance)
    page = supplier.follow(supplier.get(f"/supplier/invoices/{invoice.reference}"), f"It has not arrived : {payment.reference}")
    supplier.submit(page, "Tell the council")
    page = finance.get(f"/council/invoices/{invoice.reference}")
    assert page.has("The supplier says it is not there.")
    corrected = finance.follow(page, f"Correct the day of {payment.reference}")
    page = finance.submit(corrected, "Save the day", paid_on=clock.today() + timedelta(days=1))
    assert page.table("Payments")[0]["With the supplier"] == "15 January 2027"
    back = finance.submit(finance.follow(page, f"It came back : {payment.reference}"), "Record that it came back")
    assert back.has("£4,800 including VAT is owed")
    paid = finance.submit(finance.follow(back, "Record a payment by BACS"), "Record the payment")
    actions.send_credit_note(invoice.id, bill.supplier, "C1", "Too much", 10_000, 2_000)
    page = finance.get(f"/council/invoices/{invoice.reference}")
    assert page.has("£120 was paid beyond what is owed")
    latest = paid.table("Payments")[-1]["Payment"]
    form = finance.follow(page, f"Record a refund of {latest}")
    assert form.field("amount_pence") == "120"
    assert finance.submit(form, "Record the refund").has("Nothing is owed any more.")
    write_mails(app, {**EMAILS, **PAYING_EMAILS})
    assert "Not arrived: £4,800 for invoice INV-1" in [each.subject for each in mails_to(bill.finance.person.email)]
    assert mails_to(bill.supplier.person.email)[-1].subject.endswith("has £120 back for invoice INV-1")


def test_overdue_stands_out_with_the_interest_that_may_be_claimed(app, bill) -> None:
    invoice = bill.approved()
    clock.pass_time(days=39)
    finance, supplier = signed_in(app, bill.finance), signed_in(app, bill.supplier)
    listed = finance.get("/council/invoices")
    assert listed.has("1 invoice is overdue") and listed.has("10 days overdue")
    start = finance.get("/council")
    assert start.has("Pay invoice INV-1") and start.has("Overdue By Wednesday 10 February 2027")
    claim = "may claim £15.45 interest (11.75% a year, simple) and a fixed sum of £70, £85.45 in all as of today"
    assert finance.get(f"/council/invoices/{invoice.reference}").has(f"The supplier {claim}")
    page = supplier.get(f"/supplier/invoices/{invoice.reference}")
    assert page.has(f"You {claim}") and page.has("was to be paid by Wednesday 10 February 2027: 10 days overdue")
    assert supplier.follow(page, "send an invoice for another sum under the contract").h1


def test_a_remittance_file_pays_what_it_names_exactly_and_shows_the_rest(app, bill) -> None:
    paid, other, unapproved = bill.approved("INV-1"), bill.approved("INV-2", 1_000), bill.sent("INV-3", 2_000)
    name, today = bill.deal.signed.supplier.name, clock.today()
    rows = [("INV-1", "£4,800.00"), ("INV-2", "11.00"), ("INV-3", "24.00"), ("INV-9", "5.00"), ("INV-1", "4800")]
    lines = "".join(f'{number},{name},"{sum_}",{today:%d/%m/%Y}\r\n' for number, sum_ in rows)
    content = ("\ufeffInvoice No.,Supplier Name,Amount (£),Payment Date\r\n" + lines).replace("(£)", "Paid").encode()
    finance = signed_in(app, bill.finance)
    form = finance.follow(finance.get("/council/invoices"), "Import payments from a remittance file")
    assert form.has("CSV or TXT, at most 10 MB") and form.has("INV-17,Larkrise Digital,4857.20,31/03/2027")
    assert finance.submit(form, "Import the file", status=422).errors == ["Choose the file of payments"]
    done = finance.submit(form, "Import the file", file=(io.BytesIO(content), "run.csv"))
    assert done.notices == ["1 payment recorded, 4 lines not matched"]
    assert [each["Why it is no payment here"] for each in done.table("Not matched")] == [
        "The file says £11, and £12 of this invoice is owed.",
        "A contract manager approves the invoice first.",
        "No invoice here has the number INV-9.",
        "Invoice INV-1 is paid already.",
    ]
    assert done.table("Recorded")[0]["Sum"] == "£4,800"
    again = finance.submit(form, "Import the file", file=(io.BytesIO(content), "run.csv"))
    assert again.notices == ["This file was imported before. Nothing has changed"] and again.url == done.url
    deciding.approve_invoice(unapproved.id, bill.manager, True)
    tried = finance.submit(again, "Try these lines again")
    assert tried.notices == ["2 payments recorded, 3 lines not matched"]
    stranger = signed_in(app, making.member(making.council(), "finance"))
    stranger.get(done.url, status=404)
    assert finance.get(f"/council/invoices/{other.reference}").has("£12 including VAT is owed")
    assert paid.reference


def test_others_find_nothing(app, bill) -> None:
    invoice = bill.approved()
    payment = bacs.record_payment(invoice.id, bill.finance, 100, clock.today())
    rival = signed_in(app, bill.deal.made.bidders[1])
    stranger = signed_in(app, making.member(making.council(), "contract_manager", "finance"))
    for path in ("", "/document", "/withdraw", "/answer", "/credit-note"):
        rival.get(f"/supplier/invoices/{invoice.reference}{path}", status=404)
    rival.get(f"/supplier/payments/{payment.reference}/not-arrived", status=404)
    rival.get(f"/supplier/contracts/{bill.reference}/invoices/new", status=404)
    for path in ("", "/document", "/approve", "/send-back", "/dispute", "/settle", "/pay"):
        stranger.get(f"/council/invoices/{invoice.reference}{path}", status=404)
    for path in ("arrival", "came-back", "refund"):
        stranger.get(f"/council/payments/{payment.reference}/{path}", status=404)
    assert stranger.get("/council/invoices").has("No invoices yet")
    viewer = signed_in(app, making.member(bill.deal.made.council, "viewer"))
    seen = viewer.get(f"/council/invoices/{invoice.reference}")
    assert seen.summary["Approved"].endswith(f"by {bill.manager.person.name}") and seen.summary["Paid so far"] == "£1"
    assert seen.summary["Still owed, including VAT"] == "£4,799" and "What you can do" not in seen.table("Payments")[0]
    for path in ("approve", "pay", "dispute"):
        viewer.get(f"/council/invoices/{invoice.reference}/{path}", status=403)
    signed_in(app, bill.manager).get(f"/council/invoices/{invoice.reference}/pay", status=403)
    signed_in(app, bill.finance).get(f"/council/invoices/{invoice.reference}/approve", status=403)


def test_the_form_says_what_is_invoiced_already_and_starts_from_the_last_invoice(app, bill) -> None:
    bill.sent("A", 300_000, vat_number="GB123456789", supplier_address="1 High Street")
    supplier = signed_in(app, bill.supplier)
    assert supplier.get(f"/supplier/contracts/{bill.reference}").has("Send an invoice for First release : £1,400 including VAT is not invoiced yet")
    address = f"/supplier/contracts/{bill.reference}/invoices/new?milestone={bill.milestone_id}"
    page = supplier.get(address)
    assert page.has("First release, £5,000 with VAT (£1,400 not invoiced yet)")
    assert (page.field("vat_number"), page.field("supplier_address")) == ("GB123456789", "1 High Street")
    assert (page.field("vat_rate"), page.field("net_pence")) == ("2000", "1166.67")
    bill.sent("B", 116_667)
    page = supplier.get(address)
    assert page.has("First release, £5,000 with VAT (invoiced already)") and page.field("net_pence") == ""
    contract = supplier.get(f"/supplier/contracts/{bill.reference}")
    assert contract.has("Invoiced. See your invoices") and "Send an invoice for First release" not in contract.links
    assert page.field("what_for") == str(bill.milestone_id)


def test_what_is_done_stands_apart_from_what_is_to_be_paid(app, bill) -> None:
    bacs.record_payment(bill.approved("A").id, bill.finance, 480_000, clock.today())
    bacs.record_payment((second := bill.approved("B", 10_000)).id, bill.finance, 12_000, clock.today())
    bill.sent("C", 1_000)
    actions.send_credit_note(second.id, bill.supplier, "C1", "Too much", 5_000, 1_000)
    supplier, finance = signed_in(app, bill.supplier), signed_in(app, bill.finance)
    for listed, council in ((supplier.get("/supplier/invoices"), False), (finance.get("/council/invoices"), True)):
        assert [each["Number"].split()[0] for each in listed.table("To check" if council else "To be paid")] == ["C"]
        assert [each["Number"].split()[0] for each in listed.table("Paid too much")] == ["B"]
        assert [each["Number"].split()[0] for each in listed.table("Done")] == ["A"]


def test_the_order_number_is_named_and_filled_in(app, bill) -> None:
    manager, supplier = signed_in(app, bill.manager), signed_in(app, bill.supplier)
    page = manager.follow(manager.get(f"/council/contracts/{bill.reference}"), "Name the order number that invoices carry")
    assert manager.submit(page, "Save the order number", number="PO 77").summary["Order number for invoices"] == "PO 77"
    page = supplier.get(f"/supplier/contracts/{bill.reference}/invoices/new")
    assert page.field("purchase_order") == "PO 77"


def test_reminders_are_written_to_finance(app, bill) -> None:
    from tenders.payments.invoices.reminding import remind_of_payments

    bill.approved()
    clock.set_clock(invoicing.RECEIVED + timedelta(days=22))
    assert remind_of_payments() == 1
    write_mails(app, EMAILS)
    mail = mails_to(bill.finance.person.email)[-1]
    assert mail.subject.startswith("To be paid by 10 February 2027: invoice INV-1 from")
    assert "£4,800 including VAT" in mail.body
