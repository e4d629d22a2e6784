"""Form: the base of every form, and the fields that it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField
from wtforms.fields import SelectChoice

from marketplace.core.errors import Problem
from marketplace.core.fields import (
    Choice,
    Choices,
    Day,
    DecimalNumber,
    EmailLine,
    Moment,
    OneOf,
    Password,
    Postcode,
    Pounds,
    Save,
    TextBox,
    TextLine,
    Tick,
    Upload,
    WholeNumber,
    count_words,
    tidy,
)

__all__ = [
    "Choice", "Choices", "Day", "DecimalNumber", "EmailLine", "Form", "Hidden", "Moment", "OneOf", "Password",
    "Postcode", "Pounds", "Save", "SelectChoice", "TextBox", "TextLine", "Tick", "Upload", "WholeNumber",
    "add_problems", "count_words", "tidy",
]  # fmt: skip

STALE_FORM = "This page was open for a long time. What you typed is still here: press the button again"


class Hidden(HiddenField):
    """A value that travels with the form; whoever sends it can change it, so it grants nothing."""


@dataclass(frozen=True)
class SummaryLine:
    """One line of the error summary; an empty `anchor` belongs to the whole form."""

    text: str
    anchor: str


class Form(FlaskForm):
    """A form whose problems are told by the page, in order, with everything that was typed still there."""

    @property
    def has_upload(self) -> bool:
        return any(isinstance(each, Upload) for each in self)

    @property
    def visible_fields(self) -> list[Field]:
        return [each for each in self if not self._is_hidden(each) and not isinstance(each, Save)]

    @property
    def hidden_fields(self) -> list[Field]:
        return [each for each in self if self._is_hidden(each)]

    @property
    def buttons(self) -> list[Field]:
        return [each for each in self if isinstance(each, Save)]

    @property
    def has_problems(self) -> bool:
        return bool(self.summary)

    @property
    def summary(self) -> list[SummaryLine]:
        """Every problem in the order of the fields, those of the whole form first."""
        lines = [SummaryLine(str(text), "") for text in self.form_errors]
        for field in self:
            if self._is_hidden(field):
                lines += [SummaryLine(STALE_FORM if field.name == "csrf_token" else str(text), "")
                          for text in field.errors]  # fmt: skip
            else:
                lines += [SummaryLine(str(text), getattr(field, "anchor", field.id)) for text in field.errors[:1]]
        return lines

    @staticmethod
    def _is_hidden(field: Field) -> bool:
        return isinstance(field, HiddenField) or field.type == "CSRFTokenField"


def add_problems(form: Form, problems: Iterable[Problem]) -> None:
    """Puts a rule's problems on the fields they name, or on the whole form when they name none of its fields."""
    for problem in problems:
        field = form._fields.get(problem.field)
        if field is None:
            form.form_errors.append(problem.message)
        elif problem.message not in field.errors:
            field.errors = [*field.errors, problem.message]
