"""One Tantivy index folder: its fields, how documents go in, and a reader's unchanging view of it.

Texts go in as the stems of search.words with blanks between, so Tantivy's own tokenizers, stemmers and query parser
have no part in what is found: queries are built as objects, never read from text.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from tantivy import Document as Row
from tantivy import FieldType, Index, Occur, Order, Schema, SchemaBuilder, Searcher
from tantivy import Query as Asked

from search.columns import Columns
from search.documents import Document, Kind, PassageDocument, Status, from_json, passages_of, to_json
from search.engine import Filters, Sort
from search.fallback import OTHER_FORM, plain_words, searched_texts
from search.file_engine import Selected
from search.matching import K1, B, ScoredPassage, count_words
from search.queries import Clause, Query, Term
from search.selection import Facts, facts_of
from search.words import stems

BETWEEN_PARTS = " ¶ "  # no stem is like it, so a phrase never reaches from one part of a text into the next
_MEANT = 0.6  # a word of the same meaning counts less than the word typed
_TITLE = 2.5
_CANDIDATES = 2  # times as many passages as asked for are weighed again
_MOST_KEPT = 2_000_000  # rows of past answers kept in memory for one view
_SPLIT = "whitespace"
_WHOLE = "raw"


def document_schema() -> Schema:
    """Of an index of needs or of suppliers; `number` tells the order of writing, later rows replace earlier ones."""
    builder = SchemaBuilder()
    builder.add_text_field("reference", stored=True, tokenizer_name=_WHOLE, index_option="basic")
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name=_SPLIT)
    builder.add_text_field("text", tokenizer_name=_SPLIT)
    builder.add_text_field("words", tokenizer_name=_SPLIT, index_option="basic")
    builder.add_bytes_field("facts", stored=True)
    builder.add_bytes_field("document", stored=True)
    return builder.build()


def passage_schema() -> Schema:
    """Of an index of passages; their text is kept with the document that they belong to."""
    builder = SchemaBuilder()
    builder.add_text_field("owner", stored=True, tokenizer_name=_WHOLE, index_option="basic")
    builder.add_text_field("text", stored=True, tokenizer_name=_SPLIT, index_option="freq")
    builder.add_unsigned_field("length", fast=True)
    return builder.build()


@lru_cache(maxsize=512)
def _split(text: str) -> str:
    """The stems of a text with blanks between; kept a moment, since most passages are indexed twice."""
    return " ".join(stems(text))


def document_row(document: Document, number: int) -> Row:
    """A document as the fields of document_schema."""
    row = Row()
    row.add_text("reference", document.reference)
    row.add_unsigned("number", number)
    row.add_text("title", _split(document.heading))
    row.add_text("text", BETWEEN_PARTS.join(map(_split, searched_texts(document))))
    row.add_text("words", " ".join(plain_words(document)))
    row.add_bytes("facts", json.dumps(astuple(facts_of(document))).encode())
    row.add_bytes("document", to_json(document).encode("utf-8", "surrogatepass"))
    return row


def removal_row(reference: str, number: int) -> Row:
    """Says that a document is gone, so that readers who know it need not look through all the others."""
    row = Row()
    row.add_text("reference", reference)
    row.add_unsigned("number", number)
    return row


def passage_rows(document: Document) -> Iterator[Row]:
    """The passages of a document as the fields of passage_schema."""
    for passage in passages_of(document):
        words = _split(passage.text)
        row = Row()
        row.add_text("owner", passage.owner)
        row.add_text("text", words)
        row.add_unsigned("length", words.count(" ") + 1 if words else 0)
        yield row


def last_number(index: Index) -> int:
    """The highest number given to a document so far; -1 when there is none."""
    index.reload()
    searcher = index.searcher()
    hits = searcher.search(Asked.all_query(), 1, count=False, order_by_field="number").hits
    return int(hits[0][0]) if hits else -1


def having(index: Index, references: Iterable[str]) -> list[str]:
    """Those of the references that the index has."""
    searcher = index.searcher()
    asked = ((each, Asked.term_query(index.schema, "reference", each, "basic")) for each in references)
    return [each for each, query in asked if searcher.search(query, 1).hits]


def _facts(line: bytes) -> Facts:
    return Facts(*map(_shared, json.loads(line)))


def _shared(value: Any) -> Any:
    """Lists as tuples; the same region or category is the same string in every document."""
    if isinstance(value, list):
        return tuple(map(_shared, value))
    return sys.intern(value) if isinstance(value, str) else value


class View:
    """An index as it stood at one commit; safe to share between threads, replaced and not refreshed."""

    def __init__(self, folder: Path, index: Index | None) -> None:
        self._folder = folder
        self._stamp = self._stamp_now()
        self.index = index or Index.open(str(folder))
        self.index.reload()
        self._searcher: Searcher = self.index.searcher()
        self._schema = self.index.schema

    def is_current(self) -> bool:
        """False once another commit was made: Tantivy puts a new meta.json in the place of the old."""
        return self._stamp_now() == self._stamp

    def _stamp_now(self) -> tuple[int, int]:
        found = (self._folder / "meta.json").stat()
        return found.st_ino, found.st_mtime_ns

    def _hits(self, asked: Asked, limit: int, **order: Any) -> list[tuple[Any, Any]]:
        return self._searcher.search(asked, max(1, limit), count=False, **order).hits


class DocumentView(View):
    """A view of an index of needs or suppliers; what the view before it has read is not read again."""

    def __init__(self, folder: Path, kind: Kind, before: DocumentView | None) -> None:
        super().__init__(folder, before.index if before else None)
        self.kind = kind
        self._facts_by_number: dict[int, Facts] = dict(before._facts_by_number) if before else {}
        self._numbers: dict[str, int] = dict(before._numbers) if before else {}
        self._last: int = before._last if before else -1
        self._read_new()
        numbers = np.fromiter(self._facts_by_number, dtype=np.int64, count=len(self._facts_by_number))
        self._rows = np.full(self._last + 1, -1, dtype=np.int64)
        self._rows[numbers] = np.arange(len(numbers))
        self._columns: Columns = Columns(kind, list(self._facts_by_number.values()), before._columns if before else None)
        self._known: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
        self._kept = 0

    def _read_new(self) -> None:
        newer = Asked.range_query(self._schema, "number", FieldType.Unsigned, self._last + 1)
        for number, address in self._hits(newer, self._searcher.num_docs, order_by_field="number", order=Order.Asc):
            row = self._searcher.doc(address)
            reference = row["reference"][0]
            self._facts_by_number.pop(self._numbers.pop(reference, -1), None)
            if line := row.get_first("facts"):
                self._facts_by_number[number] = _facts(line)
                self._numbers[reference] = number
            self._last = number

    @cached_property
    def vocabulary(self) -> Mapping[str, int]:
        """Every word as written with the number of documents that have it."""
        return dict(self._searcher.terms_with_prefix("words", ""))

    def selected(self, query: Query, filters: Filters, sort: Sort, now: datetime, seconds: float) -> Selected:
        """What the query finds, filtered, counted and ordered; fast enough to need no limit of time."""
        rows, scores = self._found(query)
        return Selected(self._columns.select(rows, scores, filters, sort, now), len(rows) > 0, False)

    def document(self, number: int) -> Document:
        """The whole document of a row of the columns."""
        found = self.find(self._columns.facts[number].reference)
        assert found is not None
        return found

    def find(self, reference: str) -> Document | None:
        """The whole document of a reference; None when it is not there."""
        hits = self._hits(Asked.term_query(self._schema, "reference", reference, "basic"), 1)
        line = self._searcher.doc(hits[0][1]).get_first("document") if hits else None
        return from_json(self.kind, line.decode("utf-8", "surrogatepass")) if line else None

    def open_needs(self, now: datetime) -> list[str]:
        """The references of needs that can be bid for."""
        at = now.timestamp()
        facts = self._columns.facts
        return [each.reference for each in facts if each.at <= at and each.status(at) == Status.OPEN]

    def is_published(self, reference: str, now: datetime) -> bool:
        """Whether a need is there for all to see."""
        number = self._numbers.get(reference)
        return number is not None and self._facts_by_number[number].at <= now.timestamp()

    def references(self) -> dict[str, str]:
        """Every reference with its document's fingerprint."""
        return {facts.reference: facts.fingerprint for facts in self._columns.facts}

    def fingerprint(self, reference: str) -> str:
        """Of one document; empty when it is not there."""
        number = self._numbers.get(reference)
        return "" if number is None else self._facts_by_number[number].fingerprint

    def is_whole(self) -> bool:
        """Reads the last document, and looks for a word."""
        self._hits(Asked.term_query(self._schema, "text", "a"), 1)
        return not self._columns.facts or bool(self.document(len(self._columns.facts) - 1))

    def _found(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """The rows of all documents that the query finds with their scores; kept, for the next page or filter."""
        if query.is_empty:
            return self._columns.every, np.zeros(len(self._columns.every))
        key = query.clauses, query.excluded
        found = self._known.get(key)
        if found is None:
            found = self._look_for(query)
            if self._kept + len(found[0]) > _MOST_KEPT:
                self._known, self._kept = {}, 0
            self._known[key] = found
            self._kept += len(found[0])
        return found

    def _look_for(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        parts = [(Occur.Must, self._clause(each)) for each in query.clauses]
        if not parts:
            parts = [(Occur.Must, Asked.const_score_query(Asked.all_query(), 0.0))]
        parts += [(Occur.MustNot, self._words(term)) for term in query.excluded]
        hits = self._hits(Asked.boolean_query(parts), self._searcher.num_docs)
        scores = np.fromiter((score for score, _ in hits), dtype=float, count=len(hits))
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        rows = self._rows[np.array(numbers, dtype=np.int64)]
        return rows[rows >= 0], scores[rows >= 0]

    def _clause(self, clause: Clause) -> Asked:
        """Any of the clause's terms; the scores of all that are there are added."""
        worth = [1.0] * len(clause.typed) + [_MEANT] * len(clause.meant)
        terms = zip(clause.terms, worth, strict=True)
        return _any_of(Asked.boost_query(self._term(term), each) for term, each in terms)

    def _term(self, term: Term) -> Asked:
        """A term, worth little in documents that have none of its forms: park for parking."""
        words = self._words(term)
        if not term.forms:
            return words
        written = Asked.const_score_query(Asked.term_set_query(self._schema, "words", list(term.forms)), 0.0)
        exact = Asked.boolean_query([(Occur.Must, Asked.boost_query(words, 1 - OTHER_FORM)), (Occur.Must, written)])
        return _any_of([Asked.boost_query(words, OTHER_FORM), exact])

    def _words(self, term: Term) -> Asked:
        words = list(term.stems)
        if len(words) == 1:
            title, text = (Asked.term_query(self._schema, field, words[0]) for field in ("title", "text"))
        else:
            title, text = (Asked.phrase_query(self._schema, field, [*words]) for field in ("title", "text"))
        return _any_of([Asked.boost_query(title, _TITLE), text])


def _any_of(queries: Iterable[Asked]) -> Asked:
    return Asked.boolean_query([(Occur.Should, each) for each in queries])


class PassageView(View):
    """A view of an index of passages, as search.matching asks for it.

    Tantivy's own k1 and b are fixed; it names the candidates, and their scores are worked out again with ours.
    """

    def __init__(self, folder: Path, before: PassageView | None, documents: Callable[[], DocumentView]) -> None:
        super().__init__(folder, before.index if before else None)
        self._documents = documents
        self._size = self._searcher.num_docs
        self._counts: dict[str, tuple[str, Counter]] = before._counts if before else {}
        self._frequencies: dict[str, int] = {}

    @cached_property
    def average_length(self) -> float:
        """Words in a passage, on average."""
        found = self._searcher.aggregate(Asked.all_query(), {"length": {"avg": {"field": "length"}}})
        return found["length"]["value"] or 1.0

    def frequency(self, stem: str) -> int:
        """Passages that have the stem."""
        found = self._frequencies.get(stem)
        if found is None:
            found = self._frequencies[stem] = self._searcher.doc_freq("text", stem)
        return found

    def rarity(self, stem: str) -> float:
        """Inverse document frequency over the passages."""
        return 1 + math.log(max(1, self._size) / (self.frequency(stem) + 1))

    def score(
        self, weights: Mapping[str, float], limit: int, owners: Collection[str] | None = None
    ) -> list[ScoredPassage]:
        """The best passages by BM25."""
        worth = {stem: weight * self.rarity(stem) * (K1 + 1) for stem, weight in weights.items()}
        scored = []
        for _, address in self._hits(self._candidates(worth, owners), _CANDIDATES * limit):
            row = self._searcher.doc(address)
            scored.append((self._score(row["text"][0].split(), worth), row["owner"][0]))
        return sorted(scored, key=lambda pair: -pair[0])[:limit]

    def _candidates(self, worth: Mapping[str, float], owners: Collection[str] | None) -> Asked:
        asked = _any_of(
            Asked.boost_query(Asked.term_query(self._schema, "text", stem, "freq"), each / self._own_rarity(stem))
            for stem, each in worth.items()
        )
        if owners is None:
            return asked
        among = Asked.const_score_query(Asked.term_set_query(self._schema, "owner", list(owners)), 0.0)
        return Asked.boolean_query([(Occur.Must, asked), (Occur.Must, among)])

    def _own_rarity(self, stem: str) -> float:
        """What Tantivy multiplies by, to be divided out."""
        frequency = self.frequency(stem)
        return math.log(1 + (max(self._size, frequency) - frequency + 0.5) / (frequency + 0.5))

    def _score(self, words: Sequence[str], worth: Mapping[str, float]) -> float:
        counts: dict[str, int] = {}
        for word in words:
            if word in worth:
                counts[word] = counts.get(word, 0) + 1
        fullness = K1 * (1 - B + B * len(words) / self.average_length)
        return sum(worth[word] * count / (count + fullness) for word, count in counts.items())

    def passages_of(self, reference: str) -> Sequence[PassageDocument]:
        """The passages of one document."""
        document = self._documents().find(reference)
        return list(passages_of(document)) if document else []

    def word_counts(self, reference: str) -> Counter:
        """The stems of one document's passages with their counts; kept until the document changes."""
        mark = self._documents().fingerprint(reference)
        found = self._counts.get(reference)
        if found is None or found[0] != mark:
            found = self._counts[reference] = mark, count_words(self.passages_of(reference))
        return found[1]
