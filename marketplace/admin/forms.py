"""Forms of the administrator's pages."""

from __future__ import annotations

from marketplace.core.forms import Form, TextBox, TextLine, Tick


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


class FindPersonForm(Form):
    """Whose account it is."""

    who = TextLine("Email address or reference", longest=254, hint="A reference begins with p_. It stands in the journal and in exports.")


class EraseForm(Form):
    """Why a person is erased; the rule refuses a reason that names the person."""

    reason = TextBox(
        "Reason",
        required="Enter the reason, such as “Asked for by letter”",
        rows=3,
        word_limit=50,
        hint="It stays in the journal for ever. Leave out name and address.",
    )
    is_sure = Tick("I have made sure that the request comes from this person", required="Make sure who asks, then tick the box")
