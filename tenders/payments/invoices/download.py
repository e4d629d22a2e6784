"""The supplier's own document as it came: always a download, never shown by the browser."""

from __future__ import annotations

from flask import Response, current_app

from marketplace.core.errors import NotFound
from tenders.payments.invoices.documents import store
from tenders.payments.invoices.models import Invoice


def document_response(invoice: Invoice) -> Response:
    """The file; NotFound when the invoice came without one."""
    if not invoice.file_key:
        raise NotFound("The supplier sent no document with this invoice.")
    chunks = store().chunks(invoice.file_key)
    response: Response = current_app.response_class(chunks, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=invoice.file_name)
    return response
