"""What a person of the journey can do at a screen; one kind of hand reads pages without a browser, another clicks."""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask

from tests.pageclient import Page, PageClient


class Hand(Protocol):
    """One person at one screen. Fields are named by label or legend, links and buttons by their words."""

    def go(self, path: str, status: int = 200) -> None: ...

    def follow(self, words: str) -> None: ...

    def send(self, button: str, status: int = 200, **fields: Any) -> None: ...

    def fill(self, button: str, fields: dict[str, Any], status: int = 200) -> None: ...

    def reads(self, words: str) -> bool: ...

    def offers(self, words: str) -> bool: ...

    def download(self, words: str) -> bytes: ...

    @property
    def path(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def errors(self) -> list[str]: ...

    def link_to(self, beginning: str) -> str: ...


class PageHand:
    """Hands without a browser: fast, and every page is checked as it is fetched."""

    def __init__(self, app: Flask) -> None:
        self.client = PageClient(app)
        self.page: Page | None = None

    @property
    def here(self) -> Page:
        assert self.page is not None, "No page is open yet"
        return self.page

    @property
    def path(self) -> str:
        return urlsplit(self.here.url).path

    @property
    def source(self) -> str:
        return self.here.html

    @property
    def errors(self) -> list[str]:
        return self.here.errors

    def go(self, path: str, status: int = 200) -> None:
        self.page = self.client.get(path, status)

    def follow(self, words: str) -> None:
        self.page = self.client.follow(self.here, words)

    def send(self, button: str, status: int = 200, **fields: Any) -> None:
        self.fill(button, fields, status)

    def fill(self, button: str, fields: dict[str, Any], status: int = 200) -> None:
        self.page = self.client.submit(self.here, button, status, **fields)

    def reads(self, words: str) -> bool:
        return self.here.has(words)

    def offers(self, words: str) -> bool:
        return words in self.here.links or words in self.here.buttons

    def download(self, words: str) -> bytes:
        if words in self.here.links:
            return self.client.follow(self.here, words).content
        return self.client.submit(self.here, words).content

    def link_to(self, beginning: str) -> str:
        return first_link(self.source, beginning)


def first_link(source: str, beginning: str) -> str:
    """The path of the first link in a page whose path begins so."""
    found = re.search(rf'href="(?:https?://[^/"]+)?({re.escape(beginning)}[^"]*)"', source)
    assert found, f"No link to {beginning}"
    return found.group(1)
