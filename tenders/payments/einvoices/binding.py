"""Looking things up in the tree of a file: paths of prefixed names, single values, sums, days. Never a float."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NoReturn

from marketplace.core.money import MOST_PENCE
from marketplace.core.xmltree import Element
from tenders.payments.einvoices.model import EInvoiceUnreadable

# So few digits that Decimal's 28 hold them and two more without rounding.
_SUM = re.compile(r"[+-]?([0-9]{1,17}(\.[0-9]{0,9}0{0,20})?|\.[0-9]{1,9})")
_DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")


class Binding:
    """The names of one syntax: the prefixes that its paths here use, whatever prefixes the file chose."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = prefixes

    def name(self, prefixed: str) -> str:
        """ "cbc:ID" as "{namespace}ID"."""
        prefix, _, local = prefixed.partition(":")
        return f"{{{self._prefixes[prefix]}}}{local}"

    def every(self, element: Element, path: str) -> list[Element]:
        """All elements at the end of a path like "cac:Party/cbc:ID"."""
        return element.every(*map(self.name, path.split("/")))

    def find(self, element: Element, path: str) -> Element | None:
        """The only element there, or None. Raises EInvoiceUnreadable when the file says it twice."""
        found = self.every(element, path)
        if len(found) > 1:
            raise EInvoiceUnreadable(f"The file says {_local(path)} more than once, so it is not clear what counts")
        return found[0] if found else None

    def words(self, element: Element, path: str) -> str:
        """The text there without space around it; "" when there is none."""
        found = self.find(element, path)
        return found.text if found is not None else ""

    def pence(self, element: Element, path: str, currency: str) -> int | None:
        """The sum there; None when there is none. A sum in another currency is EInvoiceUnreadable."""
        found = self.find(element, path)
        return None if found is None else pence_of(found, currency)

    def percentage(self, element: Element, path: str) -> Decimal | None:
        """A rate in per cent."""
        said = self.words(element, path)
        if not said:
            return None
        if not _SUM.fullmatch(said):
            raise EInvoiceUnreadable(f"The file says “{said[:20]}” where a rate of VAT should be")
        return Decimal(said).normalize() + 0

    def day(self, element: Element, path: str) -> date | None:
        """A day, written 2027-01-12 or 20270112."""
        said = self.words(element, path)
        if not said:
            return None
        found = _DAY.fullmatch(said)
        try:
            return date(*(int(found[part]) for part in (1, 3, 4))) if found else _refused_day(said)
        except ValueError:
            return _refused_day(said)


def pence_of(element: Element, currency: str) -> int:
    """A sum in whole pence. Raises EInvoiceUnreadable for anything else, another currency among it."""
    said, named = element.text, element.attributes.get("currencyID", currency)
    if named != currency:
        raise EInvoiceUnreadable(f"The file has sums in {named[:10]} and in {currency}: all must be in one currency")
    if not _SUM.fullmatch(said):
        raise EInvoiceUnreadable(f"The file says “{said[:20]}” where a sum of money should be")
    pence = Decimal(said) * 100
    if pence != pence.to_integral_value():
        raise EInvoiceUnreadable(f"The file has a sum with a part of a penny, {said[:20]}: sums have two decimals")
    if abs(pence) > MOST_PENCE:
        raise EInvoiceUnreadable("The file has a sum that is too large")
    return int(pence)


def vat_of(sums: Sequence[Element], currency: str, accounting: str) -> int:
    """BT-110 of these sums, in pence, 0 without one. The same in the currency of somebody's books (BT-111, `accounting`)
    stands beside it and is passed over. Raises EInvoiceUnreadable when more than one is left."""
    ours = [each for each in sums if accounting in ("", currency) or each.attributes.get("currencyID") != accounting]
    if len(ours) > 1:
        raise EInvoiceUnreadable("The file says the VAT more than once, so it is not clear what counts")
    return pence_of(ours[0], currency) if ours else 0


def _refused_day(said: str) -> NoReturn:
    raise EInvoiceUnreadable(f"The file says “{said[:20]}” where a date should be")


def _local(path: str) -> str:
    return path.rpartition(":")[2]
