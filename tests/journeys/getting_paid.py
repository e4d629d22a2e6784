"""From a delivered milestone to the money: what supplier, contract manager, finance and auditor do, in the order it happens."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from marketplace.core import clock, db
from tests import invoicing, making
from tests.journeys.hands import Hand

NUMBER = "2027-0042"


@dataclass
class Account:
    """A contract that runs, and a screen for each person."""

    new_hand: Callable[[], Hand]
    work: Callable[[], None]
    emails: dict[str, str]
    contract: str
    firm: str
    buyer: str
    hands: dict[str, Hand] = field(default_factory=dict)
    invoice: str = ""

    def screen(self, name: str) -> Hand:
        """The person's screen, signed in."""
        if name not in self.hands:
            hand = self.hands[name] = self.new_hand()
            hand.go("/sign-in")
            hand.fill("Sign in", {"Email address": self.emails[name], "Password": making.PASSWORD})
        return self.hands[name]


def begin(new_hand: Callable[[], Hand], work: Callable[[], None]) -> Account:
    """A contract with one accepted milestone, and one that is still to be delivered."""
    bill = invoicing.billing()
    people = {"Supplier": bill.supplier, "Mo": bill.manager, "Fin": bill.finance, "Auditor": making.auditor()}
    emails = {name: each.person.email for name, each in people.items()}
    firm, buyer = bill.deal.signed.supplier.name, bill.deal.made.need.buyer_name
    made = Account(new_hand, work, emails, bill.reference, firm, buyer)
    db.session.remove()
    return made


def run_getting_paid(account: Account) -> None:
    """Delivered, accepted, invoiced, disputed, credited, approved, paid in part by hand and the rest from a file."""
    the_milestone_is_accepted(account)
    the_invoice_is_sent(account)
    the_dispute_is_settled(account)
    the_invoice_is_approved(account)
    a_part_is_paid(account)
    the_rest_comes_from_a_file(account)
    everybody_reads_the_same(account)


def the_milestone_is_accepted(account: Account) -> None:
    supplier, manager = account.screen("Supplier"), account.screen("Mo")
    supplier.go(f"/supplier/contracts/{account.contract}")
    supplier.follow("Report “Final release” as delivered")
    supplier.fill("Report it as delivered", {"What was delivered": "Live since noon."})
    manager.go(f"/council/contracts/{account.contract}")
    manager.follow("Name the order number that invoices carry")
    manager.fill("Save the order number", {"Order number": "PO 4711"})
    manager.follow("Accept or reject “Final release”")
    manager.fill("Accept", {})
    account.work()


def the_invoice_is_sent(account: Account) -> None:
    supplier = account.screen("Supplier")
    supplier.go("/supplier/invoices")
    supplier.follow("Send an invoice for Final release")
    supplier.fill("Send the invoice", {"What is it for?": "Final release, £18,400 with VAT", "Sum before VAT": "15,000", "VAT": "20%"}, status=422)
    assert supplier.errors == ["Enter your invoice number"]

    def typed() -> dict[str, object]:
        return {"Your invoice number": NUMBER, "Your own invoice as a file": (io.BytesIO(b"%PDF-1.7 mine"), "mine.pdf")}

    supplier.fill("Send the invoice", typed(), status=422)
    assert supplier.reads("The invoice charges VAT and shows no VAT number, so the council cannot reclaim the VAT.")
    supplier.fill("Send the invoice", {**typed(), "Your VAT number": "GB 831 4958 16"})
    assert supplier.reads("£18,000 including VAT is owed, by Wednesday 10 February 2027. 29 days left.")
    account.invoice = supplier.path.rsplit("/", 1)[1]
    account.work()


def the_dispute_is_settled(account: Account) -> None:
    supplier, manager = account.screen("Supplier"), account.screen("Mo")
    manager.go("/council/invoices")
    manager.follow(f"{NUMBER} of {account.firm}")
    assert manager.reads("The order number PO 4711 agrees.") and manager.offers("Approve the invoice")
    assert manager.download("Download mine.pdf") == b"%PDF-1.7 mine"
    manager.follow("Dispute it")
    manager.fill("Dispute the invoice", {"What you dispute, and why": "The training day did not take place."})
    clock.pass_time(days=1)
    supplier.go(f"/supplier/invoices/{account.invoice}")
    assert supplier.reads("The training day did not take place.") and supplier.reads("28 days left.")
    supplier.follow("Answer the dispute")
    supplier.fill("Send the answer", {"Your answer to the council": "You are right: here is a credit note."})
    supplier.follow("Send a credit note")
    note = {"Your credit note’s number": "CN 1", "What the credit is for": "Training", "Sum before VAT": "500", "VAT": "100"}
    supplier.fill("Send the credit note", note)
    manager.go(f"/council/invoices/{account.invoice}")
    manager.follow("End the dispute")
    manager.fill("End the dispute", {"How it was settled": "By credit note CN 1."})
    assert manager.reads("£17,400 including VAT is owed")
    account.work()


def the_invoice_is_approved(account: Account) -> None:
    manager, finance = account.screen("Mo"), account.screen("Fin")
    finance.go(f"/council/invoices/{account.invoice}")
    assert not finance.offers("Record a payment by BACS") and not finance.offers("Approve the invoice")
    manager.follow("Approve the invoice")
    manager.fill("Approve the invoice", {})
    assert manager.reads("Finance pays next") and not manager.offers("Record a payment by BACS")
    account.work()


def a_part_is_paid(account: Account) -> None:
    supplier, finance = account.screen("Supplier"), account.screen("Fin")
    finance.go(f"/council/invoices/{account.invoice}")
    finance.follow("Record a payment by BACS")
    finance.fill("Record the payment", {"Sum that was paid": "7,400", "Payment reference": "BACS 17"})
    assert finance.reads("£10,000 including VAT is owed") and finance.reads("15 January 2027")
    clock.pass_time(days=2)
    supplier.go(f"/supplier/invoices/{account.invoice}")
    assert supplier.reads("BACS 17") and supplier.reads("£10,000 including VAT is owed")


def the_rest_comes_from_a_file(account: Account) -> None:
    finance = account.screen("Fin")
    lines = ["Supplier Name;Invoice No;Amount;Payment Date"]
    lines += [f"{account.firm};{number};{amount};15/01/2027" for number, amount in ((NUMBER, "£10,000.00"), ("77", "12"))]
    for said in ("1 payment recorded, 1 line not matched", "This file was imported before. Nothing has changed"):
        finance.go("/council/payments/remittances")
        file = (io.BytesIO("\r\n".join(lines).encode("cp1252")), "run-3.csv")
        finance.fill("Import the file", {"The file of payments": file})
        assert finance.reads(said) and finance.reads("No invoice here has the number 77.")
    account.work()


def everybody_reads_the_same(account: Account) -> None:
    supplier, finance, auditor = (account.screen(each) for each in ("Supplier", "Fin", "Auditor"))
    clock.pass_time(days=1)
    supplier.go(f"/supplier/invoices/{account.invoice}")
    finance.go(f"/council/invoices/{account.invoice}")
    for each in (supplier, finance):
        assert each.reads("Nothing is owed any more.") and each.reads("£10,000")
    supplier.go("/supplier/invoices")
    finance.go("/council/invoices")
    assert supplier.reads("£0 including VAT is owed to you.") and finance.reads("£0 including VAT is owed to suppliers.")
    # The accepted first milestone waits for its invoice.
    assert supplier.offers("Send an invoice for First release")
    auditor.go("/supplier/invoices", status=403)
    auditor.go("/council/invoices", status=403)
    assert clock.now() - invoicing.RECEIVED == timedelta(days=4)
