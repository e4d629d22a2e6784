"""What higher rooms add to the page of an invoice: its payments, and ways to pay. They append when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marketplace.accounts.models import Membership
from tenders.payments.invoices.queries import InvoiceRow


@dataclass(frozen=True)
class Part:
    """A template that the page includes, and what it is told; it finds that under `part`."""

    template: str
    said: dict[str, Any] = field(default_factory=dict)


# Asked with the invoice and the member who looks, council's or supplier's; None adds nothing.
PARTS: list[Callable[[InvoiceRow, Membership], Part | None]] = []


def parts_of(row: InvoiceRow, member: Membership) -> list[Part]:
    """Everything that higher rooms show, in the order in which they were imported."""
    found = (part(row, member) for part in PARTS)
    return [each for each in found if each is not None]
