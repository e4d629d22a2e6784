"""Sending a file in pieces: begun, kept piece by piece, made a file of the draft, or given up."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, cast

from sqlalchemy.exc import IntegrityError

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, Problem, Problems, insist
from marketplace.core.files import NoRoom, StoredFile, content_problems, safe_name
from marketplace.core.journal import record
from marketplace.core.moments import moment_to_second
from tenders.bids import actions as bid_actions
from tenders.bids import drafts, sealed
from tenders.bids import queries as bid_queries
from tenders.bids import rules as bid_rules
from tenders.bids.events import BidRefusedLate, FileUploadBegun, FileUploadGivenUp
from tenders.bids.models import Bid, LateAttempt
from tenders.bids.uploads import pieces, queries, rules
from tenders.bids.uploads.models import FileUpload, UploadPiece
from tenders.bids.uploads.pieces import About

THROWN_AWAY = "The draft was thrown away or submitted while this file was on its way. Choose the file again."
# A file is kept as pieces, under the draft key and sealed before its pieces go: so much of the disk must be free.
COPIES = 3


class Elsewhere(Conflict):
    """The piece does not begin where the last one ended: `received` bytes are here."""

    def __init__(self, received: int) -> None:
        super().__init__(f"This upload goes on from byte {received}.")
        self.received = received


class TooLate(Conflict):
    """A piece reached us after the closing instant; both times are in the message, and on record."""


def begin_upload(bid: Bid, member: Membership, size: int, about: About) -> FileUpload:
    """A new upload of `size` bytes, or the one that this person began before of the very same file.

    Raises Problems for what cannot be used, NoRoom when the disk could not take it.
    """
    insist(bid_rules.bidding_problems(bid.need, clock.now()))
    same = queries.find_same(bid, member.person_id, size, about)
    if same is not None:
        return same
    limit = config.current().max_upload_megabytes * 1_000_000
    insist(rules.begin_problems(about.name, size, limit, queries.room_of(bid)))
    _insist_free(size)
    return _begin(bid.id, member, size, about)


@action
def _begin(bid_id: int, member: Membership, size: int, about: About) -> FileUpload:
    bid = bid_queries.get_bid(bid_id, lock=True)
    insist(bid_rules.bidding_problems(bid.need, clock.now()))
    if bid.withdrawn_at is not None:
        raise Problems([Problem("This bid was withdrawn. Start a new one from the need's page.")])
    # Counted again under the lock: colleagues may begin at the same moment.
    insist(rules.begin_problems(about.name, size, size, queries.room_of(bid)))
    reference, now = secrets.token_hex(16), clock.now()
    upload = FileUpload(
        reference=reference,
        bid=bid,
        for_version=bid.current_version + 1,
        about=pieces.lock_about(bid, reference, About(safe_name(about.name), about.sha256)),
        size=size,
        started_by_id=member.person_id,
        started_at=now,
        last_at=now,
    )
    db.session.add(upload)
    db.session.flush()
    record(FileUploadBegun(subject=bid.reference, need=bid.need.reference), bid_actions.hidden_actor(bid, member))
    return upload


def _insist_free(size: int) -> None:
    folder = config.current().files_folder
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < COPIES * size:
        raise NoRoom


def keep_piece(
    bid: Bid, reference: str, member: Membership, start: int, source: BinaryIO, received_at: Callable[[], datetime]
) -> FileUpload:
    """Keeps the bytes from `start` on, encrypted as they arrive; with the last one the file is whole.

    A piece of a whole file changes nothing. Raises Elsewhere when `start` is not where the last piece ended, TooLate,
    Problems for a file that cannot be used, NoRoom. `received_at` is asked when all of the piece has been read.
    """
    upload = queries.get_upload(bid, reference)
    if upload.completed_at is not None:
        return upload
    if upload.for_version != bid.current_version + 1 or bid.withdrawn_at is not None:
        raise Conflict(THROWN_AWAY)
    if start != upload.received:
        raise Elsewhere(upload.received)
    _insist_in_time(upload, member, clock.now())
    place, arriving = pieces.place_of(upload, start), pieces.Arriving(source)
    db.session.rollback()  # nothing of the database is held while a slow client sends
    stored = pieces.keep(place, arriving)
    try:
        _insist_usable(upload, member, start, arriving)
        at = received_at()
        _insist_in_time(upload, member, at)
        return _note(upload, start, arriving.size, stored, at)
    except BaseException:
        drafts.forget_files([stored.key])
        raise


def _insist_usable(upload: FileUpload, member: Membership, start: int, arriving: pieces.Arriving) -> None:
    if arriving.size == 0:
        raise Elsewhere(start)
    if arriving.size > rules.LARGEST_PIECE_BYTES:
        raise Problems([Problem(f"A piece can have at most {rules.LARGEST_PIECE_BYTES:,} bytes.")])
    if start + arriving.size > upload.size:
        raise Problems([Problem("More bytes came than this file has, so this piece was not kept.")])
    if start == 0:
        found = content_problems(_about(upload).name, arriving.start)
        if found and arriving.size >= min(pieces.START_BYTES, upload.size):
            give_up_upload(upload, member)
            raise Problems(found)


def _insist_in_time(upload: FileUpload, member: Membership, at: datetime) -> None:
    need = upload.bid.need
    found = bid_rules.bidding_problems(need, at)
    if found and need.closes_at is not None and need.withdrawn_at is None and at > need.closes_at:
        if upload.refused_at is None:
            _refuse_late(upload.id, member, at)
        raise TooLate(
            f"Bidding closed at {moment_to_second(need.closes_at)}, and this piece reached us at {moment_to_second(at)}, "
            "so this file is not part of your bid. Files that were whole before that stay in it."
        )
    insist(found)


@action
def _refuse_late(upload_id: int, member: Membership, at: datetime) -> None:
    upload = db.session.get_one(FileUpload, upload_id, populate_existing=True)
    bid, closed_at = upload.bid, upload.bid.need.closes_at
    if upload.refused_at is not None or closed_at is None:
        return
    upload.refused_at = at
    db.session.add(
        LateAttempt(
            need_id=bid.need_id, supplier_id=bid.supplier_id, kind="file", received_at=at, closed_at=closed_at
        )
    )
    event = BidRefusedLate(
        subject=bid.reference, need=bid.need.reference, kind="file", received_at=at, closed_at=closed_at
    )
    record(event, bid_actions.hidden_actor(bid, member))


def _note(upload: FileUpload, start: int, size: int, stored: StoredFile, at: datetime) -> FileUpload:
    """Enters a piece that is in the store. The table takes one for each place."""
    try:
        with db.housekeeping() as current:
            kept = current.get_one(FileUpload, upload.id, populate_existing=True)
            current.add(UploadPiece(upload_id=kept.id, start=start, size=size, file_key=stored.key))
            kept.last_at = at
            if start + size == kept.size:
                kept.completed_at = at
            current.flush()
    except IntegrityError:  # the same piece was sent twice, and the other one was first
        raise Elsewhere(upload.received) from None
    return upload


def finish_upload(bid: Bid, reference: str, member: Membership) -> FileUpload:
    """Makes a whole file part of the draft, once: repeating it changes nothing.

    Raises Problems for a file that cannot be used or arrived damaged (it is given up), Conflict when it is not whole
    or the draft it was sent for is no more.
    """
    upload = queries.get_upload(bid, reference)
    if upload.slot:
        return upload
    if upload.completed_at is None:
        raise Conflict("Not all of this file is here yet.")
    stored = _store(upload, member)
    try:
        freed = _finish(upload.id, member, stored)
    except BaseException:
        drafts.forget_files(stored.keys)
        raise
    drafts.forget_files(freed)
    return upload


def _store(upload: FileUpload, member: Membership) -> drafts.StoredUpload:
    about = _about(upload)
    try:
        stored = drafts.store_upload(upload.bid, about.name, cast(BinaryIO, pieces.Whole(upload)))
        if about.sha256 and about.sha256 != stored.file.sha256:
            drafts.forget_files(stored.keys)
            raise Problems([Problem(f"{about.name} was damaged on its way: choose it again.")])
    except Problems:
        give_up_upload(upload, member)
        raise
    except (sealed.SealingError, FileNotFoundError):
        raise Conflict(THROWN_AWAY) from None
    return stored


@action
def _finish(upload_id: int, member: Membership, stored: drafts.StoredUpload) -> list[str]:
    """Returns the places in the store that are free after the commit: the pieces', or those of a second finishing."""
    held = db.session.get_one(FileUpload, upload_id)
    bid_queries.get_bid(held.bid_id, lock=True)
    upload = db.session.get_one(FileUpload, upload_id, populate_existing=True)
    if upload.slot:
        return list(stored.keys)
    bid_actions.add_stored(upload.bid_id, member, [stored], upload.for_version - 1, upload.completed_at)
    upload.slot = stored.file.slot
    freed = [each.file_key for each in upload.pieces]
    upload.pieces.clear()
    return freed


def give_up_upload(upload: FileUpload, member: Membership) -> None:
    """Takes an upload away with all of its pieces; a file that it became stays in the draft."""
    drafts.forget_files(_give_up(upload.id, member))


@action
def _give_up(upload_id: int, member: Membership) -> list[str]:
    upload = db.session.get(FileUpload, upload_id, populate_existing=True)
    if upload is None:
        return []
    freed = [each.file_key for each in upload.pieces]
    bid = upload.bid
    if not upload.slot:
        event = FileUploadGivenUp(subject=bid.reference, need=bid.need.reference)
        record(event, bid_actions.hidden_actor(bid, member))
        db.session.delete(upload)
    return freed


def _about(upload: FileUpload) -> About:
    try:
        return pieces.about_of(upload)
    except sealed.SealingError:
        raise Conflict(THROWN_AWAY) from None
