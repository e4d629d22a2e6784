"""The dated rows of the law, as the CSV files beside this page hold them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
EVERYWHERE = "UK"

Value = int | str | bool | None


@dataclass(frozen=True)
class DatedValue:
    """One value of one rule in one jurisdiction; `is_to_check` when a lawyer has yet to confirm it."""

    key: str
    jurisdiction: str
    from_on: date
    to_on: date | None
    value: Value
    unit: str
    source: str
    is_to_check: bool
    note: str

    def is_in_force(self, jurisdiction: str, on_day: date) -> bool:
        """True on the days and in the places that the row is for."""
        return (
            self.jurisdiction in (jurisdiction, EVERYWHERE)
            and self.from_on <= on_day
            and (self.to_on is None or on_day <= self.to_on)
        )


@dataclass(frozen=True)
class NoticeRule:
    """When one kind of notice is due: `days` counted from the trigger, or none when it comes before or is prompt."""

    code: str
    title: str
    trigger: str
    days: int | None
    counted: str
    routes: frozenset[str]
    jurisdictions: frozenset[str]
    from_on: date
    to_on: date | None
    source: str
    is_to_check: bool


@dataclass(frozen=True)
class Jurisdiction:
    """Whose Act applies; `reason` says why a closed one cannot be used here."""

    code: str
    nation: str
    title: str
    is_open: bool
    reason: str


@dataclass(frozen=True)
class RouteWords:
    """One thing that a council must, may or must not do on a route."""

    code: str
    title: str
    strength: str
    words: str
    jurisdictions: frozenset[str]
    source: str


@dataclass(frozen=True)
class ScoreStep:
    """One step of the default scoring scale, with the descriptor that is published."""

    score: int
    label: str
    descriptor: str


@dataclass(frozen=True)
class PriceFormula:
    """A way to turn prices into marks, in a formula and in words; prices are compared before VAT."""

    code: str
    title: str
    formula: str
    words: str
    source: str
    is_to_check: bool


@cache
def dated_values() -> tuple[DatedValue, ...]:
    """Every row of regimes.csv."""
    return tuple(
        DatedValue(
            row["key"],
            row["jurisdiction"],
            date.fromisoformat(row["from_on"]),
            _last_day(row["to_on"]),
            _value(row["value"], row["unit"]),
            row["unit"],
            row["source"],
            row["check"] == "check",
            row["note"],
        )
        for row in _rows("regimes.csv")
    )


@cache
def notice_rules() -> tuple[NoticeRule, ...]:
    """The catalogue of notices UK1 to UK17."""
    return tuple(
        NoticeRule(
            row["code"],
            row["title"],
            row["trigger"],
            int(row["days"]) if row["days"] else None,
            row["counted"],
            frozenset(row["route"].split()),
            frozenset(row["jurisdictions"].split()),
            date.fromisoformat(row["from_on"]),
            _last_day(row["to_on"]),
            row["source"],
            row["check"] == "check",
        )
        for row in _rows("notices.csv")
    )


@cache
def jurisdictions() -> tuple[Jurisdiction, ...]:
    """The four nations' rules, open or closed."""
    return tuple(
        Jurisdiction(row["code"], row["nation"], row["title"], row["is_open"] == "yes", row["reason"])
        for row in _rows("jurisdictions.csv")
    )


@cache
def route_words() -> tuple[RouteWords, ...]:
    """What each route asks, allows and forbids."""
    return tuple(
        RouteWords(
            row["code"],
            row["title"],
            row["strength"],
            row["words"],
            frozenset(row["jurisdictions"].split()),
            row["source"],
        )
        for row in _rows("routes.csv")
    )


@cache
def scoring_scale() -> tuple[ScoreStep, ...]:
    """The default scale from 0 to 5, lowest first."""
    return tuple(ScoreStep(int(row["score"]), row["label"], row["descriptor"]) for row in _rows("scores.csv"))


@cache
def price_formulas() -> tuple[PriceFormula, ...]:
    """The formulas that a council may choose from, the default first."""
    return tuple(
        PriceFormula(
            row["code"],
            row["title"],
            row["formula"],
            row["words"],
            row["source"],
            row["check"] == "check",
        )
        for row in _rows("price_formulas.csv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _last_day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _value(text: str, unit: str) -> Value:
    if unit == "none":
        return None
    if unit == "code":
        return text
    if unit == "yes/no":
        return {"yes": True, "no": False}[text]
    return int(text)
