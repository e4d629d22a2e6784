"""A new need, compared with every saved search at once: the same words and filters as on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, absolute, write_letters
from marketplace.core.tokens import make_token
from search.asking import Question, QuestionUnreadable, ask_again, in_words
from search.documents import Kind, NeedDocument, cleaned
from search.engine import Sort
from search.fallback import searched_texts
from search.gathering import document_of_need, published_needs
from search.kept import running_searches
from search.models import SavedSearch
from search.queries import Query, Term
from search.selection import facts_of, select
from search.words import stems

ALERT_EVENTS = frozenset({"NeedPublished"})
STOP_SEARCH = "stop-saved-search"
TEMPLATE = "saved-search-found"


def react(lines: Sequence[JournalLine]) -> None:
    """Mails the owners of the saved searches that find a newly published need; a repeat mails nobody twice."""
    for line in lines:
        alert(line)


def alert(line: JournalLine) -> int:
    """One published need: how many mails were written. One mail a person, however many searches found it."""
    needs = published_needs([line.need or line.subject])
    if not needs:
        return 0
    return write_letters(line, list(_letters(document_of_need(needs[0]))))


def _letters(document: NeedDocument) -> Iterator[Letter]:
    one = OneNeed(document)
    found: dict[str, list[SavedSearch]] = {}
    for batch in running_searches():
        for search, person in batch:
            if one.is_found_by(search.query_string):
                found.setdefault(person.email, []).append(search)
    for email, searches in found.items():
        yield Letter(email, _context(document, searches), TEMPLATE, stop_url=stop_address(searches[0]))


def _context(document: NeedDocument, searches: list[SavedSearch]) -> dict[str, object]:
    return {
        "need": document,
        "address": absolute(document.url),
        "searches": [{"name": each.name, "stop": stop_address(each)} for each in searches],
    }


def stop_address(search: SavedSearch) -> str:
    """The page with the one button that stops a saved search, without signing in."""
    return absolute(f"/saved-searches/{make_token(STOP_SEARCH, search.id)}/stop")


class OneNeed:
    """One need, read once, that many searches are tried on."""

    def __init__(self, document: NeedDocument) -> None:
        document = cleaned(document)  # type: ignore[assignment]
        self._facts = facts_of(document)
        self._published_at = document.published_at
        self._texts = [stems(text) for text in (document.heading, *searched_texts(document))]
        self._words = {stem for text in self._texts for stem in text}

    def is_found_by(self, query_string: str) -> bool:
        """Whether the search as saved finds this need; one that can no longer be read finds nothing."""
        question = _question(query_string)
        return question is not None and self._has(question.query) and self._passes(question)

    def _passes(self, question: Question) -> bool:
        chosen = select(Kind.NEED, [(1.0, self._facts, 0)], question.filters, Sort.NEWEST, self._published_at).chosen
        return bool(chosen)

    def _has(self, query: Query) -> bool:
        if any(self._mentions(term) for term in query.excluded):
            return False
        return all(any(self._mentions(term) for term in clause.terms) for clause in query.clauses)

    def _mentions(self, term: Term) -> bool:
        if not self._words.issuperset(term.stems):
            return False
        wanted, length = list(term.stems), len(term.stems)
        return length == 1 or any(
            text[at : at + length] == wanted for text in self._texts for at in range(len(text) - length + 1)
        )


@lru_cache(maxsize=20_000)
def _question(query_string: str) -> Question | None:
    try:
        return ask_again(query_string)
    except QuestionUnreadable:
        return None


def described(search: SavedSearch) -> str:
    """The search in words, or its name when it can no longer be read."""
    question = _question(search.query_string)
    return in_words(question) if question else search.name
