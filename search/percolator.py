"""A need against all saved searches at once: each search waits under the rarest thing that a need must have for it.

A search is kept under the keys of one of its conditions, the one that fewest needs fulfil: a word that must be there
(every word of the same meaning, since one of them will do) or the values of a filter. A need looks up its own keys and
so meets every search that could find it, and few others; those are then tried exactly.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from search.asking import Question
from search.documents import budget_band
from search.engine import Filters, Near
from search.one_need import OneNeed
from search.selection import Facts
from search.words import STOP_STEMS

EVERY = "*"  # of searches that ask for nothing a need must have, such as -training
LONGEST_KEY = 80
MOST_SQUARES = 60
MILES_A_DEGREE = 68.5  # of latitude; a little less than there are, so that a reach is never drawn too short
# What the reading of words depends on; when one of them changes, keys are made anew.
_SOURCES = ("percolator.py", "queries.py", "words.py", "asking.py", "buyers.py", "*.csv")
FILTERS = ("region", "buyer", "category", "budget_band", "capability", "source", "buyer_kind", "small_firms")


@cache
def reading() -> str:
    """Names the present reading of words and filters, sixteen hex digits."""
    digest = hashlib.sha256()
    for path in (each for name in _SOURCES for each in sorted(Path(__file__).parent.glob(name))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def keys_of_need(need: OneNeed) -> set[str]:
    """Every key that a search may wait under to find this need."""
    keys = {EVERY, *(_key("word", stem) for stem in need.stems)}
    for name in FILTERS:
        keys.update(_key(name, value) for value in _values(need.facts, name))
    if need.facts.latitude is not None and need.facts.longitude is not None:
        keys.add(_square(math.floor(need.facts.latitude), math.floor(need.facts.longitude)))
    return keys


def keys_of_search(question: Question, sample: Sample) -> set[str]:
    """The keys of the condition that fewest needs fulfil, going by a sample of needs."""
    conditions = [keys for keys in _conditions(question, sample) if keys]
    return min(conditions, key=lambda keys: (sample.share(keys), sorted(keys)), default={EVERY})


class Sample:
    """How often needs have a key, by some of them."""

    def __init__(self, needs: Iterable[OneNeed] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._size = 0
        for need in needs:
            self._counts.update(keys_of_need(need))
            self._size += 1

    def share(self, keys: Iterable[str]) -> float:
        """How many of all needs have one of the keys, from above; a word that was never met counts as rare."""
        return sum(self._share(key) for key in keys)

    def _share(self, key: str) -> float:
        kind, _, value = key.partition(":")
        little = kind != "word" or value in STOP_STEMS
        return (self._counts[key] + (2.0 if little else 0.5)) / (self._size + 2.0)


def _conditions(question: Question, sample: Sample) -> Iterator[set[str]]:
    for clause in question.query.clauses:
        yield {_rarest(term.stems, sample) for term in clause.terms}
    for name, wanted in _wanted(question.filters).items():
        yield {_key(name, value) for value in wanted}
    if question.filters.near is not None:
        yield _squares(question.filters.near)


def _rarest(stems: Iterable[str], sample: Sample) -> str:
    """The key of one word of a term, which is enough: all of its words must be there."""
    return min((_key("word", stem) for stem in stems), key=lambda key: (sample.share([key]), -len(key), key))


def _wanted(filters: Filters) -> dict[str, frozenset[str]]:
    return {
        "region": filters.regions,
        "buyer": filters.buyers,
        "category": filters.categories,
        "budget_band": filters.budget_bands,
        "capability": filters.capabilities,
        "source": filters.sources,
        "buyer_kind": filters.buyer_kinds,
        "small_firms": filters.small_firms,
    }


def _values(facts: Facts, name: str) -> tuple[str, ...]:
    if name == "category":
        return facts.categories
    if name == "capability":
        return facts.capabilities
    value = budget_band(facts.value_pence) if name == "budget_band" else getattr(facts, name)
    return (value,) if value else ()


def _squares(near: Near) -> set[str]:
    """The squares of one degree that the circle can touch; none, which is no condition, when they are many."""
    north = near.miles / MILES_A_DEGREE
    widest = min(89.0, abs(near.latitude) + north)
    east = near.miles / (MILES_A_DEGREE * math.cos(math.radians(widest)))
    rows = range(math.floor(near.latitude - north), math.floor(near.latitude + north) + 1)
    columns = range(math.floor(near.longitude - east), math.floor(near.longitude + east) + 1)
    if len(rows) * len(columns) > MOST_SQUARES:
        return set()
    return {_square(row, column) for row in rows for column in columns}


def _square(latitude: int, longitude: int) -> str:
    return _key("square", f"{latitude},{longitude}")


def _key(kind: str, value: str) -> str:
    """Cut alike on both sides, so that a long one finds too many searches and never too few."""
    return f"{kind}:{value}"[:LONGEST_KEY]
