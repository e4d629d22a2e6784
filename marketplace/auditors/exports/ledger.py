"""ledger.csv: the rows of the double-entry ledger of contracts' money, from which every balance can be added up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.contracts.models import Contract
from tenders.payments.invoices.models import Invoice
from tenders.payments.ledger.models import LedgerTransfer

COLUMNS = (
    shape.number("row", "Number of the row; rows are never changed or deleted", "ledger_transfers.id"),
    shape.instant("posted_at", "When it was posted", "ledger_transfers.posted_at"),
    shape.words("source", "The fact that moved the money; each is posted once", "ledger_transfers.source"),
    shape.code(
        "kind",
        "invoice, returned, withdrawn, credit_note, credit_note_void, payment, payment_back, refund, and by card: "
        "charge, payout, chargeback",
        "ledger_transfers.kind",
    ),
    shape.reference("invoice", "Our reference of the invoice", "ledger_transfers.subject"),
    shape.reference("contract", "Reference of the contract", "contracts.reference"),
    shape.COUNCIL,
    shape.words("debit", "Account that the amount is debited to", "ledger_transfers.debit"),
    shape.words("credit", "Account that it is credited to", "ledger_transfers.credit"),
    shape.money("amount_gbp", "Amount, VAT in rows of its own", "ledger_transfers.amount_pence"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    t = LedgerTransfer
    chosen = select(
        t.id.label("row"),
        t.posted_at,
        t.source,
        t.kind,
        t.subject.label("invoice"),
        Contract.reference.label("contract"),
        Organisation.reference.label("council"),
        t.debit,
        t.credit,
        t.amount_pence,
    )
    query = chosen.select_from(t).join(Invoice, Invoice.reference == t.subject)
    query = query.join(Contract, Contract.id == Invoice.contract_id)
    query = query.join(Organisation, Organisation.id == Invoice.authority_id)
    return scope.narrow(query, Organisation.slug, t.posted_at).order_by(t.id)


EXPORT = shape.Export(
    "ledger",
    "One amount that moved from one account of a contract to another",
    "From its posting",
    "posted_at",
    COLUMNS,
    _query,
)
