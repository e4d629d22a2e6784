"""The one layout, its pieces and the error pages, on a tiny application of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask, Response, abort, flash, redirect
from jinja2 import DictLoader
from jinja2.exceptions import UndefinedError
from werkzeug.datastructures import FileStorage

from marketplace import assets, config
from marketplace.config import CHECKOUT
from marketplace.core import forms, pages
from marketplace.core.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    Problem,
    Problems,
    TooMany,
)
from marketplace.core.pages import PageOf, autosaved, error_page, is_autosave, page
from tests.pageclient import PageClient, page_problems

IMPORTS = """{% extends "layouts/page.html" %}
{% from "parts/forms.html" import form_page, button_form %}
{% from "parts/show.html" import heading, status_tag, empty_state, paragraphs, money, timeline, checklist, marked %}
{% from "parts/lists.html" import summary_list, task_list, table, pagination, search_box %}
{% from "parts/charts.html" import bar_chart %}
"""
TEMPLATES = {
    "plain.html": "{{ heading(title) }}{{ paragraphs(words) }}",
    "need.html": "{{ heading(title) }}{{ form_page(form, autosave=true) }}{{ button_form('/gone', 'Withdraw') }}",
    "typo.html": "{{ heading(title) }}{{ tittle }}",
    "typo_attribute.html": "{{ heading(title) }}{% if problem.messsage %}x{% endif %}",
    "pieces.html": """{{ heading(title, "Lincoln City Council") }}{{ status_tag("closing_soon") }}
        {{ search_box("/needs", 'a"b', "Search needs", hint="Words") }}
        {{ summary_list([{"key": "Budget", "value": money(120050)}, {"key": "Nothing", "value": none},
                         {"key": "Closes", "value": at | moment, "actions": [{"text": "Change", "href": "/c"}]}]) }}
        {{ task_list([{"heading": "Write it", "rows": [{"title": "Problem", "href": "/p", "is_done": true},
                                                      {"title": "Publish"}]}]) }}
        {{ table(["Supplier", {"text": "Score", "numeric": true}], [["Acme <Ltd>", 12]], "Scores") }}
        {{ pagination(listed) }}{{ bar_chart([{"label": "London", "value": 3}, {"label": "Hull", "value": 0}], "Needs") }}
        {{ bar_chart([], "None yet") }}
        {{ timeline([{"at": at, "title": "Closes"}, {"at": on, "title": "Decision", "is_past": true}]) }}
        {{ checklist(problems, links={"title": "/p"}) }}{{ empty_state("No bids yet", "Wait.", {"text": "How", "href": "/h"}) }}
        {{ marked([("mend <b>", false), ("roofs", true)]) }}""",
}


class NeedForm(forms.Form):
    title = forms.TextLine("Title", hint="In a few words")
    story = forms.TextBox("What is the problem?", word_limit=20)
    budget = forms.Pounds("Budget including VAT")
    closes_at = forms.Moment("Closing date and time")
    starts_on = forms.Day("Start date", required=False)
    route = forms.Choice("Route", choices=[forms.SelectChoice("open", "Open to all", {"hint": "Most are"}), "closed"])
    region = forms.OneOf("Region", choices=["London", "Wales"])
    skills = forms.Choices("Skills", choices={"web": "Web design", "gis": "Maps"}, required=False)
    sure = forms.Tick("I have asked residents", required="Tick when you have asked residents")
    paper = forms.Upload("Paper", required=False, extensions=["pdf"])
    secret = forms.Password("Password", required=False)


GOOD = {
    "title": 'A "better" <bin>',
    "story": "Bins overflow",
    "budget": "£12,000",
    "closes_at": datetime(2026, 7, 6, 13, 0, tzinfo=UTC),
    "Route": "Open to all",
    "region": "Wales",
    "skills": ["web", "Maps"],
    "I have asked residents": True,
}


def make_app() -> Flask:
    app = Flask("marketplace", root_path=str(CHECKOUT / "marketplace"))
    app.config.update(SECRET_KEY="only for tests", MAX_CONTENT_LENGTH=100_000)
    app.extensions["navigation"] = lambda: [
        {"text": "Needs", "href": "/needs", "current": True},
        {"text": "Sign in", "href": "/sign-in"},
    ]
    pages.install_pages(app)
    body = {name: f"{IMPORTS}{{% block content %}}{text}{{% endblock %}}" for name, text in TEMPLATES.items()}
    app.jinja_loader.loaders.insert(0, DictLoader(body))
    _add_routes(app)
    return app


def _add_routes(app: Flask) -> None:
    kept: dict[str, object] = {}

    @app.route("/plain")
    def plain() -> Response:
        return page("plain.html", title="A plain page", words="Mend <b>bins</b>\n\n- one\n- two")

    @app.route("/need", methods=["GET", "POST"])
    def need() -> Response:
        form = NeedForm()
        if form.validate_on_submit():
            kept.update(form.data)
            if is_autosave():
                return autosaved()
            flash("Your need is saved", "success")
            return redirect("/kept")
        return page("need.html", title="Describe the need", form=form)

    @app.route("/kept")
    def kept_page() -> Response:
        words = "\n\n".join(f"{name}={value}" for name, value in kept.items() if not isinstance(value, FileStorage))
        return page("plain.html", title="Kept", words=words)

    @app.route("/pieces/<int:lot>")
    def pieces(lot: int) -> Response:
        return page(
            "pieces.html", title="Pieces", at=datetime(2026, 7, 6, 13, 0, tzinfo=UTC), on=date(2026, 7, 20),
            problems=[Problem("Add a title", "title"), Problem("Add a criterion")],
            listed=PageOf([], pages.page_number(), 10, 95),
        )  # fmt: skip

    @app.route("/refused/<name>")
    def refused(name: str) -> Response:
        raise {
            "not-found": NotFound("There is no such need."),
            "not-allowed": NotAllowed(""),
            "conflict": Conflict("Somebody else published it."),
            "too-many": TooMany(""),
            "problems": Problems([Problem("Add a <title>")]),
            "break": ZeroDivisionError("a secret of the house"),
        }[name]

    @app.route("/abort/<int:status>")
    def aborted(status: int) -> Response:
        abort(status)

    @app.route("/error/<int:status>")
    def shown(status: int) -> Response:
        return error_page(status)

    @app.route("/api/v1/nothing")
    def api() -> Response:
        raise NotFound("There is no such need.")

    @app.route("/typo")
    @app.route("/typo/attribute", defaults={"template": "typo_attribute.html"})
    def typo(template: str = "typo.html") -> Response:
        return page(template, title="Typo", problem=Problem("x"))


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    before = config._current
    config.install(config.Settings(demonstration=True))
    yield
    config._current = before


@pytest.fixture
def client(app: Flask) -> PageClient:
    return PageClient(app)


def test_a_page_has_its_frame(client: PageClient) -> None:
    here = client.get("/plain")
    assert here.title == "A plain page – Market Cross" and here.h1 == "A plain page"
    assert here.links["Skip to main content"] == "#main-content"
    assert here.links["Market Cross"] == "/" and here.links["Needs"] == "/needs"
    assert here.links["Accessibility statement"] == "/accessibility"
    assert "Demonstration" not in here.text and "Demonstration" in here.soup.get_text()
    assert here.soup.find("a", href="/needs")["aria-current"] == "page"


def test_the_outbox_and_the_banner_are_for_the_demonstration_only(client: PageClient) -> None:
    assert "/outbox" in client.get("/plain").links.values()
    config.install(config.Settings())
    here = client.get("/plain")
    assert "/outbox" not in here.links.values() and "Demonstration" not in here.soup.get_text()


def test_what_people_write_is_never_markup(client: PageClient) -> None:
    here = client.get("/plain")
    assert here.has("Mend <b>bins</b>") and not here.main.find("b")
    assert [each.get_text() for each in here.main.find_all("li")] == ["one", "two"]


def test_every_answer_carries_the_security_headers(client: PageClient) -> None:
    for path, status in (("/plain", 200), ("/no-such-page", 404), ("/static/market.css", 200)):
        headers = client.get(path, status=status).response.headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert len(headers["X-Request-Id"]) == 16
        assert "Strict-Transport-Security" not in headers


def test_https_is_insisted_on_where_it_is_served(client: PageClient) -> None:
    config.install(config.Settings(https=True))
    assert "max-age=31536000" in client.get("/plain").response.headers["Strict-Transport-Security"]


def test_pages_of_a_signed_in_person_are_not_stored(client: PageClient) -> None:
    assert "Cache-Control" not in client.get("/plain").response.headers
    with client.client.session_transaction() as session:
        session["_user_id"] = "1"
    assert client.get("/plain").response.headers["Cache-Control"] == "no-store"


def test_static_files_are_named_by_content_and_kept_for_a_year(client: PageClient, app: Flask) -> None:
    with app.test_request_context():
        address = pages.asset("market.css")
    assert "?v=" in address
    assert "immutable" in client.get(address).response.headers["Cache-Control"]
    assert "immutable" not in client.get("/static/market.css").response.headers["Cache-Control"]


def test_a_filled_form_goes_through(client: PageClient) -> None:
    here = client.submit(client.get("/need"), "Save and continue", **GOOD)
    assert here.h1 == "Kept" and here.notices == ["Your need is saved"]
    assert here.has("budget=1200000") and here.has('title=A "better" <bin>')
    assert here.has("closes_at=2026-07-06 13:00:00+00:00") and here.has("skills=['web', 'gis']")


def test_an_empty_form_says_everything_that_is_missing(client: PageClient) -> None:
    here = client.submit(client.get("/need"), "Save and continue", status=422)
    assert here.title == "Error: Describe the need – Market Cross"
    assert here.errors == [
        "Enter the title",
        "Enter an answer to “What is the problem?”",
        "Enter the budget including VAT",
        "Enter the closing date and time",
        "Select the route",
        "Select the region",
        "Tick when you have asked residents",
    ]
    assert [here.links[each] for each in here.errors] == [
        "#title", "#story", "#budget", "#closes_at-day", "#route", "#region", "#sure",
    ]  # fmt: skip


def test_nothing_typed_is_lost(client: PageClient) -> None:
    typed = {**GOOD, "budget": "lots <of> it", "closes_at-time": "teatime", "starts_on-day": "31"}
    here = client.submit(client.get("/need"), "Save and continue", status=422, **typed)
    assert len(here.errors) == 3
    shown = {name: here.field(name) for name in ("title", "story", "budget", "route", "region", "skills", "sure")}
    assert shown == {
        "title": 'A "better" <bin>', "story": "Bins overflow", "budget": "lots <of> it", "route": "open",
        "region": "Wales", "skills": ["web", "gis"], "sure": ["y"],
    }  # fmt: skip
    assert (here.field("closes_at-time"), here.field("starts_on-day")) == ("teatime", "31")


def test_a_date_with_any_number_of_parts_is_answered(client: PageClient) -> None:
    page_shown = client.get("/need")
    token = page_shown.field("csrf_token")
    for sent in ({}, {"closes_at-day": "1"}, {"closes_at-day": ["1", "2"], "closes_at": "x"}, {"closes_at-time": "\0"}):
        client.post("/need", status=422, data={"csrf_token": token, **sent})


def test_a_form_without_its_token_is_refused_and_kept(client: PageClient) -> None:
    here = client.post("/need", status=422, data={"title": "Bins"})
    assert any("button again" in each for each in here.errors) and here.field("title") == "Bins"


def test_autosaving_is_answered_without_a_page(client: PageClient) -> None:
    here = client.get("/need")
    form = here.form_with("Save and continue")[0]
    assert form.has_attr("data-autosave") and form["enctype"] == "multipart/form-data" and form.has_attr("novalidate")
    data = {"csrf_token": here.field("csrf_token")}
    assert client.post("/need", status=422, data=data, headers={"X-Autosave": "1"}).errors


def test_pieces(client: PageClient) -> None:
    here = client.get("/pieces/3?q=a+b&page=4")
    assert here.h1 == "Lincoln City Council Pieces" and here.has("Closing soon")
    assert here.summary == {"Budget": "£1,200.50", "Closes": "2:00pm on Monday 6 July 2026"}
    assert here.table("Scores") == [{"Supplier": "Acme <Ltd>", "Score": "12"}]
    assert here.table("Needs") == [{"Group": "London", "Number": "3"}, {"Group": "Hull", "Number": "0"}]
    assert here.field("q") == 'a"b'
    assert here.links["5"] == "/pieces/3?q=a+b&page=5" and "7" not in here.links
    assert here.has("Monday 20 July 2026") and here.links["Add a title"] == "/p"
    assert here.main.find("mark").get_text() == "roofs"
    scrolled = here.main.select_one(".market-scroll")
    assert scrolled["tabindex"] == "0" and scrolled["aria-label"] == "Scores"
    named = [(cell["data-label"], cell.get_text()) for cell in scrolled.select("td")]
    assert named == [("Score", "12")], "as cards on a phone, cells carry their column's name"


@pytest.mark.parametrize("asked", ["0", "-1", "x", "٣", "9" * 30, ""])
def test_a_page_number_that_cannot_be_is_still_answered(client: PageClient, asked: str) -> None:
    client.get(f"/pieces/1?page={asked}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503])
def test_every_error_page_says_what_to_do(client: PageClient, status: int) -> None:
    here = client.get(f"/error/{status}", status=status)
    assert here.h1 == pages.ERROR_TITLES[status]
    assert len(here.main.find_all("p")) >= 1 and "{{" not in here.text


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("not-found", 404, "There is no such need."), ("not-allowed", 403, "does not give you access"),
        ("conflict", 409, "Somebody else published it."), ("too-many", 429, "Wait 15 minutes"),
        ("problems", 422, "Add a <title>"),
    ],
)  # fmt: skip
def test_refusals_are_pages(client: PageClient, name: str, status: int, words: str) -> None:
    assert client.get(f"/refused/{name}", status=status).has(words)


def test_other_errors_are_pages_too(client: PageClient) -> None:
    assert client.get("/abort/418", status=418).h1 == pages.ERROR_TITLES[400]
    assert client.get("/abort/501", status=501).h1 == pages.ERROR_TITLES[500]
    wrong_method = client.post("/plain", status=405)
    assert "GET" in wrong_method.response.headers["Allow"]
    assert client.post("/need", status=413, data={"story": "x" * 200_000}).has("at most 20 MB")


def test_a_breakdown_tells_its_reference_and_nothing_else(client: PageClient) -> None:
    here = client.get("/refused/break", status=500)
    assert here.response.headers["X-Request-Id"] in here.text
    assert "secret" not in here.html and "Needs" not in here.links


def test_a_breakdown_of_the_navigation_still_has_a_page(client: PageClient, app: Flask) -> None:
    before = app.extensions["navigation"]
    app.extensions["navigation"] = lambda: 1 / 0
    try:
        assert client.get("/plain", status=500).h1 == pages.ERROR_TITLES[500]
    finally:
        app.extensions["navigation"] = before


def test_the_interface_for_programs_answers_in_json(client: PageClient) -> None:
    here = client.get("/api/v1/nothing", status=404)
    assert here.response.json == {"error": {"status": 404, "message": "There is no such need."}}


@pytest.mark.parametrize("path", ["/typo", "/typo/attribute"])
def test_a_misspelt_name_in_a_template_fails_loudly(client: PageClient, app: Flask, path: str) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = True
    try:
        with pytest.raises(UndefinedError):
            client.get(path)
    finally:
        app.config["PROPAGATE_EXCEPTIONS"] = None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<h1>A</h1><h3>B</h3>", "skips from h1 to h3"), ("<p>no heading</p>", "0 h1"),
        ("<h1>A</h1><input name=x>", "no label"), ("<h1>A</h1><p id=a></p><p id=a></p>", "stands 2 times"),
        ("<h1>A</h1><a href=/x></a>", "without words"), ("<h1>A</h1><p>None</p>", "bare word None"),
        ("<h1>A</h1><p style='x'>", "has style"), ("<h1>A</h1><label for=q>Q</label>", "points nowhere"),
        ("<h1>A</h1><form method=post></form>", "without csrf_token"), ("<h1>A</h1><script>1</script>", "inline script"),
        ("<h1>A</h1><p>&lt;function x</p>", "<function"), ("<h1>A</h1><a href='#b'>B</a>", "#b points nowhere"),
    ],
)  # fmt: skip
def test_the_client_notices_unsound_pages(body: str, problem: str) -> None:
    app = make_app()
    app.add_url_rule(
        "/bad", view_func=lambda: f"<html lang=en><title>A – Market Cross</title><main>{body}</main></html>"
    )
    with pytest.raises(AssertionError, match=problem):
        PageClient(app).get("/bad")


def test_a_sound_page_has_no_problems(client: PageClient) -> None:
    assert page_problems(client.get("/plain")) == []


def test_the_styles_carry_nothing_of_gov_uk_s_brand() -> None:
    css = (
        '@charset "UTF-8";:root{--a:1}/*! by Margaret Calvert */@font-face{font-family:GDS Transport;'
        "src:url(/assets/fonts/x.woff2)}p{font-family:GDS Transport,arial,sans-serif}"
        "i{mask:url(/assets/images/govuk-crest.svg)}\n/*# sourceMappingURL=a.css.map */\n"
    )
    assert assets.unbranded_css(css) == (
        ":root{--a:1}p{font-family:Helvetica Neue,Helvetica,Arial,sans-serif}i{mask:none}\n"
    )
