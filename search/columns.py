"""The same as search.selection over many documents at once: their facts in columns, for engines that keep them.

`search.selection.select` is the reference; the two are compared on generated documents. Twenty thousand documents are
filtered, counted under every heading and ordered in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import overload

import numpy as np

from marketplace.core.geography import EARTH_RADIUS_MILES
from search.documents import CLOSING_DAYS, MILES, Kind, Status, budget_band
from search.engine import Filters, Near, Sort
from search.selection import (
    DAY,
    NEED_FACETS,
    SUPPLIER_FACETS,
    YES,
    Facts,
    Selection,
    listed,
    turn,
)

Mask = np.ndarray  # of booleans
Item = tuple[float, Facts, int]
_STATUSES = [str(each) for each in Status]
_OPEN, _CLOSED = _STATUSES.index(Status.OPEN), _STATUSES.index(Status.CLOSED)


class _Codes:
    """A fact with few different values, as numbers; -1 where there is none."""

    def __init__(self, values: Sequence[str | None]) -> None:
        self.names = sorted({each for each in values if each})
        places = {name: place for place, name in enumerate(self.names)}
        self.codes = np.array([places[each] if each else -1 for each in values], dtype=np.int32)

    def is_any_of(self, wanted: Iterable[str], rows: np.ndarray) -> Mask:
        return np.isin(self.codes[rows], _places(self.names, wanted))

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        return _counted(self.names, self.codes[rows])


class _Lists:
    """A fact with several values a document, perhaps each until an instant."""

    def __init__(self, values: Sequence[Iterable[str]], ends: Sequence[Iterable[float | None]] | None = None) -> None:
        listed = [(row, each) for row, several in enumerate(values) for each in several]
        self.names = sorted({each for _, each in listed})
        places = {name: place for place, name in enumerate(self.names)}
        self._size = len(values)
        self.rows = np.array([row for row, _ in listed], dtype=np.int64)
        self.codes = np.array([places[each] for _, each in listed], dtype=np.int32)
        flat = [math.inf if each is None else each for several in ends or () for each in several]
        self.ends = np.array(flat) if ends is not None else None

    def is_any_of(self, wanted: Iterable[str], rows: np.ndarray, at: float) -> Mask:
        has = np.zeros(self._size, dtype=bool)
        has[self.rows[np.isin(self.codes, _places(self.names, wanted)) & self._in_date(at)]] = True
        return has[rows]

    def counts(self, rows: np.ndarray, at: float) -> dict[str, int]:
        chosen = np.zeros(self._size, dtype=bool)
        chosen[rows] = True
        return _counted(self.names, self.codes[chosen[self.rows] & self._in_date(at)])

    def _in_date(self, at: float) -> Mask | bool:
        return True if self.ends is None else self.ends > at


def _places(names: Sequence[str], wanted: Iterable[str]) -> list[int]:
    asked = set(wanted)
    return [place for place, name in enumerate(names) if name in asked]


def _counted(names: Sequence[str], codes: np.ndarray) -> dict[str, int]:
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


class Chosen(Sequence[Item]):
    """What was selected, in order, as (score, facts, row); made only as far as it is looked at."""

    def __init__(self, facts: Sequence[Facts], rows: np.ndarray, scores: np.ndarray) -> None:
        self._facts, self.rows, self.scores = facts, rows, scores

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, int):
            return self._item(self.rows[at], self.scores[at])
        return [self._item(*pair) for pair in zip(self.rows[at], self.scores[at], strict=True)]

    def __iter__(self) -> Iterator[Item]:
        return iter(self[:])

    def _item(self, row: np.integer, score: np.floating) -> Item:
        return float(score), self._facts[int(row)], int(row)


class Columns:
    """The facts of all documents of a kind by row; never changed after it is made, threads share it."""

    def __init__(self, kind: Kind, facts: Sequence[Facts]) -> None:
        self.kind, self.facts = kind, facts
        self._at = np.array([each.at for each in facts], dtype=float)
        self._closes_at = _numbers(each.closes_at for each in facts)
        self._ended = np.array([_STATUSES.index(each.ended) if each.ended else -1 for each in facts], dtype=np.int8)
        self._value = np.array([each.value_pence or 0 for each in facts], dtype=np.int64)
        self._latitude = np.radians(_numbers(each.latitude for each in facts))
        self._longitude = np.radians(_numbers(each.longitude for each in facts))
        self._single = {
            "region": _Codes([each.region for each in facts]),
            "size": _Codes([each.size for each in facts]),
            "source": _Codes([each.source for each in facts]),
            "buyer": _Codes([each.buyer for each in facts]),
            "buyer_kind": _Codes([each.buyer_kind for each in facts]),
            "small_firms": _Codes([each.small_firms for each in facts]),
            "councils": _Codes([each.councils for each in facts]),
            "budget_band": _Codes([budget_band(each.value_pence) for each in facts]),
        }
        held = [each.evidence for each in facts]
        self._several = {
            "category": _Lists([each.categories for each in facts]),
            "capability": _Lists([set(each.capabilities) for each in facts]),
            "evidence": _Lists(
                [[key for key, _ in pairs] for pairs in held], [[end for _, end in pairs] for pairs in held]
            ),
        }
        self._turns: tuple[date, np.ndarray] | None = None

    @cached_property
    def every(self) -> np.ndarray:
        """All rows."""
        return np.arange(len(self.facts))

    @cached_property
    def _by_reference(self) -> np.ndarray:
        return _ranks([each.reference for each in self.facts])

    def _by_turn(self, now: datetime) -> np.ndarray:
        """The place of every row in today's queue; drawn once a day."""
        day = now.astimezone(UTC).date()
        known = self._turns
        if known is None or known[0] != day:
            known = self._turns = day, _ranks([turn(each.reference, now) for each in self.facts])
        return known[1]

    def select(self, rows: np.ndarray, scores: np.ndarray, filters: Filters, sort: Sort, now: datetime) -> Selection:
        """Filters, counts and orders the found rows; a need is not shown before it is published."""
        at = now.timestamp()
        if self.kind is Kind.NEED:
            is_out = self._at[rows] <= at
            rows, scores = rows[is_out], scores[is_out]
        look = _Look(self, rows, at, filters.near)
        passed = look.passed(filters)
        failures = sum((~mask for mask in passed.values()), np.zeros(len(rows), dtype=np.int16))
        is_chosen = failures == 0
        facets = {}
        for name in NEED_FACETS if self.kind is Kind.NEED else SUPPLIER_FACETS:
            # A document that fails one filter alone still counts among that filter's own choices.
            counted = is_chosen | ((failures == 1) & ~passed[name]) if name in passed else is_chosen
            facets[name] = listed(look.counts(name, counted))
        order = self._order(rows[is_chosen], scores[is_chosen], look, is_chosen, sort, now)
        return Selection(Chosen(self.facts, rows[is_chosen][order], scores[is_chosen][order]), facets)

    def _order(
        self, rows: np.ndarray, scores: np.ndarray, look: _Look, is_chosen: Mask, sort: Sort, now: datetime
    ) -> np.ndarray:
        among_equals = (self._by_reference if self.kind is Kind.NEED else self._by_turn(now))[rows]
        worth: tuple[np.ndarray, ...]  # the weightiest last, as lexsort has it
        if sort is Sort.CLOSING_SOONEST:
            is_open = look.is_open[is_chosen]
            closes_at = look.closes_at[is_chosen]
            soonest = np.where(is_open, np.nan_to_num(closes_at, nan=math.inf), -np.nan_to_num(closes_at, nan=0.0))
            worth = (soonest, ~is_open)
        elif sort is Sort.NEWEST:
            worth = (-self._at[rows],)
        elif sort is Sort.VALUE:
            worth = (-self._value[rows],)
        elif sort is Sort.DISTANCE and look.near is not None:
            worth = (np.round(np.nan_to_num(look.away[is_chosen], nan=math.inf), 6),)
        elif self.kind is Kind.NEED:
            worth = (-self._at[rows], -np.round(scores, 6), ~look.is_open[is_chosen])
        else:
            worth = (-np.round(scores, 6),)
        return np.lexsort((among_equals, *worth))

    def status(self, rows: np.ndarray, at: float) -> np.ndarray:
        """The places in Status of the rows' status at an instant."""
        with np.errstate(invalid="ignore"):
            is_past = self._closes_at[rows] < at
        ended = self._ended[rows]
        return np.where(ended >= 0, ended, np.where(is_past, _CLOSED, _OPEN))

    def closes_at(self, rows: np.ndarray) -> np.ndarray:
        """POSIX seconds, nan for none."""
        return self._closes_at[rows]

    def miles(self, rows: np.ndarray, near: Near) -> np.ndarray:
        """How far the rows are from a place, nan for those that say no place."""
        latitude, longitude = math.radians(near.latitude), math.radians(near.longitude)
        to_latitude, to_longitude = self._latitude[rows], self._longitude[rows]
        half_chord = (
            np.sin((to_latitude - latitude) / 2) ** 2
            + math.cos(latitude) * np.cos(to_latitude) * np.sin((to_longitude - longitude) / 2) ** 2
        )
        return 2 * EARTH_RADIUS_MILES * np.arcsin(np.minimum(1.0, np.sqrt(half_chord)))

    def is_any_of(self, name: str, wanted: Iterable[str], rows: np.ndarray, at: float) -> Mask:
        """Which rows have one of the wanted values of a fact."""
        if name in self._several:
            return self._several[name].is_any_of(wanted, rows, at)
        return self._single[name].is_any_of(wanted, rows)

    def counts(self, name: str, rows: np.ndarray, at: float) -> dict[str, int]:
        """How many of the rows have each value of a fact."""
        return self._several[name].counts(rows, at) if name in self._several else self._single[name].counts(rows)


class _Look:
    """Some rows at an instant, POSIX seconds, seen from a place."""

    def __init__(self, columns: Columns, rows: np.ndarray, at: float, near: Near | None) -> None:
        self._columns, self._rows, self._at, self.near = columns, rows, at, near

    @cached_property
    def status(self) -> np.ndarray:
        return self._columns.status(self._rows, self._at)

    @cached_property
    def is_open(self) -> Mask:
        return self.status == _OPEN

    @cached_property
    def closes_at(self) -> np.ndarray:
        return self._columns.closes_at(self._rows)

    @cached_property
    def away(self) -> np.ndarray:
        assert self.near is not None
        return self._columns.miles(self._rows, self.near)

    def closes_within(self, days: int) -> Mask:
        with np.errstate(invalid="ignore"):
            return self.is_open & (self.closes_at <= self._at + days * DAY)

    def is_within(self, miles: float) -> Mask:
        with np.errstate(invalid="ignore"):
            return self.away <= miles

    def passed(self, filters: Filters) -> dict[str, Mask]:
        """Which rows pass each filter in use."""
        lines = {
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
        passed = {
            name: self._columns.is_any_of(name, wanted, self._rows, self._at) for name, wanted in lines.items() if wanted
        }
        if filters.statuses:
            passed["status"] = np.isin(self.status, _places(_STATUSES, map(str, filters.statuses)))
        if filters.closing_within_days is not None:
            passed["closing"] = self.closes_within(filters.closing_within_days)
        if self.near is not None:
            passed["distance"] = self.is_within(self.near.miles)
        return passed

    def counts(self, name: str, counted: Mask) -> dict[str, int]:
        """How many of the counted rows each choice of a facet gives."""
        if name == "status":
            return _counted(_STATUSES, self.status[counted])
        if name == "closing":
            return self._reaches(CLOSING_DAYS, self.closes_within, counted)
        if name == "distance":
            return self._reaches(MILES, self.is_within, counted) if self.near is not None else {}
        return self._columns.counts(name, self._rows[counted], self._at)

    def _reaches(self, ends: Iterable[int], reaches: Callable[[int], Mask], counted: Mask) -> dict[str, int]:
        numbers = {str(end): int(np.count_nonzero(reaches(end) & counted)) for end in ends}
        return {end: number for end, number in numbers.items() if number}


def _numbers(values: Iterable[float | None]) -> np.ndarray:
    return np.array([math.nan if each is None else each for each in values], dtype=float)


def _ranks(keys: Sequence[str]) -> np.ndarray:
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks
