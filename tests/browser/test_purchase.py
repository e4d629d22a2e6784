"""The purchase of tests/journeys, clicked in a real browser: with scripts at a desk, and without them on a phone."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from marketplace.worker import Worker
from tests.browser.album import DESKTOP, PHONE
from tests.browser.windows import windows
from tests.journeys.people import gather
from tests.journeys.purchase import run_purchase

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "width", "has_scripts"), [("scripts", DESKTOP, True), ("plain-phone", PHONE, False)])
def test_the_purchase_in_a_browser(
    name: str, width: int, has_scripts: bool, whole_app: Flask, base: str, browser: Browser
) -> None:
    with windows(browser, base, name, width=width, has_scripts=has_scripts, more_than=50) as opened:
        run_purchase(gather(opened.new_hand, Worker(whole_app).run_until_idle))
