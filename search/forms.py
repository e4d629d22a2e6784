"""The forms of the search room."""

from __future__ import annotations

from marketplace.core.forms import EmailLine, Form, TextBox


class FollowForm(Form):
    """The address that wants to be told."""

    email = EmailLine(
        "Your email address", hint="We send one mail with a link. Nothing is sent after that unless you confirm."
    )


class InviteForm(Form):
    """Why these suppliers are invited; the suppliers are ticked in the list itself."""

    reason = TextBox(
        "Why do you invite them?",
        required="Say why you invite them",
        rows=3,
        hint="The suppliers read this, and it stays on record for auditors. Say what in their profile fits.",
        longest=2000,
    )
    reason_for_others = TextBox(
        "Why not those above them?",
        required=False,
        rows=2,
        hint="When you leave out a supplier who stands above one you invite. Only your council and auditors read this.",
        longest=2000,
    )


class ButtonForm(Form):
    """One button."""
