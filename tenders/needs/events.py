"""What happens to a need, in the past tense. No words of the need itself: they stand in its versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class NeedDrafted(Event):
    """A council began a need, empty or as a copy of another."""

    copied_from: str = ""


@dataclass(frozen=True, kw_only=True)
class NeedSaved(Event):
    """One section of a draft was saved."""

    section: str
    version: int


@dataclass(frozen=True, kw_only=True)
class DraftDiscarded(Event):
    """A draft that was never published was thrown away by its council."""

    version: int


@dataclass(frozen=True, kw_only=True)
class OpenersNamed(Event):
    """People were named to open the bids of a need that is being written, by pseudonym."""

    people: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ApprovalAsked(Event):
    """The officer asked for approval; the draft is shut until the approver answers."""

    version: int


@dataclass(frozen=True, kw_only=True)
class ApprovalTakenBack(Event):
    """The council's officer took the need back to change it."""


@dataclass(frozen=True, kw_only=True)
class NeedSentBack(Event):
    """The approver sent the need back with a comment."""


@dataclass(frozen=True, kw_only=True)
class NeedApproved(Event):
    """Somebody who is not the author approved the need."""

    version: int


@dataclass(frozen=True, kw_only=True)
class NeedPublished(Event):
    """The need became public and open for bids."""

    closes_at: datetime
    questions_close_at: datetime | None
    estimated_value_pence: int | None
    central_notice_number: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DutyHandedOver(Event):
    """Somebody named for a duty was no longer in office; a colleague has it now. People appear by pseudonym."""

    duty: str
    left: str
    named: str


@dataclass(frozen=True, kw_only=True)
class AmendmentSaved(Event):
    """A section of an amendment being prepared was saved; nothing public changed."""

    section: str


@dataclass(frozen=True, kw_only=True)
class AmendmentDropped(Event):
    """An amendment being prepared was thrown away."""


@dataclass(frozen=True, kw_only=True)
class AmendmentApprovalAsked(Event):
    """The officer asked an approver to publish a material amendment; nothing public changed."""

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AmendmentTakenBack(Event):
    """The council's officer took a material amendment back from approval to change it."""


@dataclass(frozen=True, kw_only=True)
class AmendmentSentBack(Event):
    """The approver sent a material amendment back with a comment."""


@dataclass(frozen=True, kw_only=True)
class NeedAmended(Event):
    """The published words changed; `fields` names what, the version keeps before and after."""

    version: int
    is_material: bool
    fields: tuple[str, ...]
    closes_at: datetime
    sha256: str


@dataclass(frozen=True, kw_only=True)
class NeedExtended(Event):
    """The closing time moved later, for everyone."""

    version: int
    closed_at_before: datetime
    closes_at: datetime
    sha256: str


@dataclass(frozen=True, kw_only=True)
class NeedWithdrawn(Event):
    """The need was withdrawn for a published reason."""

    version: int
    sha256: str
