"""Answers a question: from the index, or by the slow stand-in when the index is missing; and similar needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import func, or_, select

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.errors import NotNow
from search.answering import answered, answering, stands_in_for_some
from search.asking import Question
from search.documents import Kind, NeedDocument, Status
from search.engine import PAGE_SIZE, Results, SearchEngine, SearchUnavailable, Sort
from search.gathering import matching_passages
from search.queries import Query, any_word_of, parse_query
from tenders.needs.models import Need

# N-2026-0001, 2026/S 000-012345, 012345-2026, ocds-h6vhtk-04f8a1: letters or a year, and parts with figures.
_NUMBER = re.compile(r"(?=\S*\d)[A-Za-z0-9]{1,8}[-/][A-Za-z0-9]+(?:[ /-][A-Za-z0-9]+){0,3}")
SIMILAR_KEPT = timedelta(minutes=15)
MOST_SIMILAR = 4
LEAST_LIKENESS = 0.3  # below it two needs share the phrases of all needs more than a subject
OF_THE_LIKEST = 0.5  # beside a near twin, a distant cousin only distracts
MOST_REMEMBERED = 5000
MOST_CLOSE = 5
LONGEST_BEFORE_CLOSE_MS = 250  # a slow search is not followed by others, so that the page comes within a second


@dataclass(frozen=True)
class Found:
    """The answer to a question; `is_slow` when the index could not answer, `only_latest` when not all was searched then.

    When nothing has the words asked, `close` holds the first few that were found for `close_text` instead: the mended
    words, or any of the words.
    """

    results: Results
    is_slow: bool
    only_latest: int = 0
    close: Results | None = None
    close_text: str = ""


def find(question: Question, page_size: int = PAGE_SIZE) -> Found:
    """The page of results that the question asks for."""
    found, is_slow = answered(lambda engine: _found(engine, question, page_size))
    return replace(found, is_slow=is_slow, only_latest=stands_in_for_some() if is_slow else 0)


def _found(engine: SearchEngine, question: Question, page_size: int) -> Found:
    search = engine.search_needs if question.kind is Kind.NEED else engine.search_suppliers
    results = search(
        question.query, question.filters, question.sort, question.page, now=clock.now(), page_size=page_size
    )
    # What a filter alone keeps away, such as needs that are closed, is told as such and needs no other words.
    if _has_words(results) or results.is_partial or not question.query.clauses or results.took_ms > LONGEST_BEFORE_CLOSE_MS:
        return Found(results, False)
    mended = None
    for query in _close_queries(question.query, results.did_you_mean):
        close = search(query, question.filters, Sort.RELEVANCE, 1, now=clock.now(), page_size=MOST_CLOSE)
        if query.text == results.did_you_mean and _has_words(close):
            mended = query.text  # mended words that find nothing either would lead nowhere
        if close.total:
            return Found(replace(results, did_you_mean=mended), False, close=close, close_text=query.text)
        if close.is_partial or close.took_ms > LONGEST_BEFORE_CLOSE_MS:
            break
    return Found(replace(results, did_you_mean=mended), False)


def _has_words(results: Results) -> bool:
    """Something has the words asked, even if it is of another status than the one chosen."""
    return bool(results.total) or any(each.count for each in results.facets.get("status", ()))


def _close_queries(query: Query, mended: str | None) -> Iterator[Query]:
    """What may have been meant, in the order of trying."""
    if mended:
        yield parse_query(mended)
    wider = any_word_of(parse_query(mended) if mended else query)
    if wider is not None:
        yield wider


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


def find_counts(question: Question) -> Results | None:
    """What each filter of a question would give, with nothing shown; None while the index cannot answer."""
    engine, is_slow = answering()
    search = engine.search_needs if question.kind is Kind.NEED else engine.search_suppliers
    try:
        return None if is_slow else search(question.query, question.filters, question.sort, now=clock.now(), page_size=0)
    except SearchUnavailable:
        return None


def find_references(question: Question) -> list[str]:
    """The references of all needs or suppliers that a question finds, in its order; NotNow when not all are searched."""
    ranked, is_slow = answered(
        lambda engine: engine.ranked(
            question.query, question.filters, question.sort, question.kind, now=clock.now()
        )
    )
    if is_slow and stands_in_for_some():
        raise NotNow("The search index is being mended, and a list of what is found would lack some.")
    return [reference for reference, _ in ranked]


def status_at(document: NeedDocument, now: datetime) -> Status:
    """A need's status as its card shows it."""
    if document.ended is not None:
        return document.ended
    return Status.OPEN if document.closes_at is None or now <= document.closes_at else Status.CLOSED


_similar: dict[tuple[str, str], tuple[datetime, tuple[str, ...]]] = {}
_looking = Lock()
_looked: set[str] = set()


def similar_references(need: Any) -> tuple[str, ...]:
    """References of published needs like this one, the likest first; remembered for a quarter of an hour.

    `need` is a Need or has what it has under the same names.
    """
    now, key = clock.now(), (str(config.current().home), need.reference)
    if key[0] in _looked:
        return _remembered(need, key, now)
    with _looking:  # at first one thread looks and the others wait: a fresh index is read once, not by all at once
        found = _remembered(need, key, now)
        _looked.add(key[0])
    return found


def _remembered(need: Any, key: tuple[str, str], now: datetime) -> tuple[str, ...]:
    known = _similar.get(key)
    if known is not None and timedelta() <= now - known[0] < SIMILAR_KEPT:
        return known[1]
    found = _look_for_similar(need)
    if len(_similar) >= MOST_REMEMBERED:
        _similar.clear()
    _similar[key] = (now, found)
    return found


def _look_for_similar(need: Any) -> tuple[str, ...]:
    passages = matching_passages(need)
    found, _ = answered(lambda engine: engine.similar(passages, MOST_SIMILAR + 1, now=clock.now()))
    others = [pair for pair in found if pair[0] != need.reference]
    least = max(LEAST_LIKENESS, OF_THE_LIKEST * others[0][1]) if others else 0.0
    return tuple(reference for reference, likeness in others[:MOST_SIMILAR] if likeness >= least)
