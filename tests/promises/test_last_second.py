"""B3: in the last second a bid is accepted exactly if its last byte reached us at or before the closing instant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from marketplace import config
from marketplace.core import clock, db
from tenders.bids import drafts
from tenders.bids.models import Bid, BidVersion, LateAttempt
from tests import bidding, making
from tests.bench.drafts import cookie_of
from tests.promises.last_second import (
    ACCEPTED,
    Kept,
    Sent,
    monotonic_to_utc,
    request,
    send_all,
    stamp_errors,
    wrong_ones,
)
from tests.promises.proof import Proof
from tests.served import served

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.slow
def test_the_last_second(app: Flask, house: config.Settings, tmp_path: Path, proof: Proof) -> None:
    """Real bids, sent to a served copy from a second before closing to a second after it."""
    clock.set_clock(None)
    need = bidding.purchase(closes_at=clock.now() + timedelta(days=1)).need
    members = [bidding.bidder() for _ in range(proof.size("B3"))]
    bids = [bidding.drafted(need, each) for each in members]
    sent = []
    for bid, member in zip(bids, members, strict=True):
        cookie, token = cookie_of(app, member.person_id)
        sent.append(request(bid.reference, cookie, token, drafts.read_draft(bid).mark))
    need_id = need.id
    db.session.remove()
    with served(house, tmp_path) as server:
        offset = monotonic_to_utc()
        centre = time.monotonic() + 3
        closes_at = datetime.fromtimestamp(centre + offset, UTC)
        _close_at(need_id, closes_at)
        send_all(server.port, sent, centre, 1.0)
    kept = _kept(need_id)
    errors = stamp_errors([each for each in sent if each.bid in kept], kept, offset)
    slowest = max(each.answered - each.after for each in sent)
    accepted = sum(each.status == ACCEPTED for each in sent)
    assert 0 < accepted < len(sent), f"answers {sorted({each.status for each in sent})}: nothing was tried on one side"
    proof.tell(
        "B3",
        "bids from -1 s to +1 s around closing, a served copy",
        count=len(sent),
        violations=wrong_ones(sent, kept, closes_at, offset),
        measured=f"stamp off by p50 {errors[len(errors) // 2]:.2f}, p99 {errors[len(errors) * 99 // 100]:.2f}, "
        f"max {errors[-1]:.2f} ms; {accepted} in time; all answered within {slowest:.1f} s",
    )


def _close_at(need_id: int, closes_at: datetime) -> None:
    from marketplace.core.journal import record
    from tenders.needs.models import Need

    with db.one_action("test"):
        need = db.session.get_one(Need, need_id)
        need.closes_at = closes_at
        record(making.MadeForTest(subject=need.reference))
    db.session.remove()


def _kept(need_id: int) -> dict[str, Kept]:
    """By the bid's reference."""
    bids = {each.id: each for each in db.session.query(Bid).filter_by(need_id=need_id)}
    by_supplier = {each.supplier_id: each.reference for each in bids.values()}
    versions: dict[str, list[datetime]] = {}
    late: dict[str, list[datetime]] = {}
    for version in db.session.query(BidVersion).filter(BidVersion.bid_id.in_(bids)):
        versions.setdefault(bids[version.bid_id].reference, []).append(version.received_at)
    for attempt in db.session.query(LateAttempt).filter_by(need_id=need_id):
        late.setdefault(by_supplier[attempt.supplier_id], []).append(attempt.received_at)
    return {each: Kept(tuple(versions.get(each, ())), tuple(late.get(each, ()))) for each in by_supplier.values()}


@pytest.mark.parametrize(
    ("status", "sent_at", "versions", "late", "said"),
    [
        (200, 0.01, [-0.01], [], "accepted and its last byte sent"),
        (409, -0.01, [], [0.01], "refused and had been sent"),
        (200, -0.01, [], [], "stored 0 times"),
        (200, -0.01, [-0.01, -0.01], [], "stored 2 times"),
        (0, -0.01, [-0.01], [], "not at all"),
        (503, -0.01, [], [], "answered 503"),
        (409, 0.01, [0.01], [], "refused and is stored"),
        (200, -0.01, [0.01], [], "against its own time"),
    ],
)
def test_the_checker_catches_what_would_be_wrong(
    status: int, sent_at: float, versions: list[float], late: list[float], said: str
) -> None:
    def around(seconds: list[float]) -> tuple[datetime, ...]:
        return tuple(NOON + timedelta(seconds=each) for each in seconds)

    one = Sent("B-1", b"", before=sent_at, after=sent_at, answered=1.0, status=status)
    found = wrong_ones([one], {"B-1": Kept(around(versions), around(late))}, NOON, NOON.timestamp())
    assert len(found) == 1 and said in found[0]
    fine = Sent("B-1", b"", before=-0.01, after=-0.01, answered=1.0, status=200)
    assert not wrong_ones([fine], {"B-1": Kept(around([-0.01]), ())}, NOON, NOON.timestamp())
    assert stamp_errors([fine], {"B-1": Kept(around([0.02]), ())}, NOON.timestamp()) == [pytest.approx(30.0)]
