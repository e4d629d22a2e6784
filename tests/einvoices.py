"""Electronic invoices for tests, written by hand in both syntaxes, with their facts to be changed one by one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
UN = "urn:un:unece:uncefact:data:standard:"


@dataclass(frozen=True)
class Sample:
    """What a supplier's program writes: £4,000 and 20% VAT, unless told otherwise. `vat` is (category, rate, net, VAT)."""

    number: str = "2027/14"
    on: str = "2027-01-12"
    due: str = "2027-01-31"
    kind: str = "380"
    currency: str = "GBP"
    order: str = "PO 77"
    seller: str = "Acme & Sons Ltd"
    vat_number: str = "GB123456789"
    address: tuple[str, str, str] = ("1 High Street", "Leeds", "LS1 1UR")
    buyer: str = "Leeds City Council"
    terms: str = "Thank you for paying in time"
    credits: str = ""
    net: str = "4000.00"
    vat_total: str = "800.00"
    total: str = "4800.00"
    due_total: str = ""
    prepaid: str = ""
    vat: tuple[tuple[str, str, str, str], ...] = (("S", "20", "4000.00", "800.00"),)
    lines: tuple[tuple[str, str], ...] = (("First release", "3000.00"), ("Training", "1000.00"))
    file: str = field(default="", repr=False)

    def but(self, **changes: Any) -> Sample:
        return replace(self, **changes)

    def ubl(self) -> bytes:
        """As UBL 2.1; with kind 381 as a CreditNote."""
        name = "CreditNote" if self.kind == "381" else "Invoice"
        money = f'currencyID="{self.currency}"'
        quantity = "cbc:CreditedQuantity" if name == "CreditNote" else "cbc:InvoicedQuantity"
        groups = "".join(
            f"<cac:TaxSubtotal><cbc:TaxableAmount {money}>{net}</cbc:TaxableAmount><cbc:TaxAmount {money}>{vat}</cbc:TaxAmount>"
            f"<cac:TaxCategory><cbc:ID>{category}</cbc:ID>{_some('cbc:Percent', rate)}"
            "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal>"
            for category, rate, net, vat in self.vat
        )
        category, rate = self.vat[0][:2] if self.vat else ("S", "20")
        lines = "".join(
            f'<cac:{name}Line><cbc:ID>{at}</cbc:ID><{quantity} unitCode="C62">1</{quantity}>'
            f"<cbc:LineExtensionAmount {money}>{net}</cbc:LineExtensionAmount><cac:Item><cbc:Name>{_x(what)}</cbc:Name>"
            f"<cac:ClassifiedTaxCategory><cbc:ID>{category}</cbc:ID>{_some('cbc:Percent', rate)}<cac:TaxScheme><cbc:ID>VAT"
            "</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>"
            f"<cac:Price><cbc:PriceAmount {money}>{net}</cbc:PriceAmount></cac:Price></cac:{name}Line>"
            for at, (what, net) in enumerate(self.lines, 1)
        )
        street, city, post = map(_x, self.address)
        earlier = f"<cac:InvoiceDocumentReference>{_some('cbc:ID', self.credits)}</cac:InvoiceDocumentReference>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{UBL}{name}-2" '
            f'xmlns:cac="{UBL}CommonAggregateComponents-2" xmlns:cbc="{UBL}CommonBasicComponents-2">'
            f"<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>{_some('cbc:ID', self.number)}"
            f"{_some('cbc:IssueDate', self.on)}{_some('cbc:DueDate', self.due) if name == 'Invoice' else ''}"
            f"{_some(f'cbc:{name}TypeCode', self.kind)}{_some('cbc:DocumentCurrencyCode', self.currency)}"
            f"{_within('cac:OrderReference', _some('cbc:ID', self.order))}"
            f"{_within('cac:BillingReference', earlier) if self.credits else ''}{self.file}"
            "<cac:AccountingSupplierParty><cac:Party><cac:PostalAddress>"
            f"<cbc:StreetName>{street}</cbc:StreetName><cbc:CityName>{city}</cbc:CityName><cbc:PostalZone>{post}</cbc:PostalZone>"
            "<cac:Country><cbc:IdentificationCode>GB</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
            f"{_ubl_vat_number(self.vat_number)}<cac:PartyLegalEntity>{_some('cbc:RegistrationName', self.seller)}"
            "<cbc:CompanyID>01234567</cbc:CompanyID></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>"
            "<cac:AccountingCustomerParty><cac:Party><cac:PostalAddress><cac:Country>"
            "<cbc:IdentificationCode>GB</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
            f"<cac:PartyLegalEntity>{_some('cbc:RegistrationName', self.buyer)}</cac:PartyLegalEntity>"
            f"</cac:Party></cac:AccountingCustomerParty>{_within('cac:PaymentTerms', _some('cbc:Note', self.terms))}"
            f"<cac:TaxTotal><cbc:TaxAmount {money}>{self.vat_total}</cbc:TaxAmount>{groups}</cac:TaxTotal>"
            f"<cac:LegalMonetaryTotal><cbc:LineExtensionAmount {money}>{self.net}</cbc:LineExtensionAmount>"
            f"<cbc:TaxExclusiveAmount {money}>{self.net}</cbc:TaxExclusiveAmount>"
            f"<cbc:TaxInclusiveAmount {money}>{self.total}</cbc:TaxInclusiveAmount>"
            f"{f'<cbc:PrepaidAmount {money}>{self.prepaid}</cbc:PrepaidAmount>' if self.prepaid else ''}"
            f"<cbc:PayableAmount {money}>{self.due_total or self.total}</cbc:PayableAmount></cac:LegalMonetaryTotal>"
            f"{lines}</{name}>"
        ).encode()

    def cii(self) -> bytes:
        """As UN/CEFACT CrossIndustryInvoice."""
        category, rate = self.vat[0][:2] if self.vat else ("S", "20")
        lines = "".join(
            "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
            f"<ram:LineID>{at}</ram:LineID></ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct>"
            f"<ram:Name>{_x(what)}</ram:Name></ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement>"
            f"<ram:NetPriceProductTradePrice><ram:ChargeAmount>{net}</ram:ChargeAmount></ram:NetPriceProductTradePrice>"
            '</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">1'
            "</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax>"
            f"<ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>{category}</ram:CategoryCode>"
            f"{_some('ram:RateApplicablePercent', rate)}</ram:ApplicableTradeTax>"
            f"<ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{net}</ram:LineTotalAmount>"
            "</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>"
            "</ram:IncludedSupplyChainTradeLineItem>"
            for at, (what, net) in enumerate(self.lines, 1)
        )
        groups = "".join(
            f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{vat}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
            f"<ram:BasisAmount>{net}</ram:BasisAmount><ram:CategoryCode>{category}</ram:CategoryCode>"
            f"{_some('ram:RateApplicablePercent', rate)}</ram:ApplicableTradeTax>"
            for category, rate, net, vat in self.vat
        )
        street, city, post = map(_x, self.address)
        vat_number = f'<ram:ID schemeID="VA">{_x(self.vat_number)}</ram:ID>' if self.vat_number else ""
        earlier = _within("ram:InvoiceReferencedDocument", _some("ram:IssuerAssignedID", self.credits))
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice xmlns:rsm="{UN}CrossIndustryInvoice:100" '
            f'xmlns:ram="{UN}ReusableAggregateBusinessInformationEntity:100" xmlns:udt="{UN}UnqualifiedDataType:100">'
            "<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:cen.eu:en16931:2017"
            "</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>"
            f"<rsm:ExchangedDocument>{_some('ram:ID', self.number)}{_some('ram:TypeCode', self.kind)}"
            f"{_cii_day('ram:IssueDateTime', self.on)}</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>{lines}"
            f"<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty>{_some('ram:Name', self.seller)}"
            "<ram:SpecifiedLegalOrganization><ram:ID>01234567</ram:ID></ram:SpecifiedLegalOrganization>"
            f"<ram:PostalTradeAddress><ram:PostcodeCode>{post}</ram:PostcodeCode><ram:LineOne>{street}</ram:LineOne>"
            f"<ram:CityName>{city}</ram:CityName><ram:CountryID>GB</ram:CountryID></ram:PostalTradeAddress>"
            f"{_within('ram:SpecifiedTaxRegistration', vat_number)}</ram:SellerTradeParty>"
            f"<ram:BuyerTradeParty>{_some('ram:Name', self.buyer)}<ram:PostalTradeAddress><ram:CountryID>GB</ram:CountryID>"
            "</ram:PostalTradeAddress></ram:BuyerTradeParty>"
            f"{_within('ram:BuyerOrderReferencedDocument', _some('ram:IssuerAssignedID', self.order))}{self.file}"
            "</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/><ram:ApplicableHeaderTradeSettlement>"
            f"{_some('ram:InvoiceCurrencyCode', self.currency)}{groups}<ram:SpecifiedTradePaymentTerms>"
            f"{_some('ram:Description', self.terms)}{_cii_day('ram:DueDateDateTime', self.due)}</ram:SpecifiedTradePaymentTerms>"
            "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
            f"<ram:LineTotalAmount>{self.net}</ram:LineTotalAmount><ram:TaxBasisTotalAmount>{self.net}</ram:TaxBasisTotalAmount>"
            f'<ram:TaxTotalAmount currencyID="{self.currency}">{self.vat_total}</ram:TaxTotalAmount>'
            f"<ram:GrandTotalAmount>{self.total}</ram:GrandTotalAmount>{_some('ram:TotalPrepaidAmount', self.prepaid)}"
            f"<ram:DuePayableAmount>{self.due_total or self.total}</ram:DuePayableAmount>"
            f"</ram:SpecifiedTradeSettlementHeaderMonetarySummation>{earlier}</ram:ApplicableHeaderTradeSettlement>"
            "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
        ).encode()


def _x(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _some(name: str, text: str) -> str:
    return f"<{name}>{_x(text)}</{name}>" if text else ""


def _within(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>" if inner else ""


def _ubl_vat_number(number: str) -> str:
    scheme = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    return _within("cac:PartyTaxScheme", _some("cbc:CompanyID", number) + scheme) if number else ""


def _cii_day(name: str, day: str) -> str:
    written = f'<udt:DateTimeString format="102">{day.replace("-", "")}</udt:DateTimeString>'
    return _within(name, written) if day else ""
