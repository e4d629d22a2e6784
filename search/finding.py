"""Answers a question: from the index, or by the slow stand-in when the index is missing; and similar needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace import config
from marketplace.core import clock
from search.asking import Question
from search.documents import Kind, NeedDocument, Status
from search.engine import PAGE_SIZE, Filters, Results, SearchUnavailable, Sort
from search.indexing import answering
from search.queries import Query, any_word_of, parse_query

SIMILAR_KEPT = timedelta(minutes=15)
SIMILAR_WORDS = 6
MOST_REMEMBERED = 5000
FEED_SIZE = 50


@dataclass(frozen=True)
class Found:
    """The answer to a question; `is_slow` when the index could not answer, `widened` when any word would do."""

    results: Results
    is_slow: bool
    widened: Query | None = None


def find(question: Question, page_size: int = PAGE_SIZE) -> Found:
    """The page of results that the question asks for."""
    engine, is_slow = answering()
    search = engine.search_needs if question.kind is Kind.NEED else engine.search_suppliers
    try:
        results = search(
            question.query, question.filters, question.sort, question.page, now=clock.now(), page_size=page_size
        )
    except SearchUnavailable:
        return find(question, page_size)  # it broke between two looks; the next look sees that
    widened = any_word_of(question.query) if not results.total else None
    if widened is not None:
        wider = search(widened, question.filters, question.sort, 1, now=clock.now(), page_size=1)
        widened = widened if wider.total else None
    return Found(results, is_slow, widened)


def find_newest(question: Question, limit: int = FEED_SIZE) -> list[NeedDocument]:
    """The latest published needs of a question, for feeds."""
    found = find(replace(question, sort=Sort.NEWEST, page=1), limit)
    return [hit.document for hit in found.results.hits if isinstance(hit.document, NeedDocument)]


def status_at(document: NeedDocument, now: datetime) -> Status:
    """A need's status as its card shows it."""
    if document.ended is not None:
        return document.ended
    return Status.OPEN if document.closes_at is None or now <= document.closes_at else Status.CLOSED


_similar: dict[tuple[str, str], tuple[datetime, tuple[str, ...]]] = {}


def similar_references(reference: str, title: str, limit: int = 4) -> tuple[str, ...]:
    """References of needs with a title or text like this one's, best first; remembered for a quarter of an hour."""
    now, key = clock.now(), (str(config.current().home), reference)
    known = _similar.get(key)
    if known is not None and timedelta() <= now - known[0] < SIMILAR_KEPT:
        return known[1]
    if len(_similar) >= MOST_REMEMBERED:
        _similar.clear()
    _similar[key] = (now, _look_for_similar(reference, title, limit))
    return _similar[key][1]


def _look_for_similar(reference: str, title: str, limit: int) -> tuple[str, ...]:
    words = [term.typed for clause in parse_query(title).clauses for term in clause.typed]
    query = parse_query(" OR ".join(sorted(set(words), key=lambda word: (-len(word), word))[:SIMILAR_WORDS]))
    engine, is_slow = answering()
    if query.is_empty or is_slow:
        return ()
    try:
        results = engine.search_needs(query, Filters(), Sort.RELEVANCE, now=clock.now(), page_size=limit + 1)
    except SearchUnavailable:
        return ()
    return tuple(hit.reference for hit in results.hits if hit.reference != reference)[:limit]
