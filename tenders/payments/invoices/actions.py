"""The supplier's verbs: send an invoice, take it back, answer a dispute, send a credit note."""

from __future__ import annotations

from datetime import datetime

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Problem, insist
from marketplace.core.files import StoredFile, safe_name
from marketplace.core.journal import record
from marketplace.core.references import next_reference
from tenders.contracts.actions import supplier_contract
from tenders.contracts.models import Contract
from tenders.needs.actions import subject_of
from tenders.payments.einvoices.model import EInvoice
from tenders.payments.invoices import books, documents, electronic, events, queries, rules
from tenders.payments.invoices.documents import Document
from tenders.payments.invoices.due import due_of
from tenders.payments.invoices.models import CreditNote, Invoice, InvoiceDispute
from tenders.payments.invoices.rules import InvoiceFacts


def of(invoice: Invoice) -> dict[str, str]:
    """What every event of an invoice says of it."""
    contract = invoice.contract
    return {**subject_of(contract.need), "subject": invoice.reference, "contract": contract.reference}


def send_invoice(
    contract_id: int,
    member: Membership,
    facts: InvoiceFacts,
    document: Document | None = None,
    received_at: datetime | None = None,
    knows_warnings: bool = False,
) -> Invoice:
    """The invoice reaches the council. Raises Problems; a refused one leaves no file behind.

    `received_at` is when the request reached us; without it, now. `knows_warnings`: the sender confirmed them. A
    document that is an electronic invoice says what the facts say, or the invoice is refused.
    """
    kept = documents.keep(document)
    try:
        return _send(contract_id, member, facts, document, kept, received_at, knows_warnings)
    except BaseException:
        documents.forget(kept)
        raise


@action
def _send(
    contract_id: int,
    member: Membership,
    facts: InvoiceFacts,
    document: Document | None,
    kept: StoredFile | None,
    received_at: datetime | None,
    knows_warnings: bool,
) -> Invoice:
    contract = supplier_contract(contract_id, member)
    insist(sending_problems(contract, facts, knows_warnings, document.electronic if document else None))
    invoice = _made(contract, member, facts, received_at or clock.now())
    if document is not None and kept is not None:
        invoice.file_name, invoice.file_key = safe_name(document.name), kept.key
        invoice.file_size, invoice.file_sha256 = kept.size, kept.sha256
    db.session.add(invoice)
    db.session.flush()
    books.post_received(invoice)
    milestone = rules.milestone_of(contract, facts.milestone_id)
    record(
        events.InvoiceReceived(
            **of(invoice),
            supplier=contract.supplier.reference,
            milestone=milestone.position if milestone else 0,
            total_pence=invoice.total_pence,
            received_at=invoice.received_at,
            due_on=due_of(invoice).on,
            sha256=invoice.file_sha256,
        ),
        member.actor(),
    )
    return invoice


def sending_problems(
    contract: Contract, facts: InvoiceFacts, knows_warnings: bool, found: EInvoice | None = None
) -> list[Problem]:
    """Everything that stops the invoice from being sent as it is; `found` is what its electronic invoice says."""
    is_used = queries.is_number_used(contract.id, facts.number)
    problems = rules.invoice_problems(facts, contract, is_used, clock.today())
    problems += electronic.differences(found, facts) if found else []
    return problems or rules.confirming_problems(warnings_for(contract, facts, found), knows_warnings)


def warnings_for(contract: Contract, facts: InvoiceFacts, found: EInvoice | None = None) -> list[str]:
    """What the sender is asked to confirm."""
    milestone = rules.milestone_of(contract, facts.milestone_id)
    left = milestone.amount_pence - queries.invoiced_pence(contract.id, milestone.id) if milestone else None
    rest = contract.value_pence - queries.invoiced_pence(contract.id)
    warnings = rules.warnings_of(facts, left, rest, clock.today())
    return [*warnings, *(electronic.doubts(found, contract) if found else [])]


def _made(contract: Contract, member: Membership, facts: InvoiceFacts, received_at: datetime) -> Invoice:
    assert facts.invoiced_on is not None and facts.net_pence is not None
    return Invoice(
        reference=next_reference(db.session(), "I", clock.today().year),
        contract=contract,
        milestone_id=facts.milestone_id,
        authority_id=contract.authority_id,
        supplier=contract.supplier,
        number=facts.number.strip(),
        invoiced_on=facts.invoiced_on,
        due_on=facts.due_on,
        description=facts.description.strip(),
        purchase_order=facts.purchase_order.strip(),
        net_pence=facts.net_pence,
        vat_basis_points=facts.rate_basis_points,
        vat_pence=facts.vat_pence,
        total_pence=facts.total_pence,
        supplier_name=contract.supplier.name,
        supplier_address=facts.supplier_address.strip(),
        vat_number=facts.vat_number.strip(),
        received_at=received_at,
        raised_by_id=member.person_id,
    )


def own_invoice(invoice_id: int, member: Membership) -> Invoice:
    """The invoice, locked, when it is the acting supplier's; else NotFound."""
    invoice = queries.get_invoice(invoice_id, lock=True)
    return queries.get_invoice_of_supplier(invoice.reference, member.organisation_id)


@action
def withdraw_invoice(invoice_id: int, member: Membership) -> Invoice:
    """The supplier takes its invoice back before it is approved; nothing of it is owed then."""
    invoice = own_invoice(invoice_id, member)
    insist(rules.withdrawing_problems(invoice))
    invoice.withdrawn_at = clock.now()
    give_back(invoice, "withdrawn")
    record(events.InvoiceWithdrawn(**of(invoice)), member.actor())
    return invoice


def give_back(invoice: Invoice, why: str) -> None:
    """Inside the action: the invoice counts no more, nor do its credit notes; an open dispute ends with it."""
    books.post_back(invoice, why)
    for note in invoice.credit_notes:
        books.post_note_back(note)
    if (dispute := invoice.open_dispute) is not None:
        dispute.resolved_at, dispute.resolution = clock.now(), f"The invoice was {why}."


@action
def answer_dispute(invoice_id: int, member: Membership, answer: str) -> InvoiceDispute:
    """The supplier answers the council's dispute."""
    invoice = own_invoice(invoice_id, member)
    insist(rules.answering_problems(invoice, answer))
    dispute = invoice.open_dispute
    assert dispute is not None
    dispute.answer, dispute.answered_at = answer.strip(), clock.now()
    record(events.DisputeAnswered(**of(invoice)), member.actor())
    return dispute


@action
def send_credit_note(
    invoice_id: int, member: Membership, number: str, reason: str, net_pence: int | None, vat_pence: int | None
) -> CreditNote:
    """The supplier asks for less than its invoice said; pence. Raises Problems."""
    invoice = own_invoice(invoice_id, member)
    insist(rules.crediting_problems(invoice, number, reason, net_pence, vat_pence))
    net, vat = net_pence or 0, vat_pence or 0
    note = CreditNote(
        reference=next_reference(db.session(), "CN", clock.today().year),
        number=number.strip(),
        reason=reason.strip(),
        net_pence=net,
        vat_pence=vat,
        total_pence=net + vat,
        received_at=clock.now(),
        raised_by_id=member.person_id,
    )
    invoice.credit_notes.append(note)
    db.session.flush()
    books.post_credit_note(note)
    record(
        events.CreditNoteReceived(**of(invoice), credit_note=note.reference, total_pence=note.total_pence),
        member.actor(),
    )
    return note
