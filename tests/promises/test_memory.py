"""Memory stays within bounds: what passes through a web process is not held in it whole."""

from __future__ import annotations

import hashlib
import io
import os
import re
import urllib.request
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.core import clock, db
from tenders.bids import actions, opened
from tenders.bids.models import Bid
from tests import bidding
from tests.bench.drafts import cookie_of
from tests.promises.crowd import Browser
from tests.served import Served, served


@pytest.mark.slow
def test_an_opened_file_is_not_held_in_memory(app: Flask, house: Settings, tmp_path: Path) -> None:
    """A council downloads a file of 19 MB five times; no worker's largest resident size grows by as much as one.

    What waits for a slow reader, and each thread's own share of memory, is some megabytes on a busy machine.
    """
    clock.set_clock(None)
    made = bidding.purchase()
    content = os.urandom(19_000_000)
    member = bidding.bidder()
    draft = bidding.drafted(made.need, member, file=b"a small one first")
    actions.add_file(draft.id, member, "large.pdf", io.BytesIO(bidding.PDF + content))
    bidding.submit(draft, member)
    bidding.open_all(made)
    bid = db.session.scalars(select(Bid)).one()
    home = f"/supplier/bids/{bid.reference}/opened-files"
    small, path = (f"{home}/{each.slot}" for each in opened.opened_files(bid))
    person = member.person_id
    db.session.remove()
    with served(house, tmp_path, MARKETPLACE_WEB_WORKERS="1") as copy:
        browser = Browser(copy.address, *cookie_of(app, person))
        for _ in range(5):
            fetched(copy, browser.cookie, small)
        before = peak_mb(copy)
        for _ in range(5):
            assert fetched(copy, browser.cookie, path) == hashlib.sha256(bidding.PDF + content).hexdigest()
        grown = peak_mb(copy) - before
        browser.close()
    assert grown < 15, f"grew by {grown:.1f} MB for a file of 19 MB"


def peak_mb(copy: Served) -> float:
    """The most that the largest web worker ever had in memory."""
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in copy.workers]
    return max(int(each[1]) for each in peaks if each) / 1000


def fetched(copy: Served, cookie: str, path: str) -> str:
    """The SHA-256 of what an address answers with, read piece by piece."""
    asked = urllib.request.Request(copy.address + path, headers={"Cookie": cookie})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return hashlib.file_digest(answer, "sha256").hexdigest()
