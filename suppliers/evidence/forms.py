"""The form for a certificate or insurance policy."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import FileStorage

from marketplace.core.forms import Choice, Day, Form, Pounds, TextLine, Upload
from suppliers.evidence.actions import Copy
from suppliers.evidence.rules import KINDS, EvidenceFacts


class EvidenceForm(Form):
    """One certificate or policy; the copy of the paper is optional and never public."""

    kind = Choice("What kind is it?", required="Select a certificate or insurance", choices=KINDS, inline=True)
    name = TextLine(
        "What it is", hint="For example: Cyber Essentials, ISO 27001, Professional indemnity, Public liability"
    )
    issuer = TextLine("Who issued it", required=False)
    number = TextLine("Certificate or policy number", hint="Not shown to the public", longest=80, required=False)
    cover_pence = Pounds("Cover", hint="For insurance: the limit of cover", required=False, least=1_00)
    expires_on = Day(
        "Last day it is valid",
        subject="last day",
        hint="We remind you 30 days and 7 days before, and on the day",
        required=False,
    )
    copy = Upload("A copy of it", hint="Only your colleagues see it.", required=False)

    def facts(self) -> EvidenceFacts:
        """What was typed, for the rule and the action."""
        return EvidenceFacts(
            kind=self.kind.data or "",
            name=self.name.data or "",
            issuer=self.issuer.data or "",
            number=self.number.data or "",
            cover_pence=self.cover_pence.data,  # type: ignore[arg-type]
            expires_on=self.expires_on.data,
        )

    def sent_copy(self) -> Copy | None:
        """The file that was sent, if any."""
        sent: Any = self.copy.data
        if isinstance(sent, FileStorage) and sent.filename:
            return Copy(sent.filename, sent.stream)  # type: ignore[arg-type]
        return None
