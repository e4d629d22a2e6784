"""What every engine does alike once it knows which documents have the words: filter, count, order, page."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from marketplace.core.geography import miles_between
from search.documents import (
    Document,
    Kind,
    NeedDocument,
    Status,
    SupplierDocument,
    budget_band,
    fingerprint,
)
from search.engine import FacetCount, Filters, Near, Sort

NEED_FACETS = ("status", "region", "category", "budget_band", "capability", "source")
SUPPLIER_FACETS = ("region", "size", "capability", "source")


@dataclass(frozen=True, slots=True)
class Facts:
    """The few facts of a document that filters, facets and order need; instants as POSIX seconds, money in pence."""

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
    )


@dataclass(frozen=True)
class Selection:
    """What is left after the filters: (score, facts, key) in order, and the counts for every facet."""

    chosen: list[tuple[float, Facts, int]]
    facets: dict[str, tuple[FacetCount, ...]]


def select(
    kind: Kind, found: Iterable[tuple[float, Facts, int]], filters: Filters, sort: Sort, now: datetime
) -> Selection:
    """Filters, counts and orders what an engine found; a need is not shown before it is published."""
    at = now.timestamp()
    names = NEED_FACETS if kind is Kind.NEED else SUPPLIER_FACETS
    tests = _tests(filters, at, now)
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
                values[name].extend(_values(facts, name, at))
    chosen.sort(key=_order(kind, sort, now))
    return Selection(chosen, {name: _listed(Counter(each)) for name, each in values.items()})


def _values(facts: Facts, name: str, at: float) -> Sequence[str]:
    if name == "capability":
        return facts.capabilities
    if name == "category":
        return facts.categories
    value = _value(facts, name, at)
    return (value,) if value else ()


def _value(facts: Facts, name: str, at: float) -> str | None:
    if name == "status":
        return facts.status(at)
    if name == "budget_band":
        return budget_band(facts.value_pence)
    return getattr(facts, name)


def _listed(counter: Mapping[str, int]) -> tuple[FacetCount, ...]:
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
    }
    tests = [(name, _any_of(name, wanted, at)) for name, wanted in lines.items() if wanted]
    if filters.closing_within_days is not None:
        tests.append(("closing", _closing_by(at, (now + timedelta(days=filters.closing_within_days)).timestamp())))
    if filters.near is not None:
        tests.append(("near", _within(filters.near)))
    return tests


def _any_of(name: str, wanted: frozenset[str], at: float) -> Callable[[Facts], bool]:
    return lambda facts: not wanted.isdisjoint(_values(facts, name, at))


def _closing_by(at: float, end: float) -> Callable[[Facts], bool]:
    return lambda facts: facts.status(at) == Status.OPEN and facts.closes_at is not None and facts.closes_at <= end


def _within(near: Near) -> Callable[[Facts], bool]:
    return lambda facts: (
        facts.latitude is not None
        and facts.longitude is not None
        and miles_between(near.latitude, near.longitude, facts.latitude, facts.longitude) <= near.miles
    )


def turn(reference: str, now: datetime) -> str:
    """A place in a queue that is drawn anew every day, so that nobody is first among equals for ever."""
    return hashlib.blake2b(f"{now.astimezone(UTC):%Y-%m-%d} {reference}".encode(), digest_size=8).hexdigest()


def _order(kind: Kind, sort: Sort, now: datetime) -> Callable[[tuple[float, Facts, int]], tuple]:
    at = now.timestamp()
    if sort is Sort.CLOSING_SOONEST:
        return lambda item: (*_soonest(item[1], at), item[1].reference)
    if sort is Sort.NEWEST:
        return lambda item: (-item[1].at, item[1].reference)
    if sort is Sort.VALUE:
        return lambda item: (-(item[1].value_pence or 0), item[1].reference)
    if kind is Kind.NEED:
        return lambda item: (item[1].status(at) != Status.OPEN, -round(item[0], 6), -item[1].at, item[1].reference)
    turns: dict[str, str] = {}
    return lambda item: (-round(item[0], 6), turns.setdefault(item[1].reference, turn(item[1].reference, now)))


def _soonest(facts: Facts, at: float) -> tuple[bool, float]:
    """Open ones by their closing, then the rest from the latest closed."""
    is_open = facts.status(at) == Status.OPEN
    closes_at = facts.closes_at if facts.closes_at is not None else math.inf if is_open else 0.0
    return not is_open, closes_at if is_open else -closes_at
