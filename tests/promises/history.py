"""What clients saw, what the service holds, and whether the two agree: the checker of the promises on bids.

It trusts nobody: a bid is there when the tables, the journal and the signed receipt say so, each on its own.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace.core import db
from marketplace.core.journal import JournalLine
from tenders.bids import keys, sealed
from tenders.bids.models import Bid, BidOpening, BidVersion, OpenedPart
from tenders.needs.models import Need

# Client and service ask the same machine's clock; the answer may show its time to the second only.
TOLERANCE = timedelta(milliseconds=5)


@dataclass(frozen=True)
class Operation:
    """One request of one client. `outcome`: ok, fail (refused in words), unknown (no answer, or a server's fault)."""

    kind: str
    bid: str
    sent_at: datetime
    answered_at: datetime
    outcome: str
    key: str = ""
    status: int = 0
    # Of the receipt that was read with this answer; 0 when none was read (a colleague's may be the newest by then).
    version: int = 0
    manifest_hash: str = ""


@dataclass
class History:
    """All requests of all clients, in the order of their answers."""

    operations: list[Operation] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, operation: Operation) -> None:
        with self._lock:
            self.operations.append(operation)


@dataclass(frozen=True)
class StoredVersion:
    """One version as the tables have it, with what its receipt says (None: no receipt that verifies)."""

    bid: str
    number: int
    key: str
    received_at: datetime
    manifest_hash: str
    receipt: tuple[str, int, datetime, str] | None


@dataclass(frozen=True)
class StoredBid:
    reference: str
    need: str
    supplier: int
    current_version: int
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class Told:
    """A BidSubmitted line of the journal."""

    bid: str
    version: int
    received_at: str
    manifest_hash: str


@dataclass(frozen=True)
class Holdings:
    """Everything that the service holds about the needs under test. `opened`: (need, instant) of what was opened."""

    bids: tuple[StoredBid, ...]
    versions: tuple[StoredVersion, ...]
    told: tuple[Told, ...]
    closes_at: dict[str, datetime]
    opened: tuple[tuple[str, datetime], ...] = ()


def holdings() -> Holdings:
    """Reads tables, journal and receipts of the database that the session is bound to."""
    db.session.rollback()
    needs = {each.id: each for each in db.session.scalars(select(Need))}
    bids = list(db.session.scalars(select(Bid).order_by(Bid.id)))
    versions = db.session.scalars(select(BidVersion).order_by(BidVersion.id))
    lines = db.session.scalars(select(JournalLine).where(JournalLine.event == "BidSubmitted"))
    return Holdings(
        bids=tuple(
            StoredBid(each.reference, needs[each.need_id].reference, each.supplier_id, each.current_version, each.withdrawn_at)
            for each in bids
        ),
        versions=tuple(_version(each) for each in versions),
        told=tuple(
            Told(each.subject, each.facts["version"], each.facts["received_at"], each.facts["manifest_hash"])
            for each in lines
        ),
        closes_at={each.reference: each.closes_at for each in needs.values() if each.closes_at is not None},
        opened=tuple(_opened(needs)),
    )


def _version(row: BidVersion) -> StoredVersion:
    try:
        facts = sealed.verify_receipt(keys.signing_keys().public_key(), row.receipt.encode())
        receipt = (facts.bid_ref, facts.bid_version, facts.received_at, facts.manifest_hash)
    except sealed.ReceiptBroken:
        receipt = None
    actual = sealed.fingerprint(row.manifest.encode())
    return StoredVersion(row.bid.reference, row.number, row.idempotency_key, row.received_at, actual, receipt)


def _opened(needs: dict[int, Need]) -> Iterator[tuple[str, datetime]]:
    for each in db.session.scalars(select(BidOpening).where(BidOpening.opened_at.is_not(None))):
        assert each.opened_at is not None
        yield needs[each.need_id].reference, each.opened_at
    for line in db.session.scalars(select(JournalLine).where(JournalLine.event == "BidsOpened")):
        yield line.need, line.at
    parts = select(Bid.need_id, func.count()).join(OpenedPart, OpenedPart.bid_id == Bid.id).group_by(Bid.need_id)
    for need_id, _count in db.session.execute(parts):
        need = needs[need_id]
        if need.opened_at is None:  # opened content without an opening: as early as can be
            yield need.reference, datetime.min.replace(tzinfo=need.closes_at.tzinfo if need.closes_at else None)


def violations(history: Sequence[Operation], held: Holdings) -> list[str]:
    """Every way in which what clients saw and what is held disagree, in words; empty when the promises held."""
    return [
        *_answered_and_not_stored(history, held),
        *_stored_and_not_answered(history, held),
        *_doubled(held),
        *_late(held),
        *_receipts_and_journal(held),
        *_out_of_order(history, held),
        *_not_withdrawn(history, held),
        *_read_early(history, held),
    ]


def _submissions(history: Iterable[Operation], outcome: str) -> Iterator[Operation]:
    return (each for each in history if each.kind == "submit" and each.outcome == outcome)


def _by_key(held: Holdings) -> dict[tuple[str, str], StoredVersion]:
    return {(each.bid, each.key): each for each in held.versions}


def _answered_and_not_stored(history: Sequence[Operation], held: Holdings) -> Iterator[str]:
    stored = _by_key(held)
    for each in _submissions(history, "ok"):
        found = stored.get((each.bid, each.key))
        if found is None:
            yield f"lost: {each.bid} was answered with version {each.version} and is not stored"
        elif each.version and (found.number, found.manifest_hash) != (each.version, each.manifest_hash):
            yield f"another: {each.bid} was answered with version {each.version}, stored is another of that key"


def _stored_and_not_answered(history: Sequence[Operation], held: Holdings) -> Iterator[str]:
    answered = {(each.bid, each.key) for each in _submissions(history, "ok")}
    for each in held.versions:
        if (each.bid, each.key) not in answered:
            yield f"unanswered: {each.bid} version {each.number} is stored, and no client was told, not even on trying again"


def _doubled(held: Holdings) -> Iterator[str]:
    for (bid, key), count in Counter((each.bid, each.key) for each in held.versions).items():
        if count > 1:
            yield f"doubled: {bid} is stored {count} times for one key {key[:8]}"
    for (bid, number), count in Counter((each.bid, each.number) for each in held.versions).items():
        if count > 1:
            yield f"doubled: {bid} has {count} versions {number}"
    live = Counter((each.need, each.supplier) for each in held.bids if each.withdrawn_at is None)
    for (need, supplier), count in live.items():
        if count > 1:
            yield f"doubled: supplier {supplier} has {count} live bids for {need}"
    numbers: dict[str, list[int]] = defaultdict(list)
    for each in held.versions:
        numbers[each.bid].append(each.number)
    for bid in held.bids:
        if sorted(numbers[bid.reference]) != list(range(1, bid.current_version + 1)):
            yield f"{bid.reference}: its current version is {bid.current_version}, stored are {numbers[bid.reference]}"


def _late(held: Holdings) -> Iterator[str]:
    need_of = {each.reference: each.need for each in held.bids}
    for each in held.versions:
        if each.received_at > held.closes_at[need_of[each.bid]]:
            yield f"late: {each.bid} version {each.number} was received {each.received_at}, after the closing"
    for bid in held.bids:
        if bid.withdrawn_at is not None and bid.withdrawn_at > held.closes_at[bid.need]:
            yield f"late: {bid.reference} was withdrawn {bid.withdrawn_at}, after the closing"


def _receipts_and_journal(held: Holdings) -> Iterator[str]:
    told = Counter((each.bid, each.version, each.manifest_hash) for each in held.told)
    for each in held.versions:
        if each.receipt != (each.bid, each.number, each.received_at, each.manifest_hash):
            yield f"receipt: {each.bid} version {each.number} has none that fits it"
        if told.pop((each.bid, each.number, each.manifest_hash), 0) != 1:
            yield f"journal: {each.bid} version {each.number} is not told exactly once"
    yield from (f"journal: it tells of {bid} version {number}, which is not stored" for bid, number, _hash in told)


def _out_of_order(history: Sequence[Operation], held: Holdings) -> Iterator[str]:
    """A version that was answered before another was sent has the smaller number, and times lie where clients saw them."""
    stored, first = _by_key(held), _first_tries(history)
    for each in _submissions(history, "ok"):
        found = stored.get((each.bid, each.key))
        if found is None:
            continue
        tries = first[each.bid]
        sent_at = tries[each.key]
        if not sent_at - TOLERANCE <= found.received_at <= each.answered_at + TOLERANCE:
            yield f"time: {each.bid} version {found.number} was received {found.received_at}, sent {sent_at}, answered {each.answered_at}"
        for key, other_sent_at in tries.items():
            later = stored.get((each.bid, key))
            if later is not None and other_sent_at > each.answered_at and later.number < found.number:
                yield f"order: {each.bid} version {found.number} was answered before version {later.number} was sent"


def _first_tries(history: Sequence[Operation]) -> dict[str, dict[str, datetime]]:
    """Bid -> key -> when a submission under that key was first sent."""
    first: dict[str, dict[str, datetime]] = defaultdict(dict)
    for each in history:
        if each.kind == "submit":
            known = first[each.bid].get(each.key)
            first[each.bid][each.key] = each.sent_at if known is None else min(known, each.sent_at)
    return first


def _not_withdrawn(history: Sequence[Operation], held: Holdings) -> Iterator[str]:
    bids = {each.reference: each for each in held.bids}
    for each in history:
        if each.kind == "withdraw" and each.outcome == "ok":
            found = bids.get(each.bid)
            if found is None or found.withdrawn_at is None:
                yield f"withdrawal lost: {each.bid} was answered as withdrawn and stands"
            elif any(v.bid == each.bid and v.received_at > each.answered_at + TOLERANCE for v in held.versions):
                yield f"after its withdrawal {each.bid} took a version"


def _read_early(history: Sequence[Operation], held: Holdings) -> Iterator[str]:
    for need, at in held.opened:
        if at <= held.closes_at[need]:
            yield f"read early: bids of {need} were opened at {at}, before the closing"
    opened = {need: at for need, at in held.opened}
    for each in history:
        if each.kind == "read" and each.outcome == "ok":
            # For a read, `bid` names the need whose bids were read.
            if each.bid not in opened or each.sent_at < opened[each.bid]:
                yield f"read early: somebody read bids of {each.bid} at {each.sent_at}, before their opening"
