"""What stands in the way of keeping a certificate or policy, and when its holder is reminded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.errors import Problem
from suppliers.evidence.models import Evidence

KINDS = {"certificate": "Certificate or accreditation", "insurance": "Insurance"}
# Days before the last day of validity; nought is that day itself.
REMINDER_DAYS = (30, 7, 0)
# A worker that stood still for longer than this says nothing of papers that ran out meanwhile.
LATEST_REMINDER_DAYS = 14
MOST_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class EvidenceFacts:
    """What a firm says of one certificate or policy. Cover in pence."""

    kind: str
    name: str
    issuer: str = ""
    number: str = ""
    cover_pence: int | None = None
    expires_on: date | None = None


def evidence_problems(facts: EvidenceFacts, today: date, known_end: date | None = None) -> list[Problem]:
    """What is missing or cannot be. `known_end` is the day kept so far: it may stay although it has passed."""
    found = []
    if facts.kind not in KINDS:
        found.append(Problem("Select a certificate or insurance", "kind"))
    if not facts.name:
        found.append(Problem("Enter what it is, like Cyber Essentials or Professional indemnity", "name"))
    if facts.kind == "insurance" and not facts.cover_pence:
        found.append(Problem("Enter the cover in pounds, like 1,000,000", "cover_pence"))
    if facts.kind == "insurance" and not facts.expires_on:
        found.append(Problem("Enter the last day of cover", "expires_on"))
    if facts.expires_on and facts.expires_on < today and facts.expires_on != known_end:
        found.append(Problem("Enter a last day that is today or later", "expires_on"))
    return found


def room_problems(count: int) -> list[Problem]:
    """Whether one more can be kept."""
    return (
        [Problem(f"A profile keeps at most {MOST_KEPT} certificates and policies. Remove an old one first")] if count >= MOST_KEPT else []
    )


def has_expired(evidence: Evidence, today: date) -> bool:
    """It is valid through its last day."""
    return evidence.expires_on is not None and evidence.expires_on < today


def reminder_due(evidence: Evidence, today: date) -> int | None:
    """The reminder to send now (30, 7 or 0 days before the end), or None. Late ones are folded into the nearest."""
    if evidence.expires_on is None or evidence.removed_at is not None:
        return None
    left = (evidence.expires_on - today).days
    reached = [days for days in REMINDER_DAYS if left <= days]
    if not reached or left < -LATEST_REMINDER_DAYS:
        return None
    due = min(reached)
    is_told = evidence.reminded_for == evidence.expires_on and (evidence.reminded_days or 0) <= due
    return None if is_told else due
