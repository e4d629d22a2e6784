"""The browser windows of one test: one a person, every page of ours looked at, all closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

from tests import making
from tests.browser.album import DESKTOP, Album
from tests.browser.hands import BrowserHand


class Windows:
    """Opens windows of one width, with scripts or without, and keeps their pages in the album of this name."""

    def __init__(self, browser: Browser, base: str, name: str, width: int, has_scripts: bool) -> None:
        self.browser, self.base, self.width, self.has_scripts = browser, base, width, has_scripts
        self.album = Album(name, has_scripts)
        self.contexts: list[BrowserContext] = []

    def new_hand(self) -> BrowserHand:
        """A person's window, in which nobody is signed in."""
        context = self.browser.new_context(
            viewport={"width": self.width, "height": 900}, java_script_enabled=self.has_scripts, locale="en-GB"
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        return BrowserHand(context.new_page(), self.base, self._look)

    def signed_in(self, email: str) -> BrowserHand:
        """A window in which the person with this address is signed in."""
        hand = self.new_hand()
        hand.go("/sign-in")
        hand.fill("Sign in", {"Email address": email, "Password": making.PASSWORD})
        return hand

    def close(self) -> None:
        """Closes every window."""
        for each in self.contexts:
            each.close()

    def _look(self, page: Page) -> None:
        if page.url.startswith(self.base):  # another's page, as Stripe's is, is not ours to mend
            self.album.look(page)


@contextmanager
def windows(
    browser: Browser, base: str, name: str, *, width: int = DESKTOP, has_scripts: bool = True, more_than: int
) -> Iterator[Windows]:
    """Windows for one test; at its end more than so many kinds of pages must have been seen, none with a problem."""
    opened = Windows(browser, base, name, width, has_scripts)
    try:
        yield opened
    finally:
        opened.close()
    assert len(opened.album.kinds) > more_than
    assert not opened.album.problems, "\n".join(opened.album.problems)
