"""Forms of invoices, for the supplier and for the council."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.datastructures import FileStorage

from marketplace.core.files import SIGNATURES
from marketplace.core.forms import Choice, Day, Form, Hidden, Pounds, Save, TextBox, TextLine, Tick, Upload
from tenders.payments.invoices.documents import XML, Document
from tenders.payments.invoices.rules import OTHER_RATE, InvoiceFacts

OTHER = "other"


class InvoiceForm(Form):
    # The SHA-256 of the file that waits here for this invoice: the one that the page told of.
    kept = Hidden()
    document = Upload(
        "Your own invoice as a file",
        required=False,
        extensions=(*SIGNATURES, XML),
        hint="Only if you have one. An electronic invoice (XML: UBL 2.1 or UN/CEFACT CII) fills in this page when you "
        "press “Read the file”. What you send below counts.",
    )
    without_document = Tick("Send the invoice without this file")
    read = Save("Read the file", kind="secondary")
    what_for = Choice("What is it for?", required="Select what the invoice is for")
    number = TextLine("Your invoice number", longest=60, classes="govuk-input--width-20")
    invoiced_on = Day("Date of the invoice", subject="date of the invoice")
    description = TextBox("What the invoice is for, in your words", rows=3, longest=5000, subject="description")
    net_pence = Pounds("Sum before VAT")
    vat_rate = Choice("VAT", required="Select the VAT")
    vat_typed_pence = Pounds(
        "VAT as your invoice says it", required=False, hint="Only when you selected that the VAT is another sum."
    )
    purchase_order = TextLine("The council’s order number", longest=60, required=False, classes="govuk-input--width-20")
    due_on = Day(
        "When you ask to be paid by",
        subject="day to be paid by",
        required=False,
        hint="Only when it is later than today. The council has 30 days in any case.",
    )
    supplier_address = TextBox("Your address", rows=3, longest=1000, required=False)
    vat_number = TextLine("Your VAT number", longest=20, required=False, classes="govuk-input--width-20")
    knows_warnings = Tick("I have read the warnings, and the invoice is right")
    send = Save("Send the invoice")

    def facts(self) -> InvoiceFacts:
        """What was typed, for the rules."""
        chosen, rate = self.what_for.data or OTHER, self.vat_rate.data or "0"
        return InvoiceFacts(
            number=self.number.data or "",
            invoiced_on=self.invoiced_on.data,
            description=self.description.data or "",
            net_pence=pence_in(self.net_pence),
            vat_basis_points=OTHER_RATE if rate == OTHER else _number(rate) or 0,
            milestone_id=None if chosen == OTHER else _number(chosen),
            due_on=self.due_on.data,
            purchase_order=self.purchase_order.data or "",
            vat_typed_pence=pence_in(self.vat_typed_pence),
            supplier_address=self.supplier_address.data or "",
            vat_number=self.vat_number.data or "",
        )

    def sent_document(self) -> Document | None:
        """The file that came with it, if any."""
        sent: Any = self.document.data
        if not isinstance(sent, FileStorage) or not sent.filename:
            return None
        return Document(sent.filename, sent.stream)  # type: ignore[arg-type]


class CreditNoteForm(Form):
    number = TextLine("Your credit note’s number", longest=60, classes="govuk-input--width-20")
    reason = TextBox("What the credit is for", rows=3, longest=2000)
    net_pence = Pounds("Sum before VAT")
    vat_pence = Pounds("VAT", required=False)
    send = Save("Send the credit note")


class AnswerForm(Form):
    answer = TextBox("Your answer to the council", rows=5, longest=5000)
    send = Save("Send the answer")


class SendBackForm(Form):
    reason = TextBox("What is missing or wrong", rows=4, longest=2000, hint="The supplier reads it at once.")
    send_back = Save("Send the invoice back", kind="warning")


class DisputeForm(Form):
    reason = TextBox(
        "What you dispute, and why", rows=5, longest=5000, hint="The supplier reads it at once. The days go on counting."
    )
    dispute = Save("Dispute the invoice", kind="warning")


class SettleForm(Form):
    resolution = TextBox("How it was settled", rows=3, longest=2000, hint="The supplier reads it at once.")
    settle = Save("End the dispute")


class ApproveForm(Form):
    knows_warnings = Tick("I have looked into what does not agree")
    approve = Save("Approve the invoice")


def _number(choice: str) -> int | None:
    """The number that a choice stands for; None for what the form did not offer, which its field refuses."""
    return int(choice) if re.fullmatch("[0-9]{1,18}", choice) else None


def pence_in(field: Any) -> int | None:
    """What a field of pounds holds, in pence; None when it is empty or could not be read."""
    return field.data if isinstance(field.data, int) else None
