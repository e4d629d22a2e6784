"""The same as search.selection over many documents at once: their facts in columns, for engines that keep them.

`search.selection.select` is the reference; the two are compared on generated documents. Twenty thousand documents are
filtered, counted under every heading and ordered in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from operator import attrgetter
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


class _Carried:
    """Which rows of the columns before hold for the rows now, so that only what is new is read."""

    def __init__(self, facts: Sequence[Facts], before: Sequence[Facts]) -> None:
        rows = {id(each): row for row, each in enumerate(before)}
        self.source = np.fromiter((rows.get(id(each), -1) for each in facts), dtype=np.int64, count=len(facts))
        self.is_old = self.source >= 0
        self.new = np.flatnonzero(~self.is_old)
        self.fresh = [facts[int(row)] for row in self.new]
        self._size_before = len(before)

    def filled(self, before: np.ndarray | None, values: np.ndarray) -> np.ndarray:
        """One value a row: the old ones from where they stood, the new ones as given."""
        if before is None or not len(before):
            return values
        kind = np.promote_types(before.dtype, values.dtype) if values.dtype.kind == "S" else before.dtype
        whole = np.empty(len(self.source), dtype=kind)
        whole[self.is_old] = before[self.source[self.is_old]]
        whole[self.new] = values
        return whole

    @cached_property
    def moved(self) -> np.ndarray:
        """The row now of every row before, -1 for those that are gone."""
        rows = np.full(self._size_before, -1, dtype=np.int64)
        rows[self.source[self.is_old]] = np.flatnonzero(self.is_old)
        return rows


class _Codes:
    """A fact with few different values, as numbers; -1 where there is none."""

    def __init__(self, carried: _Carried, before: _Codes | None, values: Sequence[str | None]) -> None:
        places: dict[str, int] = dict(before.places) if before else {}
        codes = [places.setdefault(each, len(places)) if each else -1 for each in values]
        self.places: dict[str, int] = places
        self.names = list(places)
        self.codes: np.ndarray = carried.filled(before.codes if before else None, np.array(codes, dtype=np.int32))

    def is_any_of(self, wanted: Iterable[str], rows: np.ndarray) -> Mask:
        return np.isin(self.codes[rows], _places(self.names, wanted))

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        return _counted(self.names, self.codes[rows])


class _Lists:
    """A fact with several values a document, perhaps each until an instant."""

    def __init__(
        self, carried: _Carried, before: _Lists | None, values: Sequence[Iterable[tuple[str, float | None]]]
    ) -> None:
        places: dict[str, int] = dict(before.places) if before else {}
        new = [(row, *each) for row, several in zip(carried.new, values, strict=True) for each in several]
        rows = np.array([row for row, _, _ in new], dtype=np.int64)
        codes = np.array([places.setdefault(value, len(places)) for _, value, _ in new], dtype=np.int32)
        ends = _numbers((math.inf if end is None else end for _, _, end in new))
        if before is not None:
            moved = carried.moved[before.rows]
            kept = moved >= 0
            rows = np.concatenate((moved[kept], rows))
            codes, ends = np.concatenate((before.codes[kept], codes)), np.concatenate((before.ends[kept], ends))
        self.rows: np.ndarray = rows
        self.codes: np.ndarray = codes
        self.ends: np.ndarray = ends
        self.places: dict[str, int] = places
        self.names = list(places)
        self._size = len(carried.source)

    def is_any_of(self, wanted: Iterable[str], rows: np.ndarray, at: float) -> Mask:
        has = np.zeros(self._size, dtype=bool)
        has[self.rows[np.isin(self.codes, _places(self.names, wanted)) & self._in_date(at)]] = True
        return has[rows]

    def counts(self, rows: np.ndarray, at: float) -> dict[str, int]:
        chosen = np.zeros(self._size, dtype=bool)
        chosen[rows] = True
        return _counted(self.names, self.codes[chosen[self.rows] & self._in_date(at)])

    def _in_date(self, at: float) -> Mask:
        return self.ends > at


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
    """The facts of all documents of a kind by row; never changed after it is made, threads share it.

    What `before` knew of the same Facts objects is taken over, so that a commit of a few documents costs little.
    """

    def __init__(self, kind: Kind, facts: Sequence[Facts], before: Columns | None = None) -> None:
        self.kind, self.facts = kind, facts
        carried = _Carried(facts, before.facts if before else ())
        fresh = carried.fresh
        self._numbers: dict[str, np.ndarray] = {
            name: carried.filled(before._numbers[name] if before else None, values)
            for name, values in _read_numbers(fresh).items()
        }
        self._single: dict[str, _Codes] = {
            name: _Codes(carried, before._single[name] if before else None, [read(each) for each in fresh])
            for name, read in _SINGLE.items()
        }
        self._several: dict[str, _Lists] = {
            name: _Lists(carried, before._several[name] if before else None, [read(each) for each in fresh])
            for name, read in _SEVERAL.items()
        }
        names = np.array([each.reference.encode("utf-8", "surrogatepass") for each in fresh], dtype=np.bytes_)
        self._references: np.ndarray = carried.filled(before._references if before else None, names)
        self._turns: tuple[date, np.ndarray] | None = None
        if before is not None and before._turns is not None:
            day, turns = before._turns
            self._turns = day, carried.filled(turns, _turns(fresh, day))

    @cached_property
    def every(self) -> np.ndarray:
        """All rows."""
        return np.arange(len(self.facts))

    @cached_property
    def _by_reference(self) -> np.ndarray:
        ranks = np.empty(len(self.facts), dtype=np.int64)
        ranks[np.argsort(self._references, kind="stable")] = np.arange(len(self.facts))
        return ranks

    def _by_turn(self, now: datetime) -> np.ndarray:
        """The place of every row in today's queue; drawn once a day."""
        day = now.astimezone(UTC).date()
        known = self._turns
        if known is None or known[0] != day:
            known = self._turns = day, _turns(self.facts, day)
        return known[1]

    def select(self, rows: np.ndarray, scores: np.ndarray, filters: Filters, sort: Sort, now: datetime) -> Selection:
        """Filters, counts and orders the found rows; a need is not shown before it is published."""
        at = now.timestamp()
        if self.kind is Kind.NEED:
            is_out = self._numbers["at"][rows] <= at
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
            worth = (-self._numbers["at"][rows],)
        elif sort is Sort.VALUE:
            worth = (-self._numbers["value"][rows],)
        elif sort is Sort.DISTANCE and look.near is not None:
            worth = (np.round(np.nan_to_num(look.away[is_chosen], nan=math.inf), 6),)
        elif self.kind is Kind.NEED:
            worth = (-self._numbers["at"][rows], -np.round(scores, 6), ~look.is_open[is_chosen])
        else:
            worth = (-np.round(scores, 6),)
        return np.lexsort((among_equals, *worth))

    def status(self, rows: np.ndarray, at: float) -> np.ndarray:
        """The places in Status of the rows' status at an instant."""
        with np.errstate(invalid="ignore"):
            is_past = self._numbers["closes_at"][rows] < at
        ended = self._numbers["ended"][rows]
        return np.where(ended >= 0, ended, np.where(is_past, _CLOSED, _OPEN))

    def closes_at(self, rows: np.ndarray) -> np.ndarray:
        """POSIX seconds, nan for none."""
        return self._numbers["closes_at"][rows]

    def miles(self, rows: np.ndarray, near: Near) -> np.ndarray:
        """How far the rows are from a place, nan for those that say no place."""
        latitude, longitude = math.radians(near.latitude), math.radians(near.longitude)
        to_latitude, to_longitude = self._numbers["latitude"][rows], self._numbers["longitude"][rows]
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


_SINGLE: dict[str, Callable[[Facts], str | None]] = {
    **{name: attrgetter(name) for name in ("region", "size", "source", "buyer", "buyer_kind", "small_firms", "councils")},
    "budget_band": lambda facts: budget_band(facts.value_pence),
}
_SEVERAL: dict[str, Callable[[Facts], Iterable[tuple[str, float | None]]]] = {
    "category": lambda facts: [(each, None) for each in facts.categories],
    "capability": lambda facts: [(each, None) for each in dict.fromkeys(facts.capabilities)],
    "evidence": lambda facts: facts.evidence,
}


def _read_numbers(facts: Sequence[Facts]) -> dict[str, np.ndarray]:
    """Instants in POSIX seconds and positions in radians, nan for none; money in pence, 0 for none."""
    return {
        "at": np.array([each.at for each in facts], dtype=float),
        "closes_at": _numbers(each.closes_at for each in facts),
        "ended": np.array([_STATUSES.index(each.ended) if each.ended else -1 for each in facts], dtype=np.int8),
        "value": np.array([each.value_pence or 0 for each in facts], dtype=np.int64),
        "latitude": np.radians(_numbers(each.latitude for each in facts)),
        "longitude": np.radians(_numbers(each.longitude for each in facts)),
    }


def _numbers(values: Iterable[float | None]) -> np.ndarray:
    return np.array([math.nan if each is None else each for each in values], dtype=float)


def _turns(facts: Sequence[Facts], day: date) -> np.ndarray:
    """The beginning of each one's turn on a day, as a number that orders as the whole does."""
    at = datetime.combine(day, time(), UTC)
    return np.array([int(turn(each.reference, at)[:16], 16) for each in facts], dtype=np.uint64)
