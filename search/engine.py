"""The one door to full text: what a page or a listener may ask of whichever engine stands behind it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from search.documents import Document, Kind, Passage
from search.queries import Query
from search.snippets import Piece, Snippet

PAGE_SIZE = 20


class SearchUnavailable(Exception):
    """The index is missing or cannot be read; the fallback engine can answer, `reindex` mends it."""


class RebuildRunning(Exception):
    """Another process is rebuilding this index already."""


class Sort(StrEnum):
    """How results are ordered; by relevance, open needs come first. Suppliers that tie stand in turn, see selection.

    By distance the nearest come first and what has no place last; without a place to be near to it is by relevance.
    """

    RELEVANCE = "relevance"
    CLOSING_SOONEST = "closing-soonest"
    NEWEST = "newest"
    VALUE = "value"
    DISTANCE = "distance"


@dataclass(frozen=True)
class Near:
    """Within so many miles of a place, in degrees of latitude and longitude."""

    latitude: float
    longitude: float
    miles: float


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Narrowing by facts: within one line any value will do, the lines must all hold; empty lines ask nothing."""

    statuses: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    buyers: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()  # the first three digits of a CPV code
    budget_bands: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    buyer_kinds: frozenset[str] = frozenset()  # keys of search.buyers.KINDS
    small_firms: frozenset[str] = frozenset()  # RESERVED, SUITS
    evidence: frozenset[str] = frozenset()  # keys of suppliers.evidence.kinds.PAPERS; an expired one does not count
    has_worked_with_councils: bool = False  # asks nothing when False
    closing_within_days: int | None = None
    near: Near | None = None


@dataclass(frozen=True)
class Hit:
    """One result: the document as indexed, its title and snippets as (text, is_match) pieces, the terms it has."""

    reference: str
    score: float
    title: tuple[Piece, ...]
    snippets: tuple[Snippet, ...]
    matched_terms: tuple[str, ...]
    document: Document


@dataclass(frozen=True)
class FacetCount:
    """How many results a reader gets by choosing this value alone in its line, the other filters standing.

    Values of "closing" are days and of "distance" miles, as text, and each counts all that the smaller ones count.
    """

    value: str
    count: int


@dataclass(frozen=True)
class Results:
    """One page of results; is_partial when the time limit ended the search, so that nothing is shown."""

    hits: tuple[Hit, ...]
    total: int
    facets: dict[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    did_you_mean: str | None = None
    took_ms: float = 0.0
    is_partial: bool = False


@dataclass(frozen=True)
class Reason:
    """One thing asked for that is there: the words, where they were asked, and the sentence that has them."""

    term: str
    asked_in: str
    passage_label: str
    sentence: str


@dataclass(frozen=True)
class Match:
    """A need and a supplier that fit, with why; scores compare across needs but are no percentage."""

    reference: str
    score: float
    matched: tuple[Reason, ...] = ()
    not_mentioned: tuple[str, ...] = ()


class Meaning(Protocol):
    """Closeness of meaning, where a model of the language is there: 0 like any other, 1 like the best ten."""

    def suppliers_for(self, need: Sequence[Passage]) -> Mapping[str, float]:
        """Every supplier's closeness to a need; empty when the model cannot tell."""

    def needs_for(self, supplier: Sequence[Passage], open_needs: Collection[str]) -> Mapping[str, float]:
        """The closeness of those open needs that it knows to a supplier."""


class SearchEngine(Protocol):
    """What every engine answers; `now` is aware UTC, and a need's status is read from it at each search."""

    @property
    def name(self) -> str:
        """As the setting names it."""

    @property
    def promised(self) -> int:
        """How many documents of one kind it answers quickly with."""

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Puts the documents in, takes the removed references out; safe to repeat."""

    def search_needs(
        self, query: Query, filters: Filters, sort: Sort = ..., page: int = 1, *, now: datetime, page_size: int = ...
    ) -> Results:
        """Published needs that the query finds."""

    def search_suppliers(
        self, query: Query, filters: Filters, sort: Sort = ..., page: int = 1, *, now: datetime, page_size: int = ...
    ) -> Results:
        """Suppliers that the query finds."""

    def ranked(
        self, query: Query, filters: Filters, sort: Sort = ..., kind: Kind = Kind.NEED, *, now: datetime
    ) -> list[tuple[str, float]]:
        """The reference and score of every need, or supplier, that the query finds, in order; no texts are read."""

    def similar(self, passages: Sequence[Passage], limit: int = 20, *, now: datetime) -> list[tuple[str, float]]:
        """Published needs of any status like the one with these passages, by search.similar.similar_needs."""

    def match(
        self,
        passages: Sequence[Passage],
        kind: Kind,
        limit: int = 20,
        *,
        now: datetime,
        explained: int | None = None,
        meaning: Meaning | None = None,
    ) -> list[Match]:
        """Suppliers for a need's passages, or open needs for a supplier's; the first `explained` with reasons."""

    def references(self, kind: Kind) -> dict[str, str]:
        """Every indexed reference with the fingerprint of its document, for `reindex --check`."""

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], None] | None = None) -> int:
        """Builds the index anew beside the old one and swaps; gives the number of documents."""

    def is_ready(self) -> bool:
        """True when there is an index of the present shape; cheap, for it is asked before every search."""

    def is_healthy(self) -> bool:
        """True when the index opens and answers."""
