"""PageClient: the only way in which tests fetch pages. It reads each page as a person would, and checks it as it goes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core.clock import london
from tests.making import PASSWORD

LEAKS = ("Traceback (most", "jinja2.", "sqlalchemy.", "<built-in", "<function", " object at 0x", "datetime.datetime(")
NOT_CHECKED = {"hidden", "submit", "button", "image", "reset"}


class Page:
    """One response, read as a page; `content` is its bytes. `text` and `has` look at the main part only."""

    def __init__(self, url: str, response: TestResponse) -> None:
        self.url, self.response, self.status = url, response, response.status_code
        self.is_html = response.mimetype == "text/html"
        self.content = response.get_data()
        response.close()
        self.html = self.content.decode() if self.is_html else ""
        self.soup = BeautifulSoup(self.html, "html5lib")

    def __repr__(self) -> str:
        return f"<Page {self.status} {self.url} {self.title!r}>"

    @property
    def main(self) -> Tag:
        return self.soup.find("main") or self.soup

    @property
    def text(self) -> str:
        return words_of(self.main)

    @property
    def title(self) -> str:
        return words_of(self.soup.title) if self.soup.title else ""

    @property
    def h1(self) -> str:
        return words_of(self.soup.h1) if self.soup.h1 else ""

    @property
    def links(self) -> dict[str, str]:
        """Each link's words and where it goes; of two with the same words, the first."""
        found: dict[str, str] = {}
        for link in self.soup.find_all("a", href=True):
            found.setdefault(words_of(link), str(link["href"]))
        return found

    @property
    def buttons(self) -> list[str]:
        return [words_of(each) for each in self.main.find_all("button")]

    @property
    def errors(self) -> list[str]:
        """The lines of the error summary."""
        return [words_of(each) for each in self.soup.select(".govuk-error-summary__list li")]

    @property
    def notices(self) -> list[str]:
        """The words of the banners that a finished action leaves."""
        return [words_of(each) for each in self.soup.select(".govuk-notification-banner__content")]

    @property
    def summary(self) -> dict[str, str]:
        """Keys and values of the page's summary lists."""
        rows = self.main.select(".govuk-summary-list__row")
        return {words_of(each.dt): words_of(each.dd) for each in rows if each.dt and each.dd}

    def has(self, text: str) -> bool:
        return " ".join(text.split()) in self.text

    def field(self, name: str) -> Any:
        """What a field holds now, by its name or label: text, the chosen value, or for checkboxes a list."""
        controls = [each for form in self.main.find_all("form") for each in controls_of(form, name)]
        if not controls:
            raise AssertionError(f"{self} has no field {name!r}")
        values = [value for each in controls for value in values_of(each)]
        if controls[0].get("type") == "checkbox":
            return values
        return values[0] if values else ""

    def table(self, caption: str) -> list[dict[str, str]]:
        """The rows of the table with this caption, by column heading."""
        for table in self.soup.find_all("table"):
            if table.caption and words_of(table.caption) == caption:
                head = [words_of(each) for each in table.select("thead th")]
                rows = table.select("tbody tr")
                return [dict(zip(head, map(words_of, row.find_all(["th", "td"])), strict=True)) for row in rows]
        raise AssertionError(f"{self} has no table {caption!r}")

    def form_with(self, button: str | None) -> tuple[Tag, Tag | None]:
        """The form that has a button with these words, and the button; without words, the only POST form in main."""
        if button is None:
            forms = self.main.find_all("form", method="post")
            if len(forms) != 1:
                raise AssertionError(f"{self} has {len(forms)} forms; name the button. Buttons: {self.buttons}")
            return forms[0], forms[0].find("button")
        for each in self.soup.find_all("button"):
            if words_of(each) == button:
                form = each.find_parent("form")
                if form:
                    return form, each
        raise AssertionError(f"{self} has no button {button!r}. Buttons: {self.buttons}\n{self.text[:600]}")


class PageClient:
    """A browser without scripts. Every HTML answer must be a sound page, or the test fails where it was fetched."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def get(self, path: str, status: int = 200, follow: bool = True, **kwargs: Any) -> Page:
        """Fetches a page, through redirects unless `follow` is False, and insists on the final status."""
        return self._arrive(path, self.client.get(path, **kwargs), status, follow)

    def post(self, path: str, status: int = 200, follow: bool = True, **kwargs: Any) -> Page:
        """Posts straight to an address, as no person does; for tests of what a page would not offer."""
        return self._arrive(path, self.client.post(path, **kwargs), status, follow)

    def follow(self, page: Page, link_text: str, status: int = 200) -> Page:
        """Follows the link with these words."""
        if link_text not in page.links:
            raise AssertionError(f"{page} has no link {link_text!r}. Links: {list(page.links)}")
        return self.get(urldefrag(urljoin(page.url, page.links[link_text])).url, status)

    def submit(self, page: Page, button: str | None = None, status: int = 200, **fields: Any) -> Page:
        """Fills in and sends the form with this button; other fields keep what they hold.

        Fields are named by name or label. A date or aware datetime fills all its boxes, True or False a single
        checkbox, a list several, (stream, filename) an upload. A page shown again with problems has status 422.
        """
        form, pressed = page.form_with(button)
        sent = filled(page, form, pressed, fields)
        target = urljoin(page.url, str(form.get("action") or "") or page.url)
        if str(form.get("method", "get")).lower() == "get":
            query = [(key, value) for key, value in sent.items(multi=True) if isinstance(value, str)]
            path = urlsplit(target).path
            return self._arrive(path, self.client.get(path, query_string=query), status, True)
        kind = form.get("enctype") or "application/x-www-form-urlencoded"
        return self._arrive(target, self.client.post(target, data=sent, content_type=str(kind)), status, True)

    def sign_in(self, email: str, password: str, then: str = "") -> Page:
        """Signs in through the page, as a person does; `then` is the address that the person wanted."""
        asked = self.get(f"/sign-in?next={then}" if then else "/sign-in")
        return self.submit(asked, "Sign in", email=email, password=password)

    def act_as(self, email: str) -> Page:
        """Another person of the tests takes the seat: whoever was signed in is out, this one is in."""
        self.sign_out()
        return self.sign_in(email, PASSWORD)

    def sign_out(self) -> None:
        """Forgets every cookie."""
        self.client = self.app.test_client()

    def _arrive(self, url: str, response: TestResponse, status: int, follow: bool) -> Page:
        for _ in range(8):
            if not (follow and response.status_code in (301, 302, 303, 307, 308)):
                break
            url = urldefrag(urljoin(url, response.headers["Location"])).url
            if urlsplit(url).netloc not in ("", "localhost"):
                raise AssertionError(f"Redirected away, to {url}")
            response.close()
            response = self.client.get(url)
        page = Page(url, response)
        if page.status != status:
            raise AssertionError(
                f"{page}: status {page.status}, not {status}. {'; '.join(page.errors)}\n{page.text[:800]}"
            )
        problems = page_problems(page)
        if problems:
            raise AssertionError(f"{page} is not a sound page:\n- " + "\n- ".join(problems))
        return page


def signed_in(app: Flask, member: Membership) -> PageClient:
    """A browser of the member's own, signed in, on a page that everybody has."""
    browser = PageClient(app)
    browser.sign_in(member.person.email, PASSWORD, then="/account")
    return browser


def words_of(tag: Tag | None) -> str:
    """The words of a piece of a page with single spaces between them."""
    return " ".join(tag.get_text(" ").split()).replace(" .", ".").replace(" ,", ",") if tag else ""


def label_of(control: Tag) -> str:
    """The words of a control's label, without "(optional)"."""
    form = control.find_parent("form")
    label = form.find("label", attrs={"for": control.get("id")}) if form and control.get("id") else None
    return words_of(label).removesuffix(" (optional)")


def legend_of(control: Tag) -> str:
    fieldset = control.find_parent("fieldset")
    return words_of(fieldset.legend).removesuffix(" (optional)") if fieldset and fieldset.legend else ""


def controls_of(form: Tag, name: str) -> list[Tag]:
    """The controls with this name, or else with this label or legend."""
    controls = form.find_all(["input", "select", "textarea"])
    return (
        [each for each in controls if each.get("name") == name]
        or [each for each in controls if label_of(each) == name]
        or [each for each in controls if legend_of(each) == name]
    )


def values_of(control: Tag) -> list[str]:
    """What a browser would send for this control as it stands."""
    if control.has_attr("disabled") or not control.get("name") or control.get("type") in ("file", "submit"):
        return []
    if control.name == "textarea":
        text = control.get_text()
        return [text]
    if control.name == "select":
        options = control.find_all("option")
        chosen = [each for each in options if each.has_attr("selected")] or options[:1]
        return [str(each.get("value", words_of(each))) for each in chosen]
    if control.get("type") in ("checkbox", "radio"):
        return [str(control.get("value", "on"))] if control.has_attr("checked") else []
    return [str(control.get("value", ""))]


def filled(page: Page, form: Tag, pressed: Tag | None, fields: dict[str, Any]) -> MultiDict[str, Any]:
    """What the form sends once these fields are filled in."""
    sent: MultiDict[str, Any] = MultiDict()
    for control in form.find_all(["input", "select", "textarea"]):
        for value in values_of(control):
            sent.add(str(control["name"]), value)
    if pressed is not None and pressed.get("name"):
        sent.add(str(pressed["name"]), str(pressed.get("value", "")))
    for name, value in fields.items():
        _fill(page, form, sent, name, value)
    return sent


def _fill(page: Page, form: Tag, sent: MultiDict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, date):
        for part, text in _parts(value).items():
            _fill(page, form, sent, _box_name(form, name, part), text)
        return
    controls = controls_of(form, name)
    if not controls:
        known = sorted({str(each.get("name")) for each in form.find_all(["input", "select", "textarea"])})
        raise AssertionError(f"{page} has no field {name!r} in that form. Fields: {known}")
    real_name = str(controls[0]["name"])
    if controls[0].get("type") == "file":
        sent.setlist(real_name, [value])
    elif controls[0].get("type") in ("checkbox", "radio") or controls[0].name == "select":
        sent.setlist(real_name, [_option(page, controls, each) for each in _chosen(controls, value)])
    else:
        sent.setlist(real_name, [str(value)])


def _parts(value: date) -> dict[str, str]:
    local = london(value) if isinstance(value, datetime) else value
    parts = {"day": str(local.day), "month": str(local.month), "year": str(local.year)}
    return {**parts, "time": local.strftime("%H:%M")} if isinstance(local, datetime) else parts


def _box_name(form: Tag, name: str, part: str) -> str:
    """The name of one box of a date, given the date's own name or its legend."""
    for control in form.find_all("input"):
        own = str(control.get("name", ""))
        if own == f"{name}-{part}" or (legend_of(control) == name and own.endswith(f"-{part}")):
            return own
    return f"{name}-{part}"


def _chosen(controls: list[Tag], value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [controls[0].get("value", "on")] if value else []
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _option(page: Page, controls: list[Tag], wanted: Any) -> str:
    """The value of the choice with this value or these words; a page that does not offer it fails."""
    offered: dict[str, str] = {}
    for control in controls:
        options = control.find_all("option") if control.name == "select" else [control]
        for each in options:
            value = str(each.get("value", "on"))
            offered[value] = value
            offered.setdefault(words_of(each) if each.name == "option" else label_of(each), value)
    if str(wanted) not in offered:
        raise AssertionError(f"{page} does not offer {wanted!r}. It offers {sorted(set(offered))}")
    return offered[str(wanted)]


# -- what every page must be


def page_problems(page: Page) -> list[str]:
    """All that is unsound about a page; an answer that is not HTML needs its headers only."""
    problems = [f"no {name} header" for name in ("Content-Security-Policy", "X-Content-Type-Options")
                if name not in page.response.headers]  # fmt: skip
    if not page.is_html or not page.html:
        return problems
    for check in (_frame, _headings, _references, _labels, _names, _scripts, _leaks):
        problems += check(page)
    return problems


def _frame(page: Page) -> list[str]:
    problems = []
    service = config.current().service_name
    if not page.title.endswith(f"– {service}") or page.title.startswith("–"):
        problems.append(f"the title is {page.title!r}, not “… – {service}”")
    if bool(page.errors) != page.title.startswith("Error: "):
        problems.append("a title starts with “Error: ” exactly when there is an error summary")
    if not page.soup.html or not page.soup.html.get("lang"):
        problems.append("html has no lang")
    if len(page.soup.find_all("main")) != 1:
        problems.append("there is not exactly one main")
    return problems


def _headings(page: Page) -> list[str]:
    problems = []
    if len(page.soup.find_all("h1")) != 1:
        problems.append(f"{len(page.soup.find_all('h1'))} h1 headings")
    headings = page.main.find_all(re.compile("^h[1-6]$"))
    for before, after in pairwise(headings):
        if int(after.name[1]) - int(before.name[1]) > 1:
            problems.append(f"heading {words_of(after)!r} skips from {before.name} to {after.name}")
    return problems + [f"an empty {each.name}" for each in headings if not words_of(each)]


def _references(page: Page) -> list[str]:
    ids = Counter(str(each["id"]) for each in page.soup.find_all(id=True))
    problems = [f"id {each!r} stands {count} times" for each, count in ids.items() if count > 1]
    for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        for each in page.soup.find_all(attrs={attribute: True}):
            lost = [name for name in str(each[attribute]).split() if name not in ids]
            problems += [f"{attribute}={name!r} points nowhere" for name in lost]
    anchors = [str(each["href"])[1:] for each in page.soup.find_all("a", href=re.compile("^#."))]
    return problems + [f"the link #{each} points nowhere" for each in anchors if each not in ids]


def _labels(page: Page) -> list[str]:
    labelled = {str(each["for"]) for each in page.soup.find_all("label", attrs={"for": True}) if words_of(each)}
    return [
        f"{each.name} {each.get('name')!r} has no label"
        for each in page.soup.find_all(["input", "select", "textarea"])
        if each.get("type") not in NOT_CHECKED
        and str(each.get("id")) not in labelled
        and not each.get("aria-label")
        and not each.get("aria-labelledby")
    ]


def _names(page: Page) -> list[str]:
    problems = [f"a link to {each.get('href')} without words" for each in page.soup.find_all("a", href=True)
                if not words_of(each) and not each.get("aria-label")]  # fmt: skip
    problems += ["a button without words" for each in page.soup.find_all("button") if not words_of(each)]
    problems += ["an img without alt" for each in page.soup.find_all("img") if not each.has_attr("alt")]
    return problems + [
        f"a form to {each.get('action')!r} without csrf_token"
        for each in page.soup.find_all("form", method="post")
        if not each.find("input", attrs={"name": "csrf_token"})
    ]


def _scripts(page: Page) -> list[str]:
    """What our content security policy would stop."""
    problems = ["an inline script" for each in page.soup.find_all("script") if not each.get("src")]
    problems += ["an inline style sheet" for _ in page.soup.find_all("style")]
    for each in page.soup.find_all(True):
        problems += [
            f"{each.name} has {name}" for name in each.attrs if name == "style" or re.match(r"on[a-z]+$", name)
        ]
    return problems


def _leaks(page: Page) -> list[str]:
    text = page.soup.get_text(" ")
    problems = [f"the words {each!r} on the page" for each in LEAKS if each in text]
    return problems + ["the bare word None on the page" for each in page.soup.find_all(string=True)
                       if each.strip() == "None"]  # fmt: skip
