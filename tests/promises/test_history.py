"""The checker of bids catches what it is for: each kind of fault, planted one at a time into a sound record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.promises.history import Holdings, Operation, StoredBid, StoredVersion, Told, violations

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _operation(kind: str, bid: str, at: datetime, outcome: str = "ok", **more: object) -> Operation:
    return Operation(kind, bid, at, at + SECOND, outcome, **more)  # type: ignore[arg-type]


def _version(bid: str, number: int, key: str, at: datetime) -> StoredVersion:
    mark = f"hash {bid} {number}"
    return StoredVersion(bid, number, key, at, mark, (bid, number, at, mark))


SOUND = (
    _operation("submit", "B-1", NOON - 60 * SECOND, key="k1", version=1, manifest_hash="hash B-1 1"),
    _operation("submit", "B-1", NOON - 30 * SECOND, "unknown", key="k2"),
    _operation("submit", "B-1", NOON - 20 * SECOND, key="k2", version=2, manifest_hash="hash B-1 2"),
    _operation("submit", "B-2", NOON - 10 * SECOND, key="k3", version=1, manifest_hash="hash B-2 1"),
    _operation("withdraw", "B-2", NOON - 5 * SECOND),
    _operation("submit", "B-1", NOON + SECOND, "fail", key="k4"),
    _operation("read", "N-1", NOON + 60 * SECOND),
)
HELD = Holdings(
    bids=(StoredBid("B-1", "N-1", 1, 2, None), StoredBid("B-2", "N-1", 2, 1, NOON - 5 * SECOND)),
    versions=(
        _version("B-1", 1, "k1", NOON - 60 * SECOND),
        _version("B-1", 2, "k2", NOON - 30 * SECOND),
        _version("B-2", 1, "k3", NOON - 10 * SECOND),
    ),
    told=tuple(Told(bid, number, "", f"hash {bid} {number}") for bid, number in (("B-1", 1), ("B-1", 2), ("B-2", 1))),
    closes_at={"N-1": NOON},
    opened=(("N-1", NOON + 30 * SECOND),),
)


def test_a_sound_record_has_no_violation() -> None:
    assert violations(SOUND, HELD) == []


FIRST = HELD.versions[0]
PLANTED = {
    "lost: B-1": replace(HELD, versions=HELD.versions[1:]),
    "another: B-1": replace(HELD, versions=(replace(FIRST, manifest_hash="other"), *HELD.versions[1:])),
    "doubled: B-1 is stored 2 times": replace(HELD, versions=(*HELD.versions, FIRST)),
    "doubled: supplier 1 has 2 live": replace(HELD, bids=(*HELD.bids, StoredBid("B-9", "N-1", 1, 0, None))),
    "unanswered: B-2 version 2": replace(
        HELD,
        versions=(*HELD.versions, _version("B-2", 2, "k9", NOON - SECOND)),
    ),
    "late: B-1 version 2": replace(
        HELD, versions=(FIRST, _version("B-1", 2, "k2", NOON + timedelta(microseconds=1)), HELD.versions[2])
    ),
    "late: B-2 was withdrawn": replace(HELD, bids=(HELD.bids[0], replace(HELD.bids[1], withdrawn_at=NOON + SECOND))),
    "receipt: B-1 version 1": replace(HELD, versions=(replace(FIRST, receipt=None), *HELD.versions[1:])),
    "journal: B-1 version 1 is not told": replace(HELD, told=HELD.told[1:]),
    "journal: it tells of B-8": replace(HELD, told=(*HELD.told, Told("B-8", 1, "", "x"))),
    "withdrawal lost": replace(HELD, bids=(HELD.bids[0], replace(HELD.bids[1], withdrawn_at=None))),
    "read early: bids of N-1 were opened": replace(HELD, opened=(("N-1", NOON - SECOND),)),
    "read early: somebody read": replace(HELD, opened=()),
    "time: B-1 version 1": replace(
        HELD, versions=(_version("B-1", 1, "k1", NOON - 90 * SECOND), *HELD.versions[1:])
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_named(fault: str) -> None:
    found = violations(SOUND, PLANTED[fault])
    assert any(each.startswith(fault) for each in found), found
