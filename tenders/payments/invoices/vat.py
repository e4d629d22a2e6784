"""The rates of VAT that an invoice offers, in basis points, from the dated rows of the law."""

from __future__ import annotations

from datetime import date

from tenders.regimes import regime_on

# The same in all of the United Kingdom.
ANYWHERE = "ENG"


def standard_rate_on(on_day: date) -> int:
    """The standard rate: 2000 is 20 %."""
    return regime_on(ANYWHERE, on_day).number("vat.standard") * 100


def rates_on(on_day: date) -> tuple[int, ...]:
    """What a form offers: the standard rate, and none for firms that are not registered or supplies at nought."""
    return (standard_rate_on(on_day), 0)


def rate_words(basis_points: int) -> str:
    """ "20%"; nought is "No VAT"."""
    if not basis_points:
        return "No VAT"
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}%".replace("0%", "%") if rest else f"{whole}%"
