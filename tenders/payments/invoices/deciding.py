"""The council's verbs: send an invoice back, dispute it, settle the dispute, approve it."""

from __future__ import annotations

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from tenders.payments.invoices import books, events, queries, rules
from tenders.payments.invoices.actions import give_back, of
from tenders.payments.invoices.matching import Finding, match_of
from tenders.payments.invoices.models import Invoice, InvoiceDispute


def councils_invoice(invoice_id: int, member: Membership) -> Invoice:
    """The invoice, locked, when it is the acting council's; else NotFound."""
    invoice = queries.get_invoice(invoice_id, lock=True)
    return queries.get_invoice_of(invoice.reference, member.organisation_id)


def match_for(invoice: Invoice) -> list[Finding]:
    """The three-way match as it stands now."""
    of_contract = queries.invoiced_pence(invoice.contract_id, besides=invoice.id)
    of_milestone = 0
    if invoice.milestone_id is not None:
        of_milestone = queries.invoiced_pence(invoice.contract_id, invoice.milestone_id, besides=invoice.id)
    return match_of(invoice, of_milestone, of_contract)


@action
def return_invoice(invoice_id: int, member: Membership, reason: str) -> Invoice:
    """The council sends an invoice back that is not valid, and says at once why; nothing of it is owed then."""
    invoice = councils_invoice(invoice_id, member)
    insist(rules.returning_problems(invoice, reason))
    invoice.returned_at, invoice.returned_by_id = clock.now(), member.person_id
    invoice.return_reason = reason.strip()
    give_back(invoice, "returned")
    record(events.InvoiceReturned(**of(invoice)), member.actor("contract_manager"))
    return invoice


@action
def dispute_invoice(invoice_id: int, member: Membership, reason: str) -> InvoiceDispute:
    """The council disputes an invoice and says why; the days go on counting."""
    invoice = councils_invoice(invoice_id, member)
    insist(rules.disputing_problems(invoice, books.owed_pence(invoice), reason))
    dispute = InvoiceDispute(reason=reason.strip(), raised_at=clock.now(), raised_by_id=member.person_id)
    invoice.disputes.append(dispute)
    record(events.InvoiceDisputed(**of(invoice)), member.actor())
    return dispute


@action
def resolve_dispute(invoice_id: int, member: Membership, resolution: str) -> InvoiceDispute:
    """The council withdraws its dispute, or says that a credit note settled it."""
    invoice = councils_invoice(invoice_id, member)
    insist(rules.resolving_problems(invoice, resolution))
    dispute = invoice.open_dispute
    assert dispute is not None
    dispute.resolved_at, dispute.resolved_by_id = clock.now(), member.person_id
    dispute.resolution = resolution.strip()
    record(events.DisputeResolved(**of(invoice)), member.actor())
    return dispute


@action
def approve_invoice(invoice_id: int, member: Membership, knows_warnings: bool = False) -> Invoice:
    """The contract manager approves: order, acceptance and invoice agree, or were looked into. Raises Problems."""
    invoice = councils_invoice(invoice_id, member)
    doubts = [each for each in match_for(invoice) if not each.holds]
    insist(rules.approving_problems(invoice, not doubts, knows_warnings))
    invoice.approved_at, invoice.approved_by_id = clock.now(), member.person_id
    record(
        events.InvoiceApproved(**of(invoice), total_pence=invoice.total_pence, warnings=len(doubts)),
        member.actor("contract_manager"),
    )
    return invoice
