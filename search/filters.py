"""The filters beside a list: which groups there are, with their choices and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from markupsafe import Markup

from marketplace.core import clock
from marketplace.core.geography import REGIONS
from marketplace.core.money import pounds
from search.asking import (
    BUDGETS,
    BUYER_KINDS,
    SMALL_FIRMS,
    SORTS,
    STATUS_CHOICES,
    SUPPLIER_SORTS,
    USUAL_MILES,
    WITH_COUNCILS,
    Question,
    capability_titles,
    digital_categories,
    label_of,
)
from search.cards import Option, options
from search.documents import CLOSING_DAYS, MILES, OURS, Kind, Status
from search.engine import Results, Sort
from suppliers.evidence.kinds import PAPERS
from suppliers.profiles.models import SIZES
from tenders.regimes import find_value
from tenders.regimes.routes import THRESHOLD

OPEN_FIRST = (Sort.RELEVANCE, Sort.CLOSING_SOONEST)
EVERY_DAY = "In an order that changes every day"
BY_NAME, DAILY = "By name", "Changes every day"
DECLARED = "As suppliers declare them, in date today. Any of those that you tick."
KNOWN_WORK = "Won from a council here or in a published notice, or names one among its past work or clients."


@dataclass(frozen=True)
class Group:
    """One filter: boxes to tick, or a list to choose one from."""

    name: str
    legend: str
    options: list[Option]
    is_list: bool = False
    hint: str = ""

    @property
    def is_used(self) -> bool:
        return any(each.is_chosen for each in self.options)

    @property
    def first_chosen(self) -> str:
        """What a list shows as chosen; it can show one only."""
        return next((each.value for each in self.options if each.is_chosen), "")

    @property
    def others_chosen(self) -> list[str]:
        """What an address chose besides, so that using the form loses nothing."""
        return [each.value for each in self.options if each.is_chosen][1:]


def groups(question: Question, results: Results | None) -> list[Group]:
    """The filters of a list; without results, every choice and no counts."""

    def group(name: str, legend: str, choices: Iterable[object], *, is_list: bool = False, hint: str = "") -> Group:
        return Group(name, legend, options(question, name, map(str, choices), results), is_list, hint)

    if question.kind is Kind.SUPPLIER:
        made = [
            group("capability", "What they can do", capability_titles(), is_list=True),
            group("region", "Region", REGIONS),
            group("size", "Size", SIZES),
            group("evidence", "Certificates and insurance", PAPERS, hint=DECLARED),
            group("councils", "Work for councils", WITH_COUNCILS, hint=KNOWN_WORK),
        ]
    else:
        made = [
            group("status", "Status", STATUS_CHOICES),
            group("closing", "Closing", CLOSING_DAYS, is_list=True),
            group("region", "Region", REGIONS),
            group("budget", "Estimated value including VAT", BUDGETS),
            group("small-firms", "Small firms", SMALL_FIRMS, hint=small_firms_in_words(clock.today())),
            group("capability", "What is needed", capability_titles(), is_list=True),
            group("category", "Category (CPV)", digital_categories(), is_list=True),
            group("buyer-kind", "Kind of buyer", BUYER_KINDS, is_list=True),
        ]
    if results is not None:
        made.append(group("source", "Where it was posted", (OURS,)))
    return [each for each in made if each.options]


@lru_cache(maxsize=4)
def small_firms_in_words(on_day: date) -> str:
    """What the filter for small firms means on a day, with the value in force."""
    threshold = find_value(THRESHOLD, "ENG", on_day)
    below = f"under {pounds(threshold)} including VAT" if isinstance(threshold, int) else "small"
    return (
        f"A need suits them when it is {below}, the value of public contracts (Procurement Act 2023, Schedule 1):"
        " below it councils consider what keeps small firms from bidding. For needs from elsewhere, their source says."
    )


def sorts(question: Question) -> list[Option]:
    """The orders that the list offers."""
    known = SORTS if question.kind is Kind.NEED else SUPPLIER_SORTS
    offered = [
        Option(str(value), text, None, value is question.sort)
        for value, text in known.items()
        if value is not Sort.DISTANCE or question.filters.near is not None
    ]
    if question.query.clauses:
        return offered
    if question.kind is Kind.NEED:
        return [each for each in offered if each.value != Sort.RELEVANCE]
    return [replace(offered[0], text=BY_NAME if question.is_plain else DAILY), *offered[1:]]


def order_in_words(question: Question) -> str:
    """The order of a list that was found, as its page tells it."""
    if question.kind is Kind.SUPPLIER and question.sort is Sort.RELEVANCE and not question.query.clauses:
        return EVERY_DAY
    words = f"{next(each.text for each in sorts(question) if each.is_chosen)} first"
    is_mixed = question.kind is Kind.NEED and question.filters.statuses != {Status.OPEN}
    return f"{words}, open ones before past ones" if is_mixed and question.sort in OPEN_FIRST else words


def miles(question: Question, results: Results | None) -> list[Option]:
    """How far "near" may reach; counted once there is a place to be near to."""
    chosen = question.in_box("within") or str(USUAL_MILES)
    reaches = dict.fromkeys((*map(str, MILES), chosen if chosen.isdigit() else str(USUAL_MILES)))
    if results is None or question.filters.near is None:
        return [Option(each, f"{each} miles", None, each == chosen) for each in sorted(reaches, key=int)]
    counted = {each.value: each.count for each in results.facets.get("distance", ())}
    counts = {chosen: results.total} | dict.fromkeys(map(str, MILES), 0) | counted
    return [Option(each, f"{each} miles", counts[each], each == chosen) for each in sorted(reaches, key=int)]


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
        rest = [each for each in question.values if each != pair and not (pair[0] == "near" and _needs_a_place(each))]
        words = label_of(*pair) + (f", {question.one('within') or USUAL_MILES} miles" if pair[0] == "near" else "")
        made.append(Chip(words, f"{path}?{urlencode(rest)}" if rest else path))
    return made


def _needs_a_place(pair: tuple[str, str]) -> bool:
    return pair[0] == "within" or pair == ("sort", Sort.DISTANCE)


# The form of a list that was asked nothing, as drawn last: the busiest page of all need not count for everyone anew.
PLAIN_FORMS: dict[tuple[str, Kind], tuple[datetime, Markup]] = {}
PLAIN_FORM_KEPT = timedelta(seconds=2)
