"""Complete drafts that nobody submitted: where the council said so at publication, the latest counts as a bid."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.errors import Conflict
from marketplace.core.journal import SYSTEM, Actor, record
from tenders.bids import ready, sealed, submission
from tenders.bids.events import DraftNotTaken
from tenders.bids.models import Bid
from tenders.needs.models import Need

COUNTED = "counted"
# Not in the role "system", whose lines everybody may know of: a line about a bid must not show that somebody bids.
TIMETABLE = Actor(SYSTEM.person, "", "timetable")


def take_in(need: Need) -> list[submission.Submitted]:
    """Inside the action that closes the register, the need locked: makes complete drafts versions that count.

    The time of receipt is that of the last save. What is returned is to be given to `submission.forget_draft` after
    the commit.
    """
    if need.left_drafts != COUNTED:
        return []
    chosen = select(Bid).where(Bid.need_id == need.id, Bid.withdrawn_at.is_(None)).order_by(Bid.id)
    return [_take(need, each) for each in db.session.scalars(chosen).all() if each.draft_parts and _is_whole(each)]


def _take(need: Need, bid: Bid) -> submission.Submitted:
    last = max(bid.draft_parts, key=lambda each: (each.saved_at, each.id))
    assert need.closes_at is not None  # its register is being closed
    # A file that came in time may have been made part of the draft a moment later.
    return submission.store_left_draft(bid, min(bid.saved_at, need.closes_at), last.saved_by_id, TIMETABLE)


def _is_whole(bid: Bid) -> bool:
    """Whether the draft, sealed already or not, answers the need as it is asked now.

    One whose key is gone, as after a restore without `keys/`, counts for nothing and goes on record: it must not keep
    everybody else's bids shut.
    """
    if ready.is_ready(bid):
        return True
    try:
        return ready.make_ready(bid)
    except (Conflict, sealed.SealingError, ValueError):
        record(DraftNotTaken(subject=bid.reference, need=bid.need.reference), TIMETABLE)
        return False
