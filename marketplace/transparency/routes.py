"""Pages and files for whoever checks the record: nothing here asks who is looking, and nothing here is private."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, redirect, url_for
from werkzeug.exceptions import NotFound as NoSuchPage

from marketplace.accounts.access import public
from marketplace.core.journal import canonical_json
from marketplace.core.pages import page
from marketplace.transparency import checkpoints, lines, tiles
from tenders.bids import keys, sealed

blueprint = Blueprint("transparency", __name__)
OFFLINE = Path(__file__).parent / "offline"
FOR_EVER = "public, max-age=31536000, immutable"
A_LITTLE = "public, max-age=5"


@blueprint.route("/journal/check")
@public
def check_journal() -> Response:
    """What the public files are, and the two programs that check them."""
    key = keys.signing_keys().public_key()
    return page(
        "marketplace/transparency/check.html",
        title="Check the journal",
        log_key=checkpoints.log_key(),
        receipt_key=key.hex(),
        receipt_key_id=sealed.key_id(key),
        recent=checkpoints.recent_checkpoints(),
    )


@blueprint.route("/journal")
@public
def journal() -> Any:
    """The address that a person would guess."""
    return redirect(url_for("transparency.check_journal"))


@blueprint.route("/journal/checkpoint")
@public
def newest_checkpoint() -> Response:
    """The newest signed checkpoint; 404 until the first is made."""
    return _note(checkpoints.find_newest(), A_LITTLE)


@blueprint.route("/journal/checkpoints/<int:number>")
@public
def earlier_checkpoint(number: int) -> Response:
    """Any checkpoint ever made, by its number from 1."""
    return _note(checkpoints.find_checkpoint(number), FOR_EVER)


def _note(found: checkpoints.Checkpoint | None, kept: str) -> Response:
    if found is None:
        raise NoSuchPage("There is no such checkpoint.")
    return _sent(found.note, "text/plain; charset=utf-8", kept)


@blueprint.route("/journal/key")
@public
def key() -> Response:
    """The key that signs checkpoints, as verifiers of signed notes read it."""
    return _sent(checkpoints.log_key().text + "\n", "text/plain; charset=utf-8", A_LITTLE)


@blueprint.route("/journal/receipt-key.pem")
@public
def receipt_key() -> Response:
    """The key of receipts once more, so that all files of a check lie in one place."""
    return _sent(sealed.public_key_pem(keys.signing_keys().public_key()), "application/x-pem-file", A_LITTLE)


@blueprint.route("/journal/tile/<int:level>/<path:place>")
@public
def tile(level: int, place: str) -> Response:
    """Up to 256 hashes of one level of the tree."""
    asked = tiles.parse_tile(level, place)
    content = tiles.read_tile(asked) if asked else None
    if content is None:
        raise NoSuchPage("There is no such tile.")
    return _sent(content, "application/octet-stream", FOR_EVER)


@blueprint.route("/journal/needs/<reference>.json")
@public
def need_lines(reference: str) -> Response:
    """The need's lines that everybody may know."""
    return _sent(canonical_json(lines.public_lines(reference)), "application/json", A_LITTLE)


@blueprint.route("/journal/check-journal.mjs")
@public
def journal_program() -> Response:
    """The program that checks the journal from these files."""
    return _program("check_journal.mjs", "check-journal.mjs", "text/javascript; charset=utf-8")


@blueprint.route("/journal/check-export.py")
@public
def export_program() -> Response:
    """The program that checks an auditor's export."""
    return _program("check_export.py", "check-export.py", "text/x-python; charset=utf-8")


@blueprint.route("/receipts/check-receipt.py")
@public
def receipt_program() -> Response:
    """The program that checks a receipt."""
    return _program("check_receipt.py", "check-receipt.py", "text/x-python; charset=utf-8")


def _program(stored: str, name: str, kind: str) -> Response:
    response = _sent((OFFLINE / stored).read_bytes(), kind, A_LITTLE)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _sent(content: str | bytes, kind: str, kept: str) -> Response:
    response: Any = make_response(content)
    response.headers["Content-Type"] = kind
    response.headers["Cache-Control"] = kept
    return response


