"""Where a bid stands, in its bidder's words, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.moments import moment, moment_to_second
from tenders.bids.models import Bid
from tenders.bids.rules import is_in_time


@dataclass(frozen=True)
class BidStatus:
    """A short name, the same in words, and the next step as a sentence."""

    name: str
    label: str
    next_step: str


def status_of(bid: Bid, now: datetime) -> BidStatus:
    """The first that holds, from the bid's and the need's facts."""
    need = bid.need
    if bid.withdrawn_at is not None:
        at = moment(bid.withdrawn_at)
        if bid.submitted_at is None:
            return BidStatus("withdrawn", "Deleted", f"You deleted this draft at {at}. It was never submitted.")
        return BidStatus("withdrawn", "Withdrawn", f"You withdrew this bid at {at}.")
    if bid.opened_at is not None:
        return _after_opening(bid)
    if need.withdrawn_at is not None:
        return BidStatus(
            "need_withdrawn", "Need withdrawn", "The council withdrew the need. Nobody has opened your bid."
        )
    is_open = is_in_time(need, now)
    until = moment(need.closes_at) if need.closes_at else "the closing time"
    if bid.submitted_at is None and not is_open:
        return BidStatus(
            "not_submitted", "Not submitted", f"Bidding closed at {until} and this bid was never submitted."
        )
    if bid.submitted_at is None:
        return BidStatus("draft", "Draft", f"Finish and submit it by {until}.")
    if not is_open:
        return BidStatus("sealed", "Sealed", "Bidding has closed. The council’s openers will open all bids together.")
    if bid.draft_parts:
        return BidStatus(
            "redrafting", "Submitted", f"A new version is not submitted yet. You can submit it by {until}."
        )
    received = moment_to_second(bid.submitted_at)
    return BidStatus(
        "submitted", "Submitted", f"We received it at {received}. You can change or withdraw it until {until}."
    )


def _after_opening(bid: Bid) -> BidStatus:
    need = bid.need
    if need.no_award_at is not None:
        return BidStatus("no_award", "Ended without award", "The council awarded no contract for this need.")
    if need.awarded_at is not None:
        return BidStatus(
            "decided", "Decided", "The council has decided. Your assessment summary says how your bid was scored."
        )
    return BidStatus("opened", "Opened", "The council is assessing the bids.")


def is_overtaken(bid: Bid) -> bool:
    """Whether the need changed in a way that matters after the bid was received."""
    if bid.submitted_at is None:
        return False
    received = bid.submitted_at
    return any(each.is_material and each.made_at > received for each in bid.need.versions)
