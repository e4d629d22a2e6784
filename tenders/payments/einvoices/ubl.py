"""UBL 2.1 Invoice and CreditNote as EN 16931 binds them (CEN/TS 16931-3-2)."""

from __future__ import annotations

from marketplace.core.xmltree import Element
from tenders.payments.einvoices.binding import Binding, vat_of
from tenders.payments.einvoices.model import EInvoice, EInvoiceUnreadable, Line, Party, Totals, VatGroup

_OF = "urn:oasis:names:specification:ubl:schema:xsd:"
INVOICE, CREDIT_NOTE = f"{_OF}Invoice-2", f"{_OF}CreditNote-2"
CAC, CBC = f"{_OF}CommonAggregateComponents-2", f"{_OF}CommonBasicComponents-2"
UBL = Binding({"cac": CAC, "cbc": CBC})
UNREAD = frozenset({UBL.name("cbc:EmbeddedDocumentBinaryObject")})
_ADDRESS = (
    "cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line", "cbc:CityName", "cbc:CountrySubentity",
    "cbc:PostalZone",
)  # fmt: skip
_ORDER_UNKNOWN = "NA"  # UBL wants an order's number beside a sales order's; this stands for none


def read(root: Element, currency: str) -> EInvoice:
    """The facts of an Invoice or CreditNote; sums must be in the currency. Raises EInvoiceUnreadable."""
    kind = UBL.words(root, "cbc:InvoiceTypeCode") or UBL.words(root, "cbc:CreditNoteTypeCode")
    order = UBL.words(root, "cac:OrderReference/cbc:ID")
    earlier = UBL.every(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID")
    return EInvoice(
        syntax="UBL",
        number=UBL.words(root, "cbc:ID"),
        invoiced_on=UBL.day(root, "cbc:IssueDate"),
        due_on=UBL.day(root, "cbc:DueDate"),
        kind="381" if root.name == f"{{{CREDIT_NOTE}}}CreditNote" else kind,
        currency=currency,
        terms=UBL.words(root, "cac:PaymentTerms/cbc:Note"),
        purchase_order="" if order == _ORDER_UNKNOWN else order,
        contract=UBL.words(root, "cac:ContractDocumentReference/cbc:ID"),
        credits=tuple(each.text for each in earlier),
        seller=_party(root, "cac:AccountingSupplierParty/cac:Party"),
        buyer=_party(root, "cac:AccountingCustomerParty/cac:Party"),
        totals=_totals(root, currency),
        vat_groups=tuple(_group(each, currency) for each in UBL.every(root, "cac:TaxTotal/cac:TaxSubtotal")),
        lines=tuple(
            _line(each, currency)
            for each in UBL.every(root, "cac:InvoiceLine") + UBL.every(root, "cac:CreditNoteLine")
        ),
    )


def currency_of(root: Element) -> str:
    """BT-5."""
    return UBL.words(root, "cbc:DocumentCurrencyCode")


def _party(root: Element, path: str) -> Party:
    party = UBL.find(root, path)
    if party is None:
        return Party("")
    address = UBL.find(party, "cac:PostalAddress")
    lines = [each.text for name in _ADDRESS for each in UBL.every(address, name)] if address is not None else []
    schemes = [
        UBL.words(each, "cbc:CompanyID")
        for each in UBL.every(party, "cac:PartyTaxScheme")
        if UBL.words(each, "cac:TaxScheme/cbc:ID").upper() == "VAT"
    ]
    identifiers = [each.text for each in UBL.every(party, "cac:PartyIdentification/cbc:ID")]
    return Party(
        name=UBL.words(party, "cac:PartyLegalEntity/cbc:RegistrationName") or UBL.words(party, "cac:PartyName/cbc:Name"),
        address="\n".join(each for each in lines if each),
        country=UBL.words(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        vat_number=next(iter(schemes), ""),
        identifier=next(iter(identifiers), ""),
        registered=UBL.words(party, "cac:PartyLegalEntity/cbc:CompanyID"),
    )


def _totals(root: Element, currency: str) -> Totals:
    sums = UBL.find(root, "cac:LegalMonetaryTotal")
    if sums is None:
        raise EInvoiceUnreadable("The file has no totals (LegalMonetaryTotal)")

    def said(name: str) -> int:
        return UBL.pence(sums, f"cbc:{name}", currency) or 0

    return Totals(
        lines_pence=said("LineExtensionAmount"),
        allowances_pence=said("AllowanceTotalAmount"),
        charges_pence=said("ChargeTotalAmount"),
        net_pence=said("TaxExclusiveAmount"),
        vat_pence=_vat(root, currency),
        total_pence=said("TaxInclusiveAmount"),
        prepaid_pence=said("PrepaidAmount"),
        rounding_pence=said("PayableRoundingAmount"),
        due_pence=said("PayableAmount"),
    )


def _vat(root: Element, currency: str) -> int:
    found = [each for total in UBL.every(root, "cac:TaxTotal") for each in UBL.every(total, "cbc:TaxAmount")]
    return vat_of(found, currency, UBL.words(root, "cbc:TaxCurrencyCode"))


def _group(each: Element, currency: str) -> VatGroup:
    return VatGroup(
        category=UBL.words(each, "cac:TaxCategory/cbc:ID"),
        rate=UBL.percentage(each, "cac:TaxCategory/cbc:Percent"),
        taxable_pence=UBL.pence(each, "cbc:TaxableAmount", currency) or 0,
        vat_pence=UBL.pence(each, "cbc:TaxAmount", currency) or 0,
        reason=UBL.words(each, "cac:TaxCategory/cbc:TaxExemptionReason"),
    )


def _line(each: Element, currency: str) -> Line:
    return Line(
        name=UBL.words(each, "cac:Item/cbc:Name"),
        description=UBL.words(each, "cac:Item/cbc:Description"),
        net_pence=UBL.pence(each, "cbc:LineExtensionAmount", currency) or 0,
        category=UBL.words(each, "cac:Item/cac:ClassifiedTaxCategory/cbc:ID"),
        rate=UBL.percentage(each, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
    )
