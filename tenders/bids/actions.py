"""What a bidder does: start a bid, save its parts, take up its own copy, throw a draft away."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, Problems, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import Actor, record
from marketplace.core.references import unguessable_reference
from marketplace.core.tokens import salted_hash
from suppliers.profiles.models import Supplier
from tenders.bids import drafts, keys, own_copy, queries, ready, rules
from tenders.bids.events import BidDraftRestored, BidDraftSaved, BidStarted
from tenders.bids.models import Bid, DraftPart
from tenders.bids.rules import Reservation


def hidden_actor(bid: Bid, member: Membership) -> Actor:
    """Who acts, under a salt that only the bid's row holds: the same person in two bids looks like two."""
    return Actor(salted_hash("bid", bid.journal_salt, member.person.pseudonym), "", "bidder")


def start_bid(need_id: int, member: Membership, reservation: Reservation | None = None) -> Bid:
    """The firm's one live bid for the need, begun now or before. Raises Problems."""
    supplier = queries.get_supplier_of(member)
    try:
        return _start(need_id, supplier, member, reservation or Reservation())
    except IntegrityError:  # a colleague's request was first; the unique index had the last word
        bid = queries.find_live_bid(need_id, supplier.id)
        if bid is None:
            raise
        return bid


@action
def _start(need_id: int, supplier: Supplier, member: Membership, reservation: Reservation) -> Bid:
    bid = queries.find_live_bid(need_id, supplier.id)
    if bid is not None:
        return bid
    need, now = queries.lock_need(need_id), clock.now()
    insist(rules.start_problems(need, supplier, reservation, now))
    bid = Bid(
        reference=unguessable_reference("B", clock.today().year),
        need=need,
        supplier=supplier,
        started_at=now,
        saved_at=now,
        journal_salt=secrets.token_hex(32),
        current_version=0,
    )
    db.session.add(bid)
    db.session.flush()
    record(BidStarted(subject=bid.reference, need=need.reference), hidden_actor(bid, member))
    return bid


@action
def save_part(bid_id: int, member: Membership, slot: str, value: Any, version: int | None = None) -> DraftPart:
    """Saves one part of the draft, complete or not. Raises LostEdit, or Problems once bidding has closed."""
    bid = _get_writable(bid_id, member)
    part = drafts.save_slot(bid, slot, value, version, member.person)
    ready.make_ready(bid)
    _say_saved(bid, slot, member)
    return part


def add_file(bid_id: int, member: Membership, name: str, source: BinaryIO) -> DraftPart:
    """Adds one file to the draft; the same name twice makes two files. Raises Problems."""
    bid = queries.get_bid(bid_id)
    _insist_writable(bid, member)
    _insist_room(bid)
    upload = drafts.store_upload(bid, name, source)
    failpoint("upload: stored, not yet in a row")
    try:
        return add_stored(bid_id, member, [upload], bid.current_version)[0]
    except BaseException:
        drafts.forget_files(upload.keys)
        raise


def _insist_room(bid: Bid, more: int = 1) -> None:
    if len(drafts.file_parts(bid)) + more > rules.MOST_FILES:
        raise Problems([Problem(f"A bid can have {rules.MOST_FILES} files: remove one to add another.", "file")])


@action
def add_stored(
    bid_id: int, member: Membership, uploads: list[drafts.StoredUpload], written_for: int, at: datetime | None = None
) -> list[DraftPart]:
    """Adds files that are in the store already to the draft of the version after `written_for`.

    `at` is when the last byte of them reached us, now when left out. Raises Problems, or Conflict after a submission.
    """
    bid = _get_writable(bid_id, member, at)
    if bid.current_version != written_for:
        raise Conflict("The bid was submitted while the file was on its way, so the file is not part of it.")
    _insist_room(bid, len(uploads))
    parts = [drafts.add_file(bid, each, member.person, at) for each in uploads]
    ready.make_ready(bid)
    for each in parts:
        _say_saved(bid, each.slot, member)
    return parts


def remove_file(bid_id: int, member: Membership, slot: str) -> None:
    """Takes a file out of the draft, and its bytes out of the store."""
    drafts.forget_files(_remove(bid_id, member, f"file:{slot}"))


@action
def _remove(bid_id: int, member: Membership, slot: str) -> list[str]:
    bid = _get_writable(bid_id, member)
    parts = [each for each in bid.draft_parts if each.slot == slot]
    if not parts:
        raise NotFound("There is no such file in this bid.")
    freed = drafts.file_keys_of(parts)
    drafts.remove_parts(bid, parts)
    ready.make_ready(bid)
    _say_saved(bid, slot, member, was_removed=True)
    return freed


def discard_draft(bid_id: int, member: Membership) -> None:
    """Throws away what was written since the last submission; the submitted version stands."""
    name, freed = _discard(bid_id, member)
    with db.housekeeping():
        # A colleague may have begun anew since, under a key of the same name.
        if not queries.get_bid(bid_id, lock=True).draft_parts:
            keys.draft_keys().destroy(name)
    drafts.forget_files(freed)


@action
def _discard(bid_id: int, member: Membership) -> tuple[str, list[str]]:
    bid = _get_writable(bid_id, member)
    freed = drafts.file_keys_of(bid.draft_parts)
    drafts.remove_parts(bid, bid.draft_parts)
    ready.forget_ready(bid)
    record(
        BidDraftSaved(subject=bid.reference, need=bid.need.reference, part="all", was_removed=True),
        hidden_actor(bid, member),
    )
    return keys.draft_key_name(bid), freed


def amend_from_own_copy(bid_id: int, member: Membership, passphrase: str) -> Bid:
    """Makes the firm's own copy of the submitted version its new draft. Raises Problems for a wrong passphrase."""
    bid = queries.get_bid(bid_id)
    _insist_writable(bid, member)
    if bid.draft_parts:
        raise Conflict("A new version is being written already. Throw it away first, or go on with it.")
    copy = own_copy.open_copy(bid, passphrase)
    uploads = [drafts.store_upload(bid, file.name, source) for file, source in copy.files()]
    try:
        _restore(bid_id, member, copy, uploads)
    except BaseException:
        drafts.forget_files(key for each in uploads for key in each.keys)
        raise
    return bid


@action
def _restore(bid_id: int, member: Membership, copy: own_copy.OwnCopy, uploads: list[drafts.StoredUpload]) -> None:
    bid = _get_writable(bid_id, member)
    if bid.draft_parts or bid.current_version != copy.version:
        raise Conflict("A colleague changed the bid in between. Look at it again.")
    for slot, value in drafts.restored_values(copy.answers, copy.price).items():
        drafts.save_slot(bid, slot, value, None, member.person)
    for each in uploads:
        drafts.add_file(bid, each, member.person)
    ready.make_ready(bid)
    event = BidDraftRestored(subject=bid.reference, need=bid.need.reference, version=copy.version)
    record(event, hidden_actor(bid, member))


def _get_writable(bid_id: int, member: Membership, at: datetime | None = None) -> Bid:
    bid = queries.get_bid(bid_id, lock=True)
    _insist_writable(bid, member, at)
    return bid


def _insist_writable(bid: Bid, member: Membership, at: datetime | None = None) -> None:
    if bid.supplier_id != member.organisation_id:
        raise NotFound("Your firm has no such bid.")
    if bid.withdrawn_at is not None:
        raise Problems([Problem("This bid was withdrawn. Start a new one from the need's page.")])
    insist(rules.bidding_problems(bid.need, at or clock.now()))


def _say_saved(bid: Bid, slot: str, member: Membership, was_removed: bool = False) -> None:
    event = BidDraftSaved(
        subject=bid.reference, need=bid.need.reference, part=slot.partition(":")[0], was_removed=was_removed
    )
    record(event, hidden_actor(bid, member))
