"""What the timetable does about uploads: finishes what came whole, and clears away what was left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.errors import Refusal
from tenders.bids import drafts
from tenders.bids.uploads import actions, pieces, queries
from tenders.bids.uploads.models import FileUpload

# The request that brought the last byte finishes the file itself; this long it is left to it.
LEFT_ALONE = timedelta(minutes=2)
# A piece that no row names yet may be on its way into one.
UNNAMED_FOR = timedelta(hours=6)
_logger = logging.getLogger(__name__)


def finish_what_came_whole() -> int:
    """Makes files of uploads whose sender, or whose process, was gone before that could be done; returns how many."""
    return _finish(queries.left_unfinished(clock.now() - LEFT_ALONE))


def finish_uploads_for(need_id: int) -> int:
    """The same at once for one need, whose register is about to be closed; returns how many."""
    return _finish([each for each in queries.left_unfinished(clock.now()) if each.bid.need_id == need_id])


def _finish(uploads: Sequence[FileUpload]) -> int:
    done = 0
    for upload in uploads:
        member = queries.member_who_began(upload)
        if member is None or upload.for_version != upload.bid.current_version + 1 or upload.bid.withdrawn_at:
            continue
        try:
            actions.finish_upload(upload.bid, upload.reference, member)
            done += 1
        except Refusal as refusal:
            db.session.rollback()
            _logger.info("an upload that came whole was not made a file: %s", refusal.status)
    return done


def sweep_uploads() -> int:
    """Removes uploads of which nothing came for as long as the setting says, and files of pieces without a row."""
    until = clock.now() - timedelta(hours=config.current().upload_keep_hours)
    swept = 0
    for upload in queries.quiet_since(until):
        drafts.forget_files(each.file_key for each in upload.pieces)
        with db.housekeeping() as current:
            current.delete(upload)
        swept += 1
    return swept + _sweep_files()


def _sweep_files() -> int:
    """Files that a killed process left: pieces that no row names, and what was never written to its end."""
    folder, before = drafts.store().folder, (clock.now() - UNNAMED_FOR).timestamp()
    known, swept = queries.known_piece_keys(), 0
    for path in sorted(folder.glob("*/*/*")):
        is_piece = path.suffix == "" and path.parts[-3] == pieces.AREA
        left = path.suffix == ".part" or (is_piece and "/".join(path.parts[-3:]) not in known)
        if left and path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            swept += 1
    return swept
