"""Whether the rows of bids are what the journal, the manifests and the receipts say: altered, missing or added ones.

The journal's lines are taken as they stand; whether they are whole is for `journal.verify` to say, and whether all of
it was written anew is for somebody's old checkpoint.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.journal import JournalLine, canonical_json, plain
from marketplace.core.tokens import salted_hash
from tenders.bids import drafts, register, rules, sealed
from tenders.bids.models import Bid, BidOpening, BidVersion, ClosedRegister, LateAttempt, SealedPart
from tenders.needs.models import Need

CAME_IN = ("BidSubmitted", "DraftTakenAsBid")
EVENTS = ("BidStarted", *CAME_IN, "BidWithdrawn", "BidRefusedLate", "RegisterClosed", "OpeningBegun", "BidsOpened")
# Every column of these tables is vouched for, but these.
NOT_VOUCHED_FOR = {
    "bids": {
        "id": "a number of the database",
        "started_at": "nothing is decided by when a draft was begun",
        "saved_at": "nothing is decided by when a draft was saved",
        "reminded_for": "a mark that the bidder was reminded; the mail is its own record",
        "ready_mark": "of a draft, which nobody submitted yet",
        "ready_for": "of a draft, which nobody submitted yet",
        "ready_manifest": "of a draft, which nobody submitted yet; once submitted it is the version’s",
    },
    "bid_versions": {
        "id": "a number of the database",
        "idempotency_key": "tells only the same submission sent twice",
        "own_copy": "the bidder’s own, under its passphrase, which shows any change",
        "own_copy_files": "the bidder’s own, under its passphrase, which shows any change",
    },
    "sealed_parts": {"id": "a number of the database"},
    "late_attempts": {"id": "a number of the database"},
    "closed_registers": {"id": "a number of the database"},
    "bid_openings": {"id": "a number of the database", "entrusted": "encrypted to an opener, who would notice"},
}


@dataclass(frozen=True)
class Vouchers:
    """What the rows are held against besides the lines. None or False: it is not here, so that much is not checked."""

    receipt_key: bytes | None
    knows_secret: bool
    reads_files: bool = False


def row_faults(by: Vouchers) -> Iterator[str]:
    """Each row that is not what it should be, named, with why; in the order of the needs' references."""
    for reference in _references():
        yield from _Need(reference, by).faults()
        db.session.expunge_all()


def _references() -> list[str]:
    told = set(db.session.scalars(select(JournalLine.need).where(JournalLine.event.in_(EVENTS)).distinct()))
    for table in (Bid, BidOpening, LateAttempt):
        rows = select(Need.reference).where(Need.id.in_(select(table.need_id)))
        told |= set(db.session.scalars(rows))
    return sorted(told)


@dataclass
class _Lines:
    """What the journal says of one need's bids."""

    started: dict[str, Any] = field(default_factory=dict)
    submitted: dict[tuple[str, int], Any] = field(default_factory=dict)
    withdrawn: dict[str, Any] = field(default_factory=dict)
    late: list[Any] = field(default_factory=list)
    closed: dict[str, Any] = field(default_factory=dict)
    begun: Any = None
    opened: Any = None

    def versions_of(self, bid: str) -> list[int]:
        return sorted(number for reference, number in self.submitted if reference == bid)


class _Need:
    def __init__(self, reference: str, by: Vouchers) -> None:
        self.reference, self.by = reference, by
        self.lines = _read_lines(reference)
        self.need = db.session.scalar(select(Need).where(Need.reference == reference))
        chosen = select(Bid).where(Bid.need_id == (self.need.id if self.need else None)).order_by(Bid.id)
        versions = selectinload(Bid.versions).selectinload(BidVersion.parts)
        self.bids = list(db.session.scalars(chosen.options(versions, joinedload(Bid.supplier))))
        authors = select(BidVersion.submitted_by_id).join(Bid).where(Bid.need_id == (self.need.id if self.need else None))
        people = db.session.execute(select(Person.id, Person.pseudonym).where(Person.id.in_(authors)))
        self.pseudonyms = {each.id: each.pseudonym for each in people}

    def faults(self) -> Iterator[str]:
        here = {each.reference for each in self.bids}
        for bid in self.bids:
            yield from (f"bids {bid.reference}: {each}" for each in self._bid(bid))
            for version in bid.versions:
                name = f"{bid.reference} version {version.number}"
                yield from (f"bid_versions {name}: {each}" for each in self._version(bid, version))
                yield from (f"sealed_parts {name} {each}: it is not here" for each in _missing_parts(version))
                for part in version.parts:
                    yield from (f"sealed_parts {name} {part.name}: {each}" for each in self._part(bid, version, part))
            for number in self.lines.versions_of(bid.reference):
                if number not in {each.number for each in bid.versions}:
                    line = self.lines.submitted[bid.reference, number].number
                    yield f"bid_versions {bid.reference} version {number}: line {line} says it came in, it is not here"
        for reference, line in self.lines.started.items():
            if reference not in here:
                yield f"bids {reference}: line {line.number} says it was begun for {self.reference}, it is not here"
        yield from (f"late_attempts {self.reference}: {each}" for each in self._late())
        yield from (f"closed_registers {self.reference}: {each}" for each in self._registers())
        yield from (f"bid_openings {self.reference}: {each}" for each in self._opening())

    def _bid(self, bid: Bid) -> Iterator[str]:
        numbers = self.lines.versions_of(bid.reference)
        newest = self.lines.submitted[bid.reference, numbers[-1]] if numbers else None
        withdrawn, opened = self.lines.withdrawn.get(bid.reference), self._opened().get(bid.reference)
        if bid.reference not in self.lines.started:
            yield f"no line says that it was begun for {self.reference}"
        if bid.current_version != (numbers[-1] if numbers else 0):
            yield f"current_version is {bid.current_version}, the lines say {numbers[-1] if numbers else 0}"
        yield from _differs("submitted_at", bid.submitted_at, newest and newest.says["received_at"])
        yield from _differs("withdrawn_at", bid.withdrawn_at, withdrawn and withdrawn.says["received_at"])
        opened_at = self.lines.opened.says.get("opened_at") if self.lines.opened else None
        if (bid.opened_at is None) != (opened is None):
            yield "opened_at is not what the line of the opening says"
        elif opened and opened_at:
            yield from _differs("opened_at", bid.opened_at, opened_at)
        if opened and opened["supplier"] != bid.supplier.reference:
            yield "supplier_id is not the firm that the line of the opening says"
        if opened and newest and opened["manifest_hash"] != newest.says["manifest_hash"]:
            yield "another version was opened than the last that came in"
        if self.lines.opened and opened is None and newest and withdrawn is None:
            yield "it came in and was not opened"

    def _version(self, bid: Bid, version: BidVersion) -> Iterator[str]:
        line = self.lines.submitted.get((bid.reference, version.number))
        if line is None:
            yield f"no line says that it came in for {self.reference}"
            return
        yield from _differs("received_at", version.received_at, line.says["received_at"])
        if version.manifest_hash != line.says["manifest_hash"]:
            yield f"manifest_hash is not what line {line.number} says"
        if self.by.knows_secret and not self._is_actor(bid, version, line):
            yield f"submitted_by_id is not who submitted it, or journal_salt of the bid was changed (line {line.number})"
        is_replaced = version.number != max(self.lines.versions_of(bid.reference))
        if (version.replaced_at is not None) != is_replaced or (is_replaced and not self._is_when_replaced(bid, version)):
            yield "replaced_at is not when the next version came in"
        yield from self._manifest(bid, version)
        if self.by.receipt_key is not None:
            yield from _receipt(self.by.receipt_key, self.reference, bid, version, line)

    def _is_actor(self, bid: Bid, version: BidVersion, line: Any) -> bool:
        if line.event != "BidSubmitted":
            return True  # taken in by the timetable, for nobody
        pseudonym = self.pseudonyms.get(version.submitted_by_id or 0, "")
        return line.actor == salted_hash("bid", bid.journal_salt, pseudonym)

    def _is_when_replaced(self, bid: Bid, version: BidVersion) -> bool:
        following = min(each for each in self.lines.versions_of(bid.reference) if each > version.number)
        at, replaced_at = self.lines.submitted[bid.reference, following].at, version.replaced_at
        return replaced_at is not None and abs((at - replaced_at).total_seconds()) <= 60

    def _manifest(self, bid: Bid, version: BidVersion) -> Iterator[str]:
        if sealed.fingerprint(version.manifest.encode()) != version.manifest_hash:
            yield "manifest does not have the hash manifest_hash"
            return
        manifest = sealed.Manifest.from_json(version.manifest.encode())
        if (manifest.need_ref, manifest.bid_ref, manifest.version) != (self.reference, bid.reference, version.number):
            yield "manifest is of another bid"

    def _part(self, bid: Bid, version: BidVersion, part: SealedPart) -> Iterator[str]:
        manifest = _manifest_of(version)
        if manifest and not manifest.covers(sealed.ManifestEntry(part.name, part.size, part.sha256)):
            yield "name, size and sha256 are not those of the manifest"
        if part.ciphertext is not None:
            if (len(part.ciphertext), sealed.fingerprint(part.ciphertext)) != (part.size, part.sha256):
                yield "ciphertext does not have that size and sha256"
            elif sealed.claimed_place(part.ciphertext).get("supplier_ref") != bid.supplier.reference:
                yield "it was sealed for another firm than the bid's supplier_id"
            if part.file_key:
                yield "file_key names a file, and its content is here"
        else:
            yield from self._file(part)

    def _file(self, part: SealedPart) -> Iterator[str]:
        try:
            path = drafts.store().path(part.file_key)
            if path.stat().st_size != part.size:
                yield "its file has another size"
            elif self.by.reads_files:
                with path.open("rb") as source:
                    if sealed.ManifestEntry.of_file(part.name, source).sha256 != part.sha256:
                        yield "its file was changed"
        except (OSError, ValueError):
            yield "its file is not in the store"

    def _late(self) -> Iterator[str]:
        suppliers = {each.reference: each.supplier_id for each in self.bids}
        need_id = self.need.id if self.need else None
        rows = db.session.scalars(select(LateAttempt).where(LateAttempt.need_id == need_id))
        here = Counter((r.supplier_id, r.kind, plain(r.received_at), plain(r.closed_at)) for r in rows)
        told: Counter[tuple[Any, ...]] = Counter()
        for line in self.lines.late:
            says = line.says
            told[suppliers.get(line.subject), says["kind"], says["received_at"], says["closed_at"]] += 1
        for supplier, kind, received_at, closed_at in (here - told).elements():
            yield f"no line says that supplier {supplier} was late with a {kind} at {received_at} (closed {closed_at})"
        for supplier, kind, received_at, closed_at in (told - here).elements():
            yield f"a {kind} of supplier {supplier} late at {received_at} (closed {closed_at}) is on record, not here"

    def _registers(self) -> Iterator[str]:
        query = select(ClosedRegister).where(ClosedRegister.need_id == (self.need.id if self.need else None))
        rows = {plain(each.closes_at): each for each in db.session.scalars(query)}
        for closes_at, row in rows.items():
            line = self.lines.closed.get(closes_at)
            if line is None:
                yield f"no line says that it was closed for the closing at {closes_at}"
            elif row.root != line.says["root"]:
                yield f"root is not what line {line.number} says"
            elif abs((line.at - row.closed_at).total_seconds()) > 60:
                yield "closed_at is not when it was closed"
        for closes_at in self.lines.closed.keys() - rows.keys():
            yield f"the register of the closing at {closes_at} is on record, not here"
        holds = self.need and self.need.closes_at and rows.get(plain(self.need.closes_at))
        if self.need and holds and not register.is_as_closed(self.need, holds):
            yield "root and blinding are not those of the receipts that are here"
        if self.need and holds and self.need.bids_closed_at not in (None, holds.closed_at):
            yield "closed_at is not when the need's bids were closed"

    def _opened(self) -> dict[str, dict[str, Any]]:
        return {each["bid"]: each for each in self.lines.opened.says["bids"]} if self.lines.opened else {}

    def _opening(self) -> Iterator[str]:
        need_id = self.need.id if self.need else None
        opening = db.session.scalar(select(BidOpening).where(BidOpening.need_id == need_id))
        begun, opened = self.lines.begun, self.lines.opened
        if opening is None or begun is None:
            if begun is not None:
                yield f"line {begun.number} says that the opening was begun, it is not here"
            elif opening is not None:
                yield "no line says that the opening was begun"
            return
        yield from _differs("expires_at", opening.expires_at, begun.says["expires_at"])
        yield from _differs("first_at", opening.first_at + rules.OPENING_WAITS, begun.says["expires_at"])
        if opening.first_opener.pseudonym != begun.actor:
            yield f"first_opener_id is not who began it (line {begun.number})"
        second = opening.second_opener.pseudonym if opening.second_opener else ""
        if second != (opened.actor if opened else ""):
            yield "second_opener_id is not who completed it"
        if opening.opening_list != canonical_json(opened.says["bids"] if opened else []):
            yield "opening_list is not what the line of the opening says"
        if opening.bids_opened != (opened.says["count"] if opened else 0):
            yield "bids_opened is not what the line of the opening says"
        if (opening.opened_at is None) != (opened is None):
            yield "opened_at is not what the line of the opening says"
        elif opened and opened.says.get("opened_at"):
            yield from _differs("opened_at", opening.opened_at, opened.says["opened_at"])


def _manifest_of(version: BidVersion) -> sealed.Manifest | None:
    """None when it was altered so far that it cannot be read; that is told of the version."""
    try:
        return sealed.Manifest.from_json(version.manifest.encode())
    except sealed.SealBroken:
        return None


def _missing_parts(version: BidVersion) -> list[str]:
    manifest, here = _manifest_of(version), {each.name for each in version.parts}
    return [each.part_name for each in manifest.parts if each.part_name not in here] if manifest else []


@dataclass(frozen=True)
class _Line:
    number: int
    at: datetime
    hash: str
    event: str
    actor: str
    subject: str
    says: dict[str, Any]


def _read_lines(reference: str) -> _Lines:
    lines = _Lines()
    columns = (JournalLine.number, JournalLine.at, JournalLine.hash, JournalLine.actor, JournalLine.subject)
    chosen = select(*columns, JournalLine.event, JournalLine.details).where(
        JournalLine.need == reference, JournalLine.event.in_(EVENTS)
    )
    by_event: dict[str, list[_Line]] = defaultdict(list)
    for row in db.session.execute(chosen.order_by(JournalLine.number)):
        line = _Line(row.number, row.at, row.hash, row.event, row.actor, row.subject, json.loads(row.details))
        by_event[row.event].append(line)
    lines.started = {each.subject: each for each in by_event["BidStarted"]}
    came_in = [each for event in CAME_IN for each in by_event[event]]
    lines.submitted = {(each.subject, each.says["version"]): each for each in came_in}
    lines.closed = {each.says["closes_at"]: each for each in by_event["RegisterClosed"]}
    lines.withdrawn = {each.subject: each for each in by_event["BidWithdrawn"]}
    lines.late = by_event["BidRefusedLate"]
    lines.begun = _last(by_event["OpeningBegun"])
    lines.opened = _last(by_event["BidsOpened"])
    return lines


def _last(lines: Sequence[_Line]) -> _Line | None:
    return lines[-1] if lines else None


def _differs(name: str, here: datetime | None, told: str | None) -> Iterator[str]:
    shown = plain(here) if here is not None else None
    if shown != told:
        yield f"{name} is {shown}, the journal says {told}"


def _receipt(key: bytes, need: str, bid: Bid, version: BidVersion, line: _Line) -> Iterator[str]:
    try:
        facts = sealed.verify_receipt(key, version.receipt.encode())
    except sealed.ReceiptBroken as fault:
        yield f"receipt: {fault}"
        return
    said = (facts.need_ref, facts.bid_ref, facts.bid_version, plain(facts.received_at), facts.manifest_hash)
    if said != (need, bid.reference, version.number, line.says["received_at"], line.says["manifest_hash"]):
        yield f"receipt is not of what line {line.number} says"
    proof = facts.proof
    if proof is not None and (proof.journal_position, proof.journal_line) != (line.number, line.hash):
        yield f"receipt proves another line than {line.number}"
