"""Files of drafts that came in while no scanner answered are checked as soon as one does; what it finds is told at once.

A draft can be read until it is submitted. What is sealed then cannot be checked any more, here or by anybody, until
the bids are opened. A file that is found is marked and not taken away: a scanner that is wrong must not cost a firm its
bid an hour before the deadline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO, cast

from sqlalchemy import select

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
# How often the scanner had no word for a row's file. Those come last: a file that a scanner is too slow for, perhaps
# made so, must not keep it from all others.
_failed: Counter[int] = Counter()


@dataclass(frozen=True)
class _File:
    """A file of a draft: its row, its bid, its slot."""

    part_id: int
    bid_id: int
    slot: str


def check_files_again() -> int:
    """For the timetable: checks some files and returns how many; 0 when none is left, or no scanner answers.

    The first file without an answer ends it, for what falls due by the clock waits meanwhile.
    """
    checked = 0
    for bid_id, files in groupby([] if scanning.is_resting() else _files_to_check(), lambda each: each.bid_id):
        said: dict[str, str] = {}
        has_answered = all(_scan(each, said) for each in files)
        db.session.rollback()
        if said and _keep(bid_id, said):
            checked += len(said)
        if not has_answered or checked >= FILES_A_PASS:
            break
    db.session.rollback()
    return checked


def _files_to_check() -> list[_File]:
    """Files of bids that are still being written, not known to be checked; of those that close first, first."""
    if len(_known) + len(_failed) > MOST_KNOWN:
        _known.clear()
        _failed.clear()
    rows = db.session.execute(
        select(DraftPart.id, Bid.id, DraftPart.slot)
        .join(DraftPart, DraftPart.bid_id == Bid.id)
        .join(Need, Need.id == Bid.need_id)
        .where(DraftPart.for_version == Bid.current_version + 1, DraftPart.slot.startswith("file:"))
        .where(Bid.withdrawn_at.is_(None), Need.withdrawn_at.is_(None), Need.closes_at > clock.now())
        .order_by(Need.closes_at, Bid.id, DraftPart.id)
    ).all()
    found = [_File(part, bid, slot.removeprefix("file:")) for part, bid, slot in rows if part not in _known]
    return sorted(found, key=lambda each: _failed[each.part_id])


def _scan(asked: _File, said: dict[str, str]) -> bool:
    """Adds what the scanner says under the file's slot: "clean" or "found …". False when it has no answer."""
    bid = queries.get_bid(asked.bid_id)
    try:
        if drafts.file_of(bid, asked.slot).checked:
            _known.add(asked.part_id)
            return True
        _file, content = drafts.open_file(bid, asked.slot)
    except (Refusal, sealed.SealingError, OSError):  # thrown away or submitted meanwhile
        return True
    with content:
        verdict = scanning.scan(cast(BinaryIO, content), puts_to_rest=False)
    if verdict.is_checked:
        said[asked.slot] = f"found {verdict.found}" if verdict.found else "clean"
    else:
        _failed[asked.part_id] += 1
    return verdict.is_checked


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
