"""Which suppliers fit a need, and which open needs fit a supplier: many small passages compared, BM25, best first.

A supplier's score is the root of the sum of its squared passage scores, only the best few of them: one good paragraph
outweighs many faint ones, and having many contracts is no advantage in itself. It is divided by the need's own norm,
so that scores compare across needs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from search.documents import Passage, PassageDocument
from search.engine import Match
from search.reasons import give_reasons, key_phrases
from search.selection import turn
from search.words import STOP_STEMS, stems

K1, B = 2.0, 0.9  # high B: a short passage that has the words is about them
MOST_PASSAGES = 1000
MOST_COUNTED = 5  # as good as fifty on real awards, and a firm with fifty contracts outweighs a newcomer less
MOST_WORDS = 40  # a long need is matched by its weightiest words
WEIGHED_WHOLE = 200  # up to so many open needs, each is weighed; beyond, only those that share the weightiest words
TITLE = "Title"

ScoredPassage = tuple[float, str]


class PassageIndex(Protocol):
    """The passages of one kind of document, as an engine gives them."""

    @property
    def average_length(self) -> float:
        """Words in a passage, on average."""

    def rarity(self, stem: str) -> float:
        """Inverse document frequency over the passages: 1 + ln(passages / (passages with the stem + 1))."""

    def frequency(self, stem: str) -> int:
        """Passages that have the stem."""

    def score(
        self, weights: Mapping[str, float], limit: int, owners: Collection[str] | None = None
    ) -> list[ScoredPassage]:
        """The best passages by BM25 with K1 and B of this module, as (score, owner's reference)."""

    def passages_of(self, reference: str) -> Sequence[PassageDocument]:
        """The passages of one document."""

    def word_counts(self, reference: str) -> Counter:
        """What count_words says of one document's passages."""


def match_suppliers(
    need: Sequence[Passage], suppliers: PassageIndex, rarity: Callable[[str], float], limit: int, now: datetime
) -> list[Match]:
    """Suppliers for a need; equals stand in an order drawn anew every day, never by name or wins."""
    weights = word_weights(count_words(need), suppliers.rarity)
    norm = norm_of(weights, suppliers)
    scores = aggregate(suppliers.score(weights, MOST_PASSAGES))
    best = sorted(scores, key=lambda reference: (-round(scores[reference], 6), turn(reference, now)))[:limit]
    phrases = key_phrases(need, rarity)
    return [
        Match(reference, scores[reference] / norm, *give_reasons(phrases, _plain(suppliers, reference)))
        for reference in best
    ]


def match_needs(
    supplier: Sequence[Passage],
    needs: PassageIndex,
    suppliers: PassageIndex,
    open_needs: Collection[str],
    rarity: Callable[[str], float],
    limit: int,
    now: datetime,
) -> list[Match]:
    """Open needs for a supplier, each weighed as if the need had searched for this supplier."""
    if len(open_needs) > WEIGHED_WHOLE:
        weights = word_weights(count_words(supplier), needs.rarity)
        near = aggregate(needs.score(weights, MOST_PASSAGES, open_needs))
        open_needs = sorted(near, key=near.__getitem__, reverse=True)[:WEIGHED_WHOLE]
    counted = [Counter(stems(line)) for passage in supplier for line in passage.text.splitlines()]
    scores = {reference: fit(needs.word_counts(reference), counted, suppliers) for reference in open_needs}
    found = [reference for reference in scores if scores[reference] > 0]
    best = sorted(found, key=lambda reference: (-round(scores[reference], 6), turn(reference, now)))[:limit]
    phrases = {reference: key_phrases(_plain(needs, reference), rarity) for reference in best}
    return [Match(reference, scores[reference], *give_reasons(phrases[reference], supplier)) for reference in best]


def fit(need: Counter, counted: Sequence[Counter], suppliers: PassageIndex) -> float:
    """How well one supplier's passages, as counts of stems, answer one need, as count_words gives it."""
    weights = word_weights(need, suppliers.rarity)
    scored = [(bm25(weights, counts, suppliers), "") for counts in counted]
    return aggregate(scored).get("", 0.0) / norm_of(weights, suppliers)


def count_words(passages: Iterable[Passage | PassageDocument]) -> Counter:
    """The stems of a text with their counts, little words left out; the title's words count twice."""
    counts: Counter = Counter()
    for passage in passages:
        found = [stem for stem in stems(passage.text) if stem not in STOP_STEMS]
        counts.update(found * 2 if passage.label == TITLE else found)
    return counts


def word_weights(counts: Mapping[str, int], rarity: Callable[[str], float]) -> dict[str, float]:
    """The weightiest words, 1 + ln(count)."""
    weights = {stem: 1 + math.log(count) for stem, count in counts.items()}
    best = sorted(weights, key=lambda stem: (-weights[stem] * rarity(stem), stem))[:MOST_WORDS]
    return {stem: weights[stem] for stem in best}


def norm_of(weights: Mapping[str, float], suppliers: PassageIndex) -> float:
    """How high this need's scores run by its words alone; without it, long and common needs come first for everyone."""
    expected = sum(
        (weight * suppliers.rarity(stem)) ** 2 * suppliers.frequency(stem) for stem, weight in weights.items()
    )
    # The fourth root damps what the square root, the expected length of all scores, would correct too much.
    return expected**0.25 or 1.0


def bm25(weights: Mapping[str, float], counts: Counter, index: PassageIndex) -> float:
    """The score of one passage."""
    fullness = K1 * (1 - B + B * counts.total() / (index.average_length or 1))
    return sum(
        weights[stem] * index.rarity(stem) * count * (K1 + 1) / (count + fullness)
        for stem, count in counts.items()
        if stem in weights
    )


def aggregate(scored: Iterable[ScoredPassage]) -> dict[str, float]:
    """One score for each owner: the root of the sum of the squares of its best few."""
    by_owner: dict[str, list[float]] = defaultdict(list)
    for score, owner in scored:
        if score > 0:
            by_owner[owner].append(score)
    return {
        owner: math.sqrt(sum(score * score for score in sorted(scores, reverse=True)[:MOST_COUNTED]))
        for owner, scores in by_owner.items()
    }


def _plain(index: PassageIndex, reference: str) -> list[Passage]:
    return [Passage(passage.label, passage.text) for passage in index.passages_of(reference)]
