"""Passages for matching, as search.matching asks for them: entries of words read from PostgreSQL, added up in memory."""

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from search import matching
from search.documents import Kind, PassageDocument, from_json, passages_of
from search.postgresql_rows import PASSAGE_WORD
from search.postgresql_snapshot import Numbers, Snapshot
from search.postgresql_tables import read_stored
from search.words import stems

_TOTALS = "SELECT passages, passage_words, next_passage FROM totals"
_FREQUENCIES = """
SELECT stem, sum(octet_length(entries))::bigint FROM passage_postings WHERE stem = ANY(%s) GROUP BY stem
"""
_ENTRIES = "SELECT stem, entries FROM passage_postings WHERE stem = ANY(%s)"
_OWNERS = """
SELECT passages.id, reference FROM passages JOIN documents ON documents.id = passages.document
WHERE passages.id = ANY(%s::integer[])
"""
_DOCUMENT = "SELECT document FROM documents JOIN texts USING (id) WHERE reference = %s"
_COUNTS = "SELECT reference, fingerprint, counts FROM documents JOIN texts USING (id) WHERE reference = ANY(%s)"
_MOST_ENTRIES = 4_000_000  # read for one match; beyond, the commonest of the words are left out
_MOST_KEPT = 10_000  # documents whose counts are kept in memory


class Kept:
    """What a process keeps of passages from one match to the next; threads share it."""

    def __init__(self) -> None:
        self._frequencies: dict[Kind, tuple[tuple[int, int], dict[str, int]]] = {}
        self.counts: dict[str, tuple[str, Counter]] = {}

    def frequencies(self, kind: Kind, stamp: tuple[int, int]) -> dict[str, int]:
        """Frequencies of stems as read since this commit."""
        known = self._frequencies.get(kind)
        if known is None or known[0] != stamp:
            known = self._frequencies[kind] = stamp, {}
        return known[1]

    def keep(self, counts: Mapping[str, tuple[str, Counter]]) -> None:
        """Keeps the counts of documents with their fingerprints."""
        if len(self.counts) + len(counts) > _MOST_KEPT:
            self.counts = {}
        self.counts |= counts


class StoredPassages:
    """The passages of one kind of document in one snapshot; make one for each match."""

    def __init__(
        self, snapshot: Snapshot, kind: Kind, kept: Kept, expect: Callable[[Iterable[str]], None] = lambda _: None
    ) -> None:
        self._snapshot, self._kind, self._kept = snapshot, kind, kept
        self._expect_stems = expect  # told which stems of these passages will be asked for elsewhere
        self._frequencies = kept.frequencies(kind, (snapshot.number, snapshot.commits))
        self._counts: dict[str, Counter] = {}
        self._passages: dict[str, list[PassageDocument]] = {}

    @cached_property
    def _totals(self) -> tuple[int, int, int]:
        ((passages, words, following),) = self._snapshot.rows(self._kind, _TOTALS)
        return passages, words, following

    @property
    def average_length(self) -> float:
        """Words in a passage, on average."""
        passages, words, _ = self._totals
        return words / passages if passages and words else 1.0

    def frequency(self, stem: str) -> int:
        """Passages that have the stem."""
        if stem not in self._frequencies:
            self.expect([stem])
        return self._frequencies[stem]

    def rarity(self, stem: str) -> float:
        """Inverse document frequency over the passages."""
        return 1 + math.log(max(1, self._totals[0]) / (self.frequency(stem) + 1))

    def expect(self, words: Iterable[str]) -> None:
        """Reads the frequencies of stems that will be asked for, in one statement."""
        wanted = [stem for stem in set(words) if stem not in self._frequencies]
        if wanted:
            rows = self._snapshot.rows(self._kind, _FREQUENCIES, (wanted,))
            found = {stem: size // PASSAGE_WORD.itemsize for stem, size in rows}
            self._frequencies |= dict.fromkeys(wanted, 0) | found

    def score(
        self, weights: Mapping[str, float], limit: int, owners: Collection[str] | None = None
    ) -> list[matching.ScoredPassage]:
        """The best passages by BM25; owners given with their fingerprints will be asked for their words."""
        scores = np.zeros(self._totals[2])
        used = self._affordable(weights)
        for stem, entries in self._snapshot.rows(self._kind, _ENTRIES, (used,)) if used else ():
            found = np.frombuffer(entries, PASSAGE_WORD)
            counts = found["count"].astype(np.float64)
            fullness = matching.K1 * (1 - matching.B + matching.B * found["length"] / self.average_length)
            worth = weights[stem] * self.rarity(stem) * (matching.K1 + 1)
            scores[found["number"]] += worth * counts / (counts + fullness)
        best = self._best(scores, limit, None if owners is None else frozenset(owners))
        if isinstance(owners, Mapping):
            self._expect_stems(self.expect_counts({owner: owners[owner] for _, owner in best}))
        return best

    def _affordable(self, weights: Mapping[str, float]) -> list[str]:
        """The rarest stems, as many as can be read in the time of a page; of a small collection all."""
        self.expect(weights)
        used: list[str] = []
        entries = 0
        for stem in sorted(weights, key=lambda each: (self._frequencies[each], each)):
            entries += self._frequencies[stem]
            if used and entries > _MOST_ENTRIES:
                break
            used.append(stem)
        return used

    def _best(self, scores: np.ndarray, limit: int, wanted: frozenset[str] | None) -> list[matching.ScoredPassage]:
        found = np.flatnonzero(scores)
        best: list[matching.ScoredPassage] = []
        size = limit if wanted is None else 8 * limit
        if len(found) > size and wanted is None:
            found = found[np.argpartition(-scores[found], size)[:size]]
        found = found[np.argsort(-scores[found], kind="stable")]
        for start in range(0, len(found), size):
            numbers = found[start : start + size]
            owners = dict(self._snapshot.rows(self._kind, _OWNERS, (Numbers(numbers),)))
            pairs = ((float(scores[number]), owners[number]) for number in numbers.tolist())
            best += [pair for pair in pairs if wanted is None or pair[1] in wanted]
            if len(best) >= limit:
                break
        return best[:limit]

    def passages_of(self, reference: str) -> Sequence[PassageDocument]:
        """The passages of one document."""
        if reference not in self._passages:
            rows = self._snapshot.rows(self._kind, _DOCUMENT, (reference,))
            found = [from_json(self._kind, read_stored(line)) for (line,) in rows]
            self._passages[reference] = [passage for document in found for passage in passages_of(document)]
        return self._passages[reference]

    def word_counts(self, reference: str) -> Counter:
        """The stems of one document's passages with their counts."""
        if reference not in self._counts:
            self._read_counts([reference])
        return self._counts[reference]

    def expect_counts(self, fingerprints: Mapping[str, str]) -> set[str]:
        """Reads the counts of documents that will be asked for, but those kept; gives their stems."""
        kept, unknown = self._kept.counts, []
        for reference, fingerprint in fingerprints.items():
            known = kept.get(reference)
            if known and known[0] == fingerprint:
                self._counts[reference] = known[1]
            else:
                unknown.append(reference)
        self._read_counts(unknown)
        return {stem for reference in fingerprints for stem in self._counts[reference]}

    def _read_counts(self, references: Sequence[str]) -> None:
        if not references:
            return
        rows = self._snapshot.rows(self._kind, _COUNTS, (list(references),))
        found = {reference: (fingerprint, Counter(json.loads(counts))) for reference, fingerprint, counts in rows}
        self._kept.keep(found)
        self._counts |= dict.fromkeys(references, Counter()) | {name: each[1] for name, each in found.items()}


def stems_of(texts: Iterable[str]) -> set[str]:
    """Every stem of some texts."""
    return {stem for text in texts for stem in stems(text)}
