"""One Whoosh index folder: its fields, how documents go in, and a reader's unchanging view of it."""

from __future__ import annotations

import json
import math
import time
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import fields, index, query
from whoosh.analysis import Analyzer, Token
from whoosh.collectors import Collector, TimeLimit
from whoosh.query.spans import Span, SpanNear2
from whoosh.reading import TermNotFound
from whoosh.scoring import BM25F

from search import matching
from search.columns import Columns
from search.documents import (
    Document,
    Kind,
    PassageDocument,
    Status,
    from_json,
    passages_of,
    to_json,
)
from search.engine import Filters, Sort
from search.fallback import OTHER_FORM, plain_words, searched_texts
from search.file_engine import Selected
from search.queries import Clause, Query, Term
from search.selection import Facts, facts_of
from search.words import split_words

PART = "\f"  # between the parts of a text; a phrase never reaches across
_PART_GAP = 100
_MEANT = 0.6  # a word of the same meaning counts less than the word typed
_TITLE = 2.5
_OPEN_TRIES = 5
_MOST_KEPT = 400_000  # scores kept in memory for one view


class Stemmed(Analyzer):
    """Gives Whoosh the words of search.words, so that index, query and snippet agree."""

    def __call__(self, value: str, positions: bool = False, start_pos: int = 0, **_):
        token = Token(positions=positions, boost=1.0, stopped=False)
        place = start_pos
        for part in value.split(PART):
            for word in split_words(part):
                token.text, token.pos = word.stem, place
                yield token
                place += 1
            place += _PART_GAP


class Plain(Analyzer):
    """Words that were split and folded before; for the spelling vocabulary."""

    def __call__(self, value: str, **_):
        token = Token(boost=1.0, stopped=False)
        for word in value.split():
            token.text = word
            yield token


def document_schema() -> fields.Schema:
    """Of an index of needs or of suppliers."""
    return fields.Schema(
        reference=fields.ID(unique=True),
        title=fields.TEXT(analyzer=Stemmed()),
        text=fields.TEXT(analyzer=Stemmed()),
        words=fields.TEXT(analyzer=Plain(), phrase=False),
        facts=fields.COLUMN(),
        document=fields.STORED,
    )


def passage_schema() -> fields.Schema:
    """Of an index of passages; their text is kept with the document that they belong to."""
    return fields.Schema(
        owner=fields.ID,
        owner_column=fields.COLUMN(),
        text=fields.TEXT(analyzer=Stemmed(), phrase=False),
    )


def open_index(folder: Path) -> index.FileIndex:
    """Opens the index; a commit at the same moment can hide its files, so it tries a few times."""
    for trial in range(_OPEN_TRIES):
        try:
            return index.open_dir(str(folder))
        except (FileNotFoundError, index.EmptyIndexError):
            if trial == _OPEN_TRIES - 1:
                raise
            time.sleep(0.02 * (trial + 1))
    raise AssertionError("unreachable")


def document_row(document: Document) -> dict:
    """A document as the fields of document_schema."""
    return {
        "reference": document.reference,
        "title": document.heading,
        "text": PART.join(searched_texts(document)),
        "words": " ".join(plain_words(document)),
        "facts": json.dumps(astuple(facts_of(document)), ensure_ascii=False).encode(),
        "document": to_json(document),
    }


def passage_row(passage: PassageDocument) -> dict:
    """A passage as the fields of passage_schema."""
    return {"owner": passage.owner, "owner_column": passage.owner.encode(), "text": passage.text}


def _facts(line: bytes) -> Facts:
    return Facts(*map(_as_tuples, json.loads(line)))


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


class _WithinTime(Collector):
    """Scores every document that matches; raises TimeLimit at the end, a reading of perf_counter."""

    def __init__(self, end: float) -> None:
        self.found: list[tuple[float, int]] = []
        self._end = end

    def collect_matches(self) -> None:
        matcher, offset, count = self.matcher, self.offset, 0
        while matcher.is_active():
            self.found.append((matcher.score(), matcher.id() + offset))
            matcher.next()
            count += 1
            if count % 64 == 1 and time.perf_counter() > self._end:
                raise TimeLimit

    def collect(self, sub_docnum: int) -> None:
        raise NotImplementedError("collect_matches takes them all")

    sort_key = collect

    def results(self) -> list[tuple[float, int]]:
        return self.found


class View:
    """An index as it stood at one commit; safe to share between threads, replaced and not refreshed."""

    def __init__(self, opened: index.FileIndex, columns: dict, column: str, read: Callable[[bytes], object]) -> None:
        self.index = opened
        self.searcher = opened.searcher(weighting=BM25F(B=0.75, K1=1.2, title_B=0.3))
        self.columns = {}
        for reader in self._segments():
            # A segment never changes but for deletions, so what was read of it before serves again.
            key = reader.segment().segment_id()
            self.columns[key] = columns.get(key) or _read_column(reader, column, read)

    def is_current(self) -> bool:
        """False once another commit was made."""
        return self.searcher.up_to_date()

    def values(self) -> list:
        """The column's values by document number."""
        return [value for reader in self._segments() for value in self.columns[reader.segment().segment_id()]]

    def _segments(self) -> list:
        """The readers of the segments in order of document number; an empty index has a reader without one."""
        return [reader for reader, _ in self.searcher.reader().leaf_readers() if reader.segment() is not None]


def _read_column(reader, column: str, read: Callable[[bytes], object]) -> list:
    if not reader.has_column(column):
        return [None] * reader.doc_count_all()
    values = reader.column_reader(column)
    return [read(values[number]) if values[number] else None for number in range(reader.doc_count_all())]


class DocumentView(View):
    """A view of an index of needs or suppliers."""

    def __init__(self, opened: index.FileIndex, kind: Kind, before: DocumentView | None = None) -> None:
        super().__init__(opened, before.columns if before else {}, "facts", _facts)
        self.kind = kind
        # The last that were made; a view that nobody searched hands on what it was given.
        self._columns_before: Columns | None = before.latest_columns if before else None
        self._facts: list[Facts] = self.values()
        self._alive = list(self.searcher.reader().all_doc_ids())
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[int, float]] = {}
        self._kept = 0

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """The facts of every document by reference."""
        return {self._facts[number].reference: self._facts[number] for number in self._alive}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The document number of every reference."""
        return {self._facts[number].reference: number for number in self._alive}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Every word as written with the number of documents that have it."""
        reader = self.searcher.reader()
        if "words" not in set(reader.indexed_field_names()):
            return {}
        return {term.decode(): found.doc_frequency() for term, found in reader.iter_field("words")}

    def document(self, number: int) -> Document:
        """The whole document of a number."""
        return from_json(self.kind, self.searcher.stored_fields(number)["document"])

    def selected(self, query: Query, filters: Filters, sort: Sort, now: datetime, seconds: float) -> Selected:
        """What the query finds, filtered, counted and ordered, within so many seconds."""
        found, is_partial = self.found(query, seconds)
        rows = np.fromiter(found.keys(), dtype=np.int64, count=len(found))
        scores = np.fromiter(found.values(), dtype=float, count=len(found))
        return Selected(self._columns.select(rows, scores, filters, sort, now), bool(found), is_partial)

    @cached_property
    def _columns(self) -> Columns:
        made = Columns(self.kind, self._facts, self._columns_before)
        self._columns_before = None
        return made

    @property
    def latest_columns(self) -> Columns | None:
        """The columns as far as any were made."""
        return self.__dict__.get("_columns", self._columns_before)

    def open_needs(self, now: datetime) -> list[str]:
        """The references of needs that can be bid for."""
        at = now.timestamp()
        return [name for name, fact in self.facts.items() if fact.at <= at and fact.status(at) == Status.OPEN]

    def is_published(self, reference: str, now: datetime) -> bool:
        """Whether there is this need and anyone may read it yet."""
        fact = self.facts.get(reference)
        return fact is not None and fact.at <= now.timestamp()

    def references(self) -> dict[str, str]:
        """Every reference with its document's fingerprint."""
        return {name: facts.fingerprint for name, facts in self.facts.items()}

    def is_whole(self) -> bool:
        """Reads the last document."""
        return not self.numbers or bool(self.document(max(self.numbers.values())))

    def found(self, asked: Query, seconds: float) -> tuple[dict[int, float], bool]:
        """The number and score of all documents that the query finds, and whether time ran out."""
        end = time.perf_counter() + seconds
        try:
            scores = self._meeting(asked.clauses, end) if asked.clauses else dict.fromkeys(self._alive, 0.0)
            for term in asked.excluded:
                unwanted = self._scores(term, end)
                scores = {number: score for number, score in scores.items() if number not in unwanted}
        except TimeLimit:
            return {}, True
        return scores, False

    def _meeting(self, clauses: Sequence[Clause], end: float) -> dict[int, float]:
        """Documents that meet every clause, with the sum of the scores of all the terms that they have."""
        met: dict[int, float] | None = None
        for clause in clauses:
            scores = dict(self._scores(clause.terms[0], end))
            for place, term in enumerate(clause.terms[1:], 1):
                worth = 1.0 if place < len(clause.typed) else _MEANT
                for number, score in self._scores(term, end).items():
                    scores[number] = scores.get(number, 0.0) + worth * score
            met = scores if met is None else {n: met[n] + scores[n] for n in met.keys() & scores.keys()}
        return met or {}

    def _scores(self, term: Term, end: float) -> dict[int, float]:
        """The documents that have a term with their scores; kept, since people search for the same words."""
        key = term.stems, term.forms
        found = self._known.get(key)
        if found is None:
            collector = _WithinTime(end)
            self.searcher.search_with_collector(_leaf(term.stems, end), collector)
            written = self._written(term.forms)
            found = {n: score if written is None or n in written else score * OTHER_FORM for score, n in collector.found}
            self._keep(key, found)
        return found

    def _written(self, forms: tuple[str, ...]) -> set[int] | None:
        """The documents that have a word in one of these forms; None when there is no one word to look for."""
        if not forms:
            return None
        return set(self.searcher.docs_for_query(query.Or([query.Term("words", each) for each in forms])))

    def _keep(self, key: tuple[tuple[str, ...], tuple[str, ...]], found: dict[int, float]) -> None:
        if self._kept + len(found) > _MOST_KEPT:
            self._known, self._kept = {}, 0
        self._known[key] = found
        self._kept += len(found)


def _leaf(stems: tuple[str, ...], end: float) -> query.Query:
    if len(stems) == 1:
        return query.Or([query.Term("title", stems[0], boost=_TITLE), query.Term("text", stems[0])])
    title = [query.Term("title", stem, boost=_TITLE) for stem in stems]
    return query.Or([_Adjacent(title, end), _Adjacent([query.Term("text", stem) for stem in stems], end)])


class _Adjacent(SpanNear2):
    """A phrase of which the reading ends when time is out, also while nothing is found; Whoosh's own reads on."""

    def __init__(self, words: Sequence[query.Term], end: float) -> None:
        super().__init__(list(words))
        self._end = end

    def matcher(self, searcher, context=None):
        return _AdjacentMatcher([word.matcher(searcher, context) for word in self.qs], self._end)


class _AdjacentMatcher(SpanNear2.SpanNear2Matcher):
    """Compares positions as numbers, which takes a tenth of the time that spans take."""

    def __init__(self, words: list, end: float) -> None:
        self._end = end
        self._read = 0
        super().__init__(words)

    def _get_spans(self) -> list[Span]:
        self._read += 1
        if self._read % 64 == 1 and time.perf_counter() > self._end:
            raise TimeLimit
        starts = self.ms[0].value_as("positions")
        for distance, word in enumerate(self.ms[1:], 1):
            there = set(word.value_as("positions"))
            starts = [start for start in starts if start + distance in there]
            if not starts:
                return []
        return [Span(start, start + len(self.ms) - 1) for start in starts[:1]]


class PassageView(View):
    """A view of an index of passages, as search.matching asks for it."""

    def __init__(self, opened: index.FileIndex, columns: dict, owner_of: Callable[[str], Document | None]) -> None:
        super().__init__(opened, columns, "owner_column", bytes.decode)
        self._owners: list[str] = self.values()
        self._document_of = owner_of
        self._postings: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._rarities: dict[str, float] = {}
        self._counts: dict[str, Counter] = {}

    @cached_property
    def average_length(self) -> float:
        """Words in a passage, on average."""
        return self.searcher.avg_field_length("text", 1) or 1.0

    def frequency(self, stem: str) -> int:
        """Passages that have the stem."""
        return self.searcher.doc_frequency("text", stem)

    def rarity(self, stem: str) -> float:
        """Inverse document frequency over the passages."""
        found = self._rarities.get(stem)
        if found is None:
            ratio = max(1, self.searcher.doc_count_all()) / (self.frequency(stem) + 1)
            found = self._rarities[stem] = 1 + math.log(ratio)
        return found

    def score(
        self, weights: Mapping[str, float], limit: int, owners: Collection[str] | None = None
    ) -> list[matching.ScoredPassage]:
        """The best passages by BM25."""
        totals = np.zeros(len(self._owners))
        for stem, weight in weights.items():
            numbers, scores = self._posted(stem)
            totals[numbers] += weight * scores
        found = np.flatnonzero(totals)
        if owners is not None:
            wanted = frozenset(owners)
            found = np.array([number for number in found if self._owners[number] in wanted], int)
        best = found[np.argsort(-totals[found], kind="stable")[:limit]]
        return [(float(totals[number]), self._owners[number]) for number in best]

    def _posted(self, stem: str) -> tuple[np.ndarray, np.ndarray]:
        """Numbers and scores of the passages with a stem; read once, for needs share their words."""
        found = self._postings.get(stem)
        if found is None:
            found = self._postings[stem] = self._read_postings(stem)
        return found

    def _read_postings(self, stem: str) -> tuple[np.ndarray, np.ndarray]:
        numbers, counts = array("q"), array("d")
        for leaf, offset in self.searcher.leaf_searchers():
            try:
                matcher = leaf.reader().postings("text", stem)
            except TermNotFound:
                continue
            while matcher.is_active():
                numbers.append(matcher.id() + offset)
                counts.append(matcher.weight())
                matcher.next()
        found, often = np.array(numbers, np.int64), np.array(counts)
        # By arrays: a common word has a hundred thousand passages, and Whoosh's scorer takes a microsecond for each.
        scores = self.rarity(stem) * often * (matching.K1 + 1) / (often + self._fullness[found])
        return found, scores.astype(np.float32)

    @cached_property
    def _fullness(self) -> np.ndarray:
        """By passage number, BM25's measure of how long a passage is."""
        reader = self.searcher.reader()
        lengths = np.array([reader.doc_field_length(each, "text", 1) for each in range(reader.doc_count_all())], float)
        return matching.K1 * (1 - matching.B + matching.B * lengths / self.average_length)

    def passages_of(self, reference: str) -> Sequence[PassageDocument]:
        """The passages of one document."""
        document = self._document_of(reference)
        return list(passages_of(document)) if document else []

    def word_counts(self, reference: str) -> Counter:
        """The stems of one document's passages with their counts; kept, since every supplier asks for open needs."""
        found = self._counts.get(reference)
        if found is None:
            found = self._counts[reference] = matching.count_words(self.passages_of(reference))
        return found
