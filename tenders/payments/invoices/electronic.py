"""Between an electronic invoice and ours: what fills the form, what differs from it, and ours written for others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds, vat_on
from tenders.contracts.models import Contract
from tenders.payments.einvoices.model import EInvoice, Line, Party, Totals, VatGroup
from tenders.payments.invoices.models import Invoice
from tenders.payments.invoices.rules import InvoiceFacts, as_rate

COUNTRY = "GB"  # councils are in the United Kingdom; a supplier's address here names no country
LONGEST_DESCRIPTION = 5000  # as the form takes it
RATE_PLACES = Decimal("0.000001")
BY_LAW = "Within 30 days of receipt, as the Procurement Act 2023 says"
NO_VAT = "No VAT is charged and no VAT number is given"


# From a file to the form


def values_of(found: EInvoice, rates: Collection[int], other: str) -> dict[str, Any]:
    """What the form's fields are by the file; what it does not say is left out. `other` chooses a sum of VAT typed."""
    rate = rate_of(found, rates)
    said = {
        "number": found.number,
        "invoiced_on": found.invoiced_on,
        "description": found.description[:LONGEST_DESCRIPTION],
        "net_pence": found.totals.net_pence,
        "vat_rate": other if rate is None else str(rate),
        "vat_typed_pence": found.totals.vat_pence if rate is None else None,
        "purchase_order": found.purchase_order,
        "due_on": found.due_on,
        "supplier_address": found.seller.address,
        "vat_number": found.seller.vat_number,
    }
    return {name: value for name, value in said.items() if value not in ("", None)}


def rate_of(found: EInvoice, rates: Collection[int]) -> int | None:
    """The rate among those offered, in basis points, that comes to the file's VAT to the penny; None for a sum of its own."""
    sums = found.totals
    named = {int(each.rate * 100) for each in found.vat_groups if each.rate is not None}
    offered = sorted(each for each in rates if each in named or each == 0)
    return next((each for each in offered if vat_on(sums.net_pence, as_rate(each)) == sums.vat_pence), None)


def differences(found: EInvoice, facts: InvoiceFacts) -> list[Problem]:
    """Where the form says another thing than the file that goes with it. Words in one's own words are nobody's difference."""
    sums = found.totals
    compared: tuple[tuple[str, Any, Any, Callable[[Any], str]], ...] = (
        ("number", found.number, facts.number, _plain),
        ("invoiced_on", found.invoiced_on, facts.invoiced_on, day),
        ("net_pence", sums.net_pence, facts.net_pence, _before_vat),
        ("vat_rate", sums.vat_pence, facts.vat_pence, _vat),
        ("purchase_order", found.purchase_order, facts.purchase_order, _order),
        ("due_on", found.due_on, facts.due_on, day),
        ("vat_number", found.seller.vat_number, facts.vat_number, _plain),
    )
    return [
        Problem(f"The file says {words(said)}, the form says {words(typed) if typed not in ('', None) else 'nothing'}", field)
        for field, said, typed, words in compared
        if said not in ("", None) and _folded(field, said) != _folded(field, typed)
    ]


def doubts(found: EInvoice, contract: Contract) -> list[str]:
    """What the council will ask about when it reads the file: other names, and a sum to be paid that is not the total."""
    said = []
    if found.seller.name and not _same(found.seller.name, contract.supplier.name):
        said.append(f"The file is from “{found.seller.name}”, and this contract is with “{contract.supplier.name}”.")
    if found.buyer.name and not _same(found.buyer.name, contract.need.buyer_name):
        said.append(f"The file is to “{found.buyer.name}”, and this contract is with “{contract.need.buyer_name}”.")
    sums = found.totals
    if sums.due_pence != sums.total_pence:
        said.append(
            f"The file asks for {pounds(sums.due_pence)} of its total of {pounds(sums.total_pence)}. Here the whole total "
            "is owed until the council records what it paid before, or you send a credit note."
        )
    return said


def _folded(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    folded = " ".join(value.split()).casefold()
    return folded.replace(" ", "").removeprefix("gb") if field == "vat_number" else folded


def _same(one: str, other: str) -> bool:
    return _folded("", one) == _folded("", other)


def _plain(value: Any) -> str:
    return str(value)


def _before_vat(pence: int) -> str:
    return f"{pounds(pence)} before VAT"


def _vat(pence: int) -> str:
    return f"{pounds(pence)} VAT"


def _order(number: str) -> str:
    return f"order number {number}"


# From ours to a file


def einvoice_of(invoice: Invoice) -> EInvoice:
    """An invoice that was sent by form, as a council's finance system takes it in."""
    supplier = invoice.supplier
    group = _group(invoice)
    first, _, rest = invoice.description.partition("\n")
    line = Line(first, invoice.net_pence, group.category, group.rate, invoice.description if rest else "")
    return EInvoice(
        number=invoice.number,
        invoiced_on=invoice.invoiced_on,
        due_on=invoice.due_on,
        terms="" if invoice.due_on else BY_LAW,
        purchase_order=invoice.purchase_order,
        contract=invoice.contract.reference,
        seller=Party(
            name=invoice.supplier_name,
            address=invoice.supplier_address,
            country=COUNTRY,
            vat_number=invoice.vat_number,
            identifier=supplier.reference,
            registered=supplier.company_number or "",
        ),
        buyer=Party(invoice.contract.need.buyer_name, country=COUNTRY),
        totals=Totals(
            lines_pence=invoice.net_pence,
            net_pence=invoice.net_pence,
            vat_pence=invoice.vat_pence,
            total_pence=invoice.total_pence,
            due_pence=invoice.total_pence,
        ),
        vat_groups=(group,),
        lines=(line,),
    )


def _group(invoice: Invoice) -> VatGroup:
    """S: taxed. Z: at nought, by a firm that is registered. O: outside VAT, by a firm that shows no VAT number."""
    net, vat = invoice.net_pence, invoice.vat_pence
    if vat:
        named = as_rate(invoice.vat_basis_points)
        rate = named if vat_on(net, named) == vat else Decimal(vat) / net
        return VatGroup("S", (rate * 100).quantize(RATE_PLACES).normalize() + 0, net, vat)
    if invoice.vat_number:
        return VatGroup("Z", Decimal(0), net, 0)
    return VatGroup("O", None, net, 0, NO_VAT)
