"""Forms for one item of a need's list: a requirement, criterion, question, price line, document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from wtforms.validators import ValidationError

from marketplace.core.files import SIGNATURES
from marketplace.core.forms import (
    Choice,
    DecimalNumber,
    Form,
    Hidden,
    OneOf,
    SelectChoice,
    TextBox,
    TextLine,
    Tick,
    Upload,
    WholeNumber,
)


class ItemForm(Form):
    """One item of a list: a requirement, criterion, question, price line."""

    seen = Hidden()

    def values(self) -> dict[str, Any]:
        return {each.name: each.data for each in self.visible_fields}


class RequirementForm(ItemForm):
    kind = Choice(
        "Kind",
        choices=[
            SelectChoice("essential", "Essential", render_kw={"hint": "A bid without it cannot win. Keep to six."}),
            SelectChoice("desirable", "Desirable", render_kw={"hint": "It would help."}),
        ],
    )
    text = TextBox("Requirement", rows=3, longest=2000)


class CriterionForm(ItemForm):
    kind = Choice(
        "Kind", choices={"quality": "Quality: scored by the panel", "price": "Price: worked out"}, inline=True
    )
    name = TextLine("Name", hint="For example “How well it meets residents’ needs”.")
    description = TextBox("What earns marks", rows=3, required=False, longest=4000)
    weight = WholeNumber("Weight, as a percentage", most=100, hint="All weights add up to 100.")
    minimum_score = WholeNumber(
        "Minimum score",
        most=5,
        required=False,
        hint="From 0 to 5. A bid scored lower is set aside. Leave empty for none.",
    )


class QuestionForm(ItemForm):
    text = TextBox("Question", rows=3, longest=2000)
    guidance = TextBox("Guidance", rows=3, required=False, longest=4000, hint="What a good answer says.")
    word_limit = WholeNumber("Word limit", least=10, most=5000)
    criterion_id = OneOf("Scored under", required="Select the criterion that it is scored under")
    is_required = Tick("Every bid must answer it")

    def offer(self, criteria: Sequence[dict[str, Any]]) -> None:
        """Offers the quality criteria of the need."""
        self.criterion_id.choose_from({str(each["id"]): each["name"] for each in criteria if each["kind"] == "quality"})

    def values(self) -> dict[str, Any]:
        chosen = self.criterion_id.data
        return {**super().values(), "criterion_id": int(chosen) if chosen else None}


class PriceLineForm(ItemForm):
    label = TextLine(
        "What is priced", hint="For example “Build” or “Support, each month”. Bids give prices without VAT."
    )
    unit = TextLine("Unit", longest=60, required=False, hint="For example “month” or “day”.")
    quantity = DecimalNumber("Quantity", most=1_000_000, hint="The price is multiplied by it.")

    def values(self) -> dict[str, Any]:
        return {**super().values(), "quantity": str(self.quantity.data)}

    def validate_quantity(self, field: DecimalNumber) -> None:
        if field.data is not None and Decimal(str(field.data)) <= 0:
            raise ValidationError("Quantity must be more than nought")


class DocumentForm(ItemForm):
    title = TextLine("What the document is", hint="For example “Data we hold now”.")
    file = Upload("File", extensions=tuple(SIGNATURES))


class DocumentTitleForm(ItemForm):
    title = TextLine("What the document is")


ITEM_FORMS: dict[str, Callable[..., ItemForm]] = {
    "requirements": RequirementForm,
    "criteria": CriterionForm,
    "bid-questions": QuestionForm,
    "price-lines": PriceLineForm,
    "documents": DocumentForm,
}
NEW_ITEMS: dict[str, dict[str, Any]] = {
    "requirements": {"kind": "essential"},
    "criteria": {"kind": "quality"},
    "bid-questions": {"word_limit": 250, "is_required": True},
    "price-lines": {"quantity": 1},
    "documents": {},
}
