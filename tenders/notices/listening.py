"""What the notices room hears: events that call for a notice, or that tell of one."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.core.journal import JournalLine
from tenders.notices.actions import raise_notices
from tenders.notices.rules import CALLED_FOR_BY

NOTICE_EVENTS = frozenset({*CALLED_FOR_BY, "AwardNoticeRecorded", "AwardSetAside", "ChangeApproved", "ChangeRefused"})


def react(lines: Sequence[JournalLine]) -> None:
    """Raises or records the notices of each line; safe to repeat."""
    for line in lines:
        raise_notices(line)
