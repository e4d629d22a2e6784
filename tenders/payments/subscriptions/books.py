"""Our own books of subscriptions: every fact of an invoice of ours becomes ledger rows, once.

The ledger's subject is the invoice's id. Amounts that grow (paid, credited, refunded) are posted as the step from what
was known to what is known now, so that the same news told twice moves nothing.
"""

from __future__ import annotations

from decimal import Decimal

from marketplace.core.money import split_vat
from tenders.payments.ledger import accounts
from tenders.payments.ledger.posting import Move, post
from tenders.payments.subscriptions.models import SubscriptionInvoice


def _council(invoice: SubscriptionInvoice) -> str:
    return invoice.subscription.organisation.reference


def _post(invoice: SubscriptionInvoice, fact: str, kind: str, *moves: Move) -> None:
    post(f"{invoice.invoice_id}/{fact}", f"subscription_{kind}", invoice.invoice_id, moves)


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
    credited = dict(zip(("net", "vat"), _split(invoice, invoice.credited_pence), strict=True))
    _post(
        invoice,
        "voided",
        "voided",
        Move("net", accounts.INCOME, owed, invoice.net_pence - credited["net"]),
        Move("vat", accounts.OUR_VAT, owed, invoice.vat_pence - credited["vat"]),
    )


def post_paid(invoice: SubscriptionInvoice, before_pence: int, now_pence: int, account: str, fact: str = "") -> None:
    """Money for the invoice arrived in `account`; `now_pence` is what came in all. A step down is a payment undone."""
    owed = accounts.receivable(_council(invoice))
    name = fact or f"paid/{before_pence}-{now_pence}"
    _post(invoice, name, "paid", Move("all", account, owed, now_pence - before_pence))


def post_credited(invoice: SubscriptionInvoice, before_pence: int, now_pence: int) -> None:
    """Credit notes took part of the invoice back, including its share of VAT."""
    owed = accounts.receivable(_council(invoice))
    net_before, vat_before = _split(invoice, before_pence)
    net_now, vat_now = _split(invoice, now_pence)
    _post(
        invoice,
        f"credited/{before_pence}-{now_pence}",
        "credited",
        Move("net", accounts.INCOME, owed, net_now - net_before),
        Move("vat", accounts.OUR_VAT, owed, vat_now - vat_before),
    )


def post_refunded(invoice: SubscriptionInvoice, before_pence: int, now_pence: int, account: str) -> None:
    """Money went back to the council: what it paid for the invoice is undone to that extent."""
    owed = accounts.receivable(_council(invoice))
    name = f"refunded/{before_pence}-{now_pence}"
    _post(invoice, name, "refunded", Move("all", owed, account, now_pence - before_pence))


def post_in_hand(invoice: SubscriptionInvoice, pence: int, fact: str) -> None:
    """The council paid more than the invoice asked for: the rest is kept for the next one."""
    council = _council(invoice)
    _post(invoice, fact, "in_hand", Move("all", accounts.receivable(council), accounts.in_hand(council), pence))


def post_from_hand(invoice: SubscriptionInvoice, pence: int, fact: str) -> None:
    """What was in hand pays for the invoice."""
    council = _council(invoice)
    _post(invoice, fact, "from_hand", Move("all", accounts.in_hand(council), accounts.receivable(council), pence))


def _split(invoice: SubscriptionInvoice, gross_pence: int) -> tuple[int, int]:
    """Net and VAT of a part of the invoice, at the rate it was ordered with; the whole is the invoice's own figures."""
    if gross_pence == invoice.total_pence:
        return invoice.net_pence, invoice.vat_pence
    return split_vat(gross_pence, Decimal(invoice.subscription.vat_basis_points) / 10_000)
