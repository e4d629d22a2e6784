"""Our own books of subscriptions: every fact of an invoice of ours becomes ledger rows, once.

The ledger's subject is the invoice's id. Sums that change (paid, credited, given back) are posted as the step from what
the ledger holds to what is true now, under the lock of the subscription's row: the same news told twice moves nothing,
and news that never came is made good by the next.
"""

from __future__ import annotations

from decimal import Decimal

from marketplace.core.money import split_vat
from tenders.payments.ledger import accounts
from tenders.payments.ledger.posting import Move, post, transfers_of
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice


def _council(invoice: SubscriptionInvoice) -> str:
    return invoice.subscription.organisation.reference


def _post(invoice: SubscriptionInvoice, fact: str, kind: str, *moves: Move) -> None:
    post(f"{invoice.invoice_id}/{fact}", f"subscription_{kind}", invoice.invoice_id, moves)


def _step(subject: str, kind: str, *targets: Move) -> int:
    """Posts what brings each move's sum to its target; gives the step in pence, 0 when it was there already."""
    rows = [each for each in transfers_of(subject=subject) if each.kind == kind]
    moves = []
    for target in targets:
        there = sum(each.amount_pence for each in rows if (each.debit, each.credit) == (target.debit, target.credit))
        back = sum(each.amount_pence for each in rows if (each.debit, each.credit) == (target.credit, target.debit))
        moves.append(Move(target.name, target.debit, target.credit, target.pence - there + back))
    post(f"{subject}/{kind.removeprefix('subscription_')}/{len(rows) + 1}", kind, subject, moves)
    return sum(each.pence for each in moves)


def post_sent(invoice: SubscriptionInvoice) -> None:
    """The invoice was sent: the council owes it, we have earned it and owe its VAT."""
    owed = accounts.receivable(_council(invoice))
    _post(
        invoice,
        "sent",
        "sent",
        Move("net", owed, accounts.INCOME, invoice.net_pence),
        Move("vat", owed, accounts.OUR_VAT, invoice.vat_pence),
    )


def post_voided(invoice: SubscriptionInvoice) -> None:
    """The invoice was taken back: the way back of its sending, less what credit notes took back before."""
    owed = accounts.receivable(_council(invoice))
    net, vat = _split(invoice, invoice.credited_pence)
    _post(
        invoice,
        "voided",
        "voided",
        Move("net", accounts.INCOME, owed, invoice.net_pence - net),
        Move("vat", accounts.OUR_VAT, owed, invoice.vat_pence - vat),
    )


def post_bank(invoice: SubscriptionInvoice, pence: int, fact: str) -> None:
    """Money for the invoice arrived in our bank account, as our administrator recorded it."""
    _post(invoice, fact, "bank", Move("all", accounts.BANK, accounts.receivable(_council(invoice)), pence))


def settle_paid(invoice: SubscriptionInvoice, pence: int) -> int:
    """Stripe has so much for the invoice in all. Gives the step."""
    owed = accounts.receivable(_council(invoice))
    return _step(invoice.invoice_id, "subscription_paid", Move("all", accounts.STRIPE, owed, pence))


def settle_credited(invoice: SubscriptionInvoice, pence: int) -> int:
    """Credit notes took so much back in all, with its share of VAT. Gives the step."""
    owed = accounts.receivable(_council(invoice))
    net, vat = _split(invoice, pence)
    return _step(
        invoice.invoice_id,
        "subscription_credited",
        Move("net", accounts.INCOME, owed, net),
        Move("vat", accounts.OUR_VAT, owed, vat),
    )


def settle_refunded(invoice: SubscriptionInvoice, by_stripe_pence: int, by_bank_pence: int) -> int:
    """So much went back to the council in all, by Stripe and outside of it. Gives the step."""
    owed = accounts.receivable(_council(invoice))
    return _step(
        invoice.invoice_id,
        "subscription_refunded",
        Move("stripe", owed, accounts.STRIPE, by_stripe_pence),
        Move("bank", owed, accounts.BANK, by_bank_pence),
    )


def settle_cash(subscription: Subscription, pence: int) -> int:
    """So much of the council's transfers lies with Stripe and belongs to no invoice yet. Gives the step."""
    council = subscription.organisation.reference
    move = Move("all", accounts.STRIPE_CASH, accounts.in_hand(council), pence)
    return _step(subscription.customer_id, "subscription_cash", move)


def post_in_hand(invoice: SubscriptionInvoice, pence: int, fact: str) -> None:
    """The council paid more than the invoice asked for: the rest is kept for the next one."""
    council = _council(invoice)
    _post(invoice, fact, "in_hand", Move("all", accounts.receivable(council), accounts.in_hand(council), pence))


def post_from_hand(invoice: SubscriptionInvoice, pence: int, fact: str) -> None:
    """What was in hand pays for the invoice."""
    council = _council(invoice)
    _post(invoice, fact, "from_hand", Move("all", accounts.in_hand(council), accounts.receivable(council), pence))


def post_fee(line_id: str, pence: int) -> int:
    """Stripe kept a fee, and gave it back when `pence` is below nought. Once for each line of its balance."""
    return post(
        f"{line_id}/fee", "stripe_fee", line_id, [Move("all", accounts.STRIPE_FEES, accounts.STRIPE, pence)]
    )


def post_payout(line_id: str, pence: int) -> int:
    """Stripe sent money to our bank; what comes back is below nought. Once for each line of its balance."""
    return post(f"{line_id}/payout", "stripe_payout", line_id, [Move("all", accounts.BANK, accounts.STRIPE, pence)])


def _split(invoice: SubscriptionInvoice, gross_pence: int) -> tuple[int, int]:
    """Net and VAT of a part of the invoice, at the rate it was ordered with; the whole is the invoice's own figures."""
    if gross_pence == invoice.total_pence:
        return invoice.net_pence, invoice.vat_pence
    return split_vat(gross_pence, Decimal(invoice.subscription.vat_basis_points) / 10_000)
