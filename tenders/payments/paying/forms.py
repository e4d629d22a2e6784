"""Forms of payments by BACS and of remittance files."""

from __future__ import annotations

from marketplace.core.forms import Choice, Day, Form, Pounds, Save, TextBox, TextLine, Upload
from tenders.payments.paying.remittance_file import MOST_BYTES

ARRIVES, SENT = "arrives", "sent"
DATES = {
    ARRIVES: "The day on which the supplier has the money",
    SENT: "The day on which the payment was sent: the supplier has it two working days later",
}


class PaymentForm(Form):
    amount_pence = Pounds("Sum that was paid", hint="Including VAT. Change it when only a part was paid.")
    sent_on = Day("Sent on", subject="day it was sent")
    paid_on = Day(
        "Day on which the supplier has the money",
        subject="day of arrival",
        required=False,
        hint="Leave empty if it is two working days after sending, as BACS takes.",
    )
    bank_reference = TextLine("Payment reference", longest=60, required=False, classes="govuk-input--width-20")
    pay = Save("Record the payment")


class ArrivalForm(Form):
    paid_on = Day(
        "Day on which the supplier had the money",
        subject="day of arrival",
        required=False,
        hint="Leave empty if it was two working days after sending, as BACS takes.",
    )
    save = Save("Save the day")


class CameBackForm(Form):
    reason = TextBox("What the bank says", rows=3, longest=1000, required=False)
    back = Save("Record that it came back", kind="warning")


class RefundForm(Form):
    amount_pence = Pounds("Sum that came back")
    refunded_on = Day("Came back on", subject="day it came back")
    reason = TextBox("What for", rows=3, longest=1000, required=False)
    save = Save("Record the refund")


class RemittanceForm(Form):
    file = Upload(
        "The file of payments",
        extensions=("csv", "txt"),
        megabytes=MOST_BYTES // 1_000_000,
        required="Choose the file of payments",
        hint="One line a payment. Its first line names the columns.",
    )
    dates = Choice("What is the date in the file?", choices=DATES, required="Select what the date in the file is")
    read = Save("Import the file")
