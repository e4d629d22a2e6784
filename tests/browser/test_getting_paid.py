"""Getting paid, clicked in a real browser: with scripts at a desk, and without them on a phone."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.worker import Worker
from tests.browser.album import DESKTOP, PHONE, Album
from tests.browser.hands import BrowserHand
from tests.journeys.getting_paid import begin, run_getting_paid

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("paid", DESKTOP, True), ("paid-plain-phone", PHONE, False)])
def test_getting_paid_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser
) -> None:
    album, contexts = Album(name, has_scripts), []

    def new_hand() -> BrowserHand:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=has_scripts, locale="en-GB"
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return BrowserHand(context.new_page(), base, album.look)

    try:
        run_getting_paid(begin(new_hand, Worker(whole_app).run_until_idle))
    finally:
        for each in contexts:
            each.close()
    assert len(album.kinds) > 15
    assert not album.problems, "\n".join(album.problems)
