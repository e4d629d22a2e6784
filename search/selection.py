"""What every engine does alike once it knows which documents have the words: filter, count, order, page."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from marketplace.core.geography import miles_between
from search.documents import (
    CLOSING_DAYS,
    MILES,
    Document,
    Held,
    Kind,
    NeedDocument,
    Status,
    SupplierDocument,
    budget_band,
    fingerprint,
)
from search.engine import FacetCount, Filters, Near, Sort

DAY = 86_400.0  # seconds
NEED_FACETS = (
    "status", "region", "category", "budget_band", "capability", "source", "buyer_kind", "small_firms", "closing",
    "distance",
)  # fmt: skip
SUPPLIER_FACETS = ("region", "size", "capability", "evidence", "councils", "source", "distance")
YES = "yes"  # the one value of the facet "councils"


@dataclass(frozen=True, slots=True)
class Facts:
    """The few facts of a document that filters, facets and order need; instants as POSIX seconds, money in pence.

    evidence is (key, the instant from which it counts no more or None), one a key.
    """

    reference: str
    fingerprint: str
    at: float
    closes_at: float | None
    ended: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    categories: tuple[str, ...]
    value_pence: int | None
    capabilities: tuple[str, ...]
    size: str | None
    buyer: str | None
    source: str
    buyer_kind: str | None = None
    small_firms: str | None = None
    evidence: tuple[tuple[str, float | None], ...] = ()
    councils: str | None = None

    def status(self, now: float) -> str:
        """A bid is in time up to and at the closing instant, so the need is open as long."""
        if self.ended:
            return self.ended
        return Status.OPEN if self.closes_at is None or now <= self.closes_at else Status.CLOSED


def facts_of(document: Document) -> Facts:
    """The facts of a need (at: published) or a supplier (at: updated)."""
    need = document if isinstance(document, NeedDocument) else None
    supplier = document if isinstance(document, SupplierDocument) else None
    at = document.published_at if isinstance(document, NeedDocument) else document.updated_at
    return Facts(
        reference=document.reference,
        fingerprint=fingerprint(document),
        at=at.timestamp(),
        closes_at=need.closes_at.timestamp() if need and need.closes_at else None,
        ended=str(need.ended) if need and need.ended else None,
        region=document.region,
        latitude=document.latitude,
        longitude=document.longitude,
        categories=tuple(sorted({code[:3] for code in document.cpv_codes})),
        value_pence=need.value_pence if need else None,
        capabilities=document.capabilities,
        size=supplier.size if supplier else None,
        buyer=need.buyer if need else None,
        source=document.source,
        buyer_kind=need.buyer_kind if need else None,
        small_firms=need.small_firms if need else None,
        evidence=longest_held(supplier.evidence) if supplier else (),
        councils=YES if supplier and supplier.has_worked_with_councils else None,
    )


def longest_held(evidence: Iterable[Held]) -> tuple[tuple[str, float | None], ...]:
    """Of several papers of one key, the one that is valid longest; in order of key."""
    ends: dict[str, float] = {}
    for each in evidence:
        end = each.ends_at.timestamp() if each.ends_at else math.inf
        ends[each.key] = max(end, ends.get(each.key, end))
    return tuple((key, None if ends[key] == math.inf else ends[key]) for key in sorted(ends))


@dataclass(frozen=True)
class Selection:
    """What is left after the filters: (score, facts, key) in order, and the counts for every facet."""

    chosen: Sequence[tuple[float, Facts, int]]
    facets: dict[str, tuple[FacetCount, ...]]


def select(
    kind: Kind, found: Iterable[tuple[float, Facts, int]], filters: Filters, sort: Sort, now: datetime
) -> Selection:
    """Filters, counts and orders what an engine found; a need is not shown before it is published."""
    at = now.timestamp()
    names = NEED_FACETS if kind is Kind.NEED else SUPPLIER_FACETS
    tests = _tests(filters, at, now)
    read = _Reader(at, filters.near)
    values: dict[str, list[str]] = {name: [] for name in names}
    chosen = []
    for item in found:
        facts = item[1]
        if facts.at > at and kind is Kind.NEED:
            continue
        failed = [name for name, test in tests if not test(facts)]
        if not failed:
            chosen.append(item)
        # A document that fails one filter alone still counts among that filter's own choices.
        for name in names if not failed else failed[:1] if len(failed) == 1 else ():
            if name in values:
                values[name].extend(read.values(facts, name))
    chosen.sort(key=_order(kind, sort, now, filters.near))
    return Selection(chosen, {name: listed(Counter(each)) for name, each in values.items()})


class _Reader:
    """Reads the values of a facet from facts at an instant (POSIX seconds)."""

    def __init__(self, at: float, near: Near | None) -> None:
        self._at, self._near = at, near

    def values(self, facts: Facts, name: str) -> Sequence[str]:
        several = self._several.get(name)
        if several is not None:
            return several(self, facts)
        value = facts.status(self._at) if name == "status" else getattr(facts, name)
        return (value,) if value else ()

    def _budget_band(self, facts: Facts) -> Sequence[str]:
        band = budget_band(facts.value_pence)
        return (band,) if band else ()

    def _evidence(self, facts: Facts) -> Sequence[str]:
        return [key for key, end in facts.evidence if end is None or self._at < end]

    def _closing(self, facts: Facts) -> Sequence[str]:
        """Every reach of days that the closing of an open need falls in."""
        if facts.closes_at is None or facts.status(self._at) != Status.OPEN:
            return ()
        return [str(days) for days in CLOSING_DAYS if facts.closes_at <= self._at + days * DAY]

    def _distance(self, facts: Facts) -> Sequence[str]:
        away = miles_away(facts, self._near) if self._near else None
        return () if away is None else [str(miles) for miles in MILES if away <= miles]

    _several: ClassVar[dict[str, Callable[[_Reader, Facts], Sequence[str]]]] = {
        "capability": lambda _, facts: facts.capabilities,
        "category": lambda _, facts: facts.categories,
        "budget_band": _budget_band,
        "evidence": _evidence,
        "closing": _closing,
        "distance": _distance,
    }


def listed(counter: Mapping[str, int]) -> tuple[FacetCount, ...]:
    """The choices of a facet, the most frequent first."""
    pairs = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetCount(str(value), count) for value, count in pairs)


def _tests(filters: Filters, at: float, now: datetime) -> list[tuple[str, Callable[[Facts], bool]]]:
    lines = {
        "status": filters.statuses,
        "region": filters.regions,
        "buyer": filters.buyers,
        "category": filters.categories,
        "budget_band": filters.budget_bands,
        "capability": filters.capabilities,
        "size": filters.sizes,
        "source": filters.sources,
        "buyer_kind": filters.buyer_kinds,
        "small_firms": filters.small_firms,
        "evidence": filters.evidence,
        "councils": frozenset({YES}) if filters.has_worked_with_councils else frozenset(),
    }
    read = _Reader(at, None)
    tests = [(name, _any_of(read, name, wanted)) for name, wanted in lines.items() if wanted]
    if filters.closing_within_days is not None:
        tests.append(("closing", _closing_by(at, at + filters.closing_within_days * DAY)))
    if filters.near is not None:
        tests.append(("distance", _within(filters.near)))
    return tests


def passes(kind: Kind, facts: Facts, filters: Filters, now: datetime) -> bool:
    """Whether one document stands what `select` asks, with nothing counted or ordered."""
    at = now.timestamp()
    if kind is Kind.NEED and facts.at > at:
        return False
    return all(test(facts) for _, test in _tests(filters, at, now))


def _any_of(read: _Reader, name: str, wanted: frozenset[str]) -> Callable[[Facts], bool]:
    return lambda facts: not wanted.isdisjoint(read.values(facts, name))


def _closing_by(at: float, end: float) -> Callable[[Facts], bool]:
    return lambda facts: facts.status(at) == Status.OPEN and facts.closes_at is not None and facts.closes_at <= end


def _within(near: Near) -> Callable[[Facts], bool]:
    def is_near(facts: Facts) -> bool:
        away = miles_away(facts, near)
        return away is not None and away <= near.miles

    return is_near


def miles_away(facts: Facts, near: Near) -> float | None:
    """How far a document's place is, in miles; None when it says none."""
    if facts.latitude is None or facts.longitude is None:
        return None
    return miles_between(near.latitude, near.longitude, facts.latitude, facts.longitude)


def turn(reference: str, now: datetime) -> str:
    """A place in a queue that is drawn anew every day, so that nobody is first among equals for ever."""
    return hashlib.sha256(f"{now.astimezone(UTC):%Y-%m-%d} {reference}".encode()).hexdigest()  # PostgreSQL has it too


def _order(kind: Kind, sort: Sort, now: datetime, near: Near | None) -> Callable[[tuple[float, Facts, int]], tuple]:
    turns: dict[str, str] = {}

    def among_equals(facts: Facts) -> str:
        """Needs by reference, the older one first; suppliers in turn."""
        if kind is Kind.NEED:
            return facts.reference
        return turns.setdefault(facts.reference, turn(facts.reference, now))

    worth = _worth(kind, sort, now.timestamp(), near)
    return lambda item: (*worth(item[0], item[1]), among_equals(item[1]))


def _worth(kind: Kind, sort: Sort, at: float, near: Near | None) -> Callable[[float, Facts], tuple]:
    if sort is Sort.CLOSING_SOONEST:
        return lambda _, facts: _soonest(facts, at)
    if sort is Sort.NEWEST:
        return lambda _, facts: (-facts.at,)
    if sort is Sort.VALUE:
        return lambda _, facts: (-(facts.value_pence or 0),)
    if sort is Sort.DISTANCE and near is not None:
        return lambda _, facts: (_or_far(miles_away(facts, near)),)
    if kind is Kind.NEED:
        return lambda score, facts: (facts.status(at) != Status.OPEN, -round(score, 6), -facts.at)
    return lambda score, _: (-round(score, 6),)


def _or_far(away: float | None) -> float:
    return math.inf if away is None else round(away, 6)


def _soonest(facts: Facts, at: float) -> tuple[bool, float]:
    """Open ones by their closing, then the rest from the latest closed."""
    is_open = facts.status(at) == Status.OPEN
    closes_at = facts.closes_at if facts.closes_at is not None else math.inf if is_open else 0.0
    return not is_open, closes_at if is_open else -closes_at
