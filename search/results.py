"""Makes the page of results that every engine gives."""

import time
from collections.abc import Callable, Iterable

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
    chosen = selection.chosen[first : first + page_size]
    hits = make_hits(((score, document_of(key)) for score, _, key in chosen), query)
    took_ms = (time.perf_counter() - began) * 1000
    return Results(hits, len(selection.chosen), selection.facets, did_you_mean, took_ms, is_partial)


def make_hits(chosen: Iterable[tuple[float, Document]], query: Query) -> tuple[Hit, ...]:
    """The hits of one page, in the order given."""
    highlighter = Highlighter(query)
    return tuple(_hit(score, document, query, highlighter) for score, document in chosen)


def _hit(score: float, document: Document, query: Query, highlighter: Highlighter) -> Hit:
    snippets, terms = highlighter.snippets(document.passages)
    title = highlighter.pieces(document.heading)
    return Hit(document.reference, score, title, snippets or opening(document), terms, document)
