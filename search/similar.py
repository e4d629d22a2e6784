"""Needs that are like a need: the words that make it what it is, looked for in the passages of all the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from search.documents import Passage
from search.matching import (
    MOST_PASSAGES,
    PassageIndex,
    aggregate,
    bm25,
    count_words,
    word_weights,
)
from search.words import stems


def similar_needs(
    passages: Sequence[Passage], needs: PassageIndex, is_shown: Callable[[str], bool], limit: int
) -> list[tuple[str, float]]:
    """References with their likeness, best first: 1 for the need itself, since its own passages measure the rest."""
    weights = word_weights(count_words(passages), needs.rarity)
    counted = [Counter(stems(line)) for passage in passages for line in passage.text.splitlines()]
    own = aggregate((bm25(weights, counts, needs), "") for counts in counted).get("", 0.0)
    if not own:
        return []
    scores = aggregate(needs.score(weights, MOST_PASSAGES))
    best = sorted((each for each in scores if is_shown(each)), key=lambda each: (-round(scores[each], 6), each))
    return [(reference, scores[reference] / own) for reference in best[:limit]]
