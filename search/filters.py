"""The filters beside a list: which groups there are, with their choices and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from markupsafe import Markup

from marketplace.core.geography import REGIONS
from search.asking import (
    BUDGETS,
    BUYER_KINDS,
    SORTS,
    STATUS_CHOICES,
    SUPPLIER_SORTS,
    USUAL_MILES,
    Question,
    capability_titles,
    digital_categories,
    label_of,
)
from search.cards import Option, options
from search.documents import CLOSING_DAYS, MILES, OURS, Kind, Status
from search.engine import Results, Sort
from suppliers.profiles.models import SIZES

OPEN_FIRST = (Sort.RELEVANCE, Sort.CLOSING_SOONEST)
EVERY_DAY = "In an order that changes every day"


@dataclass(frozen=True)
class Group:
    """One filter: boxes to tick, or a list to choose one from."""

    name: str
    legend: str
    options: list[Option]
    is_list: bool = False

    @property
    def is_used(self) -> bool:
        return any(each.is_chosen for each in self.options)


def groups(question: Question, results: Results | None) -> list[Group]:
    """The filters of a list; without results, every choice and no counts."""
    if question.kind is Kind.SUPPLIER:
        made = [
            _ticked(question, results, "region", "Region", REGIONS),
            _ticked(question, results, "size", "Size", SIZES),
            _listed(question, results, "capability", "What they can do", capability_titles()),
        ]
    else:
        made = [
            _ticked(question, results, "status", "Status", STATUS_CHOICES),
            _ticked(question, results, "region", "Region", REGIONS),
            _ticked(question, results, "budget", "Estimated value including VAT", BUDGETS),
            _listed(question, results, "capability", "What is needed", capability_titles()),
            _listed(question, results, "category", "Category (CPV)", digital_categories()),
            _uncounted(question, "closing", "Closing", map(str, CLOSING_DAYS)),
            _uncounted(question, "buyer-kind", "Kind of council", BUYER_KINDS),
        ]
    if results is not None:
        made.append(_ticked(question, results, "source", "Where it was posted", (OURS,)))
    return [each for each in made if each.options]


def sorts(question: Question) -> list[Option]:
    """The orders that the list offers."""
    known = SORTS if question.kind is Kind.NEED else SUPPLIER_SORTS
    offered = [Option(str(value), text, None, value is question.sort) for value, text in known.items()]
    if question.query.clauses:
        return offered
    if question.kind is Kind.NEED:
        return [each for each in offered if each.value != Sort.RELEVANCE]
    return [replace(offered[0], text="By name" if question.is_plain else EVERY_DAY), *offered[1:]]


def order_in_words(question: Question) -> str:
    """The order of a list that was found, as its page tells it."""
    if question.kind is Kind.SUPPLIER and question.sort is Sort.RELEVANCE and not question.query.clauses:
        return EVERY_DAY
    words = next(each.text for each in sorts(question) if each.is_chosen)
    is_mixed = question.kind is Kind.NEED and question.filters.statuses != {Status.OPEN}
    return f"{words}, open ones first" if is_mixed and question.sort in OPEN_FIRST else words


def miles(question: Question) -> list[Option]:
    """How far "near" may reach."""
    chosen = question.in_box("within") or str(USUAL_MILES)
    return [Option(str(each), f"{each} miles", None, str(each) == chosen) for each in MILES]


def _ticked(question: Question, results: Results | None, name: str, legend: str, choices: Iterable[str]) -> Group:
    return Group(name, legend, options(question, name, map(str, choices), results))


def _listed(question: Question, results: Results | None, name: str, legend: str, choices: Iterable[str]) -> Group:
    return Group(name, legend, options(question, name, choices, results), is_list=True)


def _uncounted(question: Question, name: str, legend: str, choices: Iterable[str]) -> Group:
    chosen = question.chosen(name)
    known = dict.fromkeys((*choices, *chosen))
    return Group(
        name, legend, [Option(each, label_of(name, each), None, each in chosen) for each in known], is_list=True
    )


@dataclass(frozen=True)
class Chip:
    """A filter in use: its words, and the address of the same question without it."""

    words: str
    href: str


def chips(question: Question, path: str) -> list[Chip]:
    """The filters in use, each with a way to take it off; the words in the box are not among them."""
    made = []
    for pair in question.values:
        if pair[0] in ("q", "sort", "within"):
            continue
        rest = [each for each in question.values if each != pair and (pair[0] != "near" or each[0] != "within")]
        words = label_of(*pair) + (f", {question.one('within') or USUAL_MILES} miles" if pair[0] == "near" else "")
        made.append(Chip(words, f"{path}?{urlencode(rest)}" if rest else path))
    return made


# The form of a list that was asked nothing is always the same, and the quickest page of all needs it.
PLAIN_FORMS: dict[Kind, Markup] = {}
