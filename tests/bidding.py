"""Purchases for tests of bidding: a published need with its key and openers, and bids in any state."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership, Person
from marketplace.core import clock, db
from marketplace.core.journal import record
from suppliers.profiles.models import Supplier
from tenders.bids import actions, drafts, keys, opener_keys, opening, rules, sealed, submission
from tenders.bids.models import Bid, OpenerShare
from tenders.needs.models import Need
from tests import making
from tests.making import OPENING

DECLARED = {"conflict": "no", "conflict_details": "", "no_collusion": True, "is_accurate": True}
PDF = b"%PDF-1.7 "


@dataclass(frozen=True)
class Purchase:
    """A need that takes sealed bids, and the council's people named on it."""

    need: Need
    first: Membership
    second: Membership
    third: Membership
    evaluator: Membership


def purchase(has_passphrases: bool = True, **facts: object) -> Purchase:
    """An open need with three openers (two are needed), an evaluator and a sealing key, shared as now or under files."""
    council = making.council()
    openers = [making.member(council, "officer"), making.member(council, "approver"), making.member(council, "finance")]
    evaluator = making.member(council, "evaluator", "officer")
    panel = {"opener": [each.person for each in openers], "evaluator": [evaluator.person]}
    need = making.open_need(council, panel=panel, **facts)
    (give_key if has_passphrases else give_key_under_files)(need)
    return Purchase(need, *openers, evaluator)


def give_key(need: Need) -> None:
    """The need's key, shared among its openers, who have the opening passphrase OPENING each."""
    openers = [each.person for each in need.people_with("opener")]
    give_passphrases(openers)
    with db.one_action("test"):
        keys.prepare_sealing(need, openers)
        record(making.MadeForTest(subject=need.reference))


def give_passphrases(people: Sequence[Person]) -> None:
    """Whoever has no opening passphrase yet gets OPENING."""
    for each in people:
        if opener_keys.find_key(each.id) is None:
            member = db.session.scalars(select(Membership).where(Membership.person_id == each.id)).unique().one()
            opener_keys.set_passphrase(member, OPENING, OPENING)


def give_key_under_files(need: Need) -> None:
    """As it was before openers had passphrases: each share, and a key pair of the need's own, under a key file."""
    people = sorted((each.person for each in need.people_with("opener")), key=lambda each: each.id)
    public, private = sealed.make_need_key()
    shares = sealed.split_key(private, [each.pseudonym for each in people], 2)
    with db.one_action("test") as current:
        need.public_key = public
        for person, share in zip(people, shares, strict=True):
            secret = keys.opener_key_files().create(keys.opener_key_name(need.reference, person))
            pair = sealed.make_opener_keys(person.pseudonym, secret)
            current.add(
                OpenerShare(
                    need_id=need.id, person_id=person.id, point=share.index, threshold=2, public_key=pair.public,
                    wrapped_private_key=pair.wrapped_private, wrapping=keys.KEY_FILE,
                    wrapped_share=sealed.wrap_share(share, secret, need_ref=need.reference),
                )
            )  # fmt: skip
        record(making.MadeForTest(subject=need.reference))


def bidder(name: str = "") -> Membership:
    """The administrator of a new firm."""
    return making.supplier_member(making.supplier(name))


def drafted(need: Need, member: Membership, words: str = "We will build it plainly.", file: bytes | None = None) -> Bid:
    """A complete draft."""
    bid = actions.start_bid(need.id, member)
    fill(bid, member, words, file)
    return bid


def fill(bid: Bid, member: Membership, words: str = "We will build it plainly.", file: bytes | None = None) -> None:
    for question in bid.need.questions:
        actions.save_part(bid.id, member, drafts.answer_slot(question.id), words)
    actions.save_part(bid.id, member, drafts.PRICE, {str(each.id): 1_950_000 for each in bid.need.price_lines})
    actions.save_part(bid.id, member, drafts.DECLARATIONS, DECLARED)
    if file is not None:
        actions.add_file(bid.id, member, "plan.pdf", io.BytesIO(PDF + file))


def submit(bid: Bid, member: Membership, passphrase: str = "") -> submission.Submitted:
    """Submits now, and insists that it was in time."""
    sent = submission.submit_bid(bid.id, member, secrets.token_hex(16), clock.now(), passphrase)
    assert isinstance(sent, submission.Submitted)
    return sent


def submitted(need: Need, member: Membership | None = None, words: str = "We will build it plainly.") -> Bid:
    """A submitted bid of a new firm."""
    member = member or bidder()
    return submit(drafted(need, member, words), member).bid


def close(need: Need) -> None:
    """Moves the clock to where the bids may be opened."""
    assert need.closes_at is not None
    clock.set_clock(need.closes_at + rules.SETTLES + timedelta(seconds=1))


def open_all(made: Purchase) -> None:
    """Both acts of an opening, after closing."""
    close(made.need)
    opening.begin_opening(made.need.id, made.first, OPENING)
    opening.complete_opening(made.need.id, made.second, OPENING)


def supplier_of(member: Membership) -> Supplier:
    found = db.session.get(Supplier, member.organisation_id)
    assert found is not None
    return found
