"""The form fields that everybody uses: what people may type, what comes out, and what is said when it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_wtf.file import FileField
from govuk_frontend_wtf import wtforms_widgets as widgets
from wtforms import (
    BooleanField,
    Field,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    SubmitField,
)
from wtforms.fields import SelectChoice
from wtforms.utils import unset_value
from wtforms.validators import StopValidation, ValidationError

from marketplace import config
from marketplace.core.clock import london
from marketplace.core.files import SIGNATURES, extension_of
from marketplace.core.geography import normalise_postcode
from marketplace.core.moments import MONTHS, NotAMoment, london_instant, parse_month, parse_time_of_day
from marketplace.core.money import MOST_PENCE, MoneyUnreadable, parse_pounds, pounds, pounds_exact

Choosable = Iterable[SelectChoice | str] | dict[str, str]
MOST_CHARACTERS = 200  # of a single line, unless the field says otherwise
_KEPT_CONTROLS = "\t\n"
_VERBS = ("add", "choose", "describe", "enter", "explain", "give", "say", "select", "set", "tell", "upload", "write")
_SPEAKS_FOR_ITSELF = ("your", "the", "a", "an", "this", "their", "how", "what", "which", "who", "when", "where", "why")


def tidy(text: str | None) -> str | None:
    """Text as typed, without control characters (NUL among them), lines ended by LF, no space at either end."""
    if text is None:
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in text if each >= " " and each != "\x7f" or each in _KEPT_CONTROLS).strip()


def count_words(text: str) -> int:
    """Runs of non-space characters, the same count that the page shows while people type."""
    return len(re.findall(r"\S+", text))


def subject_of(label: str) -> str:
    """A label as it reads inside a sentence: "Closing date" -> "closing date", "VAT number" stays."""
    first = label.split(" ", 1)[0]
    return label if first[1:] != first[1:].lower() or first == "I" else label[:1].lower() + label[1:]


def named(label: str) -> str:
    """A label with its article: "Closing date" -> "the closing date", "Your name" -> "your name"."""
    subject = subject_of(label)
    return subject if subject.split(" ", 1)[0].lower() in _SPEAKS_FOR_ITSELF else f"the {subject}"


def _is_order(label: str) -> bool:
    """Whether the label says what to do already: "Choose a password"."""
    return label.split(" ", 1)[0].lower() in _VERBS


def _noun_of(label: str) -> str:
    """The subject of a label, of an order what it is about: "Choose a password" -> "password"."""
    if _is_order(label):
        label = re.sub(r"^\S+ (?:(?:an?|the|your) )?", "", label)
    return subject_of(label)


class Needed:
    """Refuses an empty field. Sets no `required` attribute: the page says what is wrong, not the browser."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: object, field: Field) -> None:
        if getattr(field, "is_blank", lambda: not field.data)():
            if not field.errors:
                raise StopValidation(self.message)
            raise StopValidation()


class Empty:
    """Lets an empty field pass, so that later checks see typed values only."""

    def __call__(self, form: object, field: Field) -> None:
        if getattr(field, "is_blank", lambda: not field.data)():
            raise StopValidation()


class GovField:
    """Mixed into every field: required or not, hint, and where the error summary's link lands."""

    asking = "Enter"

    def __init__(
        self,
        label: str,
        *,
        hint: str = "",
        subject: str = "",
        required: bool | str = True,
        when: str = "optional",
        validators: Sequence[Callable[..., None]] = (),
        classes: str = "",
        params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """`required` may be the message itself; False adds `when` to the label. `params` go to the macro.

        `subject` is the noun that messages use where the label is none: "closing date" for "Bids close".
        """
        self.subject = subject or _noun_of(label)
        gate: Callable[..., None] = Needed(required if isinstance(required, str) else self.missing(subject or label))
        if not required:
            gate, label = Empty(), f"{label} ({when})"
        extra = {**self.macro_params(), **(params or {})}
        if classes:
            extra["classes"] = f"{extra.get('classes', '')} {classes}".strip()
        render_kw = {**kwargs.pop("render_kw", {}), "params": extra}
        super().__init__(  # type: ignore[call-arg]
            label, [gate, *validators], description=hint, render_kw=render_kw, **kwargs
        )

    def missing(self, label: str) -> str:
        """The message for an empty field, unless `required` gives one."""
        if label.endswith("?"):
            return f"{self.asking} an answer to “{label}”"
        return label if _is_order(label) else f"{self.asking} {named(label)}"

    def macro_params(self) -> dict[str, Any]:
        """What the GOV.UK macro is always told for this kind of field."""
        return {}

    @property
    def anchor(self) -> str:
        """The id that the error summary links to."""
        return self.id  # type: ignore[attr-defined]

    def said(self, ending: str) -> str:
        """A message about this field: its label, then what it must be; a question's answer is called that."""
        if self.subject.endswith("?"):
            return f"Your answer {ending}"
        return f"{self.subject[:1].upper()}{self.subject[1:]} {ending}"


class _OurWay:
    """Labels in bold, and no hint where there are no words: the macros would draw an empty one."""

    def render(self, params: dict[str, Any]) -> str:
        if not (params.get("hint") or {}).get("text"):
            params["hint"] = None
        for part in (params.get("label"), (params.get("fieldset") or {}).get("legend")):
            if part:
                part.setdefault("classes", f"govuk-{'label' if part is params.get('label') else 'fieldset__legend'}--s")
        return super().render(params)  # type: ignore[misc]


class _TextInput(_OurWay, widgets.GovTextInput):
    pass


class _TextArea(_OurWay, widgets.GovTextArea):
    pass


class _CountedTextArea(_OurWay, widgets.GovCharacterCount):
    pass


class _PasswordInput(_OurWay, widgets.GovPasswordInput):
    pass


class _SelectInput(_OurWay, widgets.GovSelect):
    pass


class _FileInput(_OurWay, widgets.GovFileInput):
    pass


class _ItemHints(_OurWay):
    """Adds a choice's own hint, given as SelectChoice(render_kw={"hint": "..."})."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        for item, choice in zip(kwargs["items"], field.iter_choices(), strict=True):
            if choice.render_kw.get("hint"):
                item["hint"] = {"text": choice.render_kw["hint"]}
        return super().map_gov_params(field, **kwargs)  # type: ignore[misc]


class _RadioInput(_ItemHints, widgets.GovRadioInput):
    pass


class _CheckboxesInput(_ItemHints, widgets.GovCheckboxesInput):
    pass


class _CheckboxInput(_OurWay, widgets.GovCheckboxInput):
    pass


class TextLine(GovField, StringField):
    """One line of text; gives "" when nothing was typed."""

    widget: Any = _TextInput()

    def __init__(self, label: str, *, longest: int = MOST_CHARACTERS, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(label, filters=[tidy, *kwargs.pop("filters", ())], **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {"classes": "govuk-!-width-two-thirds"}

    def process_data(self, value: object) -> None:
        self.data = "" if value is None else str(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if not validation_stopped and len(self.data or "") > self.longest:
            raise ValidationError(self.said(f"must be {self.longest:,} characters or fewer"))


class TextBox(TextLine):
    """Several lines of text. With `word_limit` the limit is checked, shown, and counted down while typing."""

    def __init__(
        self, label: str, *, rows: int = 5, word_limit: int | None = None, longest: int = 50_000, **kwargs: Any
    ) -> None:
        self.rows, self.word_limit = rows, word_limit
        self.widget = _CountedTextArea() if word_limit else _TextArea()
        super().__init__(label, longest=longest, **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {"rows": str(self.rows), **({"maxwords": str(self.word_limit)} if self.word_limit else {})}

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        words = count_words(self.data or "")
        if self.word_limit and words > self.word_limit and not self.errors:
            most, over = _words(self.word_limit), _words(words - self.word_limit)
            raise ValidationError(self.said(f"must be {most} or fewer. Take out {over}"))
        super().post_validate(form, validation_stopped)


def _words(number: int) -> str:
    return f"{number:,} word{'' if number == 1 else 's'}"


class EmailLine(TextLine):
    """An email address, its domain in lower case; no name server is asked."""

    def macro_params(self) -> dict[str, Any]:
        return {**super().macro_params(), "type": "email", "autocomplete": "email", "spellcheck": False}

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if validation_stopped or not self.data:
            return
        try:
            self.data = validate_email(self.data, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError:
            raise ValidationError("Enter an email address in the correct format, like name@example.com") from None


class Postcode(TextLine):
    """A United Kingdom postcode, written "LS1 1UR" whatever was typed."""

    def macro_params(self) -> dict[str, Any]:
        return {"classes": "govuk-input--width-10", "autocomplete": "postal-code"}

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if validation_stopped or not self.data:
            return
        postcode = normalise_postcode(self.data)
        if not postcode:
            raise ValidationError("Enter a full UK postcode, like LS1 1UR")
        self.data = postcode


class Password(GovField, PasswordField):
    """A secret, kept exactly as typed and never shown again; `new=True` asks the browser to offer one."""

    widget = _PasswordInput()
    longest = 1000  # hashing must stay quick whatever is sent

    def __init__(self, label: str, *, new: bool = False, **kwargs: Any) -> None:
        self.is_new = new
        super().__init__(label, **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {
            "classes": "govuk-!-width-two-thirds",
            "autocomplete": "new-password" if self.is_new else "current-password",
        }

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if not validation_stopped and len(self.data or "") > self.longest:
            raise ValidationError(self.said(f"must be {self.longest:,} characters or fewer"))


class _Figure(GovField, StringField):
    """A number typed as text: what was typed comes back when it cannot be read."""

    widget = _TextInput()

    def __init__(self, label: str, *, least: Any = None, most: Any = None, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(label, **kwargs)

    def is_blank(self) -> bool:
        return self.data is None

    def process_data(self, value: object) -> None:
        self.data = value

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        typed = tidy(valuelist[0]) if valuelist else ""
        if typed:
            self.data = self.read(typed)

    def _value(self) -> str:
        if self.raw_data:
            return tidy(self.raw_data[0]) or ""
        return "" if self.data is None else self.write(self.data)

    def read(self, typed: str) -> Any:
        raise NotImplementedError

    def write(self, value: Any) -> str:
        return str(value)

    def show(self, value: Any) -> str:
        return self.write(value)

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        if validation_stopped or self.data is None:
            return
        if self.least is not None and self.data < self.least:
            raise ValidationError(self.said(f"must be {self.show(self.least)} or more"))
        if self.most is not None and self.data > self.most:
            raise ValidationError(self.said(f"must be {self.show(self.most)} or less"))


class WholeNumber(_Figure):
    """An int, from `least` to `most`; commas between thousands are read."""

    def __init__(self, label: str, *, least: int | None = 0, most: int | None = 2**31 - 1, **kwargs: Any) -> None:
        super().__init__(label, least=least, most=most, **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {"classes": "govuk-input--width-5", "inputmode": "numeric", "spellcheck": False}

    def read(self, typed: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+|-?[0-9]{1,18}", typed):
            raise ValueError(self.said("must be a whole number, like 15"))
        return int(typed.replace(",", ""))

    def show(self, value: int) -> str:
        return f"{value:,}"


class DecimalNumber(_Figure):
    """A Decimal with at most `places` places."""

    def __init__(self, label: str, *, places: int = 2, **kwargs: Any) -> None:
        self.places = places
        super().__init__(label, **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {"classes": "govuk-input--width-5", "inputmode": "decimal", "spellcheck": False}

    def read(self, typed: str) -> Decimal:
        if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]+)?", typed):
            raise ValueError(self.said("must be a number, like 12.5"))
        try:
            value = Decimal(typed)
        except InvalidOperation:
            raise ValueError(self.said("must be a number, like 12.5")) from None
        if -value.as_tuple().exponent > self.places:  # type: ignore[operator]
            raise ValueError(
                self.said(f"must have {self.places} decimal place{'' if self.places == 1 else 's'} or fewer")
            )
        return value


class Pounds(_Figure):
    """An amount of money in pence, typed in pounds; `least` and `most` are pence."""

    def __init__(self, label: str, *, least: int = 0, most: int = MOST_PENCE, **kwargs: Any) -> None:
        super().__init__(label, least=least, most=most, **kwargs)

    def macro_params(self) -> dict[str, Any]:
        return {
            "classes": "govuk-input--width-10",
            "prefix": {"text": "£"},
            "inputmode": "decimal",
            "spellcheck": False,
        }

    def read(self, typed: str) -> int:
        try:
            return parse_pounds(typed)
        except MoneyUnreadable:
            raise ValueError(self.said("must be an amount in pounds, like 1,200 or 1200.50")) from None

    def write(self, value: int) -> str:
        return pounds_exact(value).removesuffix(".00")

    def show(self, value: int) -> str:
        return pounds(value)


def _choices(given: Choosable) -> list[SelectChoice]:
    if isinstance(given, dict):
        return [SelectChoice(value, label) for value, label in given.items()]
    return [each if isinstance(each, SelectChoice) else SelectChoice(each) for each in given]


class _Choosing(GovField):
    """Choices given as {value: label}, SelectChoice, or plain words; a form may replace them with `choose_from`."""

    asking = "Select"

    def __init__(self, label: str, *, choices: Choosable = (), **kwargs: Any) -> None:
        super().__init__(label, choices=_choices(choices), **kwargs)

    def choose_from(self, choices: Choosable) -> None:
        """Sets the choices of this form's field, when they depend on the person or the need."""
        self.choices = _choices(choices)


class _OneChoice(_Choosing):
    def process_data(self, value: object) -> None:
        self.data = "" if value is None else str(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: object) -> None:
        if self.data and self.data not in {each.value for each in self.choices}:
            raise ValidationError(f"Select {self.subject} from the list")


class Choice(_OneChoice, RadioField):
    """Radio buttons; gives the chosen value, or "" when none was needed."""

    widget = _RadioInput()

    def __init__(self, label: str, *, inline: bool = False, **kwargs: Any) -> None:
        super().__init__(label, classes="govuk-radios--inline" if inline else "", **kwargs)


class OneOf(_OneChoice, SelectField):
    """A drop-down list, led by an empty choice; gives the chosen value, or "" when none was needed."""

    widget = _SelectInput()

    def __init__(self, label: str, *, empty: str = "Choose one", **kwargs: Any) -> None:
        self.empty = empty
        super().__init__(label, **kwargs)

    def iter_choices(self) -> Any:
        if not any(each.value == "" for each in self.choices):
            self.choices = [SelectChoice("", self.empty), *self.choices]
        return super().iter_choices()


class Choices(_Choosing, SelectMultipleField):
    """Checkboxes; gives the list of ticked values in the order of the choices."""

    widget = _CheckboxesInput()
    option_widget = None

    def __iter__(self) -> Any:
        return RadioField.__iter__(self)  # yields one sub-field per choice, which is what the widget wants

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = [each.value for each in self.choices if each.value in set(valuelist)]

    def pre_validate(self, form: object) -> None:
        return  # unknown values never got into data


class Tick(GovField, BooleanField):
    """A single checkbox; gives True or False. Required means that it must be ticked."""

    widget = _CheckboxInput()
    asking = "Tick"

    def missing(self, label: str) -> str:
        return f"Tick the box to confirm: {label}"

    def __init__(self, label: str, *, required: bool | str = False, **kwargs: Any) -> None:
        super().__init__(label, required=required, **kwargs)
        if not required:
            self.label.text = label


class _DateInput(_OurWay, widgets.GovDateInput):
    """Day, month and year (and time) as separately named boxes, whatever part of them was sent."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        params = widgets.GovFormBase.map_gov_params(self, field, **kwargs)
        params["fieldset"] = {"legend": {"text": field.label.text}}
        params["items"] = [self._box(field, part) for part in field.PARTS]
        params.pop("value", None)
        return params

    def _box(self, field: Any, part: str) -> dict[str, Any]:
        wide = {"year": "4", "time": "5"}.get(part, "2")
        wrong = " govuk-input--error" if field.errors and part in (field.wrong_parts or field.PARTS) else ""
        return {
            "label": part.capitalize(),
            "id": f"{field.id}-{part}",
            "name": f"{field.name}-{part}",
            "classes": f"govuk-input--width-{wide}{wrong}",
            "value": field.typed[part],
            "inputmode": "text" if part == "time" else "numeric",
        }


class Day(GovField, Field):
    """A date in three boxes, sent as name-day, name-month and name-year; the month may be a word."""

    data: Any
    widget = _DateInput()
    PARTS: tuple[str, ...] = ("day", "month", "year")

    def __init__(self, label: str, **kwargs: Any) -> None:
        self.typed = dict.fromkeys(self.PARTS, "")
        self.wrong_parts: tuple[str, ...] = ()
        super().__init__(label, **kwargs)

    @property
    def anchor(self) -> str:
        return f"{self.id}-{(self.wrong_parts or self.PARTS)[0]}"

    def is_blank(self) -> bool:
        return self.data is None

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        self.typed = self.parts_of(self.data)
        if formdata is None:
            return
        self.typed = {part: tidy(formdata.get(f"{self.name}-{part}", "")) or "" for part in self.PARTS}
        self.raw_data, self.data, self.wrong_parts = list(self.typed.values()), None, ()
        if any(self.typed.values()):
            try:
                self.data = self.read()
            except ValueError as refused:
                self.process_errors.append(str(refused))

    def _value(self) -> str:
        return " ".join(self.typed.values()).strip()

    def parts_of(self, value: Any) -> dict[str, str]:
        """What the boxes show for a value that is already there."""
        if value is None:
            return dict.fromkeys(self.PARTS, "")
        return {"day": str(value.day), "month": str(value.month), "year": str(value.year)}

    def read(self) -> Any:
        """The value of what was typed; raises ValueError with the message."""
        return self.read_day()

    def read_day(self) -> date:
        absent = [part for part in ("day", "month", "year") if not self.typed[part]]
        if absent:
            self.wrong_parts = tuple(absent)
            raise ValueError(self.said("must include a " + " and a ".join(absent)))
        if not re.fullmatch(r"[0-9]{4}", self.typed["year"]):
            self.wrong_parts = ("year",)
            raise ValueError(self.said("must have a year of 4 figures, like 2026"))
        try:
            month = parse_month(self.typed["month"])
        except NotAMoment:
            self.wrong_parts = ("month",)
            raise ValueError(self.said(f"must have a month from 1 to 12, or its name, like {MONTHS[2]}")) from None
        try:
            if not re.fullmatch(r"[0-9]{1,2}", self.typed["day"]) or int(self.typed["year"]) < 1900:
                raise ValueError
            return date(int(self.typed["year"]), month, int(self.typed["day"]))
        except ValueError:
            raise ValueError(self.said("must be a real date")) from None


class Moment(Day):
    """A day and a time of London's clock, sent as name-day, -month, -year and -time; gives an instant in UTC."""

    PARTS = ("day", "month", "year", "time")

    def parts_of(self, value: datetime | None) -> dict[str, str]:
        if value is None:
            return dict.fromkeys(self.PARTS, "")
        local = london(value)
        return {**super().parts_of(local), "time": f"{local.hour}:{local.minute:02}"}

    def read(self) -> datetime:
        on = self.read_day()
        if not self.typed["time"]:
            self.wrong_parts = ("time",)
            raise ValueError(self.said("must include a time, like 2pm or 14:00"))
        try:
            at: time = parse_time_of_day(self.typed["time"])
            return london_instant(on, at)
        except NotAMoment as refused:
            self.wrong_parts = ("time",)
            raise ValueError(str(refused)) from None


class Upload(GovField, FileField):
    """One file; gives Werkzeug's FileStorage, or None. `extensions` are without dots; content is checked at storing.

    The hint ends with the kinds that are taken and the most megabytes.
    """

    widget = _FileInput()
    asking = "Choose"
    description: str

    def __init__(
        self, label: str, *, extensions: Sequence[str] = tuple(SIGNATURES), megabytes: int | None = None, **kwargs: Any
    ) -> None:
        """`megabytes` is told where the page takes less than the service does."""
        self.extensions, self.megabytes = tuple(extensions), megabytes
        super().__init__(label, **kwargs)
        # Here and not before: a form is made for each page, and the limit belongs to the running copy.
        self.description = " ".join(filter(None, (self.description, self._limits())))

    def _limits(self) -> str:
        kinds = [each.upper() for each in self.extensions if each != "jpeg"]
        listed = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else "".join(kinds)
        most = min(each for each in (config.current().max_upload_megabytes, self.megabytes) if each is not None)
        return f"{listed or 'Any kind'}, at most {most} MB."

    def missing(self, label: str) -> str:
        if _noun_of(label) == "file":
            return "Choose a file"
        return f"Choose a file for {named(_noun_of(label))}"

    def macro_params(self) -> dict[str, Any]:
        accept = ",".join(f".{each}" for each in self.extensions)
        return {"attributes": {"accept": accept}} if accept else {}

    def post_validate(self, form: object, validation_stopped: bool) -> None:
        name = (self.data.filename or "") if self.data else ""
        if name and self.extensions and extension_of(name) not in self.extensions:
            listed = ", ".join(each.upper() for each in self.extensions if each != "jpeg")
            raise ValidationError(f"The chosen file must be one of these kinds: {listed}")


class Save(SubmitField):
    """A button; `data` is True when it was the one pressed."""

    widget = widgets.GovSubmitInput()

    def __init__(self, label: str, *, kind: str = "", **kwargs: Any) -> None:
        """`kind` is "secondary" or "warning"; empty is the main button."""
        params: dict[str, Any] = {"preventDoubleClick": True, "value": "1"}
        if kind:
            params["classes"] = f"govuk-button--{kind}"
        super().__init__(label, render_kw={"params": params}, **kwargs)
