"""A bid's price beside the council's estimate: the same thing with VAT, and plain warnings that never stop a bid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from marketplace.core.money import pounds, vat_on
from tenders.bids.content import Price
from tenders.needs.models import Need
from tenders.needs.rules import regime_of

# Prices above this many times the estimate are more often a slip of the keyboard than meant.
FAR_ABOVE = 2


@dataclass(frozen=True)
class PriceSight:
    """A price in pence without and with VAT, the estimate with VAT in pence, and what looks like a slip."""

    is_whole: bool
    net_pence: int
    gross_pence: int
    vat_percent: int
    estimate_pence: int | None
    warnings: tuple[str, ...]

    @property
    def estimate_percent(self) -> int | None:
        """The price with VAT as a percentage of the estimate, rounded; None without an estimate."""
        return round(self.gross_pence * 100 / self.estimate_pence) if self.estimate_pence else None


def vat_percent_of(need: Need, now: datetime) -> int:
    """The standard rate of VAT that binds the need, in per cent."""
    return regime_of(need, now).number("vat.standard")


def see_price(need: Need, price: Price, now: datetime) -> PriceSight | None:
    """How the price compares, at the VAT rate that binds the need; None while nothing is priced."""
    if not price.is_begun:
        return None
    percent = vat_percent_of(need, now)
    gross = price.total_pence + vat_on(price.total_pence, Decimal(percent) / 100)
    estimate = need.estimated_value_pence
    return PriceSight(price.is_whole, price.total_pence, gross, percent, estimate, _warnings(price, gross, estimate))


def _warnings(price: Price, gross_pence: int, estimate_pence: int | None) -> tuple[str, ...]:
    found = [f"“{each.label}” is priced at £0. Check that you mean it." for each in price.lines if each.price_pence == 0]
    if estimate_pence and gross_pence > FAR_ABOVE * estimate_pence:
        found.append(
            f"Your price with VAT, {pounds(gross_pence)}, is more than twice the council’s estimate, "
            f"{pounds(estimate_pence)}. Check each line and its quantity."
        )
    return tuple(found)
