"""The form that publishes a report."""

from __future__ import annotations

from marketplace.core.forms import Form, Save, TextLine


class PublishForm(Form):
    director_name = TextLine("Name of the director responsible for finance", longest=120)
    director_title = TextLine("Their title", longest=120, hint="For example Director of Finance (section 151 officer)")
    notice_number = TextLine(
        "Number of the payments compliance notice (UK17), if you have it",
        longest=40,
        required=False,
        hint="The notice on the central platform takes the same figures.",
    )
    publish = Save("Publish the report")
