"""Finding files on their way, and what a bid and its firm keep already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.errors import NotFound
from tenders.bids import drafts, sealed
from tenders.bids.models import Bid, DraftPart
from tenders.bids.uploads.models import FileUpload, UploadPiece
from tenders.bids.uploads.pieces import About, about_of
from tenders.bids.uploads.rules import Room

GONE = "This upload is no longer here: the file was removed, or waited too long to be finished. Choose it again."


def get_upload(bid: Bid, reference: str) -> FileUpload:
    """One of the bid's uploads; NotFound."""
    found = db.session.scalar(
        select(FileUpload).where(FileUpload.bid_id == bid.id, FileUpload.reference == reference)
    )
    if found is None:
        raise NotFound(GONE)
    return found


def unfinished_of(bid: Bid) -> list[tuple[FileUpload, About]]:
    """The files on their way into the version being written, in the order in which they were begun."""
    query = select(FileUpload).where(
        FileUpload.bid_id == bid.id, FileUpload.for_version == bid.current_version + 1, FileUpload.slot == ""
    )
    found = []
    for each in db.session.scalars(query.order_by(FileUpload.id)):
        try:
            found.append((each, about_of(each)))
        except sealed.SealingError:  # the draft was thrown away, and its key with it; the worker clears up
            continue
    return found


def find_same(bid: Bid, person_id: int, size: int, about: About) -> FileUpload | None:
    """What this person began to send before of the very same file: its content must be known to be the same."""
    if not about.sha256:
        return None
    known = (each for each in unfinished_of(bid) if each[1] == about)
    return next((up for up, _ in known if up.size == size and up.started_by_id == person_id), None)


def room_of(bid: Bid) -> Room:
    """What is kept for the bid and its firm already."""
    of_firm = select(Bid.id).where(Bid.supplier_id == bid.supplier_id)
    kept = select(func.coalesce(func.sum(DraftPart.sealed_size), 0)).where(DraftPart.bid_id.in_(of_firm))
    coming = select(func.coalesce(func.sum(FileUpload.size), 0)).where(
        FileUpload.bid_id.in_(of_firm), FileUpload.slot == ""
    )
    return Room(
        files=len(drafts.file_parts(bid)),
        unfinished=len(unfinished_of(bid)),
        firm_bytes=int(db.session.scalar(kept) or 0) + int(db.session.scalar(coming) or 0),
        most_firm_bytes=config.current().max_firm_megabytes * 1_000_000,
    )


def quiet_since(instant: datetime) -> Sequence[FileUpload]:
    """Uploads of which nothing came since then, finished or not."""
    return db.session.scalars(select(FileUpload).where(FileUpload.last_at < instant).order_by(FileUpload.id)).all()


def left_unfinished(instant: datetime) -> Sequence[FileUpload]:
    """Uploads whose last byte was here before that instant, and that became no file of their draft."""
    query = select(FileUpload).where(FileUpload.completed_at < instant, FileUpload.slot == "")
    return db.session.scalars(query.order_by(FileUpload.id)).all()


def known_piece_keys() -> set[str]:
    """The places in the store of every piece that a row names."""
    return set(db.session.scalars(select(UploadPiece.file_key)))


def member_who_began(upload: FileUpload) -> Membership | None:
    """Whoever began the upload, even if no longer a member: the file is the firm's."""
    query = select(Membership).where(
        Membership.person_id == upload.started_by_id, Membership.organisation_id == upload.bid.supplier_id
    )
    return db.session.scalars(query.order_by(Membership.id)).unique().first()
