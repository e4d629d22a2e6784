"""The officer's proposal after an outage, and the approver's comment."""

from __future__ import annotations

from marketplace.core.forms import Choice, Form, Moment, Save, TextBox
from tenders.outages.models import EXTEND, KEEP

CHOICES = {EXTEND: "Yes, bids close later, for everyone", KEEP: "No, the closing time stands"}


class AnswerForm(Form):
    choice = Choice("Do bids close later?", choices=CHOICES, required="Choose whether bids close later")
    new_closes_at = Moment(
        "New closing time",
        subject="new closing date",
        required=False,
        hint="Only if bids close later. The time proposed gives back what was lost and falls in working hours.",
    )
    reason = TextBox("Why", required="Say why", rows=3, longest=2000, hint="Everyone can read it.")
    propose = Save("Put it to an approver")


class SendBackForm(Form):
    comment = TextBox("What must change", rows=4, longest=2000)
    send = Save("Send back to the officer", kind="secondary")
