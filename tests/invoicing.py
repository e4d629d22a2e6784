"""Invoices for tests: an accepted milestone, and invoices under it in any state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.contracts import running
from tenders.payments.invoices import actions, deciding
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.rules import InvoiceFacts
from tests import contracting, making
from tests.contracting import Deal

# A Tuesday far from holidays: an invoice received then is due on Wednesday 10 February.
RECEIVED = datetime(2027, 1, 12, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Billing:
    """A contract whose first milestone (£5,000 of £23,400 with VAT) is accepted, and who does what."""

    deal: Deal
    manager: Membership
    finance: Membership
    supplier: Membership
    milestone_id: int

    @property
    def contract_id(self) -> int:
        return self.deal.signed.id

    @property
    def reference(self) -> str:
        return self.deal.signed.reference

    def sent(self, number: str = "INV-1", net_pence: int = 400_000, **facts: Any) -> Invoice:
        """An invoice of £4,000 and VAT against the milestone; facts can be overridden by name."""
        knows = facts.pop("knows_warnings", True)
        said = {
            "invoiced_on": clock.today(),
            "description": "First release",
            "vat_basis_points": 2000,
            "milestone_id": self.milestone_id,
            "vat_number": "GB123",
            **facts,
        }
        typed = InvoiceFacts(number=number, net_pence=net_pence, **said)
        return actions.send_invoice(self.contract_id, self.supplier, typed, knows_warnings=knows)

    def approved(self, number: str = "INV-1", net_pence: int = 400_000, **facts: Any) -> Invoice:
        invoice = self.sent(number, net_pence, **facts)
        deciding.approve_invoice(invoice.id, self.manager, True)
        return invoice


def billing() -> Billing:
    """Contract signed, first milestone delivered and accepted by the contract manager."""
    deal = contracting.running(contracting.split(contracting.drafted(), 500_000))
    one = deal.signed.milestones[0]
    running.deliver_milestone(deal.signed.id, deal.supplier, one.id, "Live.")
    running.decide_milestone(deal.signed.id, deal.manager, one.id, True, "")
    clock.set_clock(RECEIVED)
    finance = making.member(deal.made.council, "finance", name="Fin")
    return Billing(deal, deal.manager, finance, deal.supplier, one.id)
