"""ledger.csv: the rows of the double-entry ledger, contracts' books and our own: every balance can be added up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.contracts.models import Contract
from tenders.payments.invoices.models import Invoice
from tenders.payments.ledger.models import LedgerTransfer
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice

COLUMNS = (
    shape.number("row", "Number of the row; rows are never changed or deleted", "ledger_transfers.id"),
    shape.instant("posted_at", "When it was posted", "ledger_transfers.posted_at"),
    shape.words("source", "The fact that moved the money; each is posted once", "ledger_transfers.source"),
    shape.code(
        "kind",
        "invoice, returned, withdrawn, credit_note, credit_note_void, payment, payment_back, refund, and by card: "
        "charge, payout, chargeback; in our own books subscription_… and stripe_fee",
        "ledger_transfers.kind",
    ),
    shape.reference(
        "invoice",
        "What it is about: our reference of a contract’s invoice, or Stripe’s name of a subscription’s",
        "ledger_transfers.subject",
    ),
    shape.reference("contract", "Reference of the contract; empty in our own books", "contracts.reference"),
    shape.COUNCIL,
    shape.words("debit", "Account that the amount is debited to", "ledger_transfers.debit"),
    shape.words("credit", "Account that it is credited to", "ledger_transfers.credit"),
    shape.money("amount_gbp", "Amount, VAT in rows of its own", "ledger_transfers.amount_pence"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    t, buyer, subscriber = LedgerTransfer, aliased(Organisation), aliased(Organisation)
    ours, own_invoice = Subscription, SubscriptionInvoice
    # A row is about a contract's invoice, an invoice of ours, or a council's money with Stripe; fees are nobody's.
    of_council = func.coalesce(buyer.slug, subscriber.slug, "")
    query = (
        select(
            t.id.label("row"),
            t.posted_at,
            t.source,
            t.kind,
            t.subject.label("invoice"),
            Contract.reference.label("contract"),
            func.coalesce(buyer.reference, subscriber.reference, "").label("council"),
            t.debit,
            t.credit,
            t.amount_pence,
        )
        .select_from(t)
        .outerjoin(Invoice, Invoice.reference == t.subject)
        .outerjoin(Contract, Contract.id == Invoice.contract_id)
        .outerjoin(buyer, buyer.id == Invoice.authority_id)
        .outerjoin(own_invoice, own_invoice.invoice_id == t.subject)
        .outerjoin(ours, ours.id == own_invoice.subscription_id)
        .outerjoin(subscriber, subscriber.id == func.coalesce(ours.authority_id, _councils_of_customer(t.subject)))
    )
    return scope.narrow(query, of_council, t.posted_at).order_by(t.id)


def _councils_of_customer(subject: InstrumentedAttribute[str]) -> ColumnElement[int]:
    # A council that subscribed again is the same customer: one row for each transfer, not one for each subscription.
    query = select(func.min(Subscription.authority_id)).where(Subscription.customer_id == subject)
    return query.correlate(LedgerTransfer).scalar_subquery()


EXPORT = shape.Export(
    "ledger",
    "One amount that moved from one account to another, in a contract’s books or in our own",
    "From its posting",
    "posted_at",
    COLUMNS,
    _query,
)
