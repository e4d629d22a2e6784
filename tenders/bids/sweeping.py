"""What a submission leaves behind it is swept away afterwards: its draft's key, rows and files."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from marketplace.core import db
from marketplace.core.journal import JournalLine
from tenders.bids import drafts, keys
from tenders.bids.models import Bid, BidVersion, DraftPart

SWEEP_EVENTS = frozenset({"BidSubmitted", "DraftTakenAsBid"})
_AT_ONCE = 500


def react(_lines: Sequence[JournalLine]) -> None:
    """Bids came in."""
    sweep_drafts()


def sweep_drafts() -> int:
    """Removes what was drafted for versions that are submitted, its key first; returns how many parts.

    Repeating it does no harm.

    Files go before their rows, so that what a crash leaves is found again. A file that the bidder's own copy still
    needs stays.
    """
    swept = 0
    keys.draft_keys().destroy_set_aside()
    while over := _over():
        drafts.forget_files(key for key, needed in _files(over) if not needed)
        with db.housekeeping() as current:
            current.execute(delete(DraftPart).where(DraftPart.id.in_([each.id for each in over])))
        swept += len(over)
    return swept


def _over() -> Sequence[DraftPart]:
    query = select(DraftPart).join(Bid, Bid.id == DraftPart.bid_id)
    return db.session.scalars(
        query.where(DraftPart.for_version <= Bid.current_version).order_by(DraftPart.id).limit(_AT_ONCE)
    ).all()


def _files(parts: Sequence[DraftPart]) -> list[tuple[str, bool]]:
    """Each file's place in the store, and whether a bidder's own copy needs it."""
    bids = {each.bid_id for each in parts if each.file_key}
    kept = db.session.scalars(select(BidVersion.own_copy_files).where(BidVersion.bid_id.in_(bids))).all()
    needed = {key for each in kept for key in each.split()}
    return [(each.file_key, each.file_key in needed) for each in parts if each.file_key]
