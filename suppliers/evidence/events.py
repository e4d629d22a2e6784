"""What happens to a firm's certificates and insurance. `subject` is the supplier's reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class EvidenceAdded(Event):
    """A certificate or policy was added; `evidence` is its number."""

    evidence: int
    kind: str
    expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class EvidenceChanged(Event):
    """A certificate or policy was corrected or renewed."""

    evidence: int
    kind: str
    expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class EvidenceRemoved(Event):
    """A certificate or policy was taken off the profile."""

    evidence: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class EvidenceExpiring(Event):
    """A reminder fell due: `days` before the end (30, 7 or 0), which is on `expires_on`."""

    evidence: int
    kind: str
    expires_on: date
    days: int
