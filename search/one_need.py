"""One need, read once, that many saved searches are tried on: the same answer as the page gives, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from search.asking import Question, QuestionUnreadable, ask_again, label_of
from search.documents import Kind, NeedDocument, cleaned
from search.fallback import searched_texts
from search.queries import Clause, Query, Term
from search.selection import facts_of, passes
from search.words import Word, split_words

A_MOMENT = timedelta(seconds=1)  # so that "closes within seven days" is true beyond rounding
MOST_PLACES = 3  # that a reason names for one word


class OneNeed:
    """A need's words and facts, at an instant (default: when it was published)."""

    def __init__(self, document: NeedDocument, now: datetime | None = None) -> None:
        self.document: NeedDocument = cleaned(document)  # type: ignore[assignment]
        self.facts = facts_of(self.document)
        self.now = now or document.published_at
        self._texts = [self.document.heading, *searched_texts(self.document)]
        self._words = [list(split_words(text)) for text in self._texts]
        self._stems = [[word.stem for word in words] for words in self._words]
        self.stems = frozenset(stem for text in self._stems for stem in text)
        self._answers: dict[str, bool] = {}

    def is_found_by(self, query_string: str) -> bool:
        """Whether the search as saved finds this need; one that can no longer be read finds nothing."""
        if query_string not in self._answers:
            question = question_of(query_string)
            self._answers[query_string] = question is not None and self._is_found(question, self.now)
        return self._answers[query_string]

    def found_from(self, query_string: str) -> datetime | None:
        """From when on the search finds the need: now, or once its closing comes within the search's reach."""
        if self.is_found_by(query_string):
            return self.now
        question = question_of(query_string)
        days, closes_at = question.filters.closing_within_days if question else None, self.document.closes_at
        if question is None or days is None or closes_at is None:
            return None
        at = closes_at - timedelta(days=days) + A_MOMENT
        return at if at > self.now and self._is_found(question, at) else None

    def _is_found(self, question: Question, at: datetime) -> bool:
        return self._has(question.query) and passes(Kind.NEED, self.facts, question.filters, at)

    def _has(self, query: Query) -> bool:
        if any(self._mentions(term) for term in query.excluded):
            return False
        return all(any(self._mentions(term) for term in clause.terms) for clause in query.clauses)

    def _mentions(self, term: Term) -> bool:
        if not self.stems.issuperset(term.stems):
            return False
        return len(term.stems) == 1 or next(self._places(term), None) is not None

    def _places(self, term: Term) -> Iterator[tuple[int, Word, Word]]:
        """Where the term stands: the text's number, its first and its last word."""
        wanted, length = list(term.stems), len(term.stems)
        for number, stems in enumerate(self._stems):
            for at in range(len(stems) - length + 1):
                if stems[at] == wanted[0] and stems[at : at + length] == wanted:
                    yield number, self._words[number][at], self._words[number][at + length - 1]

    def why(self, query_string: str) -> list[str]:
        """The words that matched, each with where it stands, and the filters in words."""
        question = question_of(query_string)
        if question is None:
            return []
        reasons = [self._reason(clause) for clause in question.query.clauses]
        reasons += [f"does not mention “{term.typed}”" for term in question.query.excluded]
        reasons += [label_of(name, value) for name, value in question.values if name not in ("q", "sort", "within")]
        return list(dict.fromkeys(filter(None, reasons)))

    def _reason(self, clause: Clause) -> str:
        """“missed bins” (Title, Requirement 2), in the need's own words; the words typed before those that mean it."""
        for term in clause.terms:
            places = list(self._places(term))
            if places:
                number, first, last = places[0]
                labels = [self._label(number) for number, _, _ in places]
                named = list(dict.fromkeys(filter(None, labels)))[:MOST_PLACES]
                words = f"“{self._texts[number][first.start : last.end]}”"
                if term in clause.meant:
                    words += f", which means “{clause.typed[0].typed}”"
                return f"{words} ({', '.join(named)})" if named else words
        return ""

    def _label(self, number: int) -> str:
        """What the text is called: the title, or the passage that it heads or is."""
        if number == 0:
            return "Title"
        passage = (number - 1) // 2
        return self.document.passages[passage].label if passage < len(self.document.passages) else ""


def question_of(query_string: str) -> Question | None:
    """The question that a saved search keeps; None when it can no longer be read."""
    # A council's address is looked up, and may be there tomorrow; all else reads alike for ever.
    return _read(query_string) if "council=" in query_string else _kept(query_string)


@lru_cache(maxsize=20_000)
def _kept(query_string: str) -> Question | None:
    return _read(query_string)


def _read(query_string: str) -> Question | None:
    try:
        return ask_again(query_string)
    except QuestionUnreadable:
        return None
