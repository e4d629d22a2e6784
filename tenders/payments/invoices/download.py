"""The supplier's own document as it came, and every invoice as UBL: always a download, never shown by the browser."""

from __future__ import annotations

from flask import Response, current_app

from marketplace.core.errors import NotFound
from tenders.payments.einvoices.writing import write_ubl
from tenders.payments.invoices.documents import store
from tenders.payments.invoices.electronic import einvoice_of
from tenders.payments.invoices.models import Invoice


def document_response(invoice: Invoice) -> Response:
    """The file; NotFound when the invoice came without one."""
    if not invoice.file_key:
        raise NotFound("The supplier sent no document with this invoice.")
    chunks = store().chunks(invoice.file_key)
    response: Response = current_app.response_class(chunks, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=invoice.file_name)
    return response


def ubl_response(invoice: Invoice) -> Response:
    """The invoice as it stands here as an EN 16931 UBL file, for a finance system to take in."""
    response: Response = current_app.response_class(write_ubl(einvoice_of(invoice)), mimetype="application/xml")
    response.headers.set("Content-Disposition", "attachment", filename=f"{invoice.reference}.xml")
    return response
