"""What a list page, a feed or a saved search asks: the words and filters of an address, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from marketplace.accounts.queries import find_organisation_named
from marketplace.core.errors import Refusal
from marketplace.core.geography import REGIONS, find_place
from marketplace.reference import capabilities, cpv_codes
from search.buyers import KINDS
from search.documents import BUDGET_BANDS, RESERVED, SUITS, Kind, Status
from search.engine import Filters, Near, Sort
from search.queries import LONGEST_QUERY, Query, parse_query
from search.selection import YES
from suppliers.evidence.kinds import PAPERS
from suppliers.profiles.models import SIZES

MOST_PAGES = 500
USUAL_MILES = 25
STATUSES = {
    Status.OPEN: "Open",
    Status.CLOSED: "Closed",
    Status.AWARDED: "Awarded",
    Status.NOT_AWARDED: "Ended without award",
    Status.WITHDRAWN: "Withdrawn",
}
# Open needs are shown unless something else is asked; this asks for every one.
ALL = "all"
STATUS_CHOICES: dict[str, str] = {**{str(each): words for each, words in STATUSES.items()}, ALL: "Open and past"}
BUDGETS = dict(
    zip(
        (key for key, _ in BUDGET_BANDS),
        ("Under £10,000", "£10,000 to £30,000", "£30,000 to £100,000", "£100,000 to £250,000", "£250,000 and over"),
        strict=True,
    )
)
SORTS = {
    Sort.RELEVANCE: "Best match",
    Sort.CLOSING_SOONEST: "Closing soonest",
    Sort.NEWEST: "Newest",
    Sort.VALUE: "Highest value",
    Sort.DISTANCE: "Nearest",
}
SUPPLIER_SORTS = {Sort.RELEVANCE: "Best match", Sort.DISTANCE: "Nearest", Sort.NEWEST: "Last updated"}
BUYER_KINDS = {key: words for key, (words, _) in KINDS.items()}
SMALL_FIRMS = {RESERVED: "Only small firms and charities may bid", SUITS: "Suits small firms"}
WITH_COUNCILS = {YES: "Has worked with councils"}
NEED_WORDS = (
    "q", "status", "region", "category", "capability", "budget", "closing", "near", "within", "council", "buyer-kind",
    "small-firms", "source", "sort",
)  # fmt: skip
SUPPLIER_WORDS = (
    "q", "region", "capability", "size", "evidence", "councils", "near", "within", "source", "sort",
)  # fmt: skip
PAGING = ("page", "after")
# What can have one value only: of two, neither can be meant.
SINGLE = frozenset({"q", "closing", "near", "within", "sort", *PAGING})


class QuestionUnreadable(Refusal):
    """An address asks for something that this list does not know; nothing is silently left out."""

    status = 400


@dataclass(frozen=True)
class Question:
    """A search as asked: what an address says, and what the engine is told.

    `note` says what of it could not be used; `typed` still has that, for the form, and `values` has it no more.
    """

    kind: Kind
    values: tuple[tuple[str, str], ...]
    query: Query
    filters: Filters
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    after: str = ""
    note: str = ""
    typed: tuple[tuple[str, str], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked, so that the database's own order will do."""
        return not self.values

    @property
    def text(self) -> str:
        return dict(self.values).get("q", "")

    @property
    def query_string(self) -> str:
        """The question as the part of an address after "?"; the same question always gives the same text."""
        return urlencode(self.values)

    def chosen(self, name: str) -> list[str]:
        return [value for key, value in self.values if key == name]

    def one(self, name: str) -> str:
        return next(iter(self.chosen(name)), "")

    def in_box(self, name: str) -> str:
        """What a field of the form shows: what was typed, used or not."""
        return _one(self.typed or self.values, name)

    @property
    def is_of_all(self) -> bool:
        """Whether needs of every status are asked for."""
        return self.kind is Kind.NEED and not self.filters.statuses


def ask_needs(args: MultiDict[str, str]) -> Question:
    """The question of an address for needs; raises QuestionUnreadable for names and values that mean nothing."""
    return _ask(Kind.NEED, NEED_WORDS, args)


def ask_suppliers(args: MultiDict[str, str]) -> Question:
    """The question of an address for suppliers; raises QuestionUnreadable."""
    return _ask(Kind.SUPPLIER, SUPPLIER_WORDS, args)


def ask_for_all(kind: Kind, args: MultiDict[str, str]) -> Question:
    """The question of an address for a file or feed: it has no pages, and nobody would read a note; so both are refused."""
    paged = [name for name in PAGING if name in args]
    if paged:
        raise QuestionUnreadable(f"This holds everything that is found, so it cannot be asked for {_quoted(paged)}.")
    question = ask_needs(args) if kind is Kind.NEED else ask_suppliers(args)
    if question.note:
        raise QuestionUnreadable(question.note)
    return question


def ask_again(query_string: str) -> Question:
    """The question that a saved search keeps."""
    return ask_needs(MultiDict(parse_qsl(query_string)))


def _ask(kind: Kind, words: tuple[str, ...], args: MultiDict[str, str]) -> Question:
    unknown = sorted(set(args) - set(words) - set(PAGING))
    if unknown:
        raise QuestionUnreadable(
            f"This list does not know {_quoted(unknown)}. It can be asked for: {', '.join((*words, *PAGING))}."
        )
    values = tuple(
        (name, value)
        for name in words
        for value in dict.fromkeys(" ".join(each.replace("\x00", " ").split()) for each in args.getlist(name))
        if value
    )
    for name in sorted(SINGLE & set(args)):
        given = dict.fromkeys(filter(None, (each.strip() for each in args.getlist(name))))
        if len(given) > 1:
            raise QuestionUnreadable(f"“{name}” can be asked once only, not both {_quoted(given, ' and ')}.")
    # "within" alone asks nothing: it belongs to "near", and the filter form always sends it.
    asked = {name for name, _ in values}
    values = tuple(pair for pair in values if pair[0] != "within" or "near" in asked)
    question = Question(kind, values, parse_query(_one(values, "q")), Filters(), typed=values)
    return _with_filters(_without_the_usual(_without_empty_words(question)), args)


def _without_empty_words(question: Question) -> Question:
    """Marks such as “£” or “AND OR” hold nothing to look for, which is not the same as looking for everything."""
    if not question.text or not question.query.is_empty:
        return question
    note = f"There is nothing to search for in “{question.text[:40]}”. Type a word or a number."
    return replace(question, values=_leaving_out(question.values, "q"), query=parse_query(""), note=note)


def _without_the_usual(question: Question) -> Question:
    """Open needs alone are what the list shows anyway, and all are all; so the same question has one address."""
    chosen = question.chosen("status")
    if ALL in chosen:
        return replace(question, values=tuple(p for p in question.values if p[0] != "status" or p[1] == ALL))
    return replace(question, values=_leaving_out(question.values, "status")) if chosen == [Status.OPEN] else question


def _leaving_out(values: tuple[tuple[str, str], ...], *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in values if pair[0] not in names)


def _with_filters(question: Question, args: MultiDict[str, str]) -> Question:
    near, strange = _near(question)
    note = f"{question.note} {strange}".strip()
    if strange:
        question = replace(question, values=_leaving_out(question.values, "near", "within"))
    if near is None and question.one("sort") == Sort.DISTANCE:
        question = replace(question, values=_leaving_out(question.values, "sort"))
        note = f"{note} Nothing can be ordered by distance without a postcode to be near to.".strip()
    filters = Filters(
        statuses=_statuses(question),
        regions=_known(question, "region", REGIONS),
        buyers=_buyers(question),
        categories=_known(question, "category", category_titles()),
        budget_bands=_known(question, "budget", BUDGETS),
        capabilities=_known(question, "capability", capability_titles()),
        sizes=_known(question, "size", SIZES),
        sources=frozenset(question.chosen("source")),
        buyer_kinds=_known(question, "buyer-kind", BUYER_KINDS),
        small_firms=_known(question, "small-firms", SMALL_FIRMS),
        evidence=_known(question, "evidence", PAPERS),
        has_worked_with_councils=bool(_known(question, "councils", WITH_COUNCILS)),
        closing_within_days=_number(question.one("closing"), "closing", 365) if question.one("closing") else None,
        near=near,
    )
    sorts: Mapping[Sort, str] = SORTS if question.kind is Kind.NEED else SUPPLIER_SORTS
    sort = next(iter(_known(question, "sort", sorts)), Sort.RELEVANCE)
    sort = _usual_sort(question) if sort == Sort.RELEVANCE else sort
    page = _number(args.get("page", "1") or "1", "page", MOST_PAGES)
    after = args.get("after", "")
    if question.query.was_cut:
        note = (
            f"Your search was long: only its first {LONGEST_QUERY} characters or twelve words were used. {note}".strip()
        )
    return replace(question, filters=filters, sort=Sort(sort), page=page, after=after, note=note)


def _statuses(question: Question) -> frozenset[str]:
    """Open ones unless others are chosen; empty, which asks nothing, for all."""
    chosen = _known(question, "status", STATUS_CHOICES)
    if question.kind is Kind.SUPPLIER or ALL in chosen:
        return frozenset()
    return chosen or frozenset({Status.OPEN})


def _usual_sort(question: Question) -> Sort:
    """Without words nothing matches better than another: needs stand as on the plain list."""
    is_need = question.kind is Kind.NEED
    return Sort.CLOSING_SOONEST if is_need and not question.query.clauses else Sort.RELEVANCE


def _known(question: Question, name: str, choices: Iterable[str]) -> frozenset[str]:
    """The chosen values, when all of them are among the choices."""
    chosen = question.chosen(name)
    if not chosen:
        return frozenset()
    known = set(map(str, choices))
    strange = [each for each in chosen if each not in known]
    if strange:
        shown = ", ".join(sorted(known)) if len(known) < 20 else f"one of its {len(known)} known values"
        raise QuestionUnreadable(f"“{name}” cannot be {_quoted(strange)}. Ask for {shown}.")
    return frozenset(chosen)


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise QuestionUnreadable(f"“{name}” must be a whole number from 1 to {most}.")
    return int(text)


def _buyers(question: Question) -> frozenset[str]:
    names: set[str] = set()
    for slug in question.chosen("council"):
        council = find_organisation_named("authority", slug)
        if council is None:
            raise QuestionUnreadable(f"There is no council here at the address {_quoted([slug])}.")
        names.add(council.name)
    return frozenset(names)


def _near(question: Question) -> tuple[Near | None, str]:
    asked = question.one("near")
    if not asked:
        return None, ""
    miles = _number(question.one("within") or str(USUAL_MILES), "within", 1000)
    place = find_place(asked)
    if place is None:
        return (
            None,
            f"We do not know the postcode “{asked[:20]}”, so distance was left out. Enter one like LN1 1YL or LN1.",
        )
    return Near(place.latitude, place.longitude, miles), ""


def _one(values: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in values if key == name), "")


def _quoted(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"“{each[:40]}”" for each in words)


@cache
def capability_titles() -> dict[str, str]:
    """Code -> title, in the order of the list."""
    return {each.code: each.title for each in capabilities()}


@cache
def category_titles() -> dict[str, str]:
    """The first three digits of a CPV code -> what that group is called, for every three digits that exist."""
    named = {each.code[:3]: each.title for each in cpv_codes() if each.code.endswith("00000")}
    return {f"{number:03}": named.get(f"{number:03}", f"CPV {number:03}") for number in range(30, 1000)}


def digital_categories() -> dict[str, str]:
    """Those of the categories that technology is bought under."""
    return {key: title for key, title in category_titles().items() if not title.startswith("CPV ")}


LABELLERS: dict[str, Callable[[str], str]] = {
    "status": STATUS_CHOICES.__getitem__,
    "category": lambda value: category_titles().get(value, value),
    "capability": lambda value: capability_titles().get(value, value),
    "budget": BUDGETS.__getitem__,
    "buyer-kind": BUYER_KINDS.__getitem__,
    "small-firms": SMALL_FIRMS.__getitem__,
    "evidence": PAPERS.__getitem__,
    "councils": WITH_COUNCILS.__getitem__,
    "size": SIZES.__getitem__,
    "closing": lambda value: f"Closing within {value} days",
    "near": lambda value: f"Near {value}",
    "within": lambda value: f"{value} miles",
    "sort": lambda value: {**SORTS, **SUPPLIER_SORTS}[Sort(value)],
    "source": lambda value: "Posted here" if value == "ours" else value,
}


def label_of(name: str, value: str) -> str:
    """A filter's value as people read it."""
    return LABELLERS[name](value) if name in LABELLERS else value


def in_words(question: Question) -> str:
    """The question as one line: “parking permits”, London, Under £10,000."""
    parts = [f"“{question.text}”"] if question.text else []
    parts += [label_of(name, value) for name, value in question.values if name not in ("q", "sort")]
    return ", ".join(parts) or "every new need"
