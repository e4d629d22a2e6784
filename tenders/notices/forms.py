"""The form that puts a published notice on record."""

from __future__ import annotations

from marketplace.core.forms import Day, Form, Save, TextBox, TextLine


class RecordForm(Form):
    number = TextLine("Number of the notice", longest=40, hint="As the central platform shows it, like 012345-2026.")
    url = TextLine("Address of the notice", longest=300, required=False)
    published_on = Day("Published on", subject="publication date")
    keep = Save("Record")


class CorrectForm(Form):
    number = TextLine("Number of the notice", longest=40, hint="As the central platform shows it, like 012345-2026.")
    url = TextLine("Address of the notice", longest=300, required=False)
    published_on = Day("Published on", subject="publication date")
    reason = TextBox("What was wrong", rows=3, longest=2000, hint="Kept with what stood there before.")
    correct = Save("Correct the record")
