"""What happens to reports of payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class PaymentsReportPublished(Event):
    """A council published how promptly it paid in a half-year. Pence; shares in tenths of a per cent, as published."""

    period_ended_on: date
    payments: int
    within_30_percent: str
    not_paid_percent: str
