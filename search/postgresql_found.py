"""Which documents a query finds and how well: entries of words read from PostgreSQL and added up in memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np

from search.documents import Kind
from search.fallback import OTHER_FORM
from search.postgresql_rows import WORD, form_bit, phrase
from search.postgresql_snapshot import Snapshot
from search.queries import Clause, Query, Term

# As the embedded engine has it: BM25 over the text and the title, whose words count more and whose length hardly.
_K1, _TEXT_B, _TITLE = 1.2, 0.75, 2.5
_MEANT = 0.6  # a word of the same meaning counts less than the word typed

_DOCUMENTS = "SELECT documents FROM totals"
_FREQUENCIES = """
SELECT NULL, documents, words, next_document FROM totals
UNION ALL
SELECT stem, sum(octet_length(entries))::bigint, 0, 0 FROM postings WHERE stem = ANY(%s) GROUP BY stem
"""
_ENTRIES = "SELECT stem, entries FROM postings WHERE stem = ANY(%s)"
_PHRASES = """
SELECT wanted.place, document, (count(*) FILTER (WHERE is_title))::integer, (count(*) FILTER (WHERE NOT is_title))::integer
FROM unnest(%s::integer[], %s::text[]) AS wanted (place, words)
JOIN LATERAL (SELECT document, is_title FROM parts WHERE parts.words @@ wanted.words::tsquery) AS found ON true
GROUP BY wanted.place, document
"""
_NOTHING = np.empty(0, np.int64)

Scored = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Found:
    """Numbers of documents with their scores; with `all_but` set, all documents but those numbers."""

    numbers: np.ndarray
    scores: np.ndarray
    all_but: bool = False


def find(snapshot: Snapshot, kind: Kind, query: Query) -> Found:
    """All documents of a kind that the query finds."""
    clauses, excluded = query.clauses, query.excluded
    if not clauses and not excluded:
        return Found(_NOTHING, _NOTHING, all_but=True)
    terms = list(dict.fromkeys(term for each in (*(c.terms for c in clauses), excluded) for term in each))
    scored = _Terms(snapshot, kind, terms)
    unwanted = np.unique(np.concatenate([scored.of(term)[0] for term in excluded])) if excluded else _NOTHING
    if not clauses:
        return Found(unwanted, _NOTHING, all_but=True)
    total, is_met = np.zeros(scored.size), np.ones(scored.size, bool)
    for clause in clauses:
        scores, has = _clause(clause, scored)
        total += scores
        is_met &= has
    is_met[unwanted] = False
    numbers = np.flatnonzero(is_met)
    return Found(numbers, np.round(total[numbers], 6))


def has_any(snapshot: Snapshot, kind: Kind, found: Found) -> bool:
    """Whether anything was found, filters aside."""
    if not found.all_but:
        return len(found.numbers) > 0
    ((documents,),) = snapshot.rows(kind, _DOCUMENTS)
    return documents > len(found.numbers)


def _clause(clause: Clause, scored: "_Terms") -> tuple[np.ndarray, np.ndarray]:
    scores, has = np.zeros(scored.size), np.zeros(scored.size, bool)
    for place, term in enumerate(clause.terms):
        numbers, found = scored.of(term)
        scores[numbers] += found if place < len(clause.typed) else _MEANT * found
        has[numbers] = True
    return scores, has


class _Terms:
    """The documents that have each term, with scores; read in three statements for the whole query."""

    def __init__(self, snapshot: Snapshot, kind: Kind, terms: Sequence[Term]) -> None:
        stems = sorted({stem for term in terms for stem in term.stems})
        (_, self._documents, words, self.size), *found = snapshot.rows(kind, _FREQUENCIES, (stems,))
        self._average = max(1.0, words / max(1, self._documents))
        self._frequencies = {stem: size // WORD.itemsize for stem, size, *_ in found}
        known = [term for term in terms if all(stem in self._frequencies for stem in term.stems)]
        self._entries = self._read_words(snapshot, kind, [term for term in known if len(term.stems) == 1])
        self._phrases = self._read_phrases(snapshot, kind, [term for term in known if len(term.stems) > 1])

    def of(self, term: Term) -> Scored:
        """Numbers, each once, and scores of the documents that have the term."""
        if len(term.stems) > 1:
            return self._phrases.get(term.stems, (_NOTHING, _NOTHING))
        entries = self._entries.get(term.stems[0])
        return self._word(entries, term.forms) if entries is not None else (_NOTHING, _NOTHING)

    def _read_words(self, snapshot: Snapshot, kind: Kind, terms: Sequence[Term]) -> dict[str, np.ndarray]:
        blocks: dict[str, list[bytes]] = {}
        for stem, entries in snapshot.rows(kind, _ENTRIES, ([term.stems[0] for term in terms],)) if terms else ():
            blocks.setdefault(stem, []).append(entries)
        return {stem: np.frombuffer(b"".join(each), WORD) for stem, each in blocks.items()}

    def _word(self, entries: np.ndarray, forms: tuple[str, ...]) -> Scored:
        fullness = _K1 * (1 - _TEXT_B + _TEXT_B * entries["length"] / self._average)
        scores = _saturated(entries["count"], fullness) * self._rarity(int(np.count_nonzero(entries["count"])))
        in_title = _saturated(entries["title"], _K1) * self._rarity(int(np.count_nonzero(entries["title"])))
        scores += _TITLE * in_title
        if forms:
            wanted = np.uint32(reduce(or_, map(form_bit, forms)))
            scores = np.where(entries["forms"] & wanted, scores, scores * OTHER_FORM)
        return entries["number"], scores

    def _read_phrases(self, snapshot: Snapshot, kind: Kind, terms: Sequence[Term]) -> dict[tuple[str, ...], Scored]:
        wanted = list(dict.fromkeys(term.stems for term in terms))
        if not wanted:
            return {}
        places = list(range(len(wanted)))
        rows = snapshot.rows(kind, _PHRASES, (places, [phrase(stems) for stems in wanted]))
        found: dict[int, list[tuple[int, int, int]]] = {}
        for place, *counts in rows:
            found.setdefault(place, []).append(tuple(counts))
        return {wanted[place]: self._phrase(wanted[place], counts) for place, counts in found.items()}

    def _phrase(self, stems: tuple[str, ...], rows: list[tuple[int, int, int]]) -> Scored:
        numbers, title, text = np.array(rows, np.int64).T
        worth = sum(self._rarity(self._frequencies[stem]) for stem in stems)
        return numbers, worth * (_TITLE * _saturated(title, _K1) + _saturated(text, _K1))

    def _rarity(self, documents: int) -> float:
        return 1 + math.log(max(1, self._documents) / (documents + 1))


def _saturated(counts: np.ndarray, fullness: np.ndarray | float) -> np.ndarray:
    counts = counts.astype(np.float64)
    return counts * (_K1 + 1) / (counts + fullness)
