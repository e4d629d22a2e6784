"""What councils pay, and by which days: dated rows that whoever runs the service sets, never figures in the code."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from marketplace.core.errors import NotFound
from marketplace.core.money import vat_on
from tenders import regimes

FOLDER = Path(__file__).parent
NO_BAND = ""  # the population is not known, and nobody has chosen a band yet


@dataclass(frozen=True)
class Plan:
    """One band's price for a year, in pence before VAT; `population_to` is None for the largest band."""

    band: str
    title: str
    population_from: int
    population_to: int | None
    annual_pence: int
    from_on: date
    to_on: date | None
    note: str

    @property
    def is_free(self) -> bool:
        return self.annual_pence == 0

    def holds(self, population: int) -> bool:
        """Whether a council of so many people belongs here."""
        return self.population_from <= population and (self.population_to is None or population <= self.population_to)


@dataclass(frozen=True)
class Price:
    """A year's price in pence. VAT at the rate of the day, a half penny rounded up (Value Added Tax Act 1994 s2)."""

    net_pence: int
    vat_basis_points: int

    @property
    def vat_pence(self) -> int:
        return vat_on(self.net_pence, Decimal(self.vat_basis_points) / 10_000)

    @property
    def total_pence(self) -> int:
        return self.net_pence + self.vat_pence


@dataclass(frozen=True)
class _Term:
    key: str
    from_on: date
    to_on: date | None
    value: int


@cache
def _all_plans() -> tuple[Plan, ...]:
    return tuple(
        Plan(
            row["band"],
            row["title"],
            int(row["population_from"]),
            int(row["population_to"]) if row["population_to"] else None,
            int(row["annual_pence"]),
            date.fromisoformat(row["from_on"]),
            _last_day(row["to_on"]),
            row["note"],
        )
        for row in _rows("plans.csv")
    )


@cache
def _terms() -> tuple[_Term, ...]:
    return tuple(
        _Term(row["key"], date.fromisoformat(row["from_on"]), _last_day(row["to_on"]), int(row["value"]))
        for row in _rows("terms.csv")
    )


def plans_on(day: date) -> list[Plan]:
    """The bands in force on a day, the smallest councils first."""
    return sorted((each for each in _all_plans() if _is_in_force(each, day)), key=lambda each: each.population_from)


def find_plan(band: str, day: date) -> Plan | None:
    """The band's plan on a day; None for no band, and for one that is not offered any more."""
    return next((each for each in plans_on(day) if each.band == band), None)


def band_for(population: int | None, day: date) -> str:
    """The band of a council with so many people; NO_BAND when nobody knows how many."""
    if population is None:
        return NO_BAND
    return next((each.band for each in plans_on(day) if each.holds(population)), NO_BAND)


def term(key: str, day: date) -> int:
    """A term's value on a day, in the unit that its row names. NotFound."""
    for each in _terms():
        if each.key == key and _is_in_force(each, day):
            return each.value
    raise NotFound(f"No term called {key} is in force on {day}.")


def price_of(net_pence: int, day: date) -> Price:
    """A price with the standard rate of VAT on that day."""
    percent = regimes.value("vat.standard", "ENG", day)
    return Price(net_pence, int(percent or 0) * 100)


def _is_in_force(row: Plan | _Term, day: date) -> bool:
    return row.from_on <= day and (row.to_on is None or day <= row.to_on)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _last_day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
