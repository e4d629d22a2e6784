"""D9: the worker is killed between a commit and the index, again and again; index and database do not part."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace

import pytest
from flask import Flask

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import clock, db, failpoints
from marketplace.listeners import LISTENERS
from marketplace.worker import serve
from search import answering, indexing
from suppliers.profiles.actions import change_description
from suppliers.profiles.rules import Description
from tests import making
from tests.promises.proof import Proof

INDEX = next(each for each in LISTENERS if each.name == "index")
POINTS = (
    "worker: deliveries entered, not committed @ index", "worker: lines claimed @ index", "index: documents read",
    "index: documents written", "worker: reacted, not yet marked @ index", "worker: marked @ index",
)  # fmt: skip
FIRMS = 5
LAG_MEASURED = 20


@pytest.mark.slow
def test_killed_between_commit_and_index(app: Flask, house: Settings, proof: Proof) -> None:
    kills, chance = proof.size("D9"), random.Random(9)
    members = _firms()
    indexing.rebuild_index(lambda _line: None)
    wrong, killed = [], 0
    for number in range(kills):
        _describe(chance.choice(members), f"Round {number}: we look after ponds.")
        # A lease of the last kill is over by now, and the daily mending, which would hide a drift, does not run here.
        clock.pass_time(minutes=6)
        killed += _killed_at(house, POINTS[number % len(POINTS)])
        if number % 50 == 49:
            wrong += _drift_once_idle(number)
    wrong += _drift_once_idle(kills)
    if killed < kills:
        wrong.append(f"{kills - killed} workers were not killed")
    lags = sorted(_lag(members[0], number) for number in range(LAG_MEASURED))
    _describe(members[0], "Nobody has told the index of this.")
    assert any("differs" in each for each in indexing.check_index()), "a drift must be found"
    proof.tell(
        "D9", "worker killed between commit and index; then index and database compared", count=kills, violations=wrong,
        measured=f"lag without kills: {1000 * lags[-1]:.0f} ms at most of {LAG_MEASURED}, besides the worker's pause",
    )  # fmt: skip


def _firms() -> list[int]:
    made = [making.supplier_member(making.supplier(f"Pond care {number} Ltd")).id for number in range(FIRMS)]
    db.session.remove()
    return made


def _describe(member_id: int, words: str) -> None:
    change_description(db.session.get_one(Membership, member_id), Description(about=words))
    db.session.remove()


def _killed_at(house: Settings, point: str) -> bool:
    """A worker's turn in a process of its own, which ends at the point."""
    db.session.remove()
    db.engine().dispose()
    child = os.fork()
    if not child:
        try:
            config.install(replace(house, failpoint=point))
            failpoints._passed.clear()
            db.connect(house.url)
            answering._engines.clear()
            serve(INDEX)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _drift_once_idle(number: int) -> list[str]:
    clock.pass_time(minutes=6)
    while serve(INDEX):
        pass
    return [f"after {number} kills: {each}" for each in indexing.check_index()]


def _lag(member_id: int, number: int) -> float:
    """Seconds from a commit until the index has it."""
    _describe(member_id, f"Words of {number}.")
    began = time.monotonic()
    while serve(INDEX):
        pass
    return time.monotonic() - began
