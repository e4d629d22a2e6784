"""What a bid says, as plain values: answers with declarations and the list of files, and the price."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from marketplace.core.money import pounds
from tenders.bids.sealed import canonical_json
from tenders.needs.models import BidQuestion, PriceLine

ANSWERS_FORMAT = "bid-answers/1"
PRICE_FORMAT = "bid-price/1"
FOUND = "found "


@dataclass(frozen=True)
class Answer:
    """One question as it was put and what the bidder answered."""

    question_id: int
    question: str
    text: str


@dataclass(frozen=True)
class BidFile:
    """A file of a bid: its slot, the name its sender gave it, size in bytes, SHA-256 of its content.

    `checked` is "clean" when a virus scanner found nothing, "found …" with a name when it later did, and "" when none
    was asked or answered before the bid was sealed.
    """

    slot: str
    name: str
    size: int
    sha256: str
    checked: str = ""

    @property
    def said_of_viruses(self) -> str:
        """What pages say of it, after its name."""
        if self.checked.startswith(FOUND):
            return f"the virus scanner knows something in it as {self.checked.removeprefix(FOUND)}"
        return "nothing found by the virus scanner" if self.checked else "not checked for viruses"

    @property
    def is_suspect(self) -> bool:
        return self.checked.startswith(FOUND)

    @property
    def facts(self) -> dict[str, Any]:
        """What is sealed of it; files that nobody checked read as those sealed before there was a scanner."""
        return {name: value for name, value in vars(self).items() if name != "checked" or value}


@dataclass(frozen=True)
class Declarations:
    """What the bidder declares; `conflict` is "", "no" or "yes"."""

    conflict: str = ""
    conflict_details: str = ""
    no_collusion: bool = False
    is_accurate: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Declarations:
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})


@dataclass(frozen=True)
class Answers:
    """Everything of a bid that is read at once when bids are opened: all but the price and the files' bytes."""

    answers: tuple[Answer, ...]
    declarations: Declarations = field(default_factory=Declarations)
    files: tuple[BidFile, ...] = ()

    def text_of(self, question_id: int) -> str:
        return next((each.text for each in self.answers if each.question_id == question_id), "")

    def to_bytes(self) -> bytes:
        return canonical_json({
            "format": ANSWERS_FORMAT,
            "answers": [vars(each) for each in self.answers],
            "declarations": vars(self.declarations),
            "files": [each.facts for each in self.files],
        })  # fmt: skip

    @classmethod
    def from_bytes(cls, content: bytes) -> Answers:
        """Reads what to_bytes wrote; ValueError for another format."""
        values = _read(content, ANSWERS_FORMAT)
        return cls(
            tuple(Answer(**each) for each in values["answers"]),
            Declarations.of(values["declarations"]),
            tuple(BidFile(**each) for each in values["files"]),
        )


@dataclass(frozen=True)
class PricedLine:
    """A price line as it was asked, and its price for one unit in pence excluding VAT; None = not priced yet."""

    line_id: int
    label: str
    unit: str
    quantity: str
    price_pence: int | None

    @property
    def shown_quantity(self) -> str:
        return shown_quantity(Decimal(self.quantity))

    @property
    def amount(self) -> str:
        """How much of what: "16 × sprint of two weeks", "3"."""
        return amount_of(Decimal(self.quantity), self.unit)

    @property
    def total_pence(self) -> int:
        """Quantity times price, a half penny rounded up."""
        return int((Decimal(self.quantity) * (self.price_pence or 0)).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True)
class Price:
    """The price of a bid, excluding VAT."""

    lines: tuple[PricedLine, ...]

    @property
    def is_begun(self) -> bool:
        return any(each.price_pence is not None for each in self.lines)

    @property
    def is_whole(self) -> bool:
        return all(each.price_pence is not None for each in self.lines)

    @property
    def total_pence(self) -> int:
        return sum(each.total_pence for each in self.lines)

    def to_bytes(self) -> bytes:
        lines = [vars(each) for each in self.lines]
        return canonical_json({"format": PRICE_FORMAT, "lines": lines, "total_pence": self.total_pence})

    @classmethod
    def from_bytes(cls, content: bytes) -> Price:
        """Reads what to_bytes wrote; ValueError for another format."""
        return cls(tuple(PricedLine(**each) for each in _read(content, PRICE_FORMAT)["lines"]))


def answers_to(
    questions: Sequence[BidQuestion], texts: Mapping[int, str], declarations: Declarations, files: Sequence[BidFile]
) -> Answers:
    """The answers in the order of the need's questions; an answer to a question no longer asked is left out."""
    listed = tuple(Answer(each.id, each.text, texts.get(each.id, "")) for each in questions)
    return Answers(listed, declarations, tuple(files))


def price_of(lines: Sequence[PriceLine], prices: Mapping[int, int]) -> Price:
    """The prices in the order of the need's price lines."""
    return Price(
        tuple(
            PricedLine(each.id, each.label, each.unit, str(Decimal(each.quantity)), prices.get(each.id))
            for each in lines
        )
    )


def shown_quantity(quantity: Decimal) -> str:
    """A quantity without noughts at its end: "1", "2.5"."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_of(quantity: Decimal, unit: str) -> str:
    """A quantity of a unit that cannot be put in the plural by rule: "3 × month"."""
    return f"{shown_quantity(quantity)} × {unit}" if unit else shown_quantity(quantity)


def as_text(need_title: str, answers: Answers, price: Price | None) -> str:
    """The whole bid as plain text, for the bidder to keep or print."""
    parts = [f"Bid for: {need_title}"]
    parts += [f"{each.question}\n\n{each.text or '(no answer)'}" for each in answers.answers]
    if price:
        parts.append("Price, excluding VAT\n\n" + "\n".join(_price_words(each) for each in price.lines))
        parts.append(f"Total, excluding VAT: {pounds(price.total_pence)}" if price.is_begun else "Nothing priced yet")
    if answers.files:
        parts.append("Files\n\n" + "\n".join(f"{each.name} ({each.size:,} bytes)" for each in answers.files))
    parts.append("Declarations\n\n" + "\n".join(declared(answers.declarations)))
    return "\n\n\n".join(parts) + "\n"


def declared(declarations: Declarations) -> list[str]:
    """The declarations as sentences."""
    conflict = {
        "no": "We know of no conflict of interest.",
        "yes": f"We declare a conflict of interest: {declarations.conflict_details}",
    }.get(declarations.conflict, "Conflicts of interest: not declared yet.")
    return [
        conflict,
        "We made this bid without agreement with any other bidder."
        if declarations.no_collusion
        else "No collusion: not declared yet.",
        "What this bid says is true and complete." if declarations.is_accurate else "Accuracy: not declared yet.",
    ]


def _price_words(line: PricedLine) -> str:
    each = pounds(line.price_pence) if line.price_pence is not None else "not priced"
    return f"{line.label}: {line.amount} at {each}"


def _read(content: bytes, wanted: str) -> dict[str, Any]:
    values = json.loads(content)
    if values.pop("format", "") != wanted:
        raise ValueError(f"not {wanted}")
    return values
