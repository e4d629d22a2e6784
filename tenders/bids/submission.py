"""Submitting and withdrawing: in time means that the request reached us at or before the closing instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.db import action, busy_action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import record
from tenders.bids import drafts, keys, own_copy, queries, rules, sealed, standing
from tenders.bids.actions import hidden_actor
from tenders.bids.content import Answers, Price
from tenders.bids.events import BidRefusedLate, BidSubmitted, BidWithdrawn
from tenders.bids.models import Bid, BidVersion, LateAttempt

LONGEST_KEY = 64


class ReadAgain(Conflict):
    """The draft is not the one that the bidder read before it pressed Submit."""


@dataclass(frozen=True)
class Submitted:
    """A version that is stored. `answers` and `price` are there once only, for the page that answers the submission.

    `told` is what that page says of the bid, of its need and of the version; the rows themselves are read when asked.
    """

    told: Told
    answers: Answers | None = None
    price: Price | None = None
    _key_name: str = ""
    _freed: list[str] = field(default_factory=list)

    @property
    def bid(self) -> Bid:
        return db.session.get_one(Bid, self.told.bid.id)

    @property
    def version(self) -> BidVersion:
        return db.session.get_one(BidVersion, self.told.version.id)


@dataclass(frozen=True)
class Told:
    """What the answer to a submission says, from the rows as they stood under the lock."""

    bid: Bid
    version: StoredVersion


@dataclass(frozen=True)
class StoredVersion:
    """A version's row, without what is sealed in it."""

    id: int
    number: int
    received_at: datetime
    manifest_hash: str
    own_copy: bool


@dataclass(frozen=True)
class RefusedLate:
    """What came too late: recorded with both times, content not kept."""

    attempt: LateAttempt


@dataclass(frozen=True)
class Withdrawn:
    """The bid no longer counts; its sealed parts stay sealed."""

    bid: Bid
    _key_name: str = ""
    _freed: list[str] = field(default_factory=list)


def submit_bid(
    bid: int | str,
    member: Membership,
    idempotency_key: str,
    received_at: datetime,
    passphrase: str = "",
    seen: str = "",
) -> Submitted | RefusedLate:
    """Seals the draft of the bid (its id or reference) as its next version. The same key again gives the same receipt.

    `seen` is the mark of the draft that the bidder read. Raises Problems for what is lacking, ReadAgain when the
    draft changed since. The draft's key is destroyed after the commit.
    """
    if not 16 <= len(idempotency_key) <= LONGEST_KEY:
        raise Problems([Problem("Go back to the page where you read your bid, and submit it from there.")])
    weak = rules.passphrase_problems(passphrase)
    copy_key = None
    if passphrase.strip() and not weak:
        reference = bid if isinstance(bid, str) else queries.get_bid(bid).reference
        copy_key = own_copy.make_copy_key(reference, passphrase)
    outcome = _submit(bid, member, idempotency_key, received_at, copy_key, seen, weak)
    if isinstance(outcome, Submitted) and outcome._key_name:
        _forget(outcome._key_name, outcome._freed)
    return outcome


@busy_action
def _submit(
    which: int | str,
    member: Membership,
    idempotency_key: str,
    received_at: datetime,
    copy_key: own_copy.CopyKey | None,
    seen: str,
    passphrase_problems: list[Problem],
) -> Submitted | RefusedLate:
    bid = standing.lock_bid(which, member.organisation_id)
    earlier = standing.find_version_by_key(bid, idempotency_key)
    if earlier is not None:
        return Submitted(Told(bid, StoredVersion(*earlier)))
    if _is_late(bid, received_at):
        return _refuse_late(bid, member, "submission", received_at)
    insist(_standing_problems(bid, received_at))
    if bid.current_version and not bid.draft_parts:
        raise Conflict("This bid is submitted already and nothing of a new version is written. Look at its receipt.")
    draft = drafts.read_draft(bid)
    if seen and seen != draft.mark:
        raise ReadAgain("A colleague changed the bid after you read it. Read it again, then submit.")
    insist(passphrase_problems + rules.submission_problems(bid.need, draft.answers, draft.price))
    return _store(bid, member, draft, idempotency_key, received_at, copy_key)


def _store(
    bid: Bid,
    member: Membership,
    draft: drafts.Draft,
    idempotency_key: str,
    received_at: datetime,
    copy_key: own_copy.CopyKey | None,
) -> Submitted:
    parts = _seal(bid, draft)
    failpoint("submit: parts sealed")
    version = _version(bid, parts, received_at)
    version.update(idempotency_key=idempotency_key, submitted_by_id=member.person_id)
    if copy_key is not None:
        copy = own_copy.seal_copy(bid, version["number"], draft, keys.draft_key(bid), copy_key)
        version.update(own_copy=copy.content, own_copy_files=copy.files)
    freed = _freed_by_submitting(bid, keeps_copy=copy_key is not None)
    version_id = standing.store_version(bid, version, parts)
    failpoint("submit: version stored")
    record(
        BidSubmitted(
            subject=bid.reference,
            need=bid.need.reference,
            version=version["number"],
            received_at=received_at,
            manifest_hash=version["manifest_hash"],
        ),
        hidden_actor(bid, member),
    )
    stored = StoredVersion(
        version_id, version["number"], received_at, version["manifest_hash"], own_copy=copy_key is not None
    )
    return Submitted(Told(bid, stored), draft.answers, draft.price, keys.draft_key_name(bid), freed)


def _seal(bid: Bid, draft: drafts.Draft) -> list[dict[str, Any]]:
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


def _version(bid: Bid, parts: list[dict[str, Any]], received_at: datetime) -> dict[str, Any]:
    """The row of the next version, with its manifest and its receipt."""
    number = bid.current_version + 1
    entries = tuple(sealed.ManifestEntry(each["name"], each["size"], each["sha256"]) for each in parts)
    manifest = sealed.Manifest(bid.need.reference, bid.reference, number, entries).to_json()
    facts = sealed.ReceiptFacts(
        reference=f"{bid.reference}-V{number}",
        need_ref=bid.need.reference,
        bid_ref=bid.reference,
        bid_version=number,
        received_at=received_at,
        manifest_hash=sealed.fingerprint(manifest),
    )
    receipt = sealed.sign_receipt(keys.signing_keys().private_key(), facts)
    return {
        "number": number,
        "received_at": received_at,
        "manifest": manifest.decode(),
        "manifest_hash": facts.manifest_hash,
        "receipt": receipt.to_json().decode(),
        "own_copy": None,
        "own_copy_files": "",
    }


def _freed_by_submitting(bid: Bid, keeps_copy: bool) -> list[str]:
    """Marks earlier versions as replaced; returns the stored files that nothing will need once this has committed."""
    freed = standing.replace_versions(bid) if bid.current_version else []
    return freed if keeps_copy else freed + [each.file_key for each in drafts.file_parts(bid)]


def withdraw_bid(bid_id: int, member: Membership, received_at: datetime) -> Withdrawn | RefusedLate:
    """Takes the bid back until the closing instant; a draft goes with it. Later, the attempt is recorded."""
    outcome = _withdraw(bid_id, member, received_at)
    if isinstance(outcome, Withdrawn) and outcome._key_name:
        _forget(outcome._key_name, outcome._freed)
    return outcome


@action
def _withdraw(bid_id: int, member: Membership, received_at: datetime) -> Withdrawn | RefusedLate:
    bid = _get_own(bid_id, member)
    if bid.withdrawn_at is not None:
        return Withdrawn(bid)
    if _is_late(bid, received_at):
        return _refuse_late(bid, member, "withdrawal", received_at)
    insist(_standing_problems(bid, received_at))
    key_name, freed = keys.draft_key_name(bid), drafts.file_keys_of(bid.draft_parts)
    for each in bid.versions:
        freed += own_copy.forget_copy(each)
    drafts.remove_parts(bid, bid.draft_parts)
    bid.withdrawn_at = received_at
    event = BidWithdrawn(
        subject=bid.reference, need=bid.need.reference, version=bid.current_version, received_at=received_at
    )
    record(event, hidden_actor(bid, member))
    return Withdrawn(bid, key_name, freed)


def _get_own(bid_id: int, member: Membership) -> Bid:
    bid = queries.get_bid(bid_id, lock=True)
    if bid.supplier_id != member.organisation_id:
        raise NotFound("Your firm has no such bid.")
    return bid


def _is_late(bid: Bid, received_at: datetime) -> bool:
    return bid.need.withdrawn_at is None and not rules.is_in_time(bid.need, received_at)


def _standing_problems(bid: Bid, received_at: datetime) -> list[Problem]:
    if bid.withdrawn_at is not None:
        return [Problem("This bid was withdrawn. Start a new one from the need's page.")]
    return rules.bidding_problems(bid.need, received_at)


def _refuse_late(bid: Bid, member: Membership, kind: str, received_at: datetime) -> RefusedLate:
    closed_at = bid.need.closes_at
    assert closed_at is not None  # a published need of ours closes: the table's closing_if_published
    attempt = LateAttempt(
        need_id=bid.need_id, supplier_id=bid.supplier_id, kind=kind, received_at=received_at, closed_at=closed_at
    )
    db.session.add(attempt)
    db.session.flush()
    event = BidRefusedLate(
        subject=bid.reference, need=bid.need.reference, kind=kind, received_at=received_at, closed_at=closed_at
    )
    record(event, hidden_actor(bid, member))
    return RefusedLate(attempt)


def _forget(key_name: str, freed: list[str]) -> None:
    failpoint("bid: committed, draft key still there")
    keys.draft_keys().destroy(key_name)
    failpoint("bid: draft key gone, files still there")
    drafts.forget_files(freed)
