"""An electronic invoice as EN 16931 means it, whatever the syntax. Money in pence; BT and BG numbers are the standard's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

POUNDS = "GBP"
INVOICE = "380"  # UNTDID 1001, the list of kinds of document
# The kinds that ask for less and not for more.
CREDIT_KINDS = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"})


class EInvoiceUnreadable(ValueError):
    """The file is no electronic invoice that is read here; the message is one sentence about "the file"."""


@dataclass(frozen=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). `address` is lines; `registered` a company's number (BT-30)."""

    name: str
    address: str = ""
    country: str = ""
    vat_number: str = ""
    identifier: str = ""
    registered: str = ""


@dataclass(frozen=True)
class VatGroup:
    """What is taxed in one way (BG-23): `category` is S, Z, E, O and others; `rate` in per cent, None outside VAT."""

    category: str
    rate: Decimal | None
    taxable_pence: int
    vat_pence: int
    reason: str = ""


@dataclass(frozen=True)
class Line:
    """A line (BG-25): what was supplied, and its sum before VAT (BT-131)."""

    name: str
    net_pence: int
    category: str = ""
    rate: Decimal | None = None
    description: str = ""

    @property
    def words(self) -> str:
        """What was supplied, as a person reads it."""
        if not self.description or self.description == self.name:
            return self.name
        return self.description if self.description.startswith(self.name) else f"{self.name}: {self.description}"


@dataclass(frozen=True)
class Totals:
    """The sums of the document (BG-22): of lines (BT-106), allowances, charges, net, VAT, with VAT, paid, rounding, due."""

    lines_pence: int
    net_pence: int
    total_pence: int
    due_pence: int
    vat_pence: int = 0
    allowances_pence: int = 0
    charges_pence: int = 0
    prepaid_pence: int = 0
    rounding_pence: int = 0


@dataclass(frozen=True)
class EInvoice:
    """The facts of one file. What it does not say is empty or None."""

    number: str
    invoiced_on: date | None
    seller: Party
    buyer: Party
    totals: Totals
    kind: str = INVOICE
    currency: str = POUNDS
    due_on: date | None = None
    terms: str = ""
    purchase_order: str = ""
    contract: str = ""
    credits: tuple[str, ...] = ()
    vat_groups: tuple[VatGroup, ...] = ()
    lines: tuple[Line, ...] = ()
    syntax: str = field(default="UBL", compare=False)

    @property
    def is_credit_note(self) -> bool:
        return self.kind in CREDIT_KINDS

    @property
    def description(self) -> str:
        """What its lines are for."""
        return "\n".join(dict.fromkeys(each.words for each in self.lines if each.words))
