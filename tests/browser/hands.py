"""Hands at a real browser: they click what a person clicks, and keep what each page looked like."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page

from marketplace.core.clock import london
from tests.journeys.hands import first_link


class BrowserHand:
    """One person's browser window. `on_arrival` is told of every page that was reached."""

    def __init__(self, page: Page, base: str, on_arrival: Callable[[Page], None]) -> None:
        self.page, self.base, self.on_arrival = page, base, on_arrival

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def source(self) -> str:
        return self.page.content()

    @property
    def errors(self) -> list[str]:
        return self.page.locator(".govuk-error-summary__list li").all_inner_texts()

    def go(self, path: str, status: int = 200) -> None:
        answer = self.page.goto(self.base + path)
        assert answer is not None and answer.status == status, f"{path}: {answer and answer.status}, not {status}"
        self.on_arrival(self.page)

    def follow(self, words: str) -> None:
        # A link that looks like a button has a button's role.
        self._click(self.page.get_by_role("link", name=_exactly(words)).or_(self._button(words)).first, 200)

    def send(self, button: str, status: int = 200, **fields: Any) -> None:
        self.fill(button, fields, status)

    def fill(self, button: str, fields: dict[str, Any], status: int = 200) -> None:
        for name, value in fields.items():
            self._enter(name, value)
        self._click(self._button(button), status)

    def reads(self, words: str) -> bool:
        return " ".join(words.split()) in " ".join(self.page.locator("main").inner_text().split())

    def offers(self, words: str) -> bool:
        return self._button(words).count() + self.page.get_by_role("link", name=_exactly(words)).count() > 0

    def download(self, words: str) -> bytes:
        link = self.page.get_by_role("link", name=_exactly(words))
        with self.page.expect_download() as coming:
            (link.first if link.count() else self._button(words)).click()
        with open(coming.value.path(), "rb") as file:
            return file.read()

    def link_to(self, beginning: str) -> str:
        return first_link(self.source, beginning)

    def _button(self, words: str) -> Locator:
        return self.page.get_by_role("button", name=_exactly(words)).first

    def _click(self, what: Locator, status: int) -> None:
        with self.page.expect_navigation() as coming:
            what.click()
        answer = coming.value
        assert answer.status == status, f"{self.page.url}: {answer.status}, not {status}. {self.errors}"
        self.on_arrival(self.page)

    def _enter(self, name: str, value: Any) -> None:
        group = self.page.get_by_role("group", name=_labelled(name))
        if isinstance(value, date):
            _enter_date(group, value)
        elif group.count():
            for each in value if isinstance(value, list) else [value]:
                self._choose(group.first, str(each))
        else:
            _enter_control(self.page.get_by_label(_labelled(name)).first, value)

    def _choose(self, group: Locator, words: str) -> None:
        option = group.get_by_label(_exactly(words))
        if not option.count():
            option = group.get_by_label(re.compile(rf"^\s*{re.escape(words)} – "))  # a score before its label
        option.first.check()


def _enter_control(control: Locator, value: Any) -> None:
    if isinstance(value, bool):
        control.set_checked(value)
    elif isinstance(value, tuple):
        stream, name = value
        control.set_input_files({"name": name, "mimeType": guess_type(name)[0] or "", "buffer": stream.getvalue()})
    elif control.evaluate("each => each.tagName") == "SELECT":
        control.select_option(label=value)
    else:
        control.fill(value)


def _enter_date(group: Locator, value: date) -> None:
    local = london(value) if isinstance(value, datetime) else value
    parts = {"Day": str(local.day), "Month": str(local.month), "Year": str(local.year)}
    for label, text in parts.items():
        group.get_by_label(label).fill(text)


def _loosely(words: str) -> str:
    """The words with any white space between them, as hidden words inside a link leave it."""
    return r"\s*".join(re.escape(each) for each in re.findall(r"\w+|[^\w\s]", words))


def _exactly(words: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{_loosely(words)}\s*$")


def _labelled(words: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{_loosely(words)}( \(optional\))?\s*$")
