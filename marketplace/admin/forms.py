"""Forms of the administrator's pages."""

from __future__ import annotations

from marketplace.core.forms import Form, TextBox, TextLine


class SuspendForm(Form):
    """Why an organisation is suspended."""

    reason = TextBox(
        "Reason",
        required="Enter the reason",
        rows=3,
        word_limit=100,
        hint="The organisation’s people read it, and it stays in the journal. Name no person.",
    )


class FoundForm(Form):
    """An audit body's name."""

    name = TextLine("Name of the audit body", hint="For example Public Sector Audit Appointments.")
