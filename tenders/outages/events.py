"""What is recorded of outages and of the deadlines that they touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class OutageBegan(Event):
    """A part of the service was not seen at work for longer than the setting allows."""

    began_at: datetime
    failed: str


@dataclass(frozen=True, kw_only=True)
class OutageEnded(Event):
    """Every part of the service is seen at work again; so many deadlines fell in the outage or soon after it."""

    began_at: datetime
    ended_at: datetime
    failed: str
    needs: int


@dataclass(frozen=True, kw_only=True)
class DeadlineHitByOutage(Event):
    """A need's deadline fell in an outage or soon after it. Its bids stay shut until its council has decided."""

    closes_at: datetime
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class OutageAnswerProposed(Event):
    """An officer proposed more time after an outage, or none, for an approver to decide."""

    choice: str
    closes_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OutageAnswerSentBack(Event):
    """The approver sent the officer's proposal after an outage back with a comment."""


@dataclass(frozen=True, kw_only=True)
class OutageAnswered(Event):
    """Two people of the council decided on more time after an outage, or on none."""

    choice: str
    closes_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class WatchStopped(Event):
    """The administrator said that a part of the service is no longer watched from here."""
