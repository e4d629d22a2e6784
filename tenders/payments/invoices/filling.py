"""An electronic invoice fills in the form of an invoice. What a person typed stays, and what differs from it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Field

from tenders.payments.invoices.forms import OTHER, InvoiceForm

Values = Mapping[str, Any]


def fill(form: InvoiceForm, said: Values, first: Values, earlier: Values) -> None:
    """Puts what the file says into every field that nobody touched.

    `first` is what the page began with, `earlier` what a file read before this one said: neither was typed.
    """
    begun = {name: first.get(name) for name in earlier}
    for name, value in {**begun, **said}.items():
        if name != "vat_typed_pence" and _is_untouched(form[name], name, first, earlier):
            _put(form[name], value)
    if form.vat_rate.data == said.get("vat_rate") and _is_untouched(form.vat_typed_pence, "vat_typed_pence", first, earlier):
        _put(form.vat_typed_pence, said.get("vat_typed_pence") if form.vat_rate.data == OTHER else None)


def _is_untouched(field: Field, name: str, first: Values, earlier: Values) -> bool:
    if field.process_errors:
        return False
    return field.data in ("", None, first.get(name), earlier.get(name))


def _put(field: Field, value: Any) -> None:
    field.raw_data = None
    field.process(None, value)
