"""B1 and B2: what bidders were answered and what is stored agree, whatever is killed meanwhile and however they race."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.core import db, journal
from marketplace.core.journal import JournalLine
from tests.promises.crowd import Bidder, is_submitted, receipt_of
from tests.promises.history import History, holdings, violations
from tests.promises.market import Market, close_in, make_market
from tests.promises.proof import Proof, is_long
from tests.served import Served, served

pytestmark = pytest.mark.slow
AT_ONCE = 8


@pytest.fixture
def market(app: Flask, house: Settings) -> Market:
    """Firms with two colleagues each, who get in each other's way."""
    return make_market(firms=25 if is_long() else 4, colleagues=2)


def test_what_was_answered_is_stored_and_what_is_stored_was_answered(
    app: Flask, house: Settings, market: Market, tmp_path: Path, proof: Proof
) -> None:
    history, size = History(), proof.size("B1")
    with served(house, tmp_path) as copy, market.bidders(app, copy.address, history) as bidders:
        with killing(copy) as killed:
            together(bidders, lambda bidder: act_until(bidder, history, size))
        close_in(market.need_id, 1)
        together(bidders, press_on_past_the_deadline)
    held = holdings()
    tried = [each for each in history.operations if each.kind != "read"]
    wrong = violations(history.operations, held) + left_unknown(history) + record_problems()
    wrong += [each for bidder in bidders for each in bidder.server_errors]
    if len(held.versions) < size // 100:
        wrong.append(f"only {len(held.versions)} versions came in, so hardly anything was tried")
    proof.tell(
        "B1",
        "submit, replace, withdraw by many, web workers killed, then the deadline",
        count=len(tried),
        violations=wrong,
        measured=f"{len(held.versions)} versions, {killed.count} kills, "
        f"{sum(each.status == 0 for each in tried)} requests cut off, {sum(each.outcome == 'fail' for each in tried)} refused",
    )


def test_the_same_bid_eight_times_at_once_is_one_bid(
    app: Flask, house: Settings, market: Market, tmp_path: Path, proof: Proof
) -> None:
    races, history, wrong = proof.size("B2"), History(), []
    with served(house, tmp_path) as copy, market.bidders(app, copy.address, history) as bidders:
        for number in range(races):
            wrong += race(bidders[number % len(bidders)], copy, market, history)
    wrong += violations(history.operations, holdings()) + record_problems()
    proof.tell("B2", "the same bid eight times at once", count=races, violations=wrong)


def race(bidder: Bidder, copy: Served, market: Market, history: History) -> list[str]:
    """One race of eight connections of one person with one key; gives what went wrong."""
    bidder.start()
    bidder.write()
    key = os.urandom(16).hex()
    runners = [
        Bidder(type(bidder.browser)(copy.address, bidder.browser.cookie, bidder.browser.token), market.way, history, 0)
        for _ in range(AT_ONCE)
    ]
    gate, seen = threading.Barrier(AT_ONCE), []
    for each in runners:
        each.bid = bidder.bid
        each.browser.get("/healthz")  # so that all are connected when they start

    def run(runner: Bidder) -> None:
        gate.wait()
        answer = runner.browser.post(f"/supplier/bids/{runner.bid}/submit", idempotency_key=key, seen="", passphrase="")
        version, mark = receipt_of(runner.browser.get(answer.location)) if is_submitted(answer) else (0, "")
        runner._note("submit", answer, "ok" if version else "fail", key=key, version=version, manifest_hash=mark)
        facts = runner.browser.get(f"/supplier/bids/{runner.bid}/receipt/{version}.json").body if version else ""
        seen.append((answer.status, version, mark, facts))
        runner.browser.close()

    together(runners, run)
    if len(seen) == AT_ONCE and len(set(seen)) == 1 and seen[0][0] == 302 and '"signature"' in seen[0][3]:
        return []
    return [f"race for {bidder.bid}: {sorted({each[:3] for each in seen})}"]


def test_a_bid_that_vanishes_is_noticed(app: Flask, house: Settings, market: Market) -> None:
    """The same checker over real tables, with a bid taken out behind the service's back, and one put in twice."""
    from marketplace.accounts.models import Membership
    from tenders.bids.models import BidVersion, SealedPart
    from tenders.needs.models import Need
    from tests import bidding
    from tests.promises.history import Operation

    need, member = db.session.get_one(Need, market.need_id), db.session.get_one(Membership, market.members[0])
    bid = bidding.submitted(need, member)
    version = bid.versions[0]
    told = Operation(
        "submit", bid.reference, version.received_at, version.received_at, "ok", version.idempotency_key, 200, 1,
        version.manifest_hash,
    )  # fmt: skip
    assert violations([told], holdings()) == []
    with db.engine().begin() as connection:
        connection.execute(SealedPart.__table__.delete())
        connection.execute(BidVersion.__table__.delete())
    found = violations([told], holdings())
    assert any(each.startswith("lost:") for each in found) and any("not stored" in each for each in found)


# -- hands


def act_until(bidder: Bidder, history: History, size: int) -> None:
    while len(history.operations) < size:
        bidder.act()


def press_on_past_the_deadline(bidder: Bidder) -> None:
    """Submits again and again from before the closing instant to after it."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        bidder.submit()


def together(bidders: Sequence[Bidder], act: Callable[[Bidder], None]) -> None:
    """All at once, each in a thread of its own; raises the first fault of the test itself."""
    faults: list[BaseException] = []

    def run(bidder: Bidder) -> None:
        try:
            act(bidder)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=[each]) for each in bidders]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if faults:
        raise faults[0]


class Killed:
    count = 0


@contextmanager
def killing(copy: Served, first: float = 0.5, every: float = 6) -> Iterator[Killed]:
    """Kills one web worker after another, as a machine short of memory would; seconds let the next one start."""
    over, chance, killed = threading.Event(), random.Random(7), Killed()

    def run() -> None:
        while not over.wait(every if killed.count else first):
            workers = copy.workers
            if len(workers) > 1:
                os.kill(chance.choice(workers), signal.SIGKILL)
                killed.count += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def left_unknown(history: History) -> list[str]:
    """Submissions that had no answer in all their tries."""
    answered = {(each.bid, each.key) for each in history.operations if each.outcome != "unknown"}
    asked = {(each.bid, each.key) for each in history.operations if each.kind == "submit"}
    return [f"never answered: {bid} with key {key[:8]}" for bid, key in sorted(asked - answered)]


def record_problems() -> list[str]:
    """What is wrong with the journal as a whole."""
    verdict = journal.verify(db.session())
    late = db.session.scalars(select(JournalLine.number).where(JournalLine.event == "BidsOpened")).all()
    db.session.rollback()
    return ([] if verdict.is_whole else [f"journal: {verdict.reason}"]) + [f"opened at line {each}" for each in late]


