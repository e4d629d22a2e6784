"""What happens to an award. No reasons and no explanations: they stand in the rows, for those who may read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class AwardProposed(Event):
    """An officer or the chair proposed an award, or no award (`bid` is empty then)."""

    bid: str
    rank: int | None


@dataclass(frozen=True, kw_only=True)
class AwardReturned(Event):
    """The award approver sent the proposal back."""


@dataclass(frozen=True, kw_only=True)
class AwardApproved(Event):
    """The award approver, outside the panel and not the proposer, approved the proposal."""

    bid: str


@dataclass(frozen=True, kw_only=True)
class SettingAsideAsked(Event):
    """Somebody proposed to give a told award up; the award approver decides."""


@dataclass(frozen=True, kw_only=True)
class SettingAsideRefused(Event):
    """The award approver let the award stand."""


@dataclass(frozen=True, kw_only=True)
class AwardSetAside(Event):
    """A told award was given up before the contract, by two people; every bidder hears and it is public."""

    bid: str
    bids: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ExplanationSaved(Event):
    """An officer wrote to one bid why it won, or why it did not."""


@dataclass(frozen=True, kw_only=True)
class SummariesSent(Event):
    """Every bidder was told at once and the award is public; value in pence including VAT."""

    bid: str
    supplier: str
    bids: list[str] = field(default_factory=list)
    value_pence: int
    standstill_applies: bool
    standstill_ends_on: date | None


@dataclass(frozen=True, kw_only=True)
class NoAwardMade(Event):
    """The need ended without award and every bidder was told why; a notice (UK12) is due above the threshold."""

    bids: list[str] = field(default_factory=list)
    needs_notice: bool


@dataclass(frozen=True, kw_only=True)
class AwardNoticeRecorded(Event):
    """The central award notice (UK6) is published, and the standstill runs."""

    number: str
    published_on: date
    standstill_ends_on: date


@dataclass(frozen=True, kw_only=True)
class StandstillSuspended(Event):
    """A challenge was notified: nothing can be signed."""


@dataclass(frozen=True, kw_only=True)
class StandstillLifted(Event):
    """The suspension was lifted."""
