"""A form that acts: done, refused, or only shown; on a tiny application without a database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, get_flashed_messages
from jinja2 import DictLoader

from marketplace.core.acting import acted, button_that_acts, form_that_acts, made
from marketplace.core.errors import Conflict, Problem, insist
from marketplace.core.forms import Form, TextLine


class NameForm(Form):
    name = TextLine("Name")


def refuse() -> None:
    insist([Problem("That name is taken", "name"), Problem("Too late")])


def clash() -> None:
    raise Conflict("Somebody was first.")


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    app.config.update(SECRET_KEY="only for tests", WTF_CSRF_ENABLED=False)
    app.jinja_loader = DictLoader({"form.html": "{{ title }}, {{ caption }}, back to {{ back }}: {{ form.errors }}"})
    return app


def test_an_act_is_done_only_when_the_form_is_sent_well(app: Flask) -> None:
    done: list[str] = []
    with app.test_request_context():
        assert not acted(NameForm(), lambda: done.append("shown"))
    with app.test_request_context(method="POST"):
        assert not acted(form := NameForm(), lambda: done.append("empty"))
        assert form.has_problems
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        assert acted(form := NameForm(), lambda: done.append(form.name.data))
    assert done == ["Ada"]


def test_problems_go_to_their_fields_and_other_refusals_go_on(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        assert not acted(form := NameForm(), refuse)
        assert form.name.errors == ["That name is taken"] and form.form_errors == ["Too late"]
        assert form.name.data == "Ada"
        with pytest.raises(Conflict):
            acted(NameForm(), clash)


def test_what_was_made_comes_back(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        assert made(NameForm(), lambda: "a row") == "a row"
        assert made(NameForm(), refuse) is None
    with app.test_request_context():
        assert made(NameForm(), lambda: "a row") is None


@pytest.mark.parametrize(("to", "leads"), [("", "/list"), ("/next", "/next")])
@pytest.mark.parametrize("done", ["Saved", lambda: "Saved"])
def test_done_it_leads_on_and_says_so(app: Flask, done: str | Callable[[], str], to: str, leads: str) -> None:
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        answer = form_that_acts(
            "form.html", title="Name it", form=NameForm(), act=lambda: None, done=done, back="/list", to=to
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, leads)
        assert get_flashed_messages(with_categories=True) == [("success", "Saved")]


def test_words_that_depend_on_the_act_are_asked_for_after_it(app: Flask) -> None:
    told: list[str] = []
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        form_that_acts(
            "form.html", title="Name it", form=NameForm(), act=lambda: told.append("ref-7"),
            done=lambda: f"Kept as {told[0]}", back="/list",
        )  # fmt: skip
        assert get_flashed_messages() == ["Kept as ref-7"]


def test_refused_the_page_is_shown_again_and_nothing_is_said_to_be_done(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"name": "Ada"}):
        answer = form_that_acts(
            "form.html", title="Name it", form=NameForm(), act=refuse, done="Saved", back="/list", caption="Ships"
        )
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422 and text.startswith("Name it, Ships, back to /list") and "is taken" in text
        assert get_flashed_messages() == []
    with app.test_request_context():
        shown = form_that_acts(
            "form.html", title="Name it", form=NameForm(), act=refuse, done="Saved", back="/list", caption="Ships"
        )
        assert shown.status_code == 200


def test_a_button_says_what_is_done_or_why_it_is_not(app: Flask) -> None:
    with app.test_request_context(method="POST"):
        answer = button_that_acts(lambda: None, done="Approved", back="/need", refused="/decide")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/need")
        answer = button_that_acts(refuse, done="Approved", back="/need", refused="/decide")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/decide")
        assert button_that_acts(refuse, done="Approved", back="/need").headers["Location"] == "/need"
        assert get_flashed_messages(with_categories=True) == [
            ("success", "Approved"), *[("notice", "That name is taken Too late")] * 2
        ]  # fmt: skip
