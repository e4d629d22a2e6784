"""Pages of opening passphrases and of the recovery key in a real browser, at a desk and at a phone's width."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.core import db
from tenders.bids import opener_keys
from tests import bidding, making
from tests.actions.test_recovery import council
from tests.browser.windows import windows

pytestmark = pytest.mark.browser
OTHER = "lantern otter granite thimble"


def test_the_pages_of_keys_in_a_browser(whole_app: Flask, base: str, browser: Browser) -> None:
    made = council(has_key=False)
    fresh = making.member(made.need.authority, "finance").person.email
    loser, name, title = made.openers[0], made.openers[0].person.name, made.need.title
    maker, keeper, approver, opener = (
        each.person.email for each in (made.maker, made.keeper, made.approver, made.openers[1])
    )
    successor, home = made.successor.person.name, f"/council/needs/{made.need.reference}/key"
    names = [each.person for each in made.openers]
    with windows(browser, base, "keys", more_than=10) as opened:
        own = opened.signed_in(fresh)
        own.go("/account/opening-passphrase")
        own.fill("Set my opening passphrase", {"Choose an opening passphrase": "short", "Type it again": "x"}, status=422)
        both = {"Choose an opening passphrase": OTHER, "Type it again": OTHER}
        own.fill("Set my opening passphrase", both)
        own.follow("Change it")
        own.go("/account/opening-passphrase/forgotten")
        first, second, third = (opened.signed_in(each) for each in (maker, keeper, approver))
        first.go("/council/recovery-key")
        file = first.download("Make a recovery key and download its file").decode()
        second.go("/council/recovery-key")
        second.fill("It is stored", {"Recovery code": file})
        need = making.open_need(made.need.authority, panel={"opener": names})
        bidding.give_key(need)
        opener_keys.begin_anew(loser, OTHER, OTHER)
        second_home = f"/council/needs/{need.reference}/key"
        db.session.remove()
        first.go(second_home)
        first.follow(f"Use the recovery key for the share of {name}")
        first.fill("Ask for the recovery key", {"Who gets the recovery share?": name, "What happened": "Lost."})
        third.go(second_home)
        third.send("Approve the use of the recovery key")
        second.go(second_home)
        second.follow("Bring the recovery file")
        second.fill("Give the recovery share", {"Recovery code": file})
        assert second.reads("approved by") and not second.reads("has lost the share")
        leaver = opened.signed_in(opener)
        leaver.go(home)
        leaver.follow("Hand your share over")
        words = {"Who takes over?": successor, "Why somebody else takes over": "Leaving.",
                 "Your opening passphrase": making.OPENING}  # fmt: skip
        leaver.fill("Hand my share over", words)
        assert leaver.reads(successor) and title
        first.go("/council/recovery-key")
        first.follow("Its file is lost, or somebody has it who should not")
