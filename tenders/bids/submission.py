"""Submitting and withdrawing: in time means that the request reached us at or before the closing instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action, busy_action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.journal import record
from tenders.bids import drafts, keys, own_copy, queries, rules, sealed
from tenders.bids.actions import hidden_actor
from tenders.bids.content import Answers, Price
from tenders.bids.events import BidRefusedLate, BidSubmitted, BidWithdrawn
from tenders.bids.models import Bid, BidVersion, LateAttempt, SealedPart

LONGEST_KEY = 64


class ReadAgain(Conflict):
    """The draft is not the one that the bidder read before it pressed Submit."""


@dataclass(frozen=True)
class Submitted:
    """A version that is stored. `answers` and `price` are there once only, for the page that answers the submission."""

    bid: Bid
    version: BidVersion
    answers: Answers | None = None
    price: Price | None = None
    _key_name: str = ""
    _freed: list[str] = field(default_factory=list)


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
    bid_id: int, member: Membership, idempotency_key: str, received_at: datetime, passphrase: str = "", seen: str = ""
) -> Submitted | RefusedLate:
    """Seals the draft as the bid's next version. The same key again gives the same version and receipt.

    `seen` is the mark of the draft that the bidder read. Raises Problems for what is lacking, ReadAgain when the
    draft changed since. The draft's key is destroyed after the commit.
    """
    if not 16 <= len(idempotency_key) <= LONGEST_KEY:
        raise Problems([Problem("Go back to the page where you read your bid, and submit it from there.")])
    weak = rules.passphrase_problems(passphrase)
    copy_key = None if weak else own_copy.make_copy_key(queries.get_bid(bid_id), passphrase)
    outcome = _submit(bid_id, member, idempotency_key, received_at, copy_key, seen, weak)
    if isinstance(outcome, Submitted) and outcome._key_name:
        _forget(outcome._key_name, outcome._freed)
    return outcome


@busy_action
def _submit(
    bid_id: int,
    member: Membership,
    idempotency_key: str,
    received_at: datetime,
    copy_key: own_copy.CopyKey | None,
    seen: str,
    passphrase_problems: list[Problem],
) -> Submitted | RefusedLate:
    bid = _get_own(bid_id, member)
    earlier = queries.find_version_by_key(bid, idempotency_key)
    if earlier is not None:
        return Submitted(bid, earlier)
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
    key_name, freed = keys.draft_key_name(bid), _freed_by_submitting(bid, keeps_copy=copy_key is not None)
    version = _seal(bid, draft, idempotency_key, received_at)
    version.submitted_by_id = member.person_id
    if copy_key is not None:
        own_copy.seal_copy(bid, version, draft, keys.draft_key(bid), copy_key)
    bid.versions.append(version)
    bid.current_version, bid.submitted_at = version.number, received_at
    drafts.remove_parts(bid, bid.draft_parts)
    record(
        BidSubmitted(
            subject=bid.reference,
            need=bid.need.reference,
            version=version.number,
            received_at=received_at,
            manifest_hash=version.manifest_hash,
        ),
        hidden_actor(bid, member),
    )
    return Submitted(bid, version, draft.answers, draft.price, key_name, freed)


def _seal(bid: Bid, draft: drafts.Draft, idempotency_key: str, received_at: datetime) -> BidVersion:
    number = bid.current_version + 1
    parts = [
        _sealed_part(bid, "answers", draft.answers.to_bytes()),
        _sealed_part(bid, "price", draft.price.to_bytes()),
        *(
            SealedPart(name=each.slot, file_key=each.sealed_key, size=each.sealed_size, sha256=each.sealed_sha256)
            for each in drafts.file_parts(bid)
        ),
    ]
    entries = tuple(sealed.ManifestEntry(each.name, each.size, each.sha256) for each in parts)
    manifest = sealed.Manifest(bid.need.reference, bid.reference, number, entries)
    facts = sealed.ReceiptFacts(
        reference=f"{bid.reference}-V{number}",
        need_ref=bid.need.reference,
        bid_ref=bid.reference,
        bid_version=number,
        received_at=received_at,
        manifest_hash=sealed.manifest_hash(manifest),
    )
    receipt = sealed.sign_receipt(keys.signing_keys().private_key(), facts)
    return BidVersion(
        number=number,
        idempotency_key=idempotency_key,
        received_at=received_at,
        manifest=manifest.to_json().decode(),
        manifest_hash=facts.manifest_hash,
        receipt=receipt.to_json().decode(),
        parts=parts,
    )


def _sealed_part(bid: Bid, name: str, content: bytes) -> SealedPart:
    assert bid.need.public_key is not None  # bidding_problems said so
    blob = sealed.seal_part(bid.need.public_key, content, drafts.binding_of(bid, name))
    return SealedPart(name=name, ciphertext=blob, size=len(blob), sha256=sealed.fingerprint(blob))


def _freed_by_submitting(bid: Bid, keeps_copy: bool) -> list[str]:
    """Marks earlier versions as replaced; returns the stored files that nothing will need once this has committed."""
    freed = []
    for each in bid.versions:
        each.replaced_at = each.replaced_at or clock.now()
        freed += own_copy.forget_copy(each)
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
    keys.draft_keys().destroy(key_name)
    drafts.forget_files(freed)
