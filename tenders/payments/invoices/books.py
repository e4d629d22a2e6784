"""What invoices and credit notes mean in the ledger, and what the ledger says is still owed for an invoice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import case, func, select

from marketplace.core import db
from tenders.payments.invoices.models import CreditNote, Invoice
from tenders.payments.ledger.accounts import contract_books
from tenders.payments.ledger.models import LedgerTransfer
from tenders.payments.ledger.posting import Move, balance, post


def post_received(invoice: Invoice) -> None:
    """The council owes what the invoice asks for."""
    _post(invoice, f"{invoice.reference}/received", "invoice", invoice.net_pence, invoice.vat_pence)


def post_back(invoice: Invoice, why: str) -> None:
    """Nothing of the invoice is owed any more; `why` is "returned" or "withdrawn"."""
    _post(invoice, f"{invoice.reference}/{why}", why, -invoice.net_pence, -invoice.vat_pence)


def post_credit_note(note: CreditNote) -> None:
    """The council owes that much less."""
    _post(note.invoice, f"{note.reference}/received", "credit_note", -note.net_pence, -note.vat_pence)


def post_note_back(note: CreditNote) -> None:
    """The credit note counts no more, because its invoice does not."""
    _post(note.invoice, f"{note.reference}/void", "credit_note_void", note.net_pence, note.vat_pence)


def _post(invoice: Invoice, fact: str, kind: str, net_pence: int, vat_pence: int) -> None:
    books = contract_books(invoice.contract.reference)
    moves = [Move("net", books.cost, books.owed, net_pence), Move("vat", books.vat, books.owed, vat_pence)]
    post(fact, kind, invoice.reference, moves)


def owed_pence(invoice: Invoice) -> int:
    """What the council still owes for the invoice; below nought, what the supplier has beyond it."""
    return -balance(contract_books(invoice.contract.reference).owed, subject=invoice.reference)


def owed_of(invoices: Iterable[Invoice]) -> dict[str, int]:
    """The same for many, by the invoices' references, read at once."""
    wanted = {each.reference: contract_books(each.contract.reference).owed for each in invoices}
    t = LedgerTransfer
    found = dict.fromkeys(wanted, 0)
    for some in _pieces(list(wanted)):
        signed = case((t.credit.endswith("/owed"), t.amount_pence), else_=-t.amount_pence)
        query = (
            select(t.subject, func.sum(signed))
            .where(t.subject.in_(some), t.credit.endswith("/owed") | t.debit.endswith("/owed"))
            .group_by(t.subject)
        )
        found.update({subject: int(pence) for subject, pence in db.session.execute(query)})
    return found


def owed_in_sql() -> Any:
    """What is owed for each row of `invoices`, inside a query that selects from them."""
    t = LedgerTransfer
    signed = case((t.credit.endswith("/owed"), t.amount_pence), else_=-t.amount_pence)
    query = select(func.coalesce(func.sum(signed), 0)).correlate(Invoice)
    return query.where(t.subject == Invoice.reference, t.credit.endswith("/owed") | t.debit.endswith("/owed")).scalar_subquery()


def _pieces(names: list[str], size: int = 500) -> Iterable[list[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))
