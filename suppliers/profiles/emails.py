"""Mails about a profile."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from suppliers.profiles.queries import admins_of, find_supplier_by_reference


def profile_changed(line: JournalLine) -> Iterable[Letter]:
    """To every administrator when the firm's identity was changed: nobody takes a firm over unseen."""
    supplier = find_supplier_by_reference(line.subject)
    if supplier is None or line.facts["section"] != "organisation":
        return
    for person in admins_of(supplier):
        yield Letter(
            person.email,
            {"name": person.name, "firm": supplier.name, "at": line.at, "link": absolute("/supplier/profile")},
        )


EMAILS: dict[str, Writer] = {"ProfileChanged": profile_changed}
