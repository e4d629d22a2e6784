"""Every page of subscriptions: prices for everybody, the council's own, our administrator's."""

from __future__ import annotations

from typing import Any

from tenders.payments.subscriptions import (
    admin_routes,
    council_routes,
    public_routes,
    tasks,
)
from tenders.payments.subscriptions.blueprint import blueprint
from tenders.payments.subscriptions.standing import COLOURS, LABELS

__all__ = ["admin_routes", "blueprint", "council_routes", "public_routes", "tasks"]

INVOICE_LABELS = {
    "open": "To pay", "paid": "Paid", "void": "Taken back", "uncollectible": "Not collected", "draft": "Being written",
}  # fmt: skip
INVOICE_COLOURS = {"open": "yellow", "paid": "green", "void": "grey", "uncollectible": "red", "draft": "grey"}


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "subscription_labels": LABELS,
        "subscription_colours": COLOURS,
        "our_invoice_labels": INVOICE_LABELS,
        "our_invoice_colours": INVOICE_COLOURS,
    }
