"""A slow, plain engine over documents in memory, for when the index is missing or broken; nothing to keep on disk."""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from search.both_kinds import SearchesBothKinds
from search.documents import (
    Document,
    Kind,
    NeedDocument,
    Passage,
    PassageDocument,
    cleaned,
    fingerprint,
    passages_of,
)
from search.engine import Filters, Match, Meaning, Results, Sort
from search.matching import (
    K1,
    B,
    ScoredPassage,
    count_words,
    match_needs,
    match_suppliers,
)
from search.queries import Clause, Query, Term
from search.results import make_results
from search.selection import Facts, facts_of, select
from search.similar import similar_needs
from search.spelling import FEW, did_you_mean
from search.words import fold, split_words, stems

# How much another word of the same stem counts: park for parking, access for accessibility.
OTHER_FORM = 0.05


class FallbackEngine(SearchesBothKinds):
    """Looks through every text at every search; the same answers in shape as any engine, ranked by counts of words."""

    name = "fallback"
    promised = 0  # it answers, and promises no speed

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents: dict[Kind, dict[str, Document]] = {kind: {} for kind in Kind}
        self._readings: dict[tuple[Kind, str], _Reading] = {}
        self._passages: dict[Kind, MemoryPassages] = {}
        self._vocabularies: dict[Kind, Counter] = {}
        self.write(documents)

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Puts the documents in, takes the removed references out; safe to repeat."""
        for document in upserts:
            self._documents[document.kind][document.reference] = cleaned(document)
            self._readings.pop((document.kind, document.reference), None)
        for kind, reference in removals:
            self._documents[kind].pop(reference, None)
            self._readings.pop((kind, reference), None)
        self._passages, self._vocabularies = {}, {}

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], None] | None = None) -> int:
        """Takes these documents in place of all others."""
        self.__dict__.update(FallbackEngine(documents).__dict__)
        count = sum(map(len, self._documents.values()))
        if progress:
            progress(count)
        return count

    def ranked(
        self, query: Query, filters: Filters, sort: Sort = Sort.RELEVANCE, kind: Kind = Kind.NEED, *, now: datetime
    ) -> list[tuple[str, float]]:
        """The reference and score of every need, or supplier, that the query finds, in order."""
        found = self._found(list(self._documents[kind].values()), query)
        return [(facts.reference, score) for score, facts, _ in select(kind, found, filters, sort, now).chosen]

    def similar(self, passages: Sequence[Passage], limit: int = 20, *, now: datetime) -> list[tuple[str, float]]:
        """Published needs of any status like the one with these passages."""
        needs = self._documents[Kind.NEED]
        published = {name for name, need in needs.items() if isinstance(need, NeedDocument) and need.published_at <= now}
        return similar_needs(passages, self._passages_of(Kind.NEED), published.__contains__, limit)

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
        needs = self._passages_of(Kind.NEED)
        suppliers = self._passages_of(Kind.SUPPLIER)

        def rarity(stem: str) -> float:
            return needs.rarity(stem) + suppliers.rarity(stem)

        if kind is Kind.SUPPLIER:
            return match_suppliers(passages, suppliers, rarity, limit, now, explained=explained, meaning=meaning)
        return match_needs(
            passages, needs, suppliers, self._open_needs(now), rarity, limit, now, explained=explained, meaning=meaning
        )

    @property
    def most_of_a_kind(self) -> int:
        """How many documents it holds of the kind that it has more of."""
        return max(map(len, self._documents.values()))

    def references(self, kind: Kind) -> dict[str, str]:
        """Every reference with the fingerprint of its document."""
        return {reference: fingerprint(document) for reference, document in self._documents[kind].items()}

    def is_ready(self) -> bool:
        """Always true, as it holds its documents itself."""
        return True

    def is_healthy(self) -> bool:
        """Always true: there is nothing that could break."""
        return True

    def _open_needs(self, now: datetime) -> list[str]:
        facts = [facts_of(document) for document in self._documents[Kind.NEED].values()]
        at = now.timestamp()
        return [fact.reference for fact in facts if fact.at <= at and fact.status(at) == "open"]

    def _search(
        self, kind: Kind, query: Query, filters: Filters, sort: Sort, page: int, now: datetime, page_size: int
    ) -> Results:
        began = time.perf_counter()
        documents = list(self._documents[kind].values())
        found = self._found(documents, query)
        selection = select(kind, found, filters, sort, now)
        mended = did_you_mean(query, self._vocabulary(kind), len(found)) if len(found) <= FEW else None
        return make_results(selection, query, page, page_size, documents.__getitem__, mended, began)

    def _found(self, documents: Sequence[Document], query: Query) -> list[tuple[float, Facts, int]]:
        if query.is_empty:
            return [(0.0, self._reading(document).facts, key) for key, document in enumerate(documents)]
        readings = ((key, self._reading(document)) for key, document in enumerate(documents))
        scored = ((reading.score(query), reading.facts, key) for key, reading in readings)
        return [(score, facts, key) for score, facts, key in scored if score is not None]

    def _reading(self, document: Document) -> _Reading:
        key = document.kind, document.reference
        found = self._readings.get(key)
        if found is None:
            found = self._readings[key] = _Reading(document)
        return found

    def _passages_of(self, kind: Kind) -> MemoryPassages:
        if kind not in self._passages:
            self._passages[kind] = MemoryPassages(self._documents[kind].values())
        return self._passages[kind]

    def _vocabulary(self, kind: Kind) -> Counter:
        if kind not in self._vocabularies:
            counts: Counter = Counter()
            for document in self._documents[kind].values():
                counts.update(self._reading(document).written)
            self._vocabularies[kind] = counts
        return self._vocabularies[kind]


class MemoryPassages:
    """Passages in memory with the counts that BM25 needs."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_owner: dict[str, list[PassageDocument]] = {}
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._owners: list[str] = []
        self._lengths: list[int] = []
        for document in documents:
            self._by_owner[document.reference] = list(passages_of(document))
            for passage in self._by_owner[document.reference]:
                self._add(passage)
        self.average_length = sum(self._lengths) / max(1, len(self._lengths))

    def _add(self, passage: PassageDocument) -> None:
        counts = Counter(stems(passage.text))
        for stem, count in counts.items():
            self._postings[stem].append((len(self._owners), count))
        self._owners.append(passage.owner)
        self._lengths.append(counts.total())

    def rarity(self, stem: str) -> float:
        """Inverse document frequency over the passages."""
        return 1 + math.log(max(1, len(self._owners)) / (self.frequency(stem) + 1))

    def frequency(self, stem: str) -> int:
        """Passages that have the stem."""
        return len(self._postings.get(stem, ()))

    def score(
        self, weights: Mapping[str, float], limit: int, owners: Collection[str] | None = None
    ) -> list[ScoredPassage]:
        """The best passages by BM25."""
        wanted = None if owners is None else frozenset(owners)
        scores: dict[int, float] = defaultdict(float)
        for stem, weight in weights.items():
            worth = weight * self.rarity(stem) * (K1 + 1)
            for number, count in self._postings.get(stem, ()):
                fullness = K1 * (1 - B + B * self._lengths[number] / self.average_length)
                scores[number] += worth * count / (count + fullness)
        pairs = ((score, self._owners[number]) for number, score in scores.items())
        return heapq.nlargest(limit, (pair for pair in pairs if wanted is None or pair[1] in wanted))

    def passages_of(self, reference: str) -> Sequence[PassageDocument]:
        """The passages of one document."""
        return self._by_owner.get(reference, [])

    def word_counts(self, reference: str) -> Counter:
        """The stems of one document's passages with their counts."""
        return count_words(self.passages_of(reference))


class _Reading:
    """A document read once: its facts, its words, and whether a query finds it."""

    def __init__(self, document: Document) -> None:
        self.facts = facts_of(document)
        self.written = plain_words(document)
        self._heading = stems(document.heading)
        self._texts = [self._heading, *(stems(text) for text in searched_texts(document))]
        self._stems = frozenset(stem for text in self._texts for stem in text)

    def score(self, query: Query) -> float | None:
        """None when the document is not found; words in the heading count three times."""
        if any(self._count(self._texts, term) for term in query.excluded):
            return None
        counts = []
        for clause in query.clauses:
            count = sum(self._count(self._texts, term) for term in clause.terms)
            if not count:
                return None
            counts.append(count + 2 * sum(self._count([self._heading], term) for term in clause.terms))
        return sum(
            math.log1p(count) * (1.0 if _is_written(clause, self.written) else OTHER_FORM)
            for count, clause in zip(counts, query.clauses, strict=True)
        )

    def _count(self, texts: Sequence[list[str]], term: Term) -> int:
        if not self._stems.issuperset(term.stems):
            return 0
        length, wanted = len(term.stems), list(term.stems)
        if length == 1:
            return sum(words.count(wanted[0]) for words in texts)
        return sum(
            words[place : place + length] == wanted
            for words in texts
            for place, word in enumerate(words)
            if word == wanted[0]
        )


def _is_written(clause: Clause, written: set[str]) -> bool:
    """Whether one of the clause's terms is there in the form typed; for a phrase its stems will do."""
    return any(not term.forms or not written.isdisjoint(term.forms) for term in clause.terms)


def searched_texts(document: Document) -> list[str]:
    """Every text of a document but its heading that words are looked for in."""
    facts = [document.reference, *document.capabilities, document.outcode or ""]
    if isinstance(document, NeedDocument):
        facts += [document.buyer, *document.cpv_codes, *document.numbers]
    return [text for passage in document.passages for text in (passage.label, passage.text)] + facts


def plain_words(document: Document) -> set[str]:
    """The document's distinct words, folded but not stemmed, as spelling suggestions show them."""
    texts = [document.heading, *searched_texts(document)]
    return {fold(text[word.start : word.end]) for text in texts for word in split_words(text)}
