"""payments.csv: every payment of an invoice, by BACS or by card, failed ones too, and what of it came back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.contracts.models import Contract
from tenders.payments.invoices.models import Invoice
from tenders.payments.paying.models import Payment, PaymentRefund, Remittance, RemittanceLine

COLUMNS = (
    shape.reference("reference", "Reference of the payment", "payments.reference"),
    shape.reference("invoice", "Reference of the invoice here", "invoices.reference via payments.invoice_id"),
    shape.reference("contract", "Reference of the contract", "contracts.reference"),
    shape.COUNCIL,
    shape.reference("supplier", "Reference of the supplier", "organisations.reference via invoices.supplier_id"),
    shape.number("attempt", "Which try to pay the invoice, the first being 1", "payments.attempt"),
    shape.code("method", "bacs or card", "payments.method"),
    shape.money("amount_gbp", "Sum; leave out payments with failed_at to add up what was paid", "payments.amount_pence"),
    shape.money("came_back_gbp", "What of it was given back or taken back since", "sum of payment_refunds"),
    shape.instant("asked_at", "When it was put on record, or begun by card", "payments.asked_at"),
    shape.person("asked_by", "Who paid, never who approved the invoice", "people.pseudonym via payments.asked_by_id"),
    shape.day("sent_on", "Day on which it was sent", "payments.sent_on"),
    shape.day("paid_on", "Day on which the supplier has the money", "payments.paid_on"),
    shape.words("bank_reference", "The payment’s reference", "payments.bank_reference"),
    shape.reference("remittance", "Reference of the file that named it", "remittances.reference"),
    shape.number("remittance_line", "Line of that file, the heading being 1", "remittance_lines.number"),
    shape.instant("not_arrived_at", "When the supplier said that it is not there", "payments.not_arrived_at"),
    shape.instant("failed_at", "When it failed or the bank gave it back", "payments.failed_at"),
    shape.words("failure", "Why", "payments.failure"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    p, firm = Payment, aliased(Organisation)
    back = case((PaymentRefund.kind == "chargeback_won", -PaymentRefund.amount_pence), else_=PaymentRefund.amount_pence)
    came_back = select(func.coalesce(func.sum(back), 0)).where(PaymentRefund.payment_id == p.id)
    chosen = select(
        p.reference,
        Invoice.reference.label("invoice"),
        Contract.reference.label("contract"),
        Organisation.reference.label("council"),
        firm.reference.label("supplier"),
        p.attempt,
        p.method,
        p.amount_pence,
        came_back.scalar_subquery().label("came_back_pence"),
        p.asked_at,
        shape.who(p.asked_by_id).label("asked_by"),
        p.sent_on,
        p.paid_on,
        p.bank_reference,
        Remittance.reference.label("remittance"),
        RemittanceLine.number.label("remittance_line"),
        p.not_arrived_at,
        p.failed_at,
        p.failure,
    )
    query = chosen.select_from(p).join(Invoice, Invoice.id == p.invoice_id)
    query = query.join(Contract, Contract.id == Invoice.contract_id)
    query = query.join(Organisation, Organisation.id == Invoice.authority_id).join(firm, firm.id == Invoice.supplier_id)
    query = query.outerjoin(RemittanceLine, RemittanceLine.id == p.remittance_line_id)
    query = query.outerjoin(Remittance, Remittance.id == RemittanceLine.remittance_id)
    return scope.narrow(query, Organisation.slug, p.asked_at).order_by(p.asked_at, p.id)


EXPORT = shape.Export(
    "payments", "One payment of an invoice, failed ones too", "From its recording", "asked_at", COLUMNS, _query
)
