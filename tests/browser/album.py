"""What the pages of a journey looked like: checked for accessibility and width as they come, photographed on wish."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent.parent.parent / "screenshots"
PHONE, DESKTOP = 390, 1280
IS_WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > window.innerWidth"


def kind_of(url: str, title: str) -> str:
    """One name for all pages made alike: the address without references and numbers, and the title's error mark."""
    path = re.sub(r"/(?:[NBC]-\d{4}-\d+|\d+[^/]*)(?=/|$)", "/x", urlsplit(url).path)
    path = re.sub(r"/(follows|confirm|questions)/(?!ask)[^/]+", r"/\1/x", path)
    return ("error" if title.startswith("Error: ") else "") + (path.strip("/").replace("/", "-") or "front")


class Album:
    """The distinct pages met so far, and what is wrong with them."""

    def __init__(self, name: str, has_scripts: bool) -> None:
        self.name, self.has_scripts = name, has_scripts
        self.kinds: set[str] = set()
        self.problems: list[str] = []
        self.axe = Axe()

    def look(self, page: Page) -> None:
        """Looks once at each kind of page, at the width of the journey and, with scripts, at a phone's."""
        # The heading tells apart pages at one address: a need as a draft and once it is published.
        kind = f"{kind_of(page.url, page.title())}-{page.locator('h2').count()}"
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        self._photograph(page, kind, self.name)
        if self.has_scripts:
            self._check(page, kind)
            with _at_width(page, PHONE):
                if page.evaluate(IS_WIDER_THAN_SCREEN):
                    self.problems.append(f"{kind}: wider than a phone's screen")
                self._photograph(page, kind, f"{self.name}-phone")

    def _check(self, page: Page, kind: str) -> None:
        for each in self.axe.run(page).response["violations"]:
            where = "; ".join(str(node["target"]) for node in each["nodes"][:3])
            self.problems.append(f"{kind}: {each['id']}: {each['help']} ({where})")

    def _photograph(self, page: Page, kind: str, folder: str) -> None:
        if os.environ.get("SCREENSHOTS"):
            page.screenshot(path=FOLDER / folder / f"{kind}.png", full_page=True)


@contextmanager
def _at_width(page: Page, width: int) -> Iterator[None]:
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 844})
    yield
    if before:
        page.set_viewport_size(before)
