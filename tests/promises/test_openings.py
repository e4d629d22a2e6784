"""B10: nobody opens bids alone or early, whoever they are. B12: an opening that is killed leaves all shut, or all open."""

from __future__ import annotations

import io
import itertools
import json
import random
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import clock, db
from marketplace.core.errors import Refusal
from tenders.bids import drafts, keys, opener_keys, opening, queries, rules, sealed
from tenders.bids.key_models import OpenerKey, RecoveryShare
from tenders.bids.models import OpenedPart
from tenders.needs.models import Need
from tests import bidding
from tests.actions import test_recovery
from tests.making import OPENING
from tests.promises import deeds, soundness
from tests.promises.proof import Proof
from tests.served import run_python

# Before the closing time, at it, before what reached us in the last second is stored, and after.
OFFSETS = (timedelta(minutes=-1), timedelta(0), rules.SETTLES, rules.SETTLES + timedelta(seconds=1))
WORDS = "only the openers together may read this"


# -- B10


def test_no_set_of_shares_below_the_threshold_opens(proof: Proof) -> None:
    tried, wrong = 0, []
    for many in range(2, 6):
        for threshold in range(2, many + 1):
            public, private = sealed.make_need_key()
            shares = sealed.split_key(private, [f"p-{number}" for number in range(many)], threshold)
            for size in range(many + 1):
                for chosen in itertools.combinations(shares, size):
                    tried += 1
                    if _joins(chosen, public) != (size >= threshold):
                        wrong.append(f"{size} of {many} where {threshold} are needed")
    proof.tell("B10", "every set of shares of every splitting up to 5", count=tried, violations=wrong)


def _joins(shares: tuple[sealed.Share, ...], public: bytes) -> bool:
    try:
        with sealed.opened_key(shares) as private:
            return private.public == public
    except sealed.SealingError:
        return False


@pytest.mark.slow
def test_no_set_of_people_opens_alone_or_early(house: Settings, proof: Proof) -> None:
    """Three openers, a keeper of the recovery key, an approver and an evaluator: each set of them, at each instant."""
    cases = list(itertools.product(range(64), OFFSETS))
    most = proof.size("B10")
    cases = random.Random(10).sample(cases, most) if most < len(cases) else cases
    # Always among them: two openers, after and a moment too early.
    cases = [(0b000011, OFFSETS[3]), (0b000110, OFFSETS[2]), *cases]
    wrong, opened, made, base = [], 0, None, clock.now()
    for chosen, offset in cases:
        if made is None:
            made = test_recovery.council()
            bidding.submitted(made.need, words=WORDS)
            bidding.give_passphrases([made.keeper.person, made.approver.person])
        people = [*made.openers, made.keeper, made.approver, made.evaluator]
        acting = [who for number, who in enumerate(people) if chosen >> number & 1]
        clock.set_clock(made.need.closes_at + offset)
        for who in acting:
            _try(made.need.id, who)
        is_open = made.need.opened_at is not None
        opened += is_open
        may = sum(who in made.openers for who in acting) >= 2 and offset == OFFSETS[3]
        if is_open != may:
            wrong.append(f"{len(acting)} people {offset} after closing: {'opened' if is_open else 'stayed shut'}")
        parts = db.session.scalar(select(func.count()).select_from(OpenedPart)) or 0
        if parts != 2 * opened:
            wrong.append(f"{parts} parts are open after {opened} openings of one bid each")
        if queries.find_opening(made.need) is not None:
            made = None  # begun or done: the next set finds another need
        clock.set_clock(base)
    proof.tell("B10", "sets of people at four instants", count=len(cases), violations=wrong, measured=f"{opened} opened")


def _try(need_id: int, who: Membership) -> None:
    try:
        opening.take_part_in_opening(need_id, who, OPENING)
    except Refusal:
        db.session.rollback()


def test_database_and_keys_folder_open_nothing_without_two_passphrases(house: Settings, proof: Proof) -> None:
    made = test_recovery.council()
    bid = bidding.submitted(made.need, words=WORDS)
    wrong = [words for words in ((), (OPENING + " ",), ("another guess at the words",)) if _raid(house, made.need, words, 1)]
    assert _raid(house, made.need, (OPENING,), 2), "the raid does not find what two passphrases would give"
    old = bidding.purchase(has_passphrases=False)
    bidding.submitted(old.need, words=WORDS)
    assert _raid(house, old.need, (), 0), "the raid does not find shares that hang on key files"
    assert bid.opened_at is None
    proof.tell("B10", "the platform with database, keys folder and one opener's words", count=3, violations=wrong)


def _raid(house: Settings, need: Need, passphrases: tuple[str, ...], holders: int) -> bool:
    """Whether database and keys/, with the passphrases of so many openers, give the need's key."""
    files = [each.read_bytes() for each in house.keys_folder.rglob("*") if each.is_file()]
    raw = {each[at : at + 32] for each in files for at in range(max(1, len(each) - 31)) if len(each) >= 32}
    raw |= {value for value in _values() if len(value) == 32}
    privates = [sealed.PrivateKey(each) for each in raw]
    pairs = db.session.scalars(select(OpenerKey).order_by(OpenerKey.id)).all()
    mine = [each for each in pairs if each.person_id in {row.person_id for row in queries.opener_shares(need)}]
    for pair in mine[:holders]:
        privates += [each for words in passphrases if (each := _freed(pair, words))]
    secrets = [*privates, *(sealed.KeyFile(each) for each in raw)]
    found = [share for row in queries.opener_shares(need) if (share := _unwrapped(need, row, secrets))]
    lone = db.session.scalar(select(RecoveryShare).where(RecoveryShare.need_id == need.id))
    if lone is not None and (share := _tried(need, lone.wrapped_share, keys.RECOVERY, secrets)):
        found.append(share)
    return bool(found) and _joins(tuple(found), need.public_key or b"")


def _values() -> Iterator[bytes]:
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            yield from (each for each in row if isinstance(each, bytes))


def _freed(pair: OpenerKey, words: str) -> sealed.PrivateKey | None:
    try:
        return opener_keys.unlock(pair, words)
    except Refusal:
        return None


def _unwrapped(need, row, secrets) -> sealed.Share | None:
    return _tried(need, row.wrapped_share, row.person.pseudonym, secrets)


def _tried(need, blob: bytes, opener: str, secrets) -> sealed.Share | None:
    for each in secrets:
        try:
            return sealed.unwrap_share(blob, each, need_ref=need.reference, opener=opener)
        except sealed.SealingError:
            continue
    return None


# -- B12

POINTS = (
    "action: begun", "action: rows written", "action: before commit", "action: committed", "open: shares joined",
    "open: one bid opened", "open: one bid opened #2", "open: one bid opened #3", "store: written, not yet in its place",
    "store: in its place", "store: in its place #2", "open: committed, draft keys still there",
    "open: draft keys gone, files still there",
)  # fmt: skip
BIDS = 3


@pytest.mark.slow
def test_an_opening_that_is_killed_is_whole_or_did_not_happen(house: Settings, proof: Proof) -> None:
    kills, wrong, opened, made = proof.size("B12"), [], 0, None
    for number in range(kills):
        if made is None:
            made = _begun()
            facts = {"need": made.need.id, "member": made.second.id, "at": clock.now().isoformat()}
            need_id = made.need.id
        db.session.remove()
        point = POINTS[(5 * number) % len(POINTS)]
        died = run_python(house, "tests.promises.deeds", "complete", json.dumps(facts), MARKETPLACE_FAILPOINT=point)
        if died.returncode != -signal.SIGKILL:
            wrong.append(f"{point}: not killed: {died.stderr[-800:]}")
        found = half_opened(need_id)
        wrong += [f"{point}: {each}" for each in found + soundness.problems()]
        if db.session.get_one(Need, need_id).opened_at is not None:
            opened, made = opened + 1, None
    if made is not None:
        deeds.do("complete", facts)
        wrong += [f"after trying again: {each}" for each in half_opened(need_id)]
        if db.session.get_one(Need, need_id).opened_at is None:
            wrong.append("trying again did not open the bids")
    proof.tell(
        "B12", "openings killed at named points", count=kills, violations=wrong, measured=f"{opened} had committed"
    )


def test_a_half_opened_need_would_be_found(house: Settings) -> None:
    from marketplace.core.journal import record
    from tests.making import MadeForTest

    made = _begun()
    assert half_opened(made.need.id) == []
    bid = opening._bids_to_open(made.need)[0]
    with db.one_action("test") as current:
        current.add(OpenedPart(bid_id=bid.id, name="answers", state="open", content=WORDS.encode(), size=9))
        record(MadeForTest(subject="test"))
    drafts.store().write("opened", io.BytesIO(bidding.PDF + WORDS.encode()), 1000)
    assert len(half_opened(made.need.id)) == 2


def half_opened(need_id: int) -> list[str]:
    """What an opening that did not happen has left open, or one that happened has left shut."""
    db.session.rollback()
    need = db.session.get_one(Need, need_id)
    of_need = OpenedPart.bid_id.in_([each.id for each in opening._bids_to_open(need)])
    parts = db.session.scalar(select(func.count()).select_from(OpenedPart).where(of_need)) or 0
    found = []
    if need.opened_at is None and parts:
        found.append(f"{parts} parts are open and the need is not")
    if need.opened_at is not None and parts != 3 * BIDS:
        found.append(f"{parts} parts are open of {3 * BIDS}")
    folder = drafts.store().folder / "opened"
    readable = [each for each in folder.rglob("*") if each.is_file() and WORDS.encode() in each.read_bytes()]
    if readable:
        found.append(f"{len(readable)} files in the store can be read without their rows")
    return found


def _begun() -> bidding.Purchase:
    clock.set_clock(clock.now())
    made = bidding.purchase()
    for _ in range(BIDS):
        member = bidding.bidder()
        bidding.submit(bidding.drafted(made.need, member, WORDS, file=WORDS.encode()), member)
    bidding.drafted(made.need, bidding.bidder(), file=b"never sent")
    bidding.close(made.need)
    opening.begin_opening(made.need.id, made.first, OPENING)
    return made
