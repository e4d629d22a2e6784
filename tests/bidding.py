"""Purchases for tests of bidding: a published need with its key and openers, and bids in any state."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from datetime import timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.journal import record
from suppliers.profiles.models import Supplier
from tenders.bids import actions, drafts, keys, opening, rules, submission
from tenders.bids.models import Bid
from tenders.needs.models import Need
from tests import making

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


def purchase(**facts: object) -> Purchase:
    """An open need with three openers (two are needed), an evaluator and a sealing key."""
    council = making.council()
    openers = [making.member(council, "officer"), making.member(council, "approver"), making.member(council, "finance")]
    evaluator = making.member(council, "evaluator", "officer")
    panel = {"opener": [each.person for each in openers], "evaluator": [evaluator.person]}
    need = making.open_need(council, panel=panel, **facts)
    give_key(need)
    return Purchase(need, *openers, evaluator)


def give_key(need: Need, passphrases: dict[int, str] | None = None) -> None:
    with db.one_action("test"):
        keys.prepare_sealing(need, [each.person for each in need.people_with("opener")], passphrases)
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
    opening.begin_opening(made.need.id, made.first)
    opening.complete_opening(made.need.id, made.second)


def supplier_of(member: Membership) -> Supplier:
    found = db.session.get(Supplier, member.organisation_id)
    assert found is not None
    return found
