"""A day before bidding closes, firms whose draft nobody has submitted are reminded: once for each closing time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, or_, select

from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.journal import record
from tenders.bids import queries
from tenders.bids.events import DraftWaits
from tenders.bids.left_drafts import TIMETABLE
from tenders.bids.models import Bid, DraftPart
from tenders.needs.models import Need

BEFORE = timedelta(hours=24)
AT_WORK = timedelta(hours=1)


def remind_of_drafts() -> int:
    """For the timetable: returns how many firms fell due. Repeating it reminds nobody twice."""
    now = clock.now()
    written = exists().where(DraftPart.bid_id == Bid.id, DraftPart.for_version == Bid.current_version + 1)
    due = db.session.scalars(
        select(Bid.id)
        .join(Need, Need.id == Bid.need_id)
        .where(
            Bid.withdrawn_at.is_(None),
            Need.withdrawn_at.is_(None),
            Need.closes_at > now,
            Need.closes_at <= now + BEFORE,
            # Whoever is at work on it now needs no mail.
            Bid.saved_at <= now - AT_WORK,
            or_(Bid.reminded_for.is_(None), Bid.reminded_for != Need.closes_at),
            written,
        )
        .order_by(Bid.id)
    ).all()
    return sum(_remind(bid_id) for bid_id in due)


@action
def _remind(bid_id: int) -> bool:
    bid = queries.get_bid(bid_id, lock=True)
    closes_at = bid.need.closes_at
    if closes_at is None or bid.reminded_for == closes_at or not bid.draft_parts:
        return False
    bid.reminded_for = closes_at
    record(DraftWaits(subject=bid.reference, need=bid.need.reference, closes_at=closes_at), TIMETABLE)
    return True
