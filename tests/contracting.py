"""Purchases for tests of contracts: an award that the bidders know of, and contracts in any state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.awards import actions as awards
from tenders.contracts import actions
from tenders.contracts.models import Contract
from tests import assessing, making
from tests.assessing import Purchase


@dataclass(frozen=True)
class Deal:
    """A purchase whose award is told, its contract (None before drafting), and the people on both sides."""

    made: Purchase
    contract: Contract | None
    manager: Membership
    signer: Membership
    supplier: Membership

    @property
    def signed(self) -> Contract:
        assert self.contract is not None
        return self.contract


def awarded(**facts: object) -> Deal:
    """Two bids; the first is awarded, and both bidders are told."""
    made = assessing.frozen(assessing.opened(**facts), (5, 3))
    awards.propose_award(made.need.id, made.officer, made.bids[0].reference, "It ranks first.")
    awards.approve_award(made.need.id, made.approver)
    for bid in made.bids:
        awards.save_explanation(made.need.id, bid.reference, made.officer, "The answers say why.")
    awards.send_summaries(made.need.id, made.officer)
    manager = making.member(made.council, "contract_manager", name="Mo")
    signer = making.member(made.council, "approver", name="Sal")
    return Deal(made, None, manager, signer, made.bidders[0])


def drafted(deal: Deal | None = None, value_pence: int = 2_340_000, why: str = "The option is taken.", **facts: object) -> Deal:
    """A contract for a year from tomorrow with one milestone for the whole."""
    deal = deal or awarded(**facts)
    starts_on = clock.today() + timedelta(days=1)
    contract = actions.draft_contract(
        deal.made.need.id, deal.manager, "Missed bins", value_pence, starts_on, starts_on + timedelta(days=364), why
    )
    return Deal(deal.made, contract, deal.manager, deal.signer, deal.supplier)


def sent(deal: Deal | None = None) -> Deal:
    """Signed by the council."""
    deal = deal or drafted()
    actions.ask_signature(deal.signed.id, deal.manager)
    actions.sign_for_council(deal.signed.id, deal.signer)
    return deal


def running(deal: Deal | None = None) -> Deal:
    """Signed by both sides."""
    deal = sent(deal)
    actions.sign_for_supplier(deal.signed.id, deal.supplier)
    return deal


def split(deal: Deal, first_pence: int) -> Deal:
    """Two milestones before signature: this much, and the rest."""
    contract = deal.signed
    one = contract.milestones[0]
    rest, due = one.amount_pence - first_pence, date.fromordinal(contract.starts_on.toordinal() + 30)
    actions.save_milestone(contract.id, deal.manager, "First release", due, first_pence, one.id)
    actions.save_milestone(contract.id, deal.manager, "Final release", contract.ends_on, rest)
    return deal
