"""Whether an electronic invoice agrees with itself: the core rules of EN 16931 that a sum or a fact here hangs on. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from marketplace.core.errors import Problem
from marketplace.core.money import pounds
from tenders.payments.einvoices.model import EInvoice, VatGroup

# BR-CO-17: programs round VAT by line or by document. The published rule lets less than one pound pass, so do we.
ROUNDING_PENCE = 100


def einvoice_problems(found: EInvoice) -> list[Problem]:
    """Everything in which the file breaks a rule, each with the rule's name for whoever looks after the program."""
    return [Problem(f"{words} ({rule})", "document") for rule, words in _broken(found)]


def _broken(found: EInvoice) -> Iterator[tuple[str, str]]:
    yield from _missing(found)
    yield from _sums(found)
    yield from _vat(found)


def _missing(found: EInvoice) -> Iterator[tuple[str, str]]:
    said = (
        ("BR-02", found.number, "an invoice number"),
        ("BR-03", found.invoiced_on, "the date of the invoice"),
        ("BR-04", found.kind, "what kind of document it is"),
        ("BR-06", found.seller.name, "the seller’s name"),
        ("BR-07", found.buyer.name, "the buyer’s name"),
        ("BR-16", found.lines, "what was supplied: it has no lines"),
        ("BR-CO-18", found.vat_groups, "how it was taxed: it has no VAT breakdown"),
    )
    for rule, value, words in said:
        if not value:
            yield rule, f"The file does not say {words}"


def _sums(found: EInvoice) -> Iterator[tuple[str, str]]:
    sums = found.totals
    added = (
        ("BR-CO-10", "The sum of the lines", sums.lines_pence, sum(each.net_pence for each in found.lines)),
        ("BR-CO-13", "The sum before VAT", sums.net_pence, sums.lines_pence - sums.allowances_pence + sums.charges_pence),
        ("BR-CO-14", "The VAT", sums.vat_pence, sum(each.vat_pence for each in found.vat_groups)),
        ("BR-CO-15", "The total with VAT", sums.total_pence, sums.net_pence + sums.vat_pence),
        ("BR-CO-16", "What is to be paid", sums.due_pence, sums.total_pence - sums.prepaid_pence + sums.rounding_pence),
    )
    for rule, what, said_pence, comes_to in added:
        if said_pence != comes_to:
            yield rule, f"{what} is {pounds(said_pence)} in the file, and its parts come to {pounds(comes_to)}"


def _vat(found: EInvoice) -> Iterator[tuple[str, str]]:
    for each in found.vat_groups:
        expected = _expected_pence(each)
        if abs(each.vat_pence - expected) >= ROUNDING_PENCE or (not expected and each.vat_pence):
            yield "BR-CO-17", (
                f"The file says {pounds(each.vat_pence)} VAT on {pounds(each.taxable_pence)} "
                f"at {_rate(each)}, which comes to {pounds(expected)}"
            )
    taxed = sum(each.taxable_pence for each in found.vat_groups)
    if found.vat_groups and abs(taxed - found.totals.net_pence) >= ROUNDING_PENCE:
        yield "BR-S-08", f"The file taxes {pounds(taxed)}, and the sum before VAT is {pounds(found.totals.net_pence)}"


def _expected_pence(group: VatGroup) -> int:
    return int((group.taxable_pence * (group.rate or 0) / Decimal(100)).quantize(Decimal(1), ROUND_HALF_UP))


def _rate(group: VatGroup) -> str:
    return f"{group.rate:f}%" if group.rate is not None else "no rate"
