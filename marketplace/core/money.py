"""Money as whole pence: reading what people type, writing it, dividing VAT and shares without losing a penny."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

MOST_PENCE = 10**14  # a trillion pounds: beyond any purchase, and safe in a 64-bit column
_POUNDS = re.compile(r"^£?\s*(?P<pounds>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<pence>[0-9]{1,2}))?$")


class MoneyUnreadable(ValueError):
    """The text is not an amount in pounds."""


def parse_pounds(text: str) -> int:
    """Pence from "£1,200.50", "1200" or "1200.5"; raises MoneyUnreadable for anything else, signs included."""
    found = _POUNDS.match(text.strip())
    if not found or len(found["pounds"]) > 20:
        raise MoneyUnreadable("That is not an amount in pounds.")
    pence = int(found["pounds"].replace(",", "")) * 100 + int((found["pence"] or "0").ljust(2, "0"))
    if pence > MOST_PENCE:
        raise MoneyUnreadable("That amount is too large.")
    return pence


def pounds(pence: int) -> str:
    """Pence as people write money: "£1,234.50", and "£1,234" when there are no pence."""
    whole, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}" + (f".{rest:02}" if rest else "")


def pounds_exact(pence: int) -> str:
    """Pence with two places and no sign or commas ("1234.50"), as CSV columns and form fields want it."""
    whole, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}{whole}.{rest:02}"


def vat_on(net_pence: int, rate: Decimal) -> int:
    """VAT in pence on a net amount, a half penny rounded up (away from zero); `rate` is 0.20 for 20 %."""
    return int((net_pence * rate).quantize(Decimal(1), ROUND_HALF_UP))


def split_vat(gross_pence: int, rate: Decimal) -> tuple[int, int]:
    """(net, VAT) in pence of an amount that includes VAT; the two always add up to it."""
    vat = int((gross_pence * rate / (1 + rate)).quantize(Decimal(1), ROUND_HALF_UP))
    return gross_pence - vat, vat


def share_out(total_pence: int, weights: Sequence[int]) -> list[int]:
    """The total divided by weight to the penny; pence left over go to the largest remainders, earlier first."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("Weights must be at least nought and not all nought.")
    shares = [total_pence * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: -(total_pence * weights[at] % whole))
    for at in order[: total_pence - sum(shares)]:
        shares[at] += 1
    return shares
