"""Writes the facts of an invoice as a UBL 2.1 Invoice that follows EN 16931, so that a finance system can take it in."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree

from marketplace.core.money import pounds_exact
from tenders.payments.einvoices import ubl
from tenders.payments.einvoices.model import EInvoice, Line, Party, VatGroup

STANDARD = "urn:cen.eu:en16931:2017"  # BT-24
ONE = "C62"  # UN/ECE Recommendation 20: a unit that is none
VAT = "VAT"
_PREFIXES = {"": ubl.INVOICE, "cac": ubl.CAC, "cbc": ubl.CBC}
# What XML 1.0 cannot hold. Text here never has control characters; these are left.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_ubl(said: EInvoice) -> bytes:
    """The invoice as UTF-8 XML, its elements in the order of the UBL schema."""
    root = ElementTree.Element("Invoice", {f"xmlns{':' if key else ''}{key}": uri for key, uri in _PREFIXES.items()})
    _add(root, "cbc:CustomizationID", STANDARD)
    _add(root, "cbc:ID", said.number)
    _add(root, "cbc:IssueDate", said.invoiced_on.isoformat() if said.invoiced_on else "")
    _add(root, "cbc:DueDate", said.due_on.isoformat() if said.due_on else "")
    _add(root, "cbc:InvoiceTypeCode", said.kind)
    _add(root, "cbc:DocumentCurrencyCode", said.currency)
    _add(root, "cac:OrderReference/cbc:ID", said.purchase_order)
    for each in said.credits:
        _add(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", each)
    _add(root, "cac:ContractDocumentReference/cbc:ID", said.contract)
    _party(_add(root, "cac:AccountingSupplierParty/cac:Party"), said.seller)
    _party(_add(root, "cac:AccountingCustomerParty/cac:Party"), said.buyer)
    _add(root, "cac:PaymentTerms/cbc:Note", said.terms)
    _vat(root, said)
    _sums(root, said)
    for number, line in enumerate(said.lines, 1):
        _line(_add(root, "cac:InvoiceLine"), line, number, said.currency)
    ElementTree.indent(root)
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _add(parent: ElementTree.Element, path: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    """Adds the elements of a path. With a text that is empty nothing is added: UBL knows no empty elements."""
    if text == "":
        return parent
    for name in path.split("/"):
        parent = ElementTree.SubElement(parent, name)
    parent.text = None if text is None else _NOT_IN_XML.sub("\ufffd", text)
    parent.attrib.update(attributes)
    return parent


def _sum(parent: ElementTree.Element, path: str, pence: int, currency: str) -> None:
    _add(parent, path, f"{'-' if pence < 0 else ''}{pounds_exact(pence)}", currencyID=currency)


def _party(parent: ElementTree.Element, party: Party) -> None:
    _add(parent, "cac:PartyIdentification/cbc:ID", party.identifier)
    address = _add(parent, "cac:PostalAddress")
    first, second, *rest = [*party.address.splitlines(), "", ""][: max(2, len(party.address.splitlines()))]
    _add(address, "cbc:StreetName", first)
    _add(address, "cbc:AdditionalStreetName", second)
    _add(address, "cac:AddressLine/cbc:Line", ", ".join(rest))
    _add(address, "cac:Country/cbc:IdentificationCode", party.country)
    if party.vat_number:
        scheme = _add(parent, "cac:PartyTaxScheme")
        _add(scheme, "cbc:CompanyID", party.vat_number)
        _add(scheme, "cac:TaxScheme/cbc:ID", VAT)
    legal = _add(parent, "cac:PartyLegalEntity")
    _add(legal, "cbc:RegistrationName", party.name)
    _add(legal, "cbc:CompanyID", party.registered)


def _vat(root: ElementTree.Element, said: EInvoice) -> None:
    total = _add(root, "cac:TaxTotal")
    _sum(total, "cbc:TaxAmount", said.totals.vat_pence, said.currency)
    for group in said.vat_groups:
        part = _add(total, "cac:TaxSubtotal")
        _sum(part, "cbc:TaxableAmount", group.taxable_pence, said.currency)
        _sum(part, "cbc:TaxAmount", group.vat_pence, said.currency)
        _category(_add(part, "cac:TaxCategory"), group)


def _category(parent: ElementTree.Element, taxed: VatGroup | Line) -> None:
    _add(parent, "cbc:ID", taxed.category)
    _add(parent, "cbc:Percent", "" if taxed.rate is None else _percent(taxed.rate))
    _add(parent, "cbc:TaxExemptionReason", taxed.reason if isinstance(taxed, VatGroup) else "")
    _add(parent, "cac:TaxScheme/cbc:ID", VAT)


def _percent(rate: Decimal) -> str:
    return f"{rate:f}"


def _sums(root: ElementTree.Element, said: EInvoice) -> None:
    sums, all_of = said.totals, _add(root, "cac:LegalMonetaryTotal")
    for name, pence, is_wanted in (
        ("LineExtensionAmount", sums.lines_pence, True),
        ("TaxExclusiveAmount", sums.net_pence, True),
        ("TaxInclusiveAmount", sums.total_pence, True),
        ("AllowanceTotalAmount", sums.allowances_pence, False),
        ("ChargeTotalAmount", sums.charges_pence, False),
        ("PrepaidAmount", sums.prepaid_pence, False),
        ("PayableRoundingAmount", sums.rounding_pence, False),
        ("PayableAmount", sums.due_pence, True),
    ):
        if pence or is_wanted:
            _sum(all_of, f"cbc:{name}", pence, said.currency)


def _line(parent: ElementTree.Element, line: Line, number: int, currency: str) -> None:
    _add(parent, "cbc:ID", str(number))
    _add(parent, "cbc:InvoicedQuantity", "1", unitCode=ONE)
    _sum(parent, "cbc:LineExtensionAmount", line.net_pence, currency)
    item = _add(parent, "cac:Item")
    _add(item, "cbc:Description", line.description)
    _add(item, "cbc:Name", line.name)
    _category(_add(item, "cac:ClassifiedTaxCategory"), line)
    _sum(parent, "cac:Price/cbc:PriceAmount", line.net_pence, currency)
