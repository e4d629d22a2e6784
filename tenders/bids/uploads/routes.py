"""Sending a file in pieces, for the page's script. docs/uploads.md says how; every answer is JSON.

The shape is that of the tus protocol (create, ask for the offset, send from there), by GET and POST alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from flask import flash, jsonify, redirect, request, session
from werkzeug.wrappers import Response

from marketplace.accounts.access import may
from marketplace.core.errors import NotNow, Problem, Problems, Refusal
from marketplace.core.forms import Form
from tenders.bids.blueprint import blueprint
from tenders.bids.desk import Desk, get_desk
from tenders.bids.receipt_time import received_at
from tenders.bids.uploads import actions, queries, rules
from tenders.bids.uploads.actions import Elsewhere
from tenders.bids.uploads.models import FileUpload
from tenders.bids.uploads.pieces import About

PIECE_TYPE = "application/offset+octet-stream"
ADDED = "File added. Only your firm can read it."
LONGEST_NAME = 1000
LONGEST_SIZE = 10**15


def spoken(view: Callable[..., Response]) -> Callable[..., Response]:
    """Refusals as JSON: `message` in words for the page, `received` where the script has to go on from."""

    @functools.wraps(view)
    def speaking(*args: Any, **kwargs: Any) -> Response:
        try:
            return view(*args, **kwargs)
        except Refusal as refusal:
            answer = jsonify(message=refusal.message, **_hint(refusal))
            answer.status_code = refusal.status
            if isinstance(refusal, NotNow):
                answer.headers["Retry-After"] = "30"
            return answer

    return speaking


def _hint(refusal: Refusal) -> dict[str, int]:
    return {"received": refusal.received} if isinstance(refusal, Elsewhere) else {}


@blueprint.route("/supplier/bids/<reference>/uploads", methods=["POST"])
@may("write_bid")
@spoken
def begin_upload(reference: str) -> Response:
    """Begins to send a file, or goes on with the very same one."""
    desk = get_desk(reference)
    size, about = _told()
    return _state(desk, actions.begin_upload(desk.bid, desk.member, size, about), 201)


def _told() -> tuple[int, About]:
    told = request.get_json(silent=True)
    told = told if isinstance(told, dict) else {}
    name, size, sha256 = told.get("name"), told.get("size"), told.get("sha256", "")
    is_known = isinstance(name, str) and len(name) <= LONGEST_NAME and type(size) is int and 0 <= size <= LONGEST_SIZE
    is_hash = isinstance(sha256, str) and len(sha256) in (0, 64) and all(each in "0123456789abcdef" for each in sha256)
    if not is_known or not is_hash:
        raise Problems([Problem("We could not read what file this is. Reload the page and choose it again.")])
    return cast(int, size), About(cast(str, name), sha256)


@blueprint.route("/supplier/bids/<reference>/uploads/<upload>")
@may("write_bid")
@spoken
def upload_state(reference: str, upload: str) -> Response:
    """How much of a file is here."""
    desk = get_desk(reference)
    return _state(desk, queries.get_upload(desk.bid, upload))


@blueprint.route("/supplier/bids/<reference>/uploads/<upload>/pieces", methods=["POST"])
@may("write_bid")
@spoken
def keep_piece(reference: str, upload: str) -> Response:
    """The next bytes of a file. With its last one it becomes a file of the draft."""
    desk = get_desk(reference)
    start = request.headers.get("Upload-Offset", "")
    if request.mimetype != PIECE_TYPE or not (start.isascii() and start.isdigit() and len(start) < 16):
        raise Problems([Problem("We could not read this piece of a file. Reload the page and choose the file again.")])
    source = cast(BinaryIO, request.stream)
    kept = actions.keep_piece(desk.bid, upload, desk.member, int(start), source, received_at)
    if kept.completed_at is not None:
        return _finished(desk, upload)
    return _state(desk, kept)


@blueprint.route("/supplier/bids/<reference>/uploads/<upload>/finish", methods=["POST"])
@may("write_bid")
@spoken
def finish_upload(reference: str, upload: str) -> Response:
    """Makes a whole file part of the draft, if the answer to its last piece was lost."""
    return _finished(get_desk(reference), upload)


def _finished(desk: Desk, upload: str) -> Response:
    was_new = not queries.get_upload(desk.bid, upload).slot
    done = actions.finish_upload(desk.bid, upload, desk.member)
    if was_new and ("success", ADDED) not in session.get("_flashes", []):  # once for several files
        flash(ADDED, "success")
    return _state(desk, done)


@blueprint.route("/supplier/bids/<reference>/uploads/<upload>/remove", methods=["POST"])
@may("write_bid")
def remove_upload(reference: str, upload: str) -> Response:
    """Gives up a file that is not whole: by the script, or by a button of the page."""
    desk = get_desk(reference)
    if Form().validate_on_submit():
        actions.give_up_upload(queries.get_upload(desk.bid, upload), desk.member)
        flash("The unfinished file is removed", "success")
    return redirect(desk.address("edit_files"))


def _state(desk: Desk, upload: FileUpload, status: int = 200) -> Response:
    answer = jsonify(
        upload=desk.address("upload_state", upload=upload.reference),
        size=upload.size,
        received=upload.received,
        is_done=bool(upload.slot),
        first_piece=rules.FIRST_PIECE_BYTES,
        largest_piece=rules.LARGEST_PIECE_BYTES,
    )
    answer.status_code = status
    answer.headers["Upload-Offset"] = str(upload.received)
    answer.headers["Upload-Length"] = str(upload.size)
    return answer
