"""Makes the page of results that every engine gives."""

import time
from collections.abc import Callable

from search.documents import Document
from search.engine import Hit, Results
from search.queries import Query
from search.selection import Selection
from search.snippets import Highlighter, opening


def make_results(
    selection: Selection,
    query: Query,
    page: int,
    page_size: int,
    document_of: Callable[[int], Document],
    did_you_mean: str | None,
    began: float,
    is_partial: bool = False,
) -> Results:
    """The page's hits with their marked texts; only these documents are read, `began` is a perf_counter reading."""
    first = (max(1, page) - 1) * page_size
    highlighter = Highlighter(query)
    hits = tuple(
        _hit(score, document_of(key), query, highlighter)
        for score, _, key in selection.chosen[first : first + page_size]
    )
    took_ms = (time.perf_counter() - began) * 1000
    return Results(hits, len(selection.chosen), selection.facets, did_you_mean, took_ms, is_partial)


def _hit(score: float, document: Document, query: Query, highlighter: Highlighter) -> Hit:
    snippets, terms = highlighter.snippets(document.passages)
    title = highlighter.pieces(document.heading)
    return Hit(document.reference, score, title, snippets or opening(document), terms, document)
