"""Answers a question: from the index, or by the slow stand-in when the index is missing; and similar needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from marketplace import config
from marketplace.core import clock, db
from search.answering import answered
from search.asking import Question
from search.documents import Kind, NeedDocument, Status
from search.engine import PAGE_SIZE, Filters, Results, SearchEngine, Sort
from search.queries import Query, any_word_of, parse_query
from tenders.needs.models import Need

# N-2026-0001, 2026/S 000-012345, 012345-2026, ocds-h6vhtk-04f8a1: letters or a year, and parts with figures.
_NUMBER = re.compile(r"(?=\S*\d)[A-Za-z0-9]{1,8}[-/][A-Za-z0-9]+(?:[ /-][A-Za-z0-9]+){0,3}")
SIMILAR_KEPT = timedelta(minutes=15)
SIMILAR_WORDS = 6
LEAST_LIKENESS = 0.45  # of how well a need answers to its own title
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
    found, is_slow = answered(lambda engine: _found(engine, question, page_size))
    return replace(found, is_slow=is_slow)


def _found(engine: SearchEngine, question: Question, page_size: int) -> Found:
    search = engine.search_needs if question.kind is Kind.NEED else engine.search_suppliers
    results = search(
        question.query, question.filters, question.sort, question.page, now=clock.now(), page_size=page_size
    )
    widened = any_word_of(question.query) if not results.total else None
    if widened is not None:
        wider = search(widened, question.filters, question.sort, 1, now=clock.now(), page_size=1)
        widened = widened if wider.total else None
    return Found(results, False, widened)


def find_reference_of(text: str) -> str | None:
    """The public need whose own, central notice's or process's number was typed; None unless there is just one."""
    typed = text.strip(' "“”')
    if not _NUMBER.fullmatch(typed):
        return None
    numbers = (func.upper(Need.reference), func.upper(Need.central_notice_number), func.upper(Need.ocid))
    query = select(Need.reference).where(
        Need.published_at.is_not(None), or_(*(each == typed.upper() for each in numbers))
    )
    found = db.session.scalars(query.order_by(Need.id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def find_references(question: Question) -> list[str]:
    """The references of all needs that a question finds, in its order."""
    ranked, _ = answered(
        lambda engine: engine.ranked(question.query, question.filters, question.sort, now=clock.now())
    )
    return [reference for reference, _ in ranked]


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
    if query.is_empty:
        return ()
    scores = dict(answered(lambda engine: engine.ranked(query, Filters(), now=clock.now()))[0])
    least = LEAST_LIKENESS * scores.pop(reference, 0.0)
    alike = sorted((each for each in scores if scores[each] >= least), key=lambda each: (-scores[each], each))
    return tuple(alike[:limit])
