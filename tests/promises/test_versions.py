"""B5: write, submit, replace, withdraw, start again, extend, close, open in any order, against a model of twenty lines."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

import hypothesis
import pytest
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import clock, db
from marketplace.core.errors import Refusal
from tenders.bids import actions, drafts, opened, opening, queries, rules, submission
from tenders.bids.models import Bid, OpenedPart, SealedPart
from tenders.needs import amending
from tenders.needs.models import Need
from tests import bidding, making
from tests.conftest import START
from tests.promises.proof import Proof

STEPS = 40
WORDS = st.sampled_from(["plainly", "in Welsh", "with care", "by bus"])


class Bidding(RuleBasedStateMachine):
    """One firm and one need. What the model knows is in lower case words; everything else is asked of the service."""

    done = 0
    seen: list[str] = []

    @initialize()
    def begin(self) -> None:
        clock.set_clock(START)
        made = bidding.purchase()
        self.need_id, self.officer = made.need.id, made.first.id
        self.openers = (made.first.id, made.second.id)
        self.member = bidding.bidder().id
        self.closes_at = made.need.closes_at
        self.draft: str | None = None  # what is written and not submitted
        self.sent: list[str] = []  # what was submitted under the present bid
        self.ended: list[int] = []  # bids that were withdrawn
        self.bid = 0
        self.opened = False
        self.keys: dict[str, tuple[int, int]] = {}

    # -- the model

    @property
    def is_open(self) -> bool:
        return clock.now() <= self.closes_at and not self.opened

    def who(self, member_id: int) -> Membership:
        return db.session.get_one(Membership, member_id)

    def expect(self, allowed: bool, act, what: str):
        """Does it, and compares whether it was allowed with what the model says."""
        type(self).done += 1
        db.session.rollback()
        try:
            came = act()
        except Refusal as refusal:
            if allowed:
                self.seen.append(f"{what} was refused: {refusal}")
            return None
        is_late = isinstance(came, submission.RefusedLate)
        if is_late == allowed:
            self.seen.append(f"{what} was {'refused' if is_late else 'taken'}")
        return None if is_late else came

    # -- what a firm does

    @precondition(lambda self: not self.bid)
    @rule()
    def start(self) -> None:
        came = self.expect(self.is_open, lambda: actions.start_bid(self.need_id, self.who(self.member)).id, "starting")
        if came:
            self.bid, self.draft, self.sent = came, None, []

    @precondition(lambda self: self.bid)
    @rule(words=WORDS)
    def write(self, words: str) -> None:
        bid = db.session.get_one(Bid, self.bid)

        def fill() -> bool:
            bidding.fill(bid, self.who(self.member), words)
            return True

        if self.expect(self.is_open, fill, "writing"):
            self.draft = words

    @precondition(lambda self: self.bid)
    @rule(late_by=st.sampled_from([0, 0, 3]))
    def submit(self, late_by: int) -> None:
        """The work may be done seconds after the request came in; what counts is when it came."""
        key, received_at = secrets.token_hex(16), clock.now() - timedelta(seconds=late_by)
        allowed = received_at <= self.closes_at and not self.opened and self.draft is not None
        came = self.expect(
            allowed, lambda: submission.submit_bid(self.bid, self.who(self.member), key, received_at), "submitting"
        )
        if came:
            assert self.draft is not None
            self.sent.append(self.draft)
            self.keys[key] = (self.bid, len(self.sent))
            self.draft = None

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def press_again(self, data: st.DataObject) -> None:
        """An old key gives its old receipt, whatever has happened since, and changes nothing."""
        key = data.draw(st.sampled_from(sorted(self.keys)))
        bid, number = self.keys[key]
        came = self.expect(True, lambda: submission.submit_bid(bid, self.who(self.member), key, clock.now()), "pressing again")
        if came and came.version.number != number:
            self.seen.append(f"pressing again gave version {came.version.number}, not {number}")

    @precondition(lambda self: self.bid)
    @rule()
    def withdraw(self) -> None:
        came = self.expect(
            self.is_open, lambda: submission.withdraw_bid(self.bid, self.who(self.member), clock.now()), "withdrawing"
        )
        if came:
            self.ended.append(self.bid)
            self.bid, self.draft, self.sent = 0, None, []

    # -- what the council and the clock do

    @rule(hours=st.integers(-2, 30))
    def extend(self, hours: int) -> None:
        later = self.closes_at + timedelta(hours=hours)
        allowed = self.is_open and hours > 0
        came = self.expect(
            allowed, lambda: amending.extend_need(self.need_id, self.who(self.officer), later, "More time"), "extending"
        )
        if came:
            self.closes_at = later

    @rule(hours=st.sampled_from([0.01, 5, 100]))
    def wait(self, hours: float) -> None:
        clock.pass_time(hours=hours)

    @rule(seconds=st.sampled_from([-1, 0, 0.000001, 11]))
    def wait_until_about_the_closing(self, seconds: float) -> None:
        target = self.closes_at + timedelta(seconds=seconds)
        if target > clock.now():
            clock.set_clock(target)

    @rule()
    def open(self) -> None:
        allowed = clock.now() > self.closes_at + rules.SETTLES and not self.opened
        first, second = self.openers

        def both() -> bool:
            opening.begin_opening(self.need_id, self.who(first), making.OPENING)
            opening.complete_opening(self.need_id, self.who(second), making.OPENING)
            return True

        self.opened = bool(self.expect(allowed, both, "opening")) or self.opened

    # -- what must hold after every step

    @invariant()
    def the_last_version_counts_and_the_others_stay_sealed(self) -> None:
        db.session.rollback()
        if not hasattr(self, "need_id"):
            return
        need = db.session.get_one(Need, self.need_id)
        if (need.opened_at is not None) != self.opened:
            self.seen.append(f"opened: {need.opened_at}, the model says {self.opened}")
        parts = {each.bid_id for each in db.session.query(OpenedPart).join(Bid).filter(Bid.need_id == self.need_id)}
        meant = {self.bid} if self.opened and self.sent else set()
        if parts != meant:
            self.seen.append(f"bids {parts} have opened parts, the model says {meant}")
        if self.bid:
            bid = db.session.get_one(Bid, self.bid)
            if bid.current_version != len(self.sent):
                self.seen.append(f"version {bid.current_version}, the model says {len(self.sent)}")
            if self.opened and self.sent and opened.read_answers(bid).answers[0].text != self.sent[-1]:
                self.seen.append(f"opened was {opened.read_answers(bid).answers[0].text}, the last was {self.sent[-1]}")
            if not self.opened and self.draft and drafts.read_draft(bid).answers.answers[0].text != self.draft:
                self.seen.append("the draft is another")
        here = db.session.query(SealedPart).join(Bid, Bid.id == SealedPart.bid_id).filter(Bid.need_id == self.need_id)
        self.seen.extend(unsealed(here))
        if not self.opened:
            with pytest.raises(queries.StillSealed):
                queries.opened_bids(need)


def unsealed(parts: Iterable[SealedPart]) -> list[str]:
    """Parts of bids whose stored content is not a sealed one."""
    is_open = (each for each in parts if each.ciphertext is not None and not each.ciphertext.startswith(b"SEALED/1 part\n"))
    return [f"part {each.id} is not sealed" for each in is_open]


@pytest.mark.slow
def test_bids_in_any_order_follow_the_model(app: Flask, house: Settings, proof: Proof) -> None:
    Bidding.done, Bidding.seen = 0, []
    examples = max(1, proof.size("B5") // STEPS)
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None, derandomize=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    while Bidding.done < proof.size("B5") and not Bidding.seen:
        run_state_machine_as_test(Bidding, settings=settings)
    # Those of every need once more: nothing that was done to a later one opened them.
    Bidding.seen += unsealed(db.session.query(SealedPart))
    proof.tell("B5", "steps in any order against a model", count=Bidding.done, violations=list(dict.fromkeys(Bidding.seen)))


def test_a_part_in_clear_is_noticed() -> None:
    sealed = SealedPart(id=1, ciphertext=b"SEALED/1 part\nx")
    assert unsealed([sealed, SealedPart(id=2, ciphertext=None), SealedPart(id=3, ciphertext=b"plainly")]) == [
        "part 3 is not sealed"
    ]


def test_the_model_notices_a_late_version(app: Flask, house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps twice, by hand so that chance has no part in it: the second time late submissions are taken."""

    def late_by_a_second() -> list[str]:
        Bidding.done, Bidding.seen = 0, []
        steps = Bidding()
        steps.begin()
        steps.start()
        steps.write(words="plainly")
        steps.wait_until_about_the_closing(seconds=1)
        steps.submit(late_by=0)
        steps.the_last_version_counts_and_the_others_stay_sealed()
        return Bidding.seen

    assert late_by_a_second() == []
    monkeypatch.setattr(rules, "is_in_time", lambda _need, _at: True)
    assert late_by_a_second() == ["submitting was taken"]
