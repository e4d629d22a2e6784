"""The few lines of a result that show why it was found, as plain pieces of text; never HTML."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.documents import Document, Passage
from search.queries import Query, Term
from search.words import Word, beginnings, split_words

WIDTH = 220
MOST_READ = 6000  # characters of one passage that are looked through
Piece = tuple[str, bool]


@dataclass(frozen=True)
class Snippet:
    """A stretch of one passage; pieces are (text, is_match) and joined give the stretch, with … where it was cut."""

    label: str
    pieces: tuple[Piece, ...]


class Highlighter:
    """Finds one query's terms in texts; made once for a page of results."""

    def __init__(self, query: Query) -> None:
        self._terms = list(dict.fromkeys(term for clause in query.clauses for term in clause.terms))
        self._heads = {head for term in self._terms for head in beginnings(term.stems[0])}

    def pieces(self, text: str) -> tuple[Piece, ...]:
        """The whole text in pieces, matching words marked."""
        spans, _ = self._spans(text)
        return tuple(_cut(text, spans, 0, len(text)))

    def snippets(self, passages: Iterable[Passage], count: int = 2) -> tuple[tuple[Snippet, ...], tuple[str, ...]]:
        """The passages that show the most of the terms, and the terms that they show as typed or meant."""
        found, shown = [], []
        for place, passage in enumerate(passages):
            spans, terms = self._spans(passage.text[:MOST_READ])
            if spans:
                found.append((-len(terms), place, passage, spans))
                shown += terms
        best = sorted(found, key=lambda item: item[:2])[:count]
        snippets = tuple(Snippet(passage.label, _window(passage.text, spans)) for *_, passage, spans in best)
        return snippets, tuple(dict.fromkeys(term.typed for term in shown))

    def _spans(self, text: str) -> tuple[list[tuple[int, int]], list[Term]]:
        if not self._terms:
            return [], []
        lowered = text.lower()
        if text.isascii() and not any(head in lowered for head in self._heads):
            return [], []
        words = list(split_words(text))
        spans, terms = set(), {}
        for term in self._terms:
            for place in _places(words, term.stems):
                terms[term] = True
                spans.add((words[place].start, words[place + len(term.stems) - 1].end))
        return _merged(spans), list(terms)


def opening(document: Document, width: int = WIDTH) -> tuple[Snippet, ...]:
    """The first lines of a document, for a list that was not searched by words."""
    first = next((passage for passage in document.passages if passage.text.strip()), None)
    return (Snippet(first.label, _window(first.text, [(0, 0)], width)),) if first else ()


def _places(words: Sequence[Word], wanted: tuple[str, ...]) -> list[int]:
    first, length = wanted[0], len(wanted)
    return [
        place
        for place in range(len(words) - length + 1)
        if words[place].stem == first
        and all(words[place + step].stem == wanted[step] for step in range(1, length))
    ]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _window(text: str, spans: Sequence[tuple[int, int]], width: int = WIDTH) -> tuple[Piece, ...]:
    """The stretch of about `width` characters that holds the most matches, cut between words."""
    starts = [start for start, _ in spans]
    best = max(starts, key=lambda start: (sum(start <= other < start + width * 0.8 for other in starts), -start))
    begin = _between_words(text, max(0, best - width // 5))
    end = len(text) if begin + width >= len(text) else max(text.rfind(" ", begin, begin + width), begin + width // 2)
    pieces = list(_cut(text, spans, begin, end))
    before = [("… ", False)] if begin else []
    after = [(" …", False)] if end < len(text) else []
    return tuple(before + pieces + after)


def _between_words(text: str, place: int) -> int:
    if place == 0:
        return 0
    space = text.find(" ", place, place + 40)
    return space + 1 if space >= 0 else place


def _cut(text: str, spans: Sequence[tuple[int, int]], begin: int, end: int) -> Iterable[Piece]:
    place = begin
    for start, stop in spans:
        if stop <= begin or start >= end:
            continue
        start, stop = max(start, begin), min(stop, end)
        if start > place:
            yield text[place:start], False
        if stop > start:
            yield text[start:stop], True
        place = stop
    if place < end:
        yield text[place:end], False
