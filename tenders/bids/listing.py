"""A firm's own bids in groups: what is to be done, what is on its way, what is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenders.bids.models import Bid
from tenders.bids.status import BidStatus, status_of


@dataclass(frozen=True)
class ListedBid:
    """A bid and where it stands."""

    bid: Bid
    standing: BidStatus

    @property
    def is_told(self) -> bool:
        """Whether there is feedback to read."""
        return self.standing.name in ("decided", "no_award")


@dataclass(frozen=True)
class BidGroup:
    """Bids that have come equally far; `hint` says what the order means to the reader."""

    heading: str
    hint: str
    bids: tuple[ListedBid, ...]


def unfinished_bids(bids: Sequence[Bid], now: datetime) -> list[ListedBid]:
    """Those whose firm must still submit something, the one that closes soonest first."""
    listed = [ListedBid(each, status_of(each, now)) for each in bids]
    return sorted((each for each in listed if each.standing.name in _UNFINISHED), key=_closing)


def grouped(bids: Sequence[Bid], now: datetime) -> list[BidGroup]:
    """All of a firm's bids; a group without any is left out."""
    listed = [ListedBid(each, status_of(each, now)) for each in bids]
    found = []
    for heading, hint, names, key, is_newest_first in _GROUPS:
        members = [each for each in listed if each.standing.name in names]
        members.sort(key=key, reverse=is_newest_first)
        found.append(BidGroup(heading, hint, tuple(members)))
    return [each for each in found if each.bids]


def _closing(each: ListedBid) -> tuple[datetime, int]:
    return each.bid.need.closes_at or each.bid.started_at, each.bid.id


def _sent(each: ListedBid) -> tuple[datetime, int]:
    return each.bid.submitted_at or each.bid.started_at, each.bid.id


def _decided(each: ListedBid) -> tuple[datetime, int]:
    need = each.bid.need
    return need.awarded_at or need.no_award_at or need.withdrawn_at or _sent(each)[0], each.bid.id


def _ended(each: ListedBid) -> tuple[datetime, int]:
    return each.bid.withdrawn_at or _closing(each)[0], each.bid.id


_UNFINISHED = frozenset({"draft", "redrafting"})
# Heading, hint, the names of status.py, what a bid is ordered by, and whether the newest comes first.
_GROUPS: tuple[tuple[str, str, frozenset[str], Callable[[ListedBid], tuple[datetime, int]], bool], ...] = (
    (
        "To finish and submit",
        "The one that closes soonest comes first. A bid counts only when you have submitted it.",
        _UNFINISHED,
        _closing,
        False,
    ),
    ("Sent", "The one you sent last comes first.", frozenset({"submitted", "sealed", "opened"}), _sent, True),
    (
        "Decided",
        "The latest decision comes first.",
        frozenset({"decided", "no_award", "need_withdrawn"}),
        _decided,
        True,
    ),
    (
        "Not submitted or withdrawn",
        "These do not count. The latest comes first.",
        frozenset({"not_submitted", "withdrawn"}),
        _ended,
        True,
    ),
)
