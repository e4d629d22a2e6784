"""A complete draft lies ready: sealed to the need when it is saved, so that submitting is one small request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, update

from marketplace.core import db
from tenders.bids import drafts, rules, sealed
from tenders.bids.models import Bid, SealedPart

_FORGET = delete(SealedPart).where(
    SealedPart.__table__.c.bid_id == bindparam("of_bid"), SealedPart.__table__.c.number > bindparam("submitted")
)
_KEEP = insert(SealedPart)
_MARK = (
    update(Bid)
    .where(Bid.__table__.c.id == bindparam("of_bid"))
    .values(
        ready_mark=bindparam("mark"), ready_for=bindparam("answers_need"), ready_manifest=bindparam("manifest_text")
    )
)


def make_ready(bid: Bid) -> bool:
    """Seals the draft as it is saved now if nothing is lacking; else nothing lies ready. Inside an action."""
    db.session.flush()
    draft = drafts.read_draft(bid)
    if rules.submission_problems(bid.need, draft.answers, draft.price):
        forget_ready(bid)
        return False
    keep_ready(bid, draft)
    return True


def keep_ready(bid: Bid, draft: drafts.Draft) -> str:
    """Seals this whole draft of the bid in place of what lay ready, and returns its manifest (canonical JSON)."""
    parts = _seal(bid, draft)
    number = bid.current_version + 1
    entries = tuple(sealed.ManifestEntry(each["name"], each["size"], each["sha256"]) for each in parts)
    manifest = sealed.Manifest(bid.need.reference, bid.reference, number, entries).to_json().decode()
    _forget_parts(bid)
    own = {"bid_id": bid.id, "number": number}
    db.session.connection().execute(_KEEP, [{**each, **own} for each in parts])
    _write_mark(bid, draft.mark, bid.need.version, manifest)
    return manifest


def forget_ready(bid: Bid) -> None:
    """Nothing of this bid lies ready any more. Inside an action; its files belong to the draft and go with it."""
    if bid.ready_mark:
        _forget_parts(bid)
        _write_mark(bid, "", 0, "")


def is_ready(bid: Bid) -> bool:
    """Whether what lies ready answers the need as it is asked now."""
    return bool(bid.ready_mark) and bid.ready_for == bid.need.version


def _forget_parts(bid: Bid) -> None:
    db.session.connection().execute(_FORGET, {"of_bid": bid.id, "submitted": bid.current_version})


def _write_mark(bid: Bid, mark: str, answers_need: int, manifest: str) -> None:
    values = {"of_bid": bid.id, "mark": mark, "answers_need": answers_need, "manifest_text": manifest}
    db.session.connection().execute(_MARK, values)
    if isinstance(bid, Bid):
        db.session.expire(bid, ["ready_mark", "ready_for", "ready_manifest"])


def _seal(bid: Bid, draft: drafts.Draft) -> Sequence[dict[str, Any]]:
    """The rows of the sealed parts: what is sealed now, and the files, which were sealed when they came in."""
    return [
        _sealed_part(bid, "answers", draft.answers.to_bytes()),
        _sealed_part(bid, "price", draft.price.to_bytes()),
        *(
            {
                "name": each.slot,
                "ciphertext": None,
                "file_key": each.sealed_key,
                "size": each.sealed_size,
                "sha256": each.sealed_sha256,
            }
            for each in drafts.file_parts(bid)
        ),
    ]


def _sealed_part(bid: Bid, name: str, content: bytes) -> dict[str, Any]:
    assert bid.need.public_key is not None  # bidding_problems said so
    blob = sealed.seal_part(bid.need.public_key, content, drafts.binding_of(bid, name))
    return {"name": name, "ciphertext": blob, "file_key": "", "size": len(blob), "sha256": sealed.fingerprint(blob)}
