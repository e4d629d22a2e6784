"""Fields: what comes out of what was typed, and what is said when it cannot be read. No page is drawn here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

import marketplace
import search
import suppliers
import tenders
from marketplace import config
from marketplace.core.errors import Problem
from marketplace.core.fields import GovField, Needed, subject_of
from marketplace.core.forms import (
    Choice,
    Choices,
    Day,
    DecimalNumber,
    EmailLine,
    Form,
    Moment,
    OneOf,
    Password,
    Postcode,
    Pounds,
    TextBox,
    TextLine,
    Tick,
    Upload,
    WholeNumber,
    add_problems,
    tidy,
)


@pytest.fixture(autouse=True)
def in_a_request() -> Iterator[None]:
    app = Flask("test")
    app.config.update(SECRET_KEY="only for tests", WTF_CSRF_ENABLED=False)
    config.install(config.load_settings({}))  # an upload's hint tells the limit
    with app.test_request_context(method="POST"):
        yield


def read(field: Any, *, held: Any = None, **typed: Any) -> Any:
    """The field after validating `typed`; the key `value` stands for the field's own name."""
    kind = type("Trial", (Form,), {"value": field})
    sent = MultiDict([(key.replace("_", "-"), each) for key, each in typed.items()])
    form = kind(formdata=sent, **({} if held is None else {"value": held}))
    form.validate()
    return form.value


def said(field: Any, **typed: Any) -> str:
    """The one message that the field gives."""
    errors = read(field, **typed).errors
    assert len(errors) == 1, errors
    return str(errors[0])


def test_text_is_tidied() -> None:
    assert read(TextLine("Title"), value="  Bins\x00 and\x07 bags ").data == "Bins and bags"
    assert read(TextBox("Story"), value="one\r\ntwo\rthree\n").data == "one\ntwo\nthree"


@given(st.text())
def test_tidy_leaves_words_alone(text: str) -> None:
    kept = tidy(text) or ""
    assert "\x00" not in kept and "\r" not in kept and tidy(kept) == kept


def test_required_fields_say_what_to_do() -> None:
    assert said(TextLine("Title of your need")) == "Enter the title of your need"
    assert said(TextLine("Your name"), value="   ") == "Enter your name"
    assert said(TextLine("Title", required="Give the need a title"), value="") == "Give the need a title"
    assert said(TextLine("What do residents need?")) == "Enter an answer to “What do residents need?”"
    assert said(Choice("Route", choices={"a": "A"})) == "Select the route"
    assert said(Upload("Insurance certificate")) == "Choose a file for the insurance certificate"


def test_messages_name_the_thing_where_the_label_is_no_noun() -> None:
    assert said(Password("Choose a password")) == "Choose a password"
    assert said(Password("Choose a password"), value="x" * 1001) == "Password must be 1,000 characters or fewer"
    assert said(Upload("Add a file")) == said(Upload("File")) == "Choose a file"
    assert said(Day("Due on", subject="due date")) == "Enter the due date"
    assert said(Day("Due on", subject="due date"), value_day="1") == "Due date must include a month and a year"


def test_an_upload_tells_its_kinds_and_limit() -> None:
    assert read(Upload("Policy", hint="Only you see it.", extensions=["pdf", "docx"])).description == (
        "Only you see it. PDF or DOCX, at most 20 MB."
    )


def every_message() -> Iterator[tuple[str, str]]:
    """What each field of each form of the program says when it is left empty."""
    for package in (marketplace, search, suppliers, tenders):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not each.name.endswith("forms"):
                continue
            for name, kind in vars(importlib.import_module(each.name)).items():
                own = vars(kind) if isinstance(kind, type) and kind.__module__ == each.name else {}
                for key, field in own.items():
                    if isinstance(field, UnboundField) and issubclass(field.field_class, GovField):
                        for validator in type("Trial", (Form,), {"value": field})(formdata=None).value.validators:
                            if isinstance(validator, Needed):
                                yield f"{each.name}.{name}.{key}", validator.message


def test_no_form_composes_a_message_that_is_not_english() -> None:
    messages = dict(every_message())
    assert len(messages) > 60
    nouns_needed = r"^(Enter|Select|Choose a file for) the (add|choose|due on|starts|ends|published on|scored|most|bids|why|what)\b"
    odd = re.compile(rf"{nouns_needed}|\?|Enter why$|\bthe (a|an|the|your)\b")
    assert {where: text for where, text in messages.items() if odd.search(text)} == {}


def test_optional_fields_say_so_and_may_be_empty() -> None:
    field = read(TextLine("Website", required=False))
    assert field.data == "" and not field.errors and field.label.text == "Website (optional)"
    for kind in (WholeNumber, Pounds, DecimalNumber, Day, Moment):
        assert read(kind("Figure", required=False)).data is None
        assert read(kind("Figure", required=False)).errors == []


def test_a_line_has_a_longest_length() -> None:
    assert said(TextLine("Title", longest=5), value="123456") == "Title must be 5 characters or fewer"


def test_words_are_counted_and_kept() -> None:
    field = read(TextBox("Answer", word_limit=3), value="one two\nthree four")
    assert field.errors == ["Answer must be 3 words or fewer. Take out 1 word"]
    assert field.data == "one two\nthree four"
    assert not read(TextBox("Answer", word_limit=3), value="one two\n\nthree").errors
    assert said(TextBox("Why?", word_limit=1), value="a b c") == "Your answer must be 1 word or fewer. Take out 2 words"


def test_pounds_come_out_as_pence() -> None:
    assert read(Pounds("Budget"), value="£30,000.50").data == 3000050
    assert read(Pounds("Budget"), value="0").data == 0
    field = read(Pounds("Budget"), value="about 5k")
    assert field.errors == ["Budget must be an amount in pounds, like 1,200 or 1200.50"]
    assert field._value() == "about 5k"
    assert said(Pounds("Budget", least=100000), value="10") == "Budget must be £1,000 or more"
    assert said(Pounds("Budget", most=100000), value="1000.01") == "Budget must be £1,000 or less"


def test_a_figure_that_is_there_is_shown_as_people_type_it() -> None:
    form = type("Trial", (Form,), {"budget": Pounds("Budget"), "people": WholeNumber("People")})(
        formdata=None, budget=123450, people=0
    )
    assert (form.budget._value(), form.people._value()) == ("1234.50", "0")


@pytest.mark.parametrize("typed", ["1.5", "ten", "1,00", "1e3", "٣", "9" * 40])
def test_whole_numbers_refuse_nonsense(typed: str) -> None:
    assert said(WholeNumber("Number of users"), value=typed) == "Number of users must be a whole number, like 15"


def test_whole_numbers_have_limits() -> None:
    assert read(WholeNumber("Users"), value="1,200").data == 1200
    assert said(WholeNumber("Users"), value="-1") == "Users must be 0 or more"
    assert said(WholeNumber("Weight", most=100), value="101") == "Weight must be 100 or less"
    assert said(WholeNumber("Users"), value="9" * 18) == "Users must be 2,147,483,647 or less"


def test_decimals() -> None:
    assert read(DecimalNumber("Score"), value="12.50").data == Decimal("12.50")
    assert said(DecimalNumber("Score", places=1), value="1.25") == "Score must have 1 decimal place or fewer"
    assert said(DecimalNumber("Score"), value="NaN") == "Score must be a number, like 12.5"
    assert said(DecimalNumber("Score", least=Decimal(0)), value="-0.5") == "Score must be 0 or more"


def test_choices_must_be_offered() -> None:
    offered = {"leeds": "Leeds", "hull": "Hull"}
    assert read(Choice("Place", choices=offered), value="hull").data == "hull"
    assert said(Choice("Place", choices=offered), value="mars") == "Select place from the list"
    assert said(OneOf("Place", choices=offered), value="") == "Select the place"
    assert read(OneOf("Place", choices=offered, required=False), value="").data == ""
    assert read(Choices("Places", choices=offered), value="hull").data == ["hull"]
    assert said(Choices("Places", choices=offered), value="mars") == "Select the places"


def test_choices_come_out_in_their_order_and_once() -> None:
    form = type("Trial", (Form,), {"value": Choices("Skills", choices=["a", "b", "c"])})(
        formdata=MultiDict([("value", "c"), ("value", "a"), ("value", "c")])
    )
    assert form.value.data == ["a", "c"]


def test_choices_may_be_set_per_form() -> None:
    kind = type("Trial", (Form,), {"value": Choice("Lot")})
    first, second = (kind(formdata=MultiDict({"value": "2"})) for _ in range(2))
    first.value.choose_from({"2": "Lot 2"})
    second.value.choose_from({"1": "Lot 1"})
    assert first.validate() and not second.validate()


def test_a_tick() -> None:
    assert read(Tick("Yes"), value="y").data is True
    assert read(Tick("Yes")).data is False and not read(Tick("Yes")).errors
    assert said(Tick("I agree", required="Tick to agree")) == "Tick to agree"


def test_emails() -> None:
    assert read(EmailLine("Email"), value=" Ann@Lincoln.GOV.uk ").data == "Ann@lincoln.gov.uk"
    for typed in ("ann", "ann@", "a b@c.uk", "@c.uk", "a@b@c.uk", "a@b.uk\nbcc: x@y.uk"):
        assert said(EmailLine("Email"), value=typed).startswith("Enter an email address in the correct format")


def test_postcodes_are_normalised() -> None:
    assert read(Postcode("Postcode"), value=" ls11ur ").data == "LS1 1UR"
    assert said(Postcode("Postcode"), value="LS1") == "Enter a full UK postcode, like LS1 1UR"


def test_passwords_are_kept_as_typed_and_bounded() -> None:
    assert read(Password("Password"), value="  two spaces ").data == "  two spaces "
    assert said(Password("Password"), value="x" * 1001) == "Password must be 1,000 characters or fewer"


def test_uploads_are_named_kinds() -> None:
    file = FileStorage(BytesIO(b"%PDF-"), "Policy.PDF")
    assert read(Upload("Policy", extensions=["pdf"]), value=file).data is file
    wrong = FileStorage(BytesIO(b"MZ"), "policy.exe")
    assert said(Upload("Policy", extensions=["pdf", "docx"]), value=wrong) == (
        "The chosen file must be one of these kinds: PDF, DOCX"
    )


def day(d: str = "", m: str = "", y: str = "", kind: type[Day] = Day, **more: str) -> Any:
    return read(kind("Closing date"), value_day=d, value_month=m, value_year=y, **more)


def test_days() -> None:
    assert day("4", "3", "2026").data == date(2026, 3, 4)
    assert day("04", "March", " 2026 ").data == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("typed", "message", "anchor"),
    [
        (("", "", ""), "Enter the closing date", "value-day"),
        (("4", "", "2026"), "Closing date must include a month", "value-month"),
        (("4", "", ""), "Closing date must include a month and a year", "value-month"),
        (("4", "3", "26"), "Closing date must have a year of 4 figures, like 2026", "value-year"),
        (("4", "13", "2026"), "Closing date must have a month from 1 to 12, or its name, like March", "value-month"),
        (("31", "2", "2026"), "Closing date must be a real date", "value-day"),
        (("x", "2", "2026"), "Closing date must be a real date", "value-day"),
        (("4", "3", "0001"), "Closing date must be a real date", "value-day"),
        (("٤", "3", "2026"), "Closing date must be a real date", "value-day"),
    ],
)
def test_days_that_cannot_be_read(typed: tuple[str, str, str], message: str, anchor: str) -> None:
    field = day(*typed)
    assert field.errors == [message]
    assert field.anchor == anchor
    assert tuple(field.typed.values()) == typed


def test_a_day_survives_missing_and_repeated_parts() -> None:
    assert read(Day("Closing date"), value_day="4").errors
    sent = MultiDict([("value-day", "4"), ("value-day", "5"), ("value", "x"), ("value-month", "3")])
    form = type("Trial", (Form,), {"value": Day("Closing date")})(formdata=sent)
    assert not form.validate()


def test_a_held_day_fills_the_boxes_and_can_be_emptied() -> None:
    kind = type("Trial", (Form,), {"value": Day("Closing date", required=False)})
    assert kind(formdata=None, value=date(2026, 3, 4)).value.typed == {"day": "4", "month": "3", "year": "2026"}
    emptied = kind(formdata=MultiDict({"value-day": "", "value-month": "", "value-year": ""}), value=date(2026, 3, 4))
    assert emptied.validate() and emptied.value.data is None


def test_moments_are_london_s() -> None:
    assert day("6", "7", "2026", Moment, value_time="2pm").data == datetime(2026, 7, 6, 13, tzinfo=UTC)
    field = day("6", "7", "2026", Moment)
    assert field.errors == ["Closing date must include a time, like 2pm or 14:00"] and field.anchor == "value-time"
    assert "go forward" in day("29", "3", "2026", Moment, value_time="1:30am").errors[0]
    assert "happens twice" in day("25", "10", "2026", Moment, value_time="1:30am").errors[0]


def test_a_held_moment_comes_back_unchanged() -> None:
    held = datetime(2026, 7, 6, 13, 5, tzinfo=UTC)
    kind = type("Trial", (Form,), {"value": Moment("Closes")})
    typed = kind(formdata=None, value=held).value.typed
    assert typed["time"] == "14:05"
    again = kind(formdata=MultiDict({f"value-{part}": text for part, text in typed.items()}))
    assert again.validate() and again.value.data == held


def test_problems_of_a_rule_stand_on_their_fields() -> None:
    kind = type("Trial", (Form,), {"title": TextLine("Title"), "closes_on": Day("Closing date", required=False)})
    form = kind(formdata=MultiDict({"title": "Bins"}))
    assert form.validate() and not form.has_problems
    later = Problem("Enter a closing date after today", "closes_on")
    add_problems(form, [later, later, Problem("Add a criterion"), Problem("Elsewhere", "no_such_field")])
    assert [(line.text, line.anchor) for line in form.summary] == [
        ("Add a criterion", ""),
        ("Elsewhere", ""),
        ("Enter a closing date after today", "closes_on-day"),
    ]


def test_labels_inside_sentences() -> None:
    assert [subject_of(label) for label in ("Closing date", "VAT number", "I agree", "Title")] == [
        "closing date", "VAT number", "I agree", "title",
    ]  # fmt: skip


def test_every_field_survives_anything_sent() -> None:
    fields: dict[str, Any] = {
        "a": TextLine("A"), "b": TextBox("B", word_limit=5), "c": WholeNumber("C"), "d": DecimalNumber("D"),
        "e": Pounds("E"), "f": Choice("F", choices=["x"]), "g": OneOf("G", choices=["x"]), "h": Tick("H"),
        "i": Choices("I", choices=["x"]), "j": Day("J"), "k": Moment("K"), "l": EmailLine("L"),
        "m": Password("M"), "n": Upload("N"), "o": Postcode("O"),
    }  # fmt: skip
    kind = type("Trial", (Form,), fields)
    names = [f"{name}{part}" for name in fields for part in ("", "-day", "-month", "-year", "-time")]
    for value in ("", "\x00", "x" * 10_000, "١٢", "<script>", "-1", "1e999", "\ud800", "0" * 50, "NaN", "&#0;"):
        form: BaseForm = kind(formdata=MultiDict([(name, value) for name in names for _ in range(2)]))
        assert not form.validate()
        assert all(re.match(r"\S", str(each)) for errors in form.errors.values() for each in errors)
