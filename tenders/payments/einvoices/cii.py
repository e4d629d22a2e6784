"""UN/CEFACT CrossIndustryInvoice (D16B and later) as EN 16931 binds it (CEN/TS 16931-3-3)."""

from __future__ import annotations

from marketplace.core.xmltree import Element
from tenders.payments.einvoices.binding import Binding, vat_of
from tenders.payments.einvoices.model import EInvoice, EInvoiceUnreadable, Line, Party, Totals, VatGroup

_OF = "urn:un:unece:uncefact:data:standard:"
RSM = f"{_OF}CrossIndustryInvoice:100"
CII = Binding(
    {
        "rsm": RSM,
        "ram": f"{_OF}ReusableAggregateBusinessInformationEntity:100",
        "udt": f"{_OF}UnqualifiedDataType:100",
    }
)
UNREAD = frozenset({CII.name("ram:AttachmentBinaryObject")})
_DEAL = "rsm:SupplyChainTradeTransaction"
_AGREED = f"{_DEAL}/ram:ApplicableHeaderTradeAgreement"
_SETTLED = f"{_DEAL}/ram:ApplicableHeaderTradeSettlement"
_SUMS = f"{_SETTLED}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_ADDRESS = (
    "ram:LineOne", "ram:LineTwo", "ram:LineThree", "ram:CityName", "ram:CountrySubDivisionName", "ram:PostcodeCode"
)  # fmt: skip


def read(root: Element, currency: str) -> EInvoice:
    """The facts of a CrossIndustryInvoice; sums must be in the currency. Raises EInvoiceUnreadable."""
    terms = f"{_SETTLED}/ram:SpecifiedTradePaymentTerms"
    earlier = CII.every(root, f"{_SETTLED}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID")
    return EInvoice(
        syntax="CII",
        number=CII.words(root, "rsm:ExchangedDocument/ram:ID"),
        invoiced_on=CII.day(root, "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString"),
        due_on=CII.day(root, f"{terms}/ram:DueDateDateTime/udt:DateTimeString"),
        kind=CII.words(root, "rsm:ExchangedDocument/ram:TypeCode"),
        currency=currency,
        terms=CII.words(root, f"{terms}/ram:Description"),
        purchase_order=CII.words(root, f"{_AGREED}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"),
        contract=CII.words(root, f"{_AGREED}/ram:ContractReferencedDocument/ram:IssuerAssignedID"),
        credits=tuple(each.text for each in earlier),
        seller=_party(root, f"{_AGREED}/ram:SellerTradeParty"),
        buyer=_party(root, f"{_AGREED}/ram:BuyerTradeParty"),
        totals=_totals(root, currency),
        vat_groups=tuple(_group(each, currency) for each in CII.every(root, f"{_SETTLED}/ram:ApplicableTradeTax")),
        lines=tuple(_line(each, currency) for each in CII.every(root, f"{_DEAL}/ram:IncludedSupplyChainTradeLineItem")),
    )


def currency_of(root: Element) -> str:
    """BT-5."""
    return CII.words(root, f"{_SETTLED}/ram:InvoiceCurrencyCode")


def _party(root: Element, path: str) -> Party:
    party = CII.find(root, path)
    if party is None:
        return Party("")
    address = CII.find(party, "ram:PostalTradeAddress")
    lines = [CII.words(address, name) for name in _ADDRESS] if address is not None else []
    registrations = CII.every(party, "ram:SpecifiedTaxRegistration/ram:ID")
    identifiers = CII.every(party, "ram:GlobalID") + CII.every(party, "ram:ID")
    return Party(
        name=CII.words(party, "ram:Name") or CII.words(party, "ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
        address="\n".join(each for each in lines if each),
        country=CII.words(party, "ram:PostalTradeAddress/ram:CountryID"),
        vat_number=next((each.text for each in registrations if each.attributes.get("schemeID") == "VA"), ""),
        identifier=next((each.text for each in identifiers), ""),
        registered=CII.words(party, "ram:SpecifiedLegalOrganization/ram:ID"),
    )


def _totals(root: Element, currency: str) -> Totals:
    sums = CII.find(root, _SUMS)
    if sums is None:
        raise EInvoiceUnreadable("The file has no totals (SpecifiedTradeSettlementHeaderMonetarySummation)")

    def said(name: str) -> int:
        return CII.pence(sums, f"ram:{name}", currency) or 0

    return Totals(
        lines_pence=said("LineTotalAmount"),
        allowances_pence=said("AllowanceTotalAmount"),
        charges_pence=said("ChargeTotalAmount"),
        net_pence=said("TaxBasisTotalAmount"),
        vat_pence=_vat(root, sums, currency),
        total_pence=said("GrandTotalAmount"),
        prepaid_pence=said("TotalPrepaidAmount"),
        rounding_pence=said("RoundingAmount"),
        due_pence=said("DuePayableAmount"),
    )


def _vat(root: Element, sums: Element, currency: str) -> int:
    accounting = CII.words(root, f"{_SETTLED}/ram:TaxCurrencyCode")
    return vat_of(CII.every(sums, "ram:TaxTotalAmount"), currency, accounting)


def _group(each: Element, currency: str) -> VatGroup:
    return VatGroup(
        category=CII.words(each, "ram:CategoryCode"),
        rate=CII.percentage(each, "ram:RateApplicablePercent"),
        taxable_pence=CII.pence(each, "ram:BasisAmount", currency) or 0,
        vat_pence=CII.pence(each, "ram:CalculatedAmount", currency) or 0,
        reason=CII.words(each, "ram:ExemptionReason"),
    )


def _line(each: Element, currency: str) -> Line:
    settled = "ram:SpecifiedLineTradeSettlement"
    total = f"{settled}/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    return Line(
        name=CII.words(each, "ram:SpecifiedTradeProduct/ram:Name"),
        description=CII.words(each, "ram:SpecifiedTradeProduct/ram:Description"),
        net_pence=CII.pence(each, total, currency) or 0,
        category=CII.words(each, f"{settled}/ram:ApplicableTradeTax/ram:CategoryCode"),
        rate=CII.percentage(each, f"{settled}/ram:ApplicableTradeTax/ram:RateApplicablePercent"),
    )
