"""Payments by card for tests: a supplier whose own account with the stand-in works, an approved invoice, finance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from tenders.payments.gateway import door
from tenders.payments.invoices import deciding
from tenders.payments.invoices.books import owed_pence
from tenders.payments.invoices.queries import get_by_reference
from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.posting import balance
from tenders.payments.paying import card, card_accounts, queries
from tenders.payments.paying.models import Payment
from tests.invoicing import Billing, billing
from tests.stripe_server.server import StandIn


@dataclass(frozen=True)
class Told:
    """An invoice or a payment by its names, which outlive the worker's sessions."""

    id: int
    reference: str


@dataclass
class Cards:
    """A billing whose supplier can be paid by card, and what the people at Stripe's pages do."""

    billing: Billing
    members: dict[str, int]
    stand_in: StandIn
    account: str

    def member(self, name: str) -> Membership:
        """The manager, the supplier or finance, read afresh."""
        return db.session.get_one(Membership, self.members[name])

    def sent(self, number: str = "INV-1", net_pence: int = 400_000) -> Told:
        """An invoice of £4,000 and VAT that nobody approved yet."""
        invoice = replace(self.billing, supplier=self.member("supplier")).sent(number, net_pence)
        return Told(invoice.id, invoice.reference)

    def approved(self, number: str = "INV-1", net_pence: int = 400_000) -> Told:
        invoice = self.sent(number, net_pence)
        deciding.approve_invoice(invoice.id, self.member("manager"), True)
        return invoice

    def asked(self, invoice: Told, by: str = "finance") -> Told:
        payment = card.pay_by_card(invoice.id, self.member(by))
        return Told(payment.id, payment.reference)

    def pay(self, payment: Told, fails: bool = False) -> str:
        """The council's card is charged on Stripe's page; gives the charge's id."""
        page = fresh(payment).session_id
        session = self.stand_in.control("pay_page", session=page, account=self.account, fails=fails)
        return self.charge_of(session["payment_intent"])

    def charge_of(self, intent_id: str) -> str:
        return door.get_door().get_intent(intent_id, self.account).charge

    def paid_out(self, arrives: bool = True) -> str:
        """Stripe pays the supplier's balance out; it arrives two days later."""
        payout = self.stand_in.control("pay_out", account=self.account)["id"]
        if arrives:
            self.stand_in.control("end_payout", payout=payout, account=self.account)
        return payout

    def pass_time(self, days: float = 0, hours: float = 0) -> None:
        """Time passes here and at Stripe."""
        self.stand_in.control("pass_time", days=days, hours=hours)
        clock.pass_time(days=days, hours=hours)

    def do(self, name: str, **values: Any) -> Any:
        return self.stand_in.control(name, account=self.account, **values)


def cards(stand_in: StandIn) -> Cards:
    """An accepted milestone, and a supplier that gave Stripe its details and agreed to be paid by card."""
    billed = billing()
    stand_in.control("stop_clock", at=clock.now().timestamp())
    card_accounts.connect(billed.supplier)
    row = card_accounts.find_account(billed.supplier.organisation_id)
    assert row is not None and row.account_id
    account = row.account_id
    stand_in.control("complete_account", account=account)
    card_accounts.sync_account(account)
    card_accounts.give_consent(billed.supplier, True)
    stand_in.take_events()
    members = {name: getattr(billed, name).id for name in ("manager", "supplier", "finance")}
    return Cards(billed, members, stand_in, account)


def books(invoice: Told) -> tuple[int, int, int]:
    """What the ledger says of the invoice, in pence: owed, on its way, with the supplier."""
    row = get_by_reference(invoice.reference)
    names = contract_books(row.contract.reference)
    on_its_way, paid = (-balance(each, subject=row.reference) for each in (names.on_its_way, names.paid))
    found = (owed_pence(row), on_its_way, paid)
    db.session.rollback()
    return found


def fresh(payment: Told) -> Payment:
    """The payment's row as it is now."""
    db.session.rollback()
    return queries.get_by_reference(payment.reference)
