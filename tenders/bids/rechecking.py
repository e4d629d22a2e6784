"""Files of drafts that came in while no scanner answered are checked as soon as one does; what it finds is told at once.

A draft can be read until it is submitted. What is sealed then cannot be checked any more, here or by anybody, until
the bids are opened. A file that is found is marked and not taken away: a scanner that is wrong must not cost a firm its
bid an hour before the deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, cast

from sqlalchemy import select

from marketplace import config
from marketplace.core import clock, db, scanning
from marketplace.core.db import action
from marketplace.core.errors import Refusal
from marketplace.core.journal import record
from tenders.bids import drafts, queries, ready, sealed
from tenders.bids.events import DraftFilesChecked
from tenders.bids.left_drafts import TIMETABLE
from tenders.bids.models import Bid, DraftPart
from tenders.needs.models import Need

FILES_A_PASS = 5
MOST_KNOWN = 100_000
# Rows of files that need no check, so that they are not decrypted each minute. A row's file never changes.
_known: set[int] = set()


def check_files_again() -> int:
    """For the timetable: checks some files and returns how many; 0 when none is left, or no scanner answers."""
    if not config.current().scanner:
        return 0
    checked = 0
    for bid_id in _bids_with_files():
        found = _scan_files_of(bid_id)
        if found and _keep(bid_id, found):
            checked += len(found)
        if checked >= FILES_A_PASS:
            break
    db.session.rollback()
    return checked


def _bids_with_files() -> list[int]:
    """Bids that are still being written, with a file not known to be checked; those that close first come first."""
    if len(_known) > MOST_KNOWN:
        _known.clear()
    rows = db.session.execute(
        select(Bid.id, DraftPart.id)
        .join(DraftPart, DraftPart.bid_id == Bid.id)
        .join(Need, Need.id == Bid.need_id)
        .where(DraftPart.for_version == Bid.current_version + 1, DraftPart.slot.startswith("file:"))
        .where(Bid.withdrawn_at.is_(None), Need.withdrawn_at.is_(None), Need.closes_at > clock.now())
        .order_by(Need.closes_at, Bid.id)
    ).all()
    return list(dict.fromkeys(bid for bid, part in rows if part not in _known))


def _scan_files_of(bid_id: int) -> Mapping[str, str]:
    """Slot -> what the scanner says: "clean" or "found …". Empty when the draft cannot be read, or nobody answers."""
    bid, said = queries.get_bid(bid_id), {}
    for part in drafts.file_parts(bid):
        slot = part.slot.removeprefix("file:")
        try:
            file, content = drafts.open_file(bid, slot)
        except (Refusal, sealed.SealingError, OSError):  # thrown away or submitted meanwhile
            continue
        with content:
            if file.checked:
                _known.add(part.id)
                continue
            verdict = scanning.scan(cast(BinaryIO, content))
        if not verdict.is_checked:
            break
        said[slot] = f"found {verdict.found}" if verdict.found else "clean"
    db.session.rollback()
    return said


@action
def _keep(bid_id: int, said: Mapping[str, str]) -> bool:
    """Writes it into the draft. What its bidder read and may be about to submit stays what it was, under its mark."""
    bid = queries.get_bid(bid_id, lock=True)
    here = {each.slot.removeprefix("file:") for each in drafts.file_parts(bid)} & said.keys()
    is_open = bid.need.closes_at is not None and clock.now() < bid.need.closes_at
    if not here or not is_open or bid.withdrawn_at is not None:
        return False
    for slot in here:
        drafts.mark_checked(bid, slot, said[slot])
    if ready.is_ready(bid):
        ready.keep_ready(bid, drafts.read_draft(bid))
    found = sum(said[each] != "clean" for each in here)
    told = DraftFilesChecked(subject=bid.reference, need=bid.need.reference, files=len(here), found=found)
    record(told, TIMETABLE)
    return True
