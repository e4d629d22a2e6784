"""D3: a backup made while bids come in, another machine, a restore: nothing that was answered before it is missing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace import config
from marketplace.backup import read_backup, write_backup
from marketplace.config import Settings
from marketplace.core import db
from marketplace.tables import all_tables
from tenders.bids.models import BidVersion
from tests import databases
from tests.promises import soundness
from tests.promises.crowd import Bidder
from tests.promises.history import History
from tests.promises.market import make_market
from tests.promises.proof import Proof
from tests.served import served

MOST_SECONDS = 300  # of bidding before the backup, however slow the machine


@pytest.mark.slow
def test_what_was_answered_before_a_backup_is_there_after_a_restore(
    app: Flask, house: Settings, tmp_path: Path, proof: Proof
) -> None:
    wanted, history, market = proof.size("D3"), History(), make_market(firms=6)
    archive = tmp_path / "copy.zip"
    with served(house, tmp_path) as copy, market.bidders(app, copy.address, history) as bidders, acting(bidders):
        until = time.monotonic() + MOST_SECONDS
        while _answered(history, datetime.now(UTC)) < wanted and time.monotonic() < until:
            time.sleep(0.1)
        began = datetime.now(UTC)
        write_backup(db.engine(), all_tables(), house.files_folder, archive, lambda _line: None)
        took = datetime.now(UTC) - began
        time.sleep(0.5)
    started = time.monotonic()
    with elsewhere(house, tmp_path) as other:
        read_backup(archive, db.engine(), all_tables(), other.files_folder, lambda _line: None)
        restored = time.monotonic() - started
        # The keys are of a later hour than the rows: drafts of the backup that were submitted since have lost theirs.
        unsound = [each for each in soundness.problems() if not each.startswith("draft of")]
        wrong = [f"after the restore: {each}" for each in unsound] + _missing(history, began)
    after = sum(each.outcome == "ok" and each.answered_at > began for each in history.operations)
    proof.tell(
        "D3",
        "backup while bids come in, restored elsewhere: answered before it began",
        count=_answered(history, began),
        violations=wrong,
        measured=f"backup {took.total_seconds():.1f} s, restore {restored:.1f} s; {after} answers came later",
    )


def _answered(history: History, before: datetime) -> int:
    return sum(each.kind == "submit" and each.outcome == "ok" and each.answered_at <= before for each in history.operations)


def _missing(history: History, began: datetime) -> list[str]:
    stored = {(each.bid.reference, each.idempotency_key) for each in db.session.scalars(select(BidVersion))}
    return [
        f"lost: {each.bid} with key {each.key[:8]}, answered {each.answered_at}"
        for each in history.operations
        if each.kind == "submit" and each.outcome == "ok" and each.answered_at <= began
        and (each.bid, each.key) not in stored
    ]  # fmt: skip


@contextmanager
def acting(bidders: list[Bidder]) -> Iterator[None]:
    """Each bidder acts in a thread of its own for the length of the block."""
    over = threading.Event()

    def run(bidder: Bidder) -> None:
        while not over.is_set():
            bidder.act()

    threads = [threading.Thread(target=run, args=[each]) for each in bidders]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


@contextmanager
def elsewhere(house: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: an empty database and home, to which the keys were brought apart from the backup."""
    (tmp_path / "other").mkdir()
    made = databases.empty(tmp_path / "other", os.environ.get("TEST_DATABASE_URL", ""))
    other = replace(house, home=tmp_path / "other" / "home", database_url=made.url)
    shutil.copytree(house.keys_folder, other.keys_folder)
    db.session.remove()
    config.install(other)
    engine = db.connect(other.url)
    try:
        yield other
    finally:
        db.session.remove()
        engine.dispose()
        config.install(house)
        db.connect(house.url)
        if made.server:
            made.drop(made.url)
