"""Mails about certificates and insurance."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from suppliers.evidence.queries import find_evidence
from suppliers.profiles.queries import admins_of


def evidence_expiring(line: JournalLine) -> Iterable[Letter]:
    """To the firm's administrators, unless the paper was renewed or removed since."""
    evidence = find_evidence(line.facts["evidence"])
    if evidence is None or evidence.removed_at or str(evidence.expires_on) != line.facts["expires_on"]:
        return
    for person in admins_of(evidence.supplier_id):
        yield Letter(
            person.email,
            {
                "name": person.name,
                "firm": evidence.supplier.name,
                "paper": evidence.name,
                "expires_on": evidence.expires_on,
                "days": line.facts["days"],
                "link": absolute(f"/supplier/evidence/{evidence.id}"),
            },
        )


EMAILS: dict[str, Writer] = {"EvidenceExpiring": evidence_expiring}
