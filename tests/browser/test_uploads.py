"""The page of files in a real browser: pieces, a lost connection, a closed browser, pause and cancel, and no script."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from marketplace.core import db
from tenders.bids import drafts
from tests import bidding, making
from tests.bidding import PDF

pytestmark = pytest.mark.browser
LARGE = PDF + os.urandom(3_000_000)
# Where to keep pictures of the pages, for whoever wants to look at them.
PICTURES = os.environ.get("UPLOAD_PICTURES", "")


@pytest.fixture
def bid(house):
    member = bidding.bidder("Plain Ltd")
    made = bidding.drafted(bidding.purchase().need, member)
    return made, member.person.email


@pytest.fixture(params=[1280, 390])
def visit(request: pytest.FixtureRequest, browser: Browser, base: str, bid) -> Iterator[Callable[..., Page]]:
    """Opens the page of files, signed in, in a browser of its own; with or without JavaScript."""
    opened = []

    def go(script: bool = True) -> Page:
        context = browser.new_context(viewport={"width": request.param, "height": 900}, java_script_enabled=script)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{base}/sign-in?next=/supplier/bids")
        page.get_by_label("Email address").fill(bid[1])
        page.get_by_label("Password", exact=True).fill(making.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{base}/supplier/bids/{bid[0].reference}/files")
        if script:  # the script comes after the page
            page.wait_for_selector("input[type=file][multiple]")
        return page

    yield go
    for each in opened:
        each.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    if page.evaluate("document.body.classList.contains('js-enabled')"):
        found = Axe().run(page).response["violations"]
        assert not found, [each["id"] for each in found]


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    given = [{"name": name, "mimeType": "application/pdf", "buffer": content} for name, content in files]
    page.get_by_label("Add a file").set_input_files(given)
    page.get_by_role("button", name="Add this file").click()


def listed(page: Page) -> list[str]:
    return page.locator("ol li a[download]").all_inner_texts()


def cut(page: Page, after: int) -> None:
    """Loses the connection once so many pieces have gone through."""
    gone = 0

    def lose(route: Route) -> None:
        nonlocal gone
        gone += 1
        if gone > after:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/pieces", lose)


def test_files_go_on_after_a_lost_connection(visit, bid) -> None:
    page = visit()
    cut(page, after=2)
    choose(page, ("plan.pdf", LARGE), ("small.pdf", PDF + b"small"))
    expect(page.get_by_text("The connection is lost. Trying again.")).to_be_visible()
    picture(page, "lost")
    page.unroute("**/pieces")
    expect(page.get_by_text("File added. Only your firm can read it.")).to_be_visible()
    assert listed(page) == ["plan.pdf", "small.pdf"]
    picture(page, "added")
    db.session.rollback()
    file = drafts.read_draft(bid[0]).answers.files[0]
    assert drafts.open_file(bid[0], file.slot)[1].read() == LARGE


def test_files_go_on_after_the_browser_was_closed(visit) -> None:
    page = visit()
    cut(page, after=2)
    choose(page, ("plan.pdf", LARGE))
    expect(page.get_by_text("The connection is lost. Trying again.")).to_be_visible()
    page.context.close()
    page = visit()
    expect(page.get_by_text("plan.pdf: 0.8 MB of 3.0 MB are here")).to_be_visible()
    picture(page, "unfinished")
    sent: list[int] = []
    page.on("request", lambda each: sent.append(int(each.headers["upload-offset"])) if "/pieces" in each.url else None)
    choose(page, ("plan.pdf", LARGE))
    expect(page.get_by_text("File added. Only your firm can read it.")).to_be_visible()
    assert listed(page) == ["plan.pdf"] and sent[0] == 786_432


def test_pause_go_on_and_cancel_with_the_keyboard(visit) -> None:
    page = visit()
    cut(page, after=1)
    choose(page, ("plan.pdf", LARGE))
    expect(page.get_by_role("heading", name="Files on their way")).to_be_focused()
    expect(page.get_by_text("The connection is lost. Trying again.")).to_be_visible()
    page.get_by_role("button", name="Pause plan.pdf").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused. 0.3 MB of 3.0 MB are sent and kept.")).to_be_visible()
    expect(page.get_by_role("progressbar", name="plan.pdf")).to_be_visible()
    picture(page, "paused")
    page.unroute("**/pieces")
    page.route("**/pieces", lambda route: None)  # the service does not answer
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel plan.pdf").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The unfinished file is removed")).to_be_visible()
    assert listed(page) == [] and not page.get_by_text("Not finished yet").count()


def test_a_file_that_cannot_be_used_says_why_and_the_others_go_up(visit) -> None:
    page = visit()
    choose(page, ("empty.pdf", b""), ("web.pdf", b"<html>" * 100), ("plan.pdf", PDF + b"plan"))
    expect(page.get_by_text("empty.pdf is empty: check that it opens on your computer")).to_be_visible()
    expect(page.get_by_text("web.pdf does not look like a .pdf file")).to_be_visible()
    expect(page.get_by_text("Sent. It is part of your bid.")).to_be_visible()
    picture(page, "refused")
    page.reload()
    assert listed(page) == ["plan.pdf"]


def test_without_a_script_one_file_goes_up_by_the_form(visit) -> None:
    page = visit(script=False)
    choose(page, ("plan.pdf", LARGE))
    expect(page.get_by_text("File added. Only your firm can read it.")).to_be_visible()
    assert listed(page) == ["plan.pdf"]
    picture(page, "no-script")
