""""Did you mean": the nearest words that the collection really has."""

import string
from collections.abc import Iterator, Mapping

from search.queries import Query

_LETTERS = string.ascii_lowercase
_MOST_COMPARED = 4000


def suggest(word: str, vocabulary: Mapping[str, int]) -> str | None:
    """The commonest known word one slip away, else two; None for a known, short or hopeless word."""
    word = word.lower()
    if word in vocabulary or len(word) < 4 or len(word) > 20 or not word.isalpha():
        return None
    near = [other for other in set(_one_slip(word)) if other in vocabulary]
    near = near or [other for other in _alike(word, vocabulary) if _two_slips_at_most(word, other)]
    return max(near, key=lambda other: (vocabulary[other], other), default=None)


def did_you_mean(query: Query, vocabulary: Mapping[str, int]) -> str | None:
    """The query's text with its unknown words mended; None when nothing can be mended."""
    text = query.text
    typed = [term.typed for clause in query.clauses for term in clause.typed]
    for word in {word for phrase in typed for word in phrase.split()}:
        better = suggest(word, vocabulary)
        if better:
            text = text.replace(word, better)
    return text if text != query.text else None


def _one_slip(word: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        left, right = word[:place], word[place:]
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in _LETTERS:
            yield left + letter + right
            if right:
                yield left + letter + right[1:]


def _alike(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """Known words of like length that begin or end alike; the commonest when there are too many."""
    alike = [
        other
        for other in vocabulary
        if abs(len(other) - len(word)) <= 2 and len(word) > 5 and (other[:2] == word[:2] or other[-3:] == word[-3:])
    ]
    return sorted(alike, key=vocabulary.__getitem__, reverse=True)[:_MOST_COMPARED]


def _two_slips_at_most(one: str, other: str) -> bool:
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != wanted)))
        if min(row) > 2:
            return False
    return row[-1] <= 2
