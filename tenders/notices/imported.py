"""What a reader gives for one notice of another place: the notice as read, or the row refused and why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from marketplace.core.clock import london_day

PLANNED, OPEN, CLOSED, AWARDED, CANCELLED = "planned", "open", "closed", "awarded", "cancelled"


@dataclass(frozen=True)
class AwardedSupplier:
    """A winner as the notice names it; `identifier` with its scheme, such as GB-COH, when one is given."""

    name: str
    scheme: str = ""
    identifier: str = ""
    is_sme: bool | None = None
    is_vcse: bool | None = None
    value_pence: int | None = None


@dataclass(frozen=True)
class AwardResult:
    """One award: who won, when, and for how much, in pence as published."""

    suppliers: tuple[AwardedSupplier, ...]
    awarded_on: date | None = None
    value_pence: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class ReadNotice:
    """A notice as published. (source, source_id) names the purchase; `release_id` the publication read.

    `closes_at` is the end of the London day when `has_closing_time` is False. `regions` holds our own region names and
    is empty for the whole country or abroad; `region_text` keeps the publisher's words. `remarks` names every value
    that was left out or mended.
    """

    source: str
    source_id: str
    reference: str
    title: str
    buyer_name: str
    published_at: datetime
    status: str
    release_id: str = ""
    description: str = ""
    closes_at: datetime | None = None
    has_closing_time: bool = True
    cpv_codes: tuple[str, ...] = ()
    value_low_pence: int | None = None
    value_high_pence: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    regions: tuple[str, ...] = ()
    region_text: str = ""
    postcode: str = ""
    url: str = ""
    is_suitable_for_sme: bool | None = None
    is_suitable_for_vcse: bool | None = None
    results: tuple[AwardResult, ...] = ()
    line: int = 0
    remarks: tuple[str, ...] = field(default=())

    @property
    def published_on(self) -> date:
        """The London day of publication."""
        return london_day(self.published_at)

    @property
    def region(self) -> str:
        """The one region the notice names, or nothing when it names none or several."""
        return self.regions[0] if len(self.regions) == 1 else ""

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything the notice says, the same for every copy, so that a second import changes nothing."""
        content = asdict(self)
        for where_it_stood in ("line", "remarks", "release_id"):
            del content[where_it_stood]
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be a notice: its first and last line in the file, why, and the row as it stood."""

    line: int
    reason: str
    raw: str
    last_line: int = 0


class Unreadable(Exception):
    """A row lacks what every notice has; the message is the refusal's reason."""
