"""The names of the ledger's accounts. Two sets of books that never touch each other.

A contract's books record money that moves between others: it is never ours and never held here. Our own books record
subscriptions. A balance is debits less credits, in pence: what is owed stands below nought.
"""

from __future__ import annotations

from typing import NamedTuple

OURS = "ours"
BANK = f"{OURS}/bank"
STRIPE = f"{OURS}/stripe"  # what Stripe has collected for us and not yet paid out
STRIPE_CASH = f"{OURS}/stripe-cash"  # transferred to Stripe by a council, and not taken by an invoice yet
STRIPE_FEES = f"{OURS}/stripe-fees"
INCOME = f"{OURS}/subscriptions"
OUR_VAT = f"{OURS}/vat"


class ContractBooks(NamedTuple):
    """The accounts of one contract: what was invoiced, what is owed for it, what is on its way, what arrived."""

    cost: str
    vat: str
    owed: str
    on_its_way: str
    paid: str


def contract_books(contract_reference: str) -> ContractBooks:
    """The accounts of the contract with this reference."""
    return ContractBooks(*(f"contract/{contract_reference}/{name}" for name in ("cost", "vat", "owed", "on-its-way", "paid")))


def receivable(council_reference: str) -> str:
    """What a council owes us for its subscription."""
    return f"{OURS}/receivable/{council_reference}"


def in_hand(council_reference: str) -> str:
    """What a council has paid us beyond its invoices: kept as a balance that its next invoice uses, or given back."""
    return f"{OURS}/in-hand/{council_reference}"
