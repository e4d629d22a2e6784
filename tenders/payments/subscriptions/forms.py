"""Forms of subscriptions: the council's finance role, and our administrator."""

from __future__ import annotations

from marketplace.core.forms import Choice, Day, Form, OneOf, Pounds, Save, TextBox, TextLine

PAYS_BY = {
    "transfer": "An invoice with 30 days to pay, by bank transfer",
    "card": "A card, on Stripe's page",
}
PO_HINT = "It stands on every invoice. Leave it empty if your council uses none."


class OrderForm(Form):
    purchase_order = TextLine("Purchase order number", longest=60, required=False, hint=PO_HINT)
    pays_by = Choice("How does your council pay?", required="Select how the council pays", choices=PAYS_BY)
    order = Save("Order for a year")


class PurchaseOrderForm(Form):
    purchase_order = TextLine("Purchase order number", longest=60, required=False, hint=PO_HINT)
    save = Save("Save")


class BandForm(Form):
    band = OneOf("Band", required="Select a band")
    reason = TextBox("Why the council belongs there", rows=3, longest=2000, hint="It is kept on record.")
    save = Save("Set the band")


class KeepOpenForm(Form):
    until_on = Day("Keep new needs open until", subject="last day", hint="For example 31 3 2027")
    reason = TextBox("Why", rows=3, longest=2000, required="Say why they stay open", hint="It is kept on record. Name no person.")
    save = Save("Keep new needs open")


class InvoiceForm(Form):
    number = TextLine("Invoice number", longest=60)
    issued_on = Day("Sent on", subject="day on which it was sent")
    save = Save("Record the invoice")


class PaymentForm(Form):
    amount_pence = Pounds("Amount that arrived")
    paid_on = Day("Arrived on", subject="day on which the money arrived")
    bank_reference = TextLine("The bank's reference", longest=60, hint="As your bank statement shows it.")
    save = Save("Record the payment")


class TakeBackForm(Form):
    reason = TextBox("Why it is taken back", rows=3, longest=2000, hint="It is kept on record. Name no person.")
    take_back = Save("Take the invoice back", kind="warning")
