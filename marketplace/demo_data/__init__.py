"""Real open data for the demonstration, read as typed rows; README.md beside this page names source and licence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
FOLDER = Path(__file__).resolve().parent
LICENCE = "Open Government Licence v3.0"


@dataclass(frozen=True)
class PublicAnswer:
    """A supplier's question and the buyer's answer, as both were published."""

    question: str
    answer: str


@dataclass(frozen=True)
class PastAward:
    """Who won a past need; the value in pence as published, VAT unstated."""

    supplier: str
    value_pence: int
    is_sme: bool
    starts_on: date


@dataclass(frozen=True)
class PastNeed:
    """A brief of 2019 or 2020 in the words of our needs. `weights` maps what was scored to percent.

    `budget_pence` is the largest amount in `budget_text`, VAT unstated, and None where the text names several.
    """

    source: str
    source_id: str
    source_url: str
    title: str
    buyer: str
    kind: str
    summary: str
    problem: str
    who_is_affected: str
    outcomes: str
    what_exists: str
    constraints: str
    location: str
    region: str
    budget_text: str
    budget_pence: int | None
    published_on: date
    questions_close_on: date
    closes_on: date
    essential: tuple[str, ...]
    desirable: tuple[str, ...]
    assessed_on: tuple[str, ...]
    weights: dict[str, int]
    weighting_text: str
    questions: tuple[PublicAnswer, ...]
    status: str
    award: PastAward | None
    bids_from_smes: int
    bids_from_large: int
    drafts_left: int
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class DemoSolution:
    """A service that a supplier offered on G-Cloud."""

    source_id: str
    title: str
    summary: str
    features: tuple[str, ...]
    benefits: tuple[str, ...]
    categories: tuple[str, ...]
    framework: str


@dataclass(frozen=True)
class DemoSupplier:
    """A firm as it described itself between 2015 and 2020; `capabilities` were found in its words."""

    source: str
    source_id: str
    name: str
    about: str
    clients: tuple[str, ...]
    town: str
    postcode: str
    region: str
    country: str
    website: str
    solutions: tuple[DemoSolution, ...]
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class OpenCriterion:
    """One award criterion, `quality` or `price`, with its weight in percent."""

    name: str
    kind: str
    weight: int
    description: str
    minimum_score: int | None


@dataclass(frozen=True)
class OpenQuestion:
    """A question for every bid; `criterion` is the name of the one it is scored under."""

    text: str
    guidance: str
    word_limit: int
    criterion: str


@dataclass(frozen=True)
class OpenPriceLine:
    """A line that every bid prices before VAT."""

    label: str
    unit: str
    quantity: int


@dataclass(frozen=True)
class OpenNeed:
    """A real council's need, rewritten for residents and dated from the day of the demonstration.

    `council` is a code of reference/councils.csv; `budget_pence` includes VAT; `answers` are the published questions
    of the brief it comes from.
    """

    source_id: str
    council: str
    title: str
    summary: str
    problem: str
    who_is_affected: str
    outcomes: str
    what_exists: str
    constraints: str
    location: str
    postcode: str
    budget_pence: int
    budget_note: str
    starts_in_days: int
    length_months: int
    published_days_ago: int
    closes_in_days: int
    questions_close_in_days: int
    closing_time: str
    essential: tuple[str, ...]
    desirable: tuple[str, ...]
    criteria: tuple[OpenCriterion, ...]
    questions: tuple[OpenQuestion, ...]
    price_lines: tuple[OpenPriceLine, ...]
    capabilities: tuple[str, ...]
    cpv_codes: tuple[str, ...]
    lots_reason: str
    conflicts_assessment: str
    answers: tuple[PublicAnswer, ...]

    def closes_at(self, today: date) -> datetime:
        """The closing instant for a demonstration on `today`, at the need's London time."""
        return _london(today, self.closes_in_days, self.closing_time)

    def questions_close_at(self, today: date) -> datetime:
        """The last instant for questions."""
        return _london(today, self.questions_close_in_days, self.closing_time)


def past_needs() -> Iterator[PastNeed]:
    """All 252 past needs with their public questions and answers, one at a time."""
    for row in _json_lines("needs.jsonl"):
        yield PastNeed(
            **{
                **row,
                **{name: date.fromisoformat(row[name]) for name in ("published_on", "questions_close_on", "closes_on")},
                **{name: tuple(row[name]) for name in ("essential", "desirable", "assessed_on", "capabilities")},
                "questions": tuple(PublicAnswer(**each) for each in row["questions"]),
                "award": _award(row["award"]),
            }
        )


def demo_suppliers() -> Iterator[DemoSupplier]:
    """All suppliers that said something about themselves, by name."""
    for row in _json_lines("suppliers.jsonl"):
        yield DemoSupplier(
            **{
                **row,
                "clients": tuple(row["clients"]),
                "capabilities": tuple(row["capabilities"]),
                "solutions": tuple(_frozen(DemoSolution, each) for each in row["solutions"]),
            }
        )


def open_needs() -> tuple[OpenNeed, ...]:
    """The needs that the demonstration opens."""
    answers = {need.source_id: need.questions for need in past_needs()}
    rows = json.loads((FOLDER / "open_needs.json").read_text(encoding="utf-8"))
    return tuple(_open_need(row, answers[row["source_id"]]) for row in rows)


def _open_need(row: dict[str, Any], answers: tuple[PublicAnswer, ...]) -> OpenNeed:
    return OpenNeed(
        **{
            **row,
            **{name: tuple(row[name]) for name in ("essential", "desirable", "capabilities", "cpv_codes")},
            "criteria": tuple(OpenCriterion(**each) for each in row["criteria"]),
            "questions": tuple(OpenQuestion(**each) for each in row["questions"]),
            "price_lines": tuple(OpenPriceLine(**each) for each in row["price_lines"]),
            "answers": answers,
        }
    )


def _award(row: dict[str, Any] | None) -> PastAward | None:
    return PastAward(**{**row, "starts_on": date.fromisoformat(row["starts_on"])}) if row else None


def _frozen(kind: type[DemoSolution], row: dict[str, Any]) -> DemoSolution:
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in row.items()}
    return kind(**values)


def _london(today: date, days: int, clock: str) -> datetime:
    return datetime.combine(today + timedelta(days=days), time.fromisoformat(clock), LONDON)


def _json_lines(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
