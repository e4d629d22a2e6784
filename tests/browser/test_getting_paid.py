"""Getting paid, clicked in a real browser: with scripts at a desk, and without them on a phone."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.worker import Worker
from tests.browser.album import DESKTOP, PHONE
from tests.browser.windows import windows
from tests.journeys.getting_paid import begin, run_getting_paid

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("paid", DESKTOP, True), ("paid-plain-phone", PHONE, False)])
def test_getting_paid_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser
) -> None:
    with windows(browser, base, name, width=width, has_scripts=has_scripts, more_than=15) as opened:
        run_getting_paid(begin(opened.new_hand, Worker(whole_app).run_until_idle))
