"""One way in: the bytes of a file to the facts of an electronic invoice, whichever of the two syntaxes it has."""

from __future__ import annotations

from marketplace.core.xmltree import Element, XmlUnreadable, read_xml
from tenders.payments.einvoices import cii, ubl
from tenders.payments.einvoices.model import POUNDS, EInvoice, EInvoiceUnreadable

_SYNTAXES = {
    f"{{{ubl.INVOICE}}}Invoice": ubl,
    f"{{{ubl.CREDIT_NOTE}}}CreditNote": ubl,
    f"{{{cii.RSM}}}CrossIndustryInvoice": cii,
}


def read_einvoice(content: bytes) -> EInvoice:
    """The facts of a UBL 2.1 Invoice or CreditNote or of a CII CrossIndustryInvoice. Raises EInvoiceUnreadable.

    What it finds is what the file says; `rules.einvoice_problems` says whether that agrees with itself.
    """
    try:
        root = read_xml(content, ubl.UNREAD | cii.UNREAD)
    except XmlUnreadable as fault:
        raise EInvoiceUnreadable(str(fault)) from None
    syntax = _SYNTAXES.get(root.name)
    if syntax is None:
        raise EInvoiceUnreadable(
            f"The file is XML and no invoice that is read here (it begins with “{_local(root)}”): "
            "a UBL 2.1 Invoice and a UN/CEFACT CrossIndustryInvoice are"
        )
    currency = syntax.currency_of(root)
    if not currency:
        raise EInvoiceUnreadable("The file does not say its currency (BT-5)")
    if currency != POUNDS:
        raise EInvoiceUnreadable(f"The file is in {currency[:10]}. Invoices here are in pounds: send one in GBP")
    return syntax.read(root, currency)


def _local(root: Element) -> str:
    return root.name.rpartition("}")[2][:40]
