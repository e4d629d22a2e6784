"""The pages after an outage and the trace of a bid in a real browser, at a desk and on a phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from marketplace.core import clock
from tenders.outages import actions
from tests import bidding, making

pytestmark = pytest.mark.browser
# Where to keep pictures of the pages, for whoever wants to look at them.
PICTURES = os.environ.get("OUTAGE_PICTURES", "")


def look(page: Page, name: str) -> None:
    """What every page must be at every width."""
    if PICTURES:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    found = Axe().run(page).response["violations"]
    assert not found, (name, [each["id"] for each in found])


@pytest.mark.parametrize("width", [1280, 390])
def test_two_people_give_more_time_and_a_firm_reads_its_trace(base: str, browser: Browser, width: int) -> None:
    made, member = bidding.purchase(closes_at=clock.now() + timedelta(minutes=5)), bidding.bidder()
    bid = bidding.drafted(made.need, member)
    need, home = made.need.reference, f"/supplier/bids/{bid.reference}"
    people = [each.person.email for each in (made.first, made.second, member, making.administrator())]
    actions.beat(("worker", "web"), timedelta(seconds=60))
    clock.pass_time(minutes=10)
    actions.beat(("worker", "web"), timedelta(seconds=60))
    contexts = [browser.new_context(viewport={"width": width, "height": 900}) for _ in people]
    officer, approver, firm, administrator = (_signed_in(each.new_page(), base, who) for each, who in zip(contexts, people, strict=True))

    officer.goto(f"{base}/council")
    look(officer, "dashboard")
    officer.get_by_role("link", name="Decide on more time after an outage").click()
    look(officer, "propose")
    officer.get_by_label("Why").fill("Two firms telephoned.")
    officer.get_by_role("button", name="Put it to an approver").click()
    look(officer, "need")
    approver.goto(f"{base}/council")
    approver.get_by_role("link", name="Approve the answer to an outage").click()
    look(approver, "decide")
    approver.get_by_role("button", name="Approve").click()
    look(approver, "approved")
    assert approver.get_by_text("The new closing time is public").count()
    firm.goto(f"{base}{home}")
    firm.get_by_role("link", name="Every request about this bid").click()
    look(firm, "trace")
    administrator.goto(f"{base}/admin")
    look(administrator, "admin")
    firm.goto(f"{base}/needs/{need}")
    look(firm, "public")
    for each in contexts:
        each.close()


def _signed_in(page: Page, base: str, email: str) -> Page:
    page.set_default_timeout(15_000)
    page.goto(f"{base}/sign-in?next=/account")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(making.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")
    return page
