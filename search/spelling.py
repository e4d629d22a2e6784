""""Did you mean": the nearest words that the collection really has."""

import re
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from search.queries import Query
from search.words import fold, split_words

_LETTERS = string.ascii_lowercase
_MOST_COMPARED = 1500
_SHORTEST, _LONGEST = 4, 20
_SURELY_MEANT = 20  # times as many documents have the mended word, when a few have the one typed
FEW = 3  # results so few that a mended query may be what was meant


class Vocabulary:
    """The words of one collection with how many documents have each, arranged for looking up like ones."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self._alike: dict[str, list[str]] = defaultdict(list)
        known = [word for word in counts if 3 < len(word) <= _LONGEST + 2 and word.isascii() and word.isalpha()]
        for word in sorted(known, key=counts.__getitem__, reverse=True):
            self._alike[f"{word[:2]}-"].append(word)
            self._alike[f"-{word[-3:]}"].append(word)

    def suggest(self, word: str) -> str | None:
        """The likeliest known word: two letters swapped, else one slip away, else two, the commonest of each.

        None for a known, short or hopeless word.
        """
        word = fold(word)
        if word in self.counts or not (_SHORTEST <= len(word) <= _LONGEST and word.isascii() and word.isalpha()):
            return None
        swapped = (other for other in _swapped(word) if other in self.counts)
        return self._best(swapped) or self._best(self._one_slip(word)) or self._best(self._two_slips(word))

    def suggest_commoner(self, word: str) -> str | None:
        """The word one slip away that far more documents have than this one, which some have."""
        word = fold(word)
        count = self.counts.get(word, 0)
        if not count or not (_SHORTEST < len(word) <= _LONGEST and word.isascii() and word.isalpha()):
            return None
        forms = {word + "s", word.removesuffix("s")}
        better = self._best(other for other in self._one_slip(word) if other not in forms)
        return better if better and self.counts[better] >= _SURELY_MEANT * count else None

    def _best(self, words: Iterator[str]) -> str | None:
        return max(set(words), key=lambda other: (self.counts[other], other), default=None)

    def _one_slip(self, word: str) -> Iterator[str]:
        return (other for other in _one_slip(word) if other in self.counts and other != word)

    def _two_slips(self, word: str) -> Iterator[str]:
        """Words of like length that begin or end alike, the commonest first when there are too many."""
        if len(word) <= 5:
            return
        letters = _letters_of(word)
        alike = (*self._alike.get(f"{word[:2]}-", ()), *self._alike.get(f"-{word[-3:]}", ()))
        compared = 0
        for other in alike:
            # Two slips change four kinds of letter at most; that sifts out nearly all without comparing.
            if abs(len(other) - len(word)) > 2 or (letters ^ _letters_of(other)).bit_count() > 4:
                continue
            if _two_slips_at_most(word, other):
                yield other
            compared += 1
            if compared >= _MOST_COMPARED:
                return


def did_you_mean(query: Query, counts: Mapping[str, int], found: int = 0) -> str | None:
    """The query's text with mended words: unknown ones, or where few were found rare ones; None when nothing is."""
    if found > FEW or not query.clauses:
        return None
    known = _arranged(counts)
    mended: dict[str, str] = {}
    for word in dict.fromkeys(_words_of(query)):
        better = known.suggest_commoner(word) if found else known.suggest(word)
        if better:
            mended[word] = better
    if not mended:
        return None
    either = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in mended))
    text = either.sub(lambda match: mended[match.group()], query.text)
    return text if text != query.text else None


def _words_of(query: Query) -> Iterator[str]:
    for clause in query.clauses:
        for term in clause.typed:
            yield from (term.typed[word.start : word.end] for word in split_words(term.typed))


_recent: list[Vocabulary] = []


def _arranged(counts: Mapping[str, int]) -> Vocabulary:
    """Arranging takes a while, so that of the last few collections is kept; each is known by being the same object."""
    for vocabulary in _recent:
        if vocabulary.counts is counts:
            return vocabulary
    vocabulary = Vocabulary(counts)
    _recent[:] = [vocabulary, *_recent[:3]]
    return vocabulary


@lru_cache(maxsize=100_000)
def _letters_of(word: str) -> int:
    letters = 0
    for letter in word:
        letters |= 1 << (ord(letter) - 97)
    return letters


def _swapped(word: str) -> Iterator[str]:
    for place in range(len(word) - 1):
        yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _one_slip(word: str) -> Iterator[str]:
    yield from _swapped(word)
    for place in range(len(word) + 1):
        left, right = word[:place], word[place:]
        if right:
            yield left + right[1:]
        for letter in _LETTERS:
            yield left + letter + right
            if right:
                yield left + letter + right[1:]


def _two_slips_at_most(one: str, other: str) -> bool:
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != wanted)))
        if min(row) > 2:
            return False
    return row[-1] <= 2
