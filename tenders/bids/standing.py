"""A bid and its need as they stand under their lock: all that a submission decides by, and nothing else.

Under the names of Bid and Need, so that the same rules read them, but past the object mapper: everybody submits in the
last minutes, and mapping two wide tables twice took longer than sealing the bid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import bindparam, func, insert, select, update

from marketplace.accounts.models import Organisation
from marketplace.core import clock, db
from marketplace.core.db import UTCDateTime
from marketplace.core.errors import NotFound
from marketplace.core.journal import LINE_AND_HEAD, Placed
from tenders.bids.models import Bid, BidVersion, DraftPart
from tenders.needs.models import BidQuestion, Need, PriceLine

B, N, F, P, Q, L, V = (
    each.__table__.c for each in (Bid, Need, Organisation, DraftPart, BidQuestion, PriceLine, BidVersion)
)
_NEED = ("id", "reference", "title", "authority_id", "source", "published_at", "withdrawn_at", "opened_at",
         "closes_at", "public_key", "version", "bids_closed_at")  # fmt: skip
_BID = ("id", "reference", "need_id", "supplier_id", "journal_salt", "current_version", "submitted_at",
        "withdrawn_at", "ready_mark", "ready_for", "ready_manifest")  # fmt: skip
# PostgreSQL locks in the order of this list: the need first, so that an extension and a submission cannot cross.
_LOCKED = (
    select(*(B[each] for each in _BID), F.reference, *(N[each] for each in _NEED))
    .join_from(Bid.__table__, Need.__table__, N.id == B.need_id)
    .join(Organisation.__table__, F.id == B.supplier_id)
    .where(B.supplier_id == bindparam("supplier_id"))
    .with_for_update(of=[Need.__table__, Bid.__table__])
)
_BY_ID = _LOCKED.where(B.id == bindparam("bid"))
_BY_REFERENCE = _LOCKED.where(B.reference == bindparam("bid"))
_PARTS = (
    select(P.id, P.slot, P.ciphertext, P.file_key, P.sealed_key, P.sealed_size, P.sealed_sha256, P.version)
    .where(P.bid_id == bindparam("bid_id"), P.for_version == bindparam("being_written"))
    .order_by(P.slot)
)
_QUESTIONS = (
    select(Q.id, Q.text, Q.word_limit, Q.is_required)
    .where(Q.need_id == bindparam("need_id"))
    .order_by(Q.position, Q.id)
)
_PRICE_LINES = (
    select(L.id, L.label, L.unit, L.quantity).where(L.need_id == bindparam("need_id")).order_by(L.position, L.id)
)
_VERSION_BY_KEY = select(V.id, V.number, V.received_at, V.manifest_hash, V.own_copy.is_not(None)).where(
    V.bid_id == bindparam("bid_id"), V.idempotency_key == bindparam("key")
)
_COPY_FILES = select(V.own_copy_files).where(V.bid_id == bindparam("of_bid"))
_REPLACED = (
    update(BidVersion)
    .where(V.bid_id == bindparam("of_bid"))
    .values(
        replaced_at=func.coalesce(V.replaced_at, bindparam("now", type_=UTCDateTime)), own_copy=None, own_copy_files=""
    )
)
_NEW_VERSION = insert(BidVersion)
_SUBMITTED = (
    update(Bid)
    .where(B.id == bindparam("of_bid"))
    .values(
        current_version=bindparam("now_current"),
        submitted_at=bindparam("submitted"),
        saved_at=bindparam("saved"),
        ready_mark="",
        ready_for=0,
        ready_manifest="",
    )
)
_WRITTEN = ("bid_id", "number", "idempotency_key", "submitted_by_id", "received_at", "manifest", "manifest_hash",
            "receipt", "own_copy", "own_copy_files")  # fmt: skip
_MADE = insert(BidVersion).values({each: bindparam(each) for each in _WRITTEN}).returning(V.id).cte("made")
_ALL_AT_ONCE = _SUBMITTED.returning(select(_MADE.c.id).scalar_subquery()).add_cte(*LINE_AND_HEAD)


@dataclass(frozen=True, slots=True)
class StandingNeed:
    """What rules a submission to this need; questions and price lines once they were read."""

    id: int
    reference: str
    title: str
    authority_id: int | None
    source: str
    published_at: datetime | None
    withdrawn_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime | None
    public_key: bytes | None
    version: int
    bids_closed_at: datetime | None
    questions: Sequence[Any] = ()
    price_lines: Sequence[Any] = ()

    @property
    def is_ours(self) -> bool:
        return self.authority_id is not None and self.source == ""


@dataclass(frozen=True, slots=True)
class Bidder:
    """The firm, as a sealed part names it."""

    reference: str


@dataclass(frozen=True, slots=True)
class StandingBid:
    """The bid's row with its need; the draft's parts once they were read."""

    id: int
    reference: str
    need_id: int
    supplier_id: int
    journal_salt: str
    current_version: int
    submitted_at: datetime | None
    withdrawn_at: datetime | None
    ready_mark: str
    ready_for: int
    ready_manifest: str
    supplier: Bidder
    need: StandingNeed
    draft_parts: Sequence[Any] = ()


def lock_bid(bid: int | str, supplier_id: int) -> Bid:
    """The firm's own bid, by its id or reference, held with its need until the transaction ends; NotFound."""
    db.session.flush()
    run = db.session.connection().execute
    row = run(_BY_ID if isinstance(bid, int) else _BY_REFERENCE, {"bid": bid, "supplier_id": supplier_id}).first()
    if row is None:
        raise NotFound("Your firm has no such bid.")
    values: tuple[Any, ...] = tuple(row)
    own, supplier, of_need = values[: len(_BID)], values[len(_BID)], values[len(_BID) + 1 :]
    need = StandingNeed(**dict(zip(_NEED, of_need, strict=True)))
    return _as_bid(StandingBid(**dict(zip(_BID, own, strict=True)), supplier=Bidder(supplier), need=need))


def with_draft(bid: Bid) -> Bid:
    """The same bid with what its need asks and the parts of its draft, for when it must be read."""
    run = db.session.connection().execute
    standing = cast(StandingBid, bid)
    for_need = {"need_id": standing.need_id}
    need = replace(
        standing.need, questions=run(_QUESTIONS, for_need).all(), price_lines=run(_PRICE_LINES, for_need).all()
    )
    parts = run(_PARTS, {"bid_id": standing.id, "being_written": standing.current_version + 1}).all()
    return _as_bid(replace(standing, need=need, draft_parts=parts))


def _as_bid(standing: StandingBid) -> Bid:
    return cast(Bid, standing)  # it has every name of a Bid that a submission reads


def find_version_by_key(bid: Bid, idempotency_key: str) -> Any:
    """The version that this very submission made, when it was sent before."""
    if bid.current_version == 0:
        return None
    return db.session.connection().execute(_VERSION_BY_KEY, {"bid_id": bid.id, "key": idempotency_key}).first()


def replace_versions(bid: Bid) -> list[str]:
    """Marks all earlier versions as replaced and drops their copies; returns the places of the copies' files."""
    run = db.session.connection().execute
    files = run(_COPY_FILES, {"of_bid": bid.id}).scalars().all()
    run(_REPLACED, {"of_bid": bid.id, "now": clock.now()})
    return [key for each in files for key in each.split()]


def store_version(bid: Bid, version: Mapping[str, Any], line: Placed) -> int:
    """Writes the version, whose sealed parts lie ready, the bid's own row and the journal's; returns the version's id.

    The draft no longer counts from here on, for it was written for this version. The worker sweeps it away.
    """
    connection, row = db.session.connection(), {**version, "bid_id": bid.id}
    moved = {
        "of_bid": bid.id,
        "now_current": version["number"],
        "submitted": version["received_at"],
        "saved": clock.now(),
    }
    version_id: int
    if line.fits_one_statement:
        version_id = connection.execute(_ALL_AT_ONCE, row | moved | line.values()).scalar_one()
        line.is_written()
    else:
        line.write()
        made = connection.execute(_NEW_VERSION, row).inserted_primary_key
        assert made is not None  # one row was inserted
        version_id = made[0]
        connection.execute(_SUBMITTED, moved)
    _read_again()
    return version_id


def _read_again() -> None:
    """What the session holds of bids as objects is read anew when it is next looked at."""
    for each in list(db.session.identity_map.values()):
        if isinstance(each, Bid | BidVersion):
            db.session.expire(each)
