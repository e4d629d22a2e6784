"""Who is written to about an invoice: whoever acts next, and the other side of what was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.accounts.models import Person
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.bids.queries import colleagues_who_bid
from tenders.needs.queries import people_with_role
from tenders.payments.invoices import queries
from tenders.payments.invoices.models import CreditNote, Invoice


def letters_to(invoice: Invoice, people: Iterable[Person], path: str, **said: Any) -> list[Letter]:
    """One letter a person, with the invoice, its last lawful day and the link."""
    row = queries.row_of(invoice)
    context = {"invoice": invoice, "contract": invoice.contract, "need": invoice.contract.need, "row": row}
    unique = {each.id: each for each in people}
    return [
        Letter(each.email, {"name": each.name, "link": absolute(path), **context, **said}) for each in unique.values()
    ]


def to_council(invoice: Invoice, *roles: str, **said: Any) -> list[Letter]:
    """To the council's people with one of the roles; to its officers where nobody has any."""
    people = [each for role in roles for each in people_with_role(invoice.authority_id, role)]
    chosen = people or people_with_role(invoice.authority_id, "officer")
    return letters_to(invoice, chosen, f"/council/invoices/{invoice.reference}", **said)


def to_supplier(invoice: Invoice, **said: Any) -> list[Letter]:
    """To the firm's people who may send invoices."""
    return letters_to(invoice, colleagues_who_bid(invoice.supplier_id), f"/supplier/invoices/{invoice.reference}", **said)


def received(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers, to check it; to the supplier, that it has arrived."""
    invoice = queries.get_by_reference(line.subject)
    return [*to_council(invoice, "contract_manager", side="council"), *to_supplier(invoice, side="supplier")]


def told_supplier(line: JournalLine) -> Iterable[Letter]:
    """To the supplier."""
    invoice = queries.get_by_reference(line.subject)
    last = invoice.disputes[-1] if invoice.disputes else None
    return to_supplier(invoice, dispute=last)


def told_managers(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers."""
    invoice = queries.get_by_reference(line.subject)
    last = invoice.disputes[-1] if invoice.disputes else None
    return to_council(invoice, "contract_manager", dispute=last)


def approved(line: JournalLine) -> Iterable[Letter]:
    """To finance, to pay it, but not to whoever approved it; to the supplier."""
    invoice = queries.get_by_reference(line.subject)
    payers = [each for each in people_with_role(invoice.authority_id, "finance") if each.id != invoice.approved_by_id]
    path = f"/council/invoices/{invoice.reference}"
    return [*letters_to(invoice, payers, path, side="council"), *to_supplier(invoice, side="supplier")]


def credited(line: JournalLine) -> Iterable[Letter]:
    """To the contract managers and finance."""
    invoice = queries.get_by_reference(line.subject)
    return to_council(invoice, "contract_manager", "finance", note=_note(invoice, line))


def _note(invoice: Invoice, line: JournalLine) -> CreditNote:
    return next(each for each in invoice.credit_notes if each.reference == line.facts["credit_note"])


def payment_due(line: JournalLine) -> Iterable[Letter]:
    """To finance; while nobody has approved the invoice, to the contract managers too."""
    invoice = queries.get_by_reference(line.subject)
    roles = ("finance",) if invoice.approved_at is not None else ("contract_manager", "finance")
    return to_council(invoice, *roles, owed_pence=line.facts["owed_pence"], days_left=line.facts["days_left"])


EMAILS: dict[str, Writer] = {
    "InvoiceReceived": received,
    "InvoiceWithdrawn": told_managers,
    "InvoiceReturned": told_supplier,
    "InvoiceDisputed": told_supplier,
    "DisputeAnswered": told_managers,
    "DisputeResolved": told_supplier,
    "InvoiceApproved": approved,
    "CreditNoteReceived": credited,
    "InvoicePaymentDue": payment_due,
}
