"""Submitting and withdrawing: in time means that the request reached us at or before the closing instant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from marketplace.accounts.models import Membership
from marketplace.core import db
from marketplace.core.db import action, busy_action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import Actor, Position, place_so_far, record
from tenders.bids import drafts, keys, own_copy, queries, ready, rules, sealed, standing
from tenders.bids.actions import hidden_actor
from tenders.bids.events import BidRefusedLate, BidSubmitted, BidWithdrawn, DraftTakenAsBid
from tenders.bids.models import Bid, BidVersion, LateAttempt

# What a form sends; the keys that we give ourselves have a dash, so that nobody can take one of them first.
_SENT_KEY = re.compile(r"[0-9A-Za-z]{16,64}")


class ReadAgain(Conflict):
    """The draft is not the one that the bidder read before it pressed Submit."""


@dataclass(frozen=True)
class Submitted:
    """A version that is stored. `told` is the bid as it stood under the lock and the version's row."""

    told: Told
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
    """Makes what lies ready of the bid (its id or reference) its next version. The same key again: the same receipt.

    `seen` is the mark of the draft that the bidder read. Raises Problems for what is lacking, ReadAgain when the
    draft changed since. The draft's key is out of use after the commit.
    """
    if not _SENT_KEY.fullmatch(idempotency_key):
        raise Problems([Problem("Go back to the page where you read your bid, and submit it from there.")])
    weak = rules.passphrase_problems(passphrase)
    copy_key = None
    if passphrase.strip() and not weak:
        reference = bid if isinstance(bid, str) else queries.get_bid(bid).reference
        copy_key = own_copy.make_copy_key(reference, passphrase)
    outcome = _submit(bid, member, idempotency_key, received_at, copy_key, seen, weak)
    if isinstance(outcome, Submitted):
        forget_draft(outcome)
    return outcome


def forget_draft(sent: Submitted) -> None:
    """After the commit: the draft of what was stored can be read no more. Nothing for a submission sent again.

    The bidder waits, and many submit at once, so the key is taken out of use and the worker destroys it.
    """
    if sent._key_name:
        _forget(keys.draft_keys().set_aside, sent._key_name, sent._freed)


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
    if passphrase_problems or copy_key is not None or not _is_what_was_read(bid, seen):
        return _submit_draft(bid, member, idempotency_key, received_at, copy_key, seen, passphrase_problems)
    return _store(bid, bid.ready_manifest, _Sent.by(bid, member, idempotency_key, received_at))


def _is_what_was_read(bid: Bid, seen: str) -> bool:
    """Whether what lies ready is the draft that the bidder read, sealed for the need as it is asked now."""
    return ready.is_ready(bid) and seen in ("", bid.ready_mark)


def _submit_draft(
    bid: Bid,
    member: Membership,
    idempotency_key: str,
    received_at: datetime,
    copy_key: own_copy.CopyKey | None,
    seen: str,
    passphrase_problems: list[Problem],
) -> Submitted:
    """The longer way: the draft is read once more, because something is lacking, has changed or is to be copied."""
    bid = standing.with_draft(bid)
    if bid.current_version and not bid.draft_parts:
        raise Conflict("This bid is submitted already and nothing of a new version is written. Look at its receipt.")
    draft = drafts.read_draft(bid)
    if seen and seen != draft.mark:
        raise ReadAgain("A colleague changed the bid after you read it. Read it again, then submit.")
    insist(passphrase_problems + rules.submission_problems(bid.need, draft.answers, draft.price))
    manifest = bid.ready_manifest
    if not ready.is_ready(bid) or bid.ready_mark != draft.mark:
        manifest = ready.keep_ready(bid, draft)
    copy = None
    if copy_key is not None:
        copy = own_copy.seal_copy(bid, bid.current_version + 1, draft, keys.draft_key(bid), copy_key)
    return _store(bid, manifest, _Sent.by(bid, member, idempotency_key, received_at), copy)


def store_left_draft(bid: Bid, saved_at: datetime, saved_by_id: int | None, actor: Actor) -> Submitted:
    """Makes a draft that lies ready the bid's next version, as it was last saved. Inside an action, the need locked."""
    db.session.flush()
    held = standing.lock_bid(bid.reference, bid.supplier_id)
    sent = _Sent(DraftTakenAsBid, actor, f"left-{bid.reference}-{held.current_version + 1}", saved_by_id, saved_at)
    return _store(held, held.ready_manifest, sent)


@dataclass(frozen=True)
class _Sent:
    """How a version came in."""

    event: type[BidSubmitted | DraftTakenAsBid]
    actor: Actor
    idempotency_key: str
    person_id: int | None
    received_at: datetime

    @classmethod
    def by(cls, bid: Bid, member: Membership, idempotency_key: str, received_at: datetime) -> _Sent:
        return cls(BidSubmitted, hidden_actor(bid, member), idempotency_key, member.person_id, received_at)


def _store(bid: Bid, manifest: str, sent: _Sent, copy: own_copy.SealedCopy | None = None) -> Submitted:
    failpoint("submit: parts sealed")
    number, manifest_hash = bid.current_version + 1, sealed.fingerprint(manifest.encode())
    freed = standing.replace_versions(bid) if bid.current_version else []
    record(
        sent.event(
            subject=bid.reference,
            need=bid.need.reference,
            version=number,
            received_at=sent.received_at,
            manifest_hash=manifest_hash,
        ),
        sent.actor,
    )
    line = place_so_far()
    version = {
        "number": number,
        "idempotency_key": sent.idempotency_key,
        "submitted_by_id": sent.person_id,
        "received_at": sent.received_at,
        "manifest": manifest,
        "manifest_hash": manifest_hash,
        "receipt": _receipt(bid, number, sent.received_at, manifest_hash, line.position),
        "own_copy": copy.content if copy else None,
        "own_copy_files": copy.files if copy else "",
    }
    version_id = standing.store_version(bid, version, line)
    failpoint("submit: version stored")
    stored = StoredVersion(version_id, number, sent.received_at, manifest_hash, own_copy=copy is not None)
    return Submitted(Told(bid, stored), keys.draft_key_name(bid), freed)


def _receipt(bid: Bid, number: int, received_at: datetime, manifest_hash: str, stands: Position) -> str:
    """Signed under the journal's lock: it proves that the line is in the journal, and is stored with it."""
    proof = sealed.JournalProof(stands.number, stands.line_hash, stands.tree_size, stands.root, tuple(stands.inclusion))
    facts = sealed.ReceiptFacts(
        reference=f"{bid.reference}-V{number}",
        need_ref=bid.need.reference,
        bid_ref=bid.reference,
        bid_version=number,
        received_at=received_at,
        manifest_hash=manifest_hash,
        proof=proof,
    )
    return sealed.sign_receipt(keys.signing_keys().private_key(), facts).to_json().decode()


def withdraw_bid(bid_id: int, member: Membership, received_at: datetime) -> Withdrawn | RefusedLate:
    """Takes the bid back until the closing instant; a draft goes with it. Later, the attempt is recorded."""
    outcome = _withdraw(bid_id, member, received_at)
    if isinstance(outcome, Withdrawn) and outcome._key_name:
        _forget(keys.draft_keys().destroy, outcome._key_name, outcome._freed)
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
    ready.forget_ready(bid)
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
    """Late, or in time and yet too late: stuck on its way to here until the register was closed."""
    is_shut = bid.need.bids_closed_at is not None or not rules.is_in_time(bid.need, received_at)
    return bid.need.withdrawn_at is None and is_shut


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


def _forget(end_key: Callable[[str], None], key_name: str, freed: list[str]) -> None:
    failpoint("bid: committed, draft key still there")
    end_key(key_name)
    failpoint("bid: draft key gone, files still there")
    drafts.forget_files(freed)
