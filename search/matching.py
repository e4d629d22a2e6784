"""Which suppliers fit a need, and which open needs fit a supplier: many small passages compared, BM25, best first.

A supplier's score is the root of the sum of its squared passage scores, only the best few of them: one good paragraph
outweighs many faint ones, and having many contracts is no advantage in itself. It is divided by the need's own norm,
so that scores compare across needs. Where sentence vectors are installed, closeness of meaning is added to it.
What was tried and what it brought: docs/decisions/0012-matching.md.
"""

import heapq
import math
import weakref
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from search.documents import Passage, PassageDocument
from search.engine import Match, Meaning, Reason
from search.reasons import give_reasons, key_phrases
from search.selection import turn
from search.words import STOP_STEMS, stems

K1, B = 2.0, 0.9  # high B: a short passage that has the words is about them
MOST_PASSAGES = 1000
MOST_COUNTED = 5  # as good as fifty on real awards, and a firm with fifty contracts outweighs a newcomer less
MOST_WORDS = 40  # a long need is matched by its weightiest words
WEIGHED_WHOLE = 2000  # up to so many open needs, each is weighed; beyond, only those that share the weightiest words
BEST = 10  # how well the best so many suppliers fit tells how far a need's scores reach
TYPICAL = 4.5  # the mean score of the best ten is about so many times the norm, which needs no search
TITLE = "Title"

ScoredPassage = tuple[float, str]
Reasons = tuple[tuple[Reason, ...], tuple[str, ...]]

# By a view of the needs, which is replaced when one of them changes: the view of suppliers, and what was worked out.
_WEIGHED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


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
    need: Sequence[Passage],
    suppliers: PassageIndex,
    rarity: Callable[[str], float],
    limit: int,
    now: datetime,
    *,
    explained: int | None = None,
    meaning: Meaning | None = None,
) -> list[Match]:
    """Suppliers for a need; equals stand in an order drawn anew every day, never by name or wins.

    The first `explained` are given with their reasons, all when None.
    """
    best = _best(_weigh_suppliers(need, suppliers, meaning), limit, now)
    phrases = key_phrases(need, rarity)

    def reasons(reference: str) -> Reasons:
        return give_reasons(phrases, _plain(suppliers, reference))

    return _explain(best, reasons, explained)


def match_needs(
    supplier: Sequence[Passage],
    needs: PassageIndex,
    suppliers: PassageIndex,
    open_needs: Collection[str],
    rarity: Callable[[str], float],
    limit: int,
    now: datetime,
    *,
    explained: int | None = None,
    meaning: Meaning | None = None,
) -> list[Match]:
    """Open needs for a supplier, each weighed as if the need had searched for this supplier."""
    near = meaning.needs_for(supplier, open_needs) if meaning else {}
    if len(open_needs) > WEIGHED_WHOLE:
        open_needs = _nearest(supplier, needs, open_needs, near)
    work = PassagesWeighed(supplier, suppliers)
    weighed = _weighed(needs, suppliers)
    scores = {}
    for reference in open_needs:
        if reference not in weighed:
            weights = word_weights(needs.word_counts(reference), suppliers.rarity)
            weighed[reference] = weights, norm_of(weights, suppliers)
        scores[reference] = work.fit(*weighed[reference])
    if near:
        scores = {reference: scores[reference] / TYPICAL + near.get(reference, 0.0) for reference in scores}
    best = _best(scores, limit, now)

    def reasons(reference: str) -> Reasons:
        return give_reasons(key_phrases(_plain(needs, reference), rarity), supplier)

    return _explain(best, reasons, explained)


def _weighed(needs: PassageIndex, suppliers: PassageIndex) -> dict[str, tuple[dict[str, float], float]]:
    """The weights and the norm of needs weighed before; every supplier asks for the same open needs."""
    kept = _WEIGHED.get(needs)
    if kept is None or kept[0]() is not suppliers:
        kept = _WEIGHED[needs] = weakref.ref(suppliers), {}
    return kept[1]


def _weigh_suppliers(need: Sequence[Passage], suppliers: PassageIndex, meaning: Meaning | None) -> dict[str, float]:
    weights = word_weights(count_words(need), suppliers.rarity)
    scores = aggregate(suppliers.score(weights, MOST_PASSAGES))
    near = meaning.suppliers_for(need) if meaning else {}
    if not near:
        norm = norm_of(weights, suppliers)
        return {reference: score / norm for reference, score in scores.items()}
    best = heapq.nlargest(BEST, scores.values())
    reach = sum(best) / len(best) if best else 1.0
    return {each: scores.get(each, 0.0) / reach + near.get(each, 0.0) for each in scores.keys() | near.keys()}


def _nearest(
    supplier: Sequence[Passage], needs: PassageIndex, open_needs: Collection[str], near: Mapping[str, float]
) -> list[str]:
    """The open needs worth weighing when there are too many: those that share words, and the closest in meaning."""
    scores = aggregate(needs.score(word_weights(count_words(supplier), needs.rarity), MOST_PASSAGES, open_needs))
    by_words = heapq.nlargest(WEIGHED_WHOLE, scores, key=scores.__getitem__)
    by_meaning = heapq.nlargest(WEIGHED_WHOLE // 2, near, key=near.__getitem__)
    return list(dict.fromkeys(by_words + by_meaning))


def _best(scores: Mapping[str, float], limit: int, now: datetime) -> list[tuple[str, float]]:
    found = [reference for reference in scores if scores[reference] > 0]
    found.sort(key=lambda reference: (-round(scores[reference], 6), turn(reference, now)))
    return [(reference, scores[reference]) for reference in found[:limit]]


def _explain(
    best: Sequence[tuple[str, float]], reasons: Callable[[str], Reasons], explained: int | None
) -> list[Match]:
    explained = len(best) if explained is None else explained
    told = [Match(reference, score, *reasons(reference)) for reference, score in best[:explained]]
    return told + [Match(reference, score) for reference, score in best[explained:]]


class PassagesWeighed:
    """One supplier's passages, each word's worth in them worked out once for all the needs that ask."""

    def __init__(self, supplier: Sequence[Passage], suppliers: PassageIndex) -> None:
        self._worth: dict[str, list[tuple[int, float]]] = defaultdict(list)
        lines = [line for passage in supplier for line in passage.text.splitlines()]
        for number, counts in enumerate(Counter(stems(line)) for line in lines):
            fullness = K1 * (1 - B + B * counts.total() / (suppliers.average_length or 1))
            for stem, count in counts.items():
                worth = suppliers.rarity(stem) * count * (K1 + 1) / (count + fullness)
                self._worth[stem].append((number, worth))

    def fit(self, weights: Mapping[str, float], norm: float) -> float:
        """How well they answer a need, given the weights and the norm of its words."""
        scores: dict[int, float] = defaultdict(float)
        for stem, weight in weights.items():
            for number, worth in self._worth.get(stem, ()):
                scores[number] += weight * worth
        if not scores:
            return 0.0
        return aggregate((score, "") for score in scores.values())[""] / norm


def count_words(passages: Iterable[Passage | PassageDocument]) -> Counter:
    """The stems of a text with their counts, little words left out; the title's words count twice."""
    return count_stems((passage.label, stems(passage.text)) for passage in passages)


def count_stems(passages: Iterable[tuple[str, Sequence[str]]]) -> Counter:
    """The same of passages already split, as (label, stems)."""
    counts: Counter = Counter()
    for label, split in passages:
        found = [stem for stem in split if stem not in STOP_STEMS]
        counts.update(found * 2 if label == TITLE else found)
    return counts


def word_weights(counts: Mapping[str, int], rarity: Callable[[str], float]) -> dict[str, float]:
    """The weightiest words: 1 + ln(count), and rare ones count half as much again as BM25 has it."""
    weights = {stem: (1 + math.log(count)) * math.sqrt(rarity(stem)) for stem, count in counts.items()}
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
