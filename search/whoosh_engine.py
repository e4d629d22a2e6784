"""The embedded search engine: Whoosh indexes of needs, suppliers and the passages of both, promised to 20,000 each.

Open it once in a process. Filters, facets and order are worked out from facts held in memory, so a need closes at its
closing time with nothing written. Writers wait for each other; a kill leaves the last commit.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from whoosh import index

from search.documents import Document, Kind, Passage, Status, cleaned, passages_of
from search.engine import PAGE_SIZE, Filters, Match, Results, SearchUnavailable, Sort
from search.generations import Generations
from search.matching import match_needs, match_suppliers
from search.queries import Query
from search.results import make_results
from search.selection import select
from search.spelling import did_you_mean
from search.whoosh_index import (
    DocumentView,
    PassageView,
    View,
    document_row,
    document_schema,
    open_index,
    passage_row,
    passage_schema,
)

PROMISED_DOCUMENTS = 20_000
_PROGRESS_EVERY = 250
_LOCK_SECONDS = 30

AnyView = TypeVar("AnyView", bound=View)


class WhooshEngine:
    """Search over a folder on disk; `seconds` limits how long one search may weigh documents."""

    def __init__(self, home: Path | str, seconds: float = 0.5) -> None:
        self._generations = Generations(Path(home))
        self._seconds = seconds
        self._lock = threading.RLock()
        self._stamp: tuple[int, int] | None = None
        self._folder: Path | None = None
        self._views: dict[str, View] = {}
        self._indexes: dict[str, index.FileIndex] = {}

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Puts the documents in, takes the removed references out; one commit an index, safe to repeat."""
        upserts, removals = list(upserts), list(removals)
        with self._generations.writing():
            self._generations.note([(document.kind, document.reference) for document in upserts] + removals)
            _write_into(self._folder_in_use(), upserts, removals)

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], None] | None = None) -> int:
        """Builds the index anew beside the old one and swaps; gives the number of documents, raises RebuildRunning."""
        with self._generations.rebuilding():
            folder = self._generations.make_next()
            _make_indexes(folder)
            count = _fill(folder, documents, progress)
            with self._generations.writing():
                self._carry_over(folder)
                self._generations.use(folder)
        return count

    def search_needs(
        self,
        query: Query,
        filters: Filters,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        *,
        now: datetime,
        page_size: int = PAGE_SIZE,
    ) -> Results:
        """Published needs that the query finds; raises SearchUnavailable when the index cannot be read."""
        return self._search(Kind.NEED, query, filters, sort, page, now, page_size)

    def search_suppliers(
        self,
        query: Query,
        filters: Filters,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        *,
        now: datetime,
        page_size: int = PAGE_SIZE,
    ) -> Results:
        """Suppliers that the query finds; raises SearchUnavailable when the index cannot be read."""
        return self._search(Kind.SUPPLIER, query, filters, sort, page, now, page_size)

    def ranked(
        self, query: Query, filters: Filters, sort: Sort = Sort.RELEVANCE, *, now: datetime
    ) -> list[tuple[str, float]]:
        """The reference and score of every need that the query finds, in order; raises SearchUnavailable."""
        with self._readable():
            found, _ = self._documents(Kind.NEED).found(query, self._seconds)
            return [(facts.reference, score) for score, facts, _ in select(Kind.NEED, found, filters, sort, now).chosen]

    def match(self, passages: Sequence[Passage], kind: Kind, limit: int = 20, *, now: datetime) -> list[Match]:
        """The suppliers for a need's passages, or the open needs for a supplier's, best first."""
        with self._readable():
            needs, suppliers = self._passages(Kind.NEED), self._passages(Kind.SUPPLIER)

            def rarity(stem: str) -> float:
                return needs.rarity(stem) + suppliers.rarity(stem)

            if kind is Kind.SUPPLIER:
                return match_suppliers(passages, suppliers, rarity, limit, now)
            return match_needs(passages, needs, suppliers, self._open_needs(now), rarity, limit, now)

    def references(self, kind: Kind) -> dict[str, str]:
        """Every indexed reference with the fingerprint of its document, for `reindex --check`."""
        with self._readable():
            return {name: facts.fingerprint for name, facts in self._documents(kind).facts.items()}

    def is_healthy(self) -> bool:
        """True when every index opens and answers; what was half written by a power cut does not."""
        try:
            with self._readable():
                for kind in Kind:
                    view = self._documents(kind)
                    self._passages(kind).frequency("a")
                    if view.numbers:
                        view.document(max(view.numbers.values()))
        except SearchUnavailable:
            return False
        return True

    def _search(
        self, kind: Kind, query: Query, filters: Filters, sort: Sort, page: int, now: datetime, page_size: int
    ) -> Results:
        began = time.perf_counter()
        with self._readable():
            view = self._documents(kind)
            found, is_partial = view.found(query, self._seconds)
            selection = select(kind, found, filters, sort, now)
            mended = None if found or is_partial else did_you_mean(query, view.vocabulary)
            return make_results(selection, query, page, page_size, view.document, mended, began, is_partial)

    def _open_needs(self, now: datetime) -> list[str]:
        at = now.timestamp()
        facts = self._documents(Kind.NEED).facts.values()
        return [fact.reference for fact in facts if fact.at <= at and fact.status(at) == Status.OPEN]

    def _documents(self, kind: Kind) -> DocumentView:
        return self._view(kind.value, lambda opened, columns: DocumentView(opened, columns, kind))

    def _passages(self, kind: Kind) -> PassageView:
        def document_of(reference: str) -> Document | None:
            view = self._documents(kind)
            number = view.numbers.get(reference)
            return None if number is None else view.document(number)

        return self._view(_passages_of(kind), lambda opened, columns: PassageView(opened, columns, document_of))

    def _view(self, name: str, make: Callable[..., AnyView]) -> AnyView:
        """The view of the latest commit of the generation in use; threads share it."""
        with self._lock:
            self._follow()
            view = self._views.get(name)
            if view is None or not view.is_current():
                if name not in self._indexes:
                    assert self._folder is not None  # _follow refuses when there is none
                    self._indexes[name] = open_index(self._folder / name)
                self._views[name] = view = make(self._indexes[name], view.columns if view else {})
            return cast(AnyView, view)

    def _follow(self) -> None:
        stamp = self._generations.stamp()
        if stamp is None:
            raise SearchUnavailable("There is no search index yet: run `marketplace reindex`")
        if stamp != self._stamp:
            self._folder, self._stamp = self._generations.current(), stamp
            self._views, self._indexes = {}, {}

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turns whatever a missing or broken file raises into the one refusal that callers expect."""
        try:
            yield
        except SearchUnavailable:
            raise
        except Exception as error:
            with self._lock:
                self._stamp, self._views, self._indexes = None, {}, {}
            raise SearchUnavailable(f"The search index cannot be read ({type(error).__name__})") from error

    def _folder_in_use(self) -> Path:
        folder = self._generations.current()
        if folder is None:
            folder = self._generations.make_next()
            _make_indexes(folder)
            self._generations.use(folder)
        return folder

    def _carry_over(self, folder: Path) -> None:
        """Brings what was written to the old index during the rebuild into the new one."""
        noted = self._generations.noted()
        before = self._generations.current()
        if not noted or before is None:
            return
        upserts, removals = [], []
        for kind in Kind:
            view = DocumentView(open_index(before / kind.value), {}, kind)
            for reference in (reference for noted_kind, reference in noted if noted_kind is kind):
                number = view.numbers.get(reference)
                upserts += [] if number is None else [view.document(number)]
                removals += [(kind, reference)] if number is None else []
        _write_into(folder, upserts, removals)


def _passages_of(kind: Kind) -> str:
    return f"{kind.value}-passages"


def _make_indexes(folder: Path) -> None:
    for kind in Kind:
        for name, schema in ((kind.value, document_schema()), (_passages_of(kind), passage_schema())):
            (folder / name).mkdir()
            index.create_in(str(folder / name), schema)


def _write_into(folder: Path, upserts: Sequence[Document], removals: Sequence[tuple[Kind, str]]) -> None:
    """Passages go first, so that a document whose fingerprint is found has its passages."""
    for kind in Kind:
        documents = {document.reference: cleaned(document) for document in upserts if document.kind is kind}
        gone = {*documents, *(reference for removed_kind, reference in removals if removed_kind is kind)}
        if gone:
            _replace(folder / _passages_of(kind), "owner", gone, _passage_rows(documents.values()))
            _replace(folder / kind.value, "reference", gone, map(document_row, documents.values()))


def _passage_rows(documents: Iterable[Document]) -> Iterator[dict]:
    return (passage_row(passage) for document in documents for passage in passages_of(document))


def _replace(folder: Path, key: str, gone: Iterable[str], rows: Iterable[dict]) -> None:
    writer = open_index(folder).writer(timeout=_LOCK_SECONDS)
    try:
        for reference in gone:
            writer.delete_by_term(key, reference)
        for row in rows:
            writer.add_document(**row)
    except BaseException:
        writer.cancel()
        raise
    writer.commit()


def _fill(folder: Path, documents: Iterable[Document], progress: Callable[[int], None] | None) -> int:
    """Puts the documents into empty indexes; of two with one reference the later one counts."""
    names = [name for kind in Kind for name in (kind.value, _passages_of(kind))]
    writers = {name: open_index(folder / name).writer(timeout=_LOCK_SECONDS) for name in names}
    repeated: dict[tuple[Kind, str], Document] = {}
    seen: set[tuple[Kind, str]] = set()
    try:
        for document in map(cleaned, documents):
            key = document.kind, document.reference
            if key in seen:
                repeated[key] = document
                continue
            seen.add(key)
            writers[document.kind.value].add_document(**document_row(document))
            for row in _passage_rows([document]):
                writers[_passages_of(document.kind)].add_document(**row)
            if progress and len(seen) % _PROGRESS_EVERY == 0:
                progress(len(seen))
    except BaseException:
        for writer in writers.values():
            writer.cancel()
        raise
    for writer in writers.values():
        writer.commit()
    _write_into(folder, list(repeated.values()), [])
    return len(seen)
