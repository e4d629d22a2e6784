"""What stands in the way of paying by card, in the user's words. Pure: facts in, problems out."""

from __future__ import annotations

from marketplace.core.errors import Problem
from tenders.payments.gateway.door import OFF
from tenders.payments.invoices.models import Invoice
from tenders.payments.paying.models import Payment, SupplierAccount
from tenders.payments.paying.rules import payer_problems

SMALLEST_PENCE = 30  # of a card payment in pounds, as Stripe states it


def has_consent(account: SupplierAccount | None) -> bool:
    """Whether the supplier agrees, as of now, to be paid by card."""
    return account is not None and account.consented_at is not None and account.consent_ended_at is None


def can_be_paid(account: SupplierAccount | None) -> bool:
    """Whether a card can be charged by the supplier itself: its account works and it agrees."""
    return account is not None and bool(account.account_id) and account.can_be_charged and has_consent(account)


def account_problems(account: SupplierAccount | None, is_on: bool) -> list[Problem]:
    """Why no council can pay this supplier by card at present."""
    if not is_on:
        return [Problem(OFF)]
    if not has_consent(account):
        return [Problem("The supplier has not agreed to be paid by card. Pay by BACS.")]
    return [] if can_be_paid(account) else [Problem("The supplier’s account with Stripe cannot take payments at present.")]


def paying_problems(
    invoice: Invoice, person_id: int, owed_pence: int, is_under_way: bool, account: SupplierAccount | None, is_on: bool
) -> list[Problem]:
    """Whether this person may pay what is owed for this invoice by card. Always the whole sum, never a part."""
    found = [*payer_problems(invoice, person_id), *account_problems(account, is_on)]
    if is_under_way:
        found.append(Problem("A payment of this invoice by card is under way. Wait for it, or give it up first."))
    if invoice.open_dispute is not None:
        found.append(Problem("This invoice is disputed, and a card pays the whole of it. Settle the dispute, or pay by BACS."))
    if owed_pence <= 0:
        found.append(Problem("Nothing of this invoice is owed any more."))
    elif owed_pence < SMALLEST_PENCE:
        found.append(Problem("This sum is too small for a card. Pay by BACS."))
    return found


def is_under_way(payment: Payment) -> bool:
    """A card payment that is neither charged nor given up."""
    return payment.method == "card" and payment.charged_at is None and payment.failed_at is None


def giving_up_problems(payment: Payment) -> list[Problem]:
    """Whether a try to pay by card can still be given up."""
    if is_under_way(payment):
        return []
    return [Problem("This payment is made, so it cannot be given up. The supplier can give the money back.")]


def consent_problems(account: SupplierAccount | None, agrees: bool) -> list[Problem]:
    """Agreement is given once, knowingly, for an account that is there."""
    if account is None or not account.account_id:
        return [Problem("Connect your account with Stripe first.")]
    if has_consent(account):
        return [Problem("You agreed already.")]
    return [] if agrees else [Problem("Tick the box if you agree", "agrees")]
