"""The opening: the first opener's act waits for the second's, which opens all bids of the need in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, cast

from sqlalchemy import select

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock, clocks, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problem, Problems, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import Event, JournalLine, canonical_json, plain, record
from marketplace.core.passing import PassingFile
from tenders.bids import drafts, holding, keys, opener_keys, queries, ready, register, rules, sealed
from tenders.bids.content import Answers
from tenders.bids.events import BidsOpened, OpeningBegun, OpeningRefused
from tenders.bids.models import Bid, BidOpening, BidVersion, OpenedPart, OpenerShare, SealedPart
from tenders.needs import actions as need_actions
from tenders.needs import queries as need_queries
from tenders.needs.models import Need
from tenders.outages.queries import waiting_problems
from tenders.traces.keeping import keep_pieces


class NothingOpened(Conflict):
    """A sealed part is not what its receipt says, or a share does not fit. No bid was opened."""


@dataclass
class _Freed:
    """What a completed opening leaves to be removed after its commit."""

    draft_keys: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


# Why a try to take part was refused, as the journal has it, in words.
WHY = {
    "passphrase": "a wrong opening passphrase",
    "handing_over": "a wrong opening passphrase, to hand a share over",
    "early": "before bids could be opened",
    "not_an_opener": "by somebody who may not open these bids",
    "key": "with a share or a bid that is not what it was",
    "state": "when there was nothing for this person to do",
}


def take_part_in_opening(need_id: int, member: Membership, passphrase: str) -> BidOpening:
    """This opener's act: the first when none waits, else the second. Raises Problems, NothingOpened."""
    opening = queries.find_opening(need_queries.get_need(need_id))
    waits = opening is not None and is_waiting(opening)
    if waits and opening is not None and opening.first_opener_id != member.person_id:
        return complete_opening(need_id, member, passphrase)
    return begin_opening(need_id, member, passphrase)


@contextmanager
def _refusals_recorded(need_id: int, member: Membership) -> Iterator[None]:
    """A refused try leaves a line in the journal of its own, since its transaction is rolled back."""
    try:
        yield
    except (Problems, NotAllowed, NothingOpened) as refusal:
        record_refusal(need_id, member, _why(need_id, member, refusal))
        raise


def _why(need_id: int, member: Membership, refusal: Exception) -> str:
    need = need_queries.get_need(need_id)
    duties = queries.duties_on(need, member.person_id)
    if isinstance(refusal, opener_keys.WrongOpeningPassphrase):
        return "passphrase"
    if isinstance(refusal, NotAllowed) or "opener" not in duties or rules.is_assessing(duties):
        return "not_an_opener"
    if isinstance(refusal, NothingOpened):
        return "key"
    return "early" if need.closes_at is not None and clock.now() <= need.closes_at + rules.SETTLES else "state"


@action
def record_refusal(need_id: int, member: Membership, why: str) -> None:
    """Puts a refused try on record. `why` is one word of WHY."""
    record(_event(OpeningRefused, need_queries.get_need(need_id), why=why), member.actor("opener"))


def refusals_of(need: Need) -> Sequence[JournalLine]:
    """Every refused try to take part in this need's opening, the newest first."""
    query = select(JournalLine).where(JournalLine.need == need.reference, JournalLine.event == OpeningRefused.__name__)
    return db.session.scalars(query.order_by(JournalLine.number.desc())).all()


def is_waiting(opening: BidOpening) -> bool:
    """Whether a first act stands and can be completed now."""
    return opening.opened_at is None and clock.now() <= opening.expires_at


def begin_opening(need_id: int, member: Membership, passphrase: str) -> BidOpening:
    """The first act: this opener's share waits, encrypted to the other openers, for thirty minutes.

    The register of what was received is closed before it, in an act of its own, if the worker did not come by yet.
    """
    register.close_register(need_id)
    with _refusals_recorded(need_id, member), _held_share(need_id, member, passphrase) as held:
        return _begin(need_id, member, held)


@action
def _begin(need_id: int, member: Membership, held: _Held) -> BidOpening:
    need = _get_openable(need_id, member)
    _insist_as_registered(need)
    opening = queries.find_opening(need)
    if opening is not None and is_waiting(opening):
        if opening.first_opener_id == member.person_id:
            raise Problems([Problem("You have done your part. Another opener must complete the opening.")])
        raise Problems([Problem("A colleague has begun the opening. Complete it instead.")])
    keep_pieces()  # what bidders did is on record before anybody reads what they wrote
    now = clock.now()
    expires_at = now + rules.OPENING_WAITS
    entrusted = _entrust(need, held, expires_at)
    if opening is None:
        opening = BidOpening(need_id=need.id)
        db.session.add(opening)
    opening.first_opener_id, opening.first_at = member.person_id, now
    opening.expires_at, opening.entrusted = expires_at, entrusted
    record(_event(OpeningBegun, need, expires_at=expires_at), member.actor("opener"))
    db.session.flush()
    return opening


def complete_opening(need_id: int, member: Membership, passphrase: str) -> BidOpening:
    """The second act, by another person: all bids are opened, or none. Files of drafts go after the commit."""
    made: list[str] = []
    try:
        with _refusals_recorded(need_id, member), _held_share(need_id, member, passphrase) as held:
            opening, freed = _complete(need_id, member, held, made)
    except BaseException:
        drafts.forget_files(made)
        raise
    failpoint("open: committed, draft keys still there")
    for name in freed.draft_keys:
        keys.draft_keys().destroy(name)
    failpoint("open: draft keys gone, files still there")
    drafts.forget_files(freed.files)
    return opening


@action
def _complete(need_id: int, member: Membership, held: _Held, made: list[str]) -> tuple[BidOpening, _Freed]:
    need = _get_openable(need_id, member)
    opening = queries.find_opening(need)
    if opening is None or not is_waiting(opening):
        raise Problems([Problem("Nobody else has begun the opening in the last thirty minutes. Begin it again.")])
    if opening.first_opener_id == member.person_id:
        raise Problems([Problem("You have done your part. Another opener must complete the opening.")])
    _insist_as_registered(need)
    bids = _bids_to_open(need)
    try:
        with sealed.opened_key(_join(need, opening, held)) as private:
            failpoint("open: shares joined")
            for bid in bids:
                _open_bid(need, bid, private, made)
                failpoint("open: one bid opened")
    except sealed.SealingError as fault:
        raise NothingOpened(f"The bids could not be opened, and none was. {fault}") from None
    _note(need, opening, bids, member)
    return opening, _close_drafts(need)


def _note(need: Need, opening: BidOpening, bids: Sequence[Bid], member: Membership) -> None:
    now = clock.now()
    listed = [_listed(each) for each in bids]
    for each in bids:
        each.opened_at = now
    opening.second_opener_id, opening.opened_at = member.person_id, now
    opening.entrusted, opening.bids_opened, opening.opening_list = None, len(bids), canonical_json(listed)
    need_actions.mark_opened(need)
    record(_event(BidsOpened, need, count=len(bids), bids=listed, opened_at=now), member.actor("opener"))


def _listed(bid: Bid) -> dict[str, str]:
    version = _version(bid)
    return {
        "bid": bid.reference,
        "supplier": bid.supplier.reference,
        "received_at": plain(version.received_at),
        "manifest_hash": version.manifest_hash,
    }


def _get_openable(need_id: int, member: Membership) -> Need:
    need = queries.lock_need(need_id)
    _insist_openable(need, member)
    return need


def _insist_openable(need: Need, member: Membership) -> None:
    if need.authority_id != member.organisation_id:
        raise NotFound("Your council has no such need.")
    if not has_permission("open_bids", member):
        raise NotAllowed("Your account cannot open bids. Ask a colleague who looks after your council’s people.")
    insist(clocks.problems())
    insist(rules.opening_problems(need, queries.duties_on(need, member.person_id), clock.now(), waiting_problems(need)))


def _insist_as_registered(need: Need) -> None:
    closed = register.find_register(need)
    if closed is None or not register.is_as_closed(need, closed):
        raise NothingOpened(
            "What is stored is not what the register of received bids was closed over, so nothing was opened. "
            "Tell the administrator of this service, and run “marketplace audit verify”."
        )


def _bids_to_open(need: Need) -> Sequence[Bid]:
    query = select(Bid).where(Bid.need_id == need.id, Bid.withdrawn_at.is_(None), Bid.current_version > 0)
    return db.session.scalars(query.order_by(Bid.submitted_at, Bid.id)).all()


# -- shares


@dataclass(frozen=True)
class _Held:
    """An opener's share and private key, for the length of one act."""

    share: sealed.Share
    private: sealed.PrivateKey


@contextmanager
def _held_share(need_id: int, member: Membership, passphrase: str) -> Iterator[_Held]:
    """What the passphrase frees. Slow, so before the transaction; refused at once where no passphrase would help."""
    need = need_queries.get_need(need_id)
    _insist_openable(need, member)
    own = _own_share(need, member)
    try:
        if own.wrapping == keys.KEY_FILE:
            private = _private_of_file(need, own)
        else:
            private = _private_of_pair(own, passphrase)
        try:
            yield _Held(_unwrap(need, own, private), private)
        finally:
            private.forget()
    except sealed.SealingError as fault:
        raise NothingOpened(f"Your share of the key could not be used. {fault}") from None


def _own_share(need: Need, member: Membership) -> OpenerShare:
    found = next((each for each in queries.opener_shares(need) if each.person_id == member.person_id), None)
    if found is None:
        raise NotAllowed("You hold no share of this need's key. The page of its key says who does.")
    return found


def _private_of_pair(own: OpenerShare, passphrase: str) -> sealed.PrivateKey:
    pair = opener_keys.find_key(own.person_id)
    if pair is None or pair.public_key != own.public_key:
        raise NothingOpened(
            "Your share of this need's key was lost with an earlier passphrase. The page of its key says what can be done."
        )
    return opener_keys.unlock(pair, passphrase)


def _private_of_file(need: Need, own: OpenerShare) -> sealed.PrivateKey:
    """From before openers had passphrases."""
    pair = sealed.OpenerKeys(_pseudonym(own), own.public_key, own.wrapped_private_key)
    return sealed.unwrap_opener_key(pair, _key_file(need, own))


def _unwrap(need: Need, own: OpenerShare, private: sealed.PrivateKey) -> sealed.Share:
    secret = private if own.wrapping == keys.KEY_PAIR else _key_file(need, own)
    return sealed.unwrap_share(own.wrapped_share, secret, need_ref=need.reference, opener=_pseudonym(own))


def _key_file(need: Need, own: OpenerShare) -> sealed.KeyFile:
    return keys.opener_key_files().read(keys.opener_key_name(need.reference, own.person))


def _entrust(need: Need, held: _Held, expires_at: datetime) -> bytes:
    usable = holding.usable_shares(need)
    others = {_pseudonym(each): each.public_key for each in usable if _pseudonym(each) != held.share.opener}
    if not others:
        raise NothingOpened("No other opener holds a share that can be used. The page of the key says what can be done.")
    return sealed.entrust_share(held.share, others, need_ref=need.reference, expires_at=expires_at)


def _join(need: Need, opening: BidOpening, held: _Held) -> list[sealed.Share]:
    waiting = sealed.receive_share(
        opening.entrusted or b"",
        held.private,
        need_ref=need.reference,
        opener=opening.first_opener.pseudonym,
        receiver=held.share.opener,
        expires_at=opening.expires_at,
    )
    return [waiting, held.share]


def _pseudonym(share: OpenerShare) -> str:
    return share.person.pseudonym


# -- one bid


def _version(bid: Bid) -> BidVersion:
    version = queries.current_version(bid)
    if version is None:
        raise sealed.SealBroken(f"The version of bid {bid.reference} that counts is not stored.")
    return version


def _open_bid(need: Need, bid: Bid, private: sealed.PrivateKey, made: list[str]) -> None:
    version = _version(bid)
    manifest = _checked_manifest(bid, version)
    for part in version.parts:
        _insist_unchanged(bid, part, manifest)
    texts = {each.name: each for each in version.parts if not each.name.startswith("file:")}
    answers = _open_text(bid, version, texts["answers"], private)
    price = _open_text(bid, version, texts["price"], private)
    binding = drafts.binding_of(bid, "price", version.number)
    shut = sealed.hold_part(keys.price_key(need), price, binding)
    db.session.add(OpenedPart(bid_id=bid.id, name="answers", state="open", content=answers, size=len(answers)))
    db.session.add(OpenedPart(bid_id=bid.id, name="price", state="shut", content=shut, size=len(shut)))
    names = {f"file:{each.slot}": each for each in Answers.from_bytes(answers).files}
    for part in version.parts:
        if part.name in names:
            place, key = _open_file(bid, version, part, private, made)
            file = names[part.name]
            opened = OpenedPart(bid_id=bid.id, name=part.name, content=key, file_key=place, size=file.size)
            opened.file_name = file.name
            db.session.add(opened)


def _checked_manifest(bid: Bid, version: BidVersion) -> sealed.Manifest:
    facts = sealed.verify_receipt(keys.signing_keys().public_key(), version.receipt.encode())
    manifest = sealed.Manifest.from_json(version.manifest.encode())
    same = (facts.manifest_hash, facts.bid_ref, facts.bid_version, facts.received_at) == (
        sealed.manifest_hash(manifest),
        bid.reference,
        version.number,
        version.received_at,
    )
    if not same or {each.name for each in version.parts} != {each.part_name for each in manifest.parts}:
        raise sealed.SealBroken(f"Bid {bid.reference} does not match its receipt.")
    return manifest


def _insist_unchanged(bid: Bid, part: SealedPart, manifest: sealed.Manifest) -> None:
    if part.ciphertext is not None:
        entry = sealed.ManifestEntry.of(part.name, part.ciphertext)
    else:
        with drafts.store().path(part.file_key).open("rb") as source:
            entry = sealed.ManifestEntry.of_file(part.name, source)
    if not manifest.covers(entry):
        raise sealed.SealBroken(f"A part of bid {bid.reference} was altered after it was received.")


def _open_text(bid: Bid, version: BidVersion, part: SealedPart, private: sealed.PrivateKey) -> bytes:
    binding = drafts.binding_of(bid, part.name, version.number)
    return sealed.open_part(private, part.ciphertext or b"", binding)


def _open_file(
    bid: Bid, version: BidVersion, part: SealedPart, private: sealed.PrivateKey, made: list[str]
) -> tuple[str, bytes]:
    """The opened file's place in the store, and the key that reads it there: until its row is kept nobody can."""
    binding, key, store = drafts.binding_of(bid, part.name, version.number), sealed.make_draft_key(), drafts.store()
    with PassingFile() as passing:
        plain = cast(BinaryIO, passing)
        with store.path(part.file_key).open("rb") as source:
            sealed.open_file(private, source, plain, binding)
        plain.seek(0)
        with store.writing("opened", 2 * part.size) as out:
            sealed.hold_file(key, plain, out, binding)
    made.append(out.stored.key)
    return out.stored.key, key.content


def _close_drafts(need: Need) -> _Freed:
    """Drafts never submitted end here: their rows now, their keys and files after the commit."""
    freed = _Freed()
    for bid in db.session.scalars(select(Bid).where(Bid.need_id == need.id).order_by(Bid.id)).all():
        freed.draft_keys.append(keys.draft_key_name(bid))
        freed.files += drafts.file_keys_of(bid.draft_parts)
        if bid.draft_parts:
            drafts.remove_parts(bid, bid.draft_parts)
        ready.forget_ready(bid)
    return freed


def _event(kind: type[Event], need: Need, **details: object) -> Event:
    authority = need.authority.reference if need.authority else ""
    return kind(subject=need.reference, need=need.reference, authority=authority, **details)
