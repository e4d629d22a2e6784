"""The pages of payments, gathered for the application."""

from __future__ import annotations

from tenders.payments.paying import bacs_routes, card_account_routes, card_parts, card_routes, parts, remittance_routes
from tenders.payments.paying.blueprint import blueprint

__all__ = [
    "bacs_routes",
    "blueprint",
    "card_account_routes",
    "card_parts",
    "card_routes",
    "parts",
    "remittance_routes",
]
