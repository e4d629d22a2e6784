"""The engine for many web machines with one database: the index lives in PostgreSQL, and no machine keeps files.

Every search reads one snapshot over a connection of its own; writers wait for each other. Words are ours, as in every
engine: vectors and GIN find phrases, rows of entries find and rank words, SQL filters, counts, orders and pages.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import psycopg

from search.both_kinds import SearchesBothKinds
from search.documents import Document, Kind, Passage, cleaned, from_json
from search.engine import Filters, Match, Meaning, Results, SearchUnavailable, Sort
from search.file_engine import Once
from search.matching import WEIGHED_WHOLE, match_needs, match_suppliers
from search.postgresql_found import find, has_any
from search.postgresql_passages import Kept, StoredPassages, stems_of
from search.postgresql_selection import select_all, select_page
from search.postgresql_snapshot import Database, Snapshot
from search.postgresql_tables import (
    count_commit,
    drop_other_generations,
    find_pointer,
    forget_notes,
    is_rebuilding,
    last_note,
    lock_rebuilding,
    lock_writing,
    make_base,
    make_generation,
    make_indexes,
    note,
    noted_after,
    point_to,
    read_stored,
)
from search.postgresql_writing import fill, replace
from search.queries import Query
from search.results import make_hits
from search.shape import shape_of_documents
from search.similar import similar_needs
from search.spelling import FEW, did_you_mean

_LAYOUT = 2  # goes up by one whenever the tables change
_DOCUMENTS = "SELECT id, document FROM texts WHERE id = ANY(%s)"
_REFERENCES = "SELECT reference, fingerprint FROM documents"
_OPEN = "SELECT reference, fingerprint FROM documents WHERE at <= %s AND ended IS NULL AND (closes_at IS NULL OR closes_at >= %s)"
_UNPUBLISHED = "SELECT reference FROM documents WHERE at > %s"
_VOCABULARY = "SELECT word, documents FROM vocabulary WHERE length(word) <= 22 AND word !~ '[0-9]'"
_HEALTH = """SELECT (SELECT documents FROM totals) = (SELECT count(*) FROM documents),
    (SELECT count(*) FROM documents) = (SELECT count(*) FROM texts), (SELECT max(id) FROM passages),
    (SELECT max(block) FROM postings), (SELECT max(block) FROM passage_postings), (SELECT max(document) FROM parts)"""
_WORDS_KEPT = 20.0  # the vocabulary is read again when this many times its own reading time has gone by

Answer = TypeVar("Answer")


class PostgresqlEngine(SearchesBothKinds):
    """Search inside the database of a URL; `seconds` limits every statement of a search."""

    name = "postgresql"
    promised = 150_000

    def __init__(self, url: str, seconds: float = 2.0, match_seconds: float = 5.0) -> None:
        self._database = Database(url)
        self._seconds, self._match_seconds = seconds, match_seconds
        self._lock = threading.Lock()
        self._kept = Kept()
        self._vocabularies: dict[Kind, tuple[tuple[int, int], float, Mapping[str, int]]] = {}

    @property
    def _shape(self) -> str:
        return shape_of_documents(f"{self.name} {_LAYOUT}")

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Puts the documents in, takes the removed references out, in one commit; safe to repeat."""
        latest = {(document.kind, document.reference): cleaned(document) for document in upserts}
        gone = [key for key in dict.fromkeys(removals) if key not in latest]
        with _plainly():
            self._make_base()
            with self._database.writing() as connection:
                lock_writing(connection)
                is_noted = is_rebuilding(connection)
                if is_noted:
                    note(connection, latest.values(), gone)
                try:
                    with connection.transaction():
                        number = self._writable(connection, make=not is_noted)
                        if number is not None:
                            replace(connection, number, list(latest.values()), gone)
                            count_commit(connection)
                except (SearchUnavailable, psycopg.errors.UndefinedTable):
                    if not is_noted:  # else the new generation will have it
                        raise

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], None] | None = None) -> int:
        """Builds the index anew beside the old one and swaps; gives the number of documents, raises RebuildRunning."""
        feed = Once(documents, progress)
        with _plainly():
            self._make_base()
            with self._database.writing() as connection:
                lock_rebuilding(connection)
                first = last_note(connection)
                number = make_generation(connection)
                fill(connection, number, feed)
                make_indexes(connection, number)
                replace(connection, number, list(feed.repeated.values()), [])
                lock_writing(connection)
                replace(connection, number, *noted_after(connection, first))
                last = last_note(connection)
                point_to(connection, number, self._shape)
            self._tidy(last)
        return feed.count

    def ranked(
        self,
        query: Query,
        filters: Filters,
        sort: Sort = Sort.RELEVANCE,
        kind: Kind = Kind.NEED,
        *,
        now: datetime,
    ) -> list[tuple[str, float]]:
        """The reference and score of everything that the query finds, in order; raises SearchUnavailable."""

        def read(snapshot: Snapshot) -> list[tuple[str, float]]:
            return select_all(snapshot, kind, find(snapshot, kind, query), filters, sort, now)

        return self._read(read, self._match_seconds)

    def similar(self, passages: Sequence[Passage], limit: int = 20, *, now: datetime) -> list[tuple[str, float]]:
        """Published needs of any status like the one with these passages, best first."""

        def read(snapshot: Snapshot) -> list[tuple[str, float]]:
            unpublished = {name for (name,) in snapshot.rows(Kind.NEED, _UNPUBLISHED, (now.timestamp(),))}
            needs = StoredPassages(snapshot, Kind.NEED, self._kept)
            needs.expect(stems_of(passage.text for passage in passages))
            return similar_needs(passages, needs, lambda each: each not in unpublished, limit)

        return self._read(read, self._match_seconds)

    def match(
        self,
        passages: Sequence[Passage],
        kind: Kind,
        limit: int = 20,
        *,
        now: datetime,
        explained: int | None = None,
        meaning: Meaning | None = None,
    ) -> list[Match]:
        """Suppliers for a need's passages, or open needs for a supplier's; the first `explained` with reasons."""

        def read(snapshot: Snapshot) -> list[Match]:
            suppliers = StoredPassages(snapshot, Kind.SUPPLIER, self._kept)
            needs = StoredPassages(snapshot, Kind.NEED, self._kept, suppliers.expect)
            own = stems_of(passage.text for passage in passages)
            needs.expect(own)
            suppliers.expect(own)

            def rarity(stem: str) -> float:
                return needs.rarity(stem) + suppliers.rarity(stem)

            if kind is Kind.SUPPLIER:
                return match_suppliers(passages, suppliers, rarity, limit, now, explained=explained, meaning=meaning)
            at = now.timestamp()
            open_needs = dict(snapshot.rows(Kind.NEED, _OPEN, (at, at)))
            if len(open_needs) <= WEIGHED_WHOLE:
                suppliers.expect(needs.expect_counts(open_needs))
            return match_needs(
                passages, needs, suppliers, open_needs, rarity, limit, now, explained=explained, meaning=meaning
            )

        return self._read(read, self._match_seconds)

    def references(self, kind: Kind) -> dict[str, str]:
        """Every indexed reference with the fingerprint of its document, for `reindex --check`."""
        return self._read(lambda snapshot: dict(snapshot.rows(kind, _REFERENCES)), self._match_seconds)

    def is_ready(self) -> bool:
        """True when there is an index of the present shape; cheap, for it is asked before every search."""
        try:
            return self._read(lambda _: True, self._seconds)
        except SearchUnavailable:
            return False

    def is_healthy(self) -> bool:
        """True when every table is there and they agree on how many documents there are."""
        try:
            found = self._read(lambda snapshot: [snapshot.rows(kind, _HEALTH)[0] for kind in Kind], self._match_seconds)
        except SearchUnavailable:
            return False
        return all(row[0] and row[1] for row in found)

    def close(self) -> None:
        """Lets go of the connections."""
        self._database.close()

    def _search(
        self, kind: Kind, query: Query, filters: Filters, sort: Sort, page: int, now: datetime, page_size: int
    ) -> Results:
        began = time.perf_counter()

        def read(snapshot: Snapshot) -> Results:
            found = find(snapshot, kind, query)
            selected = select_page(snapshot, kind, found, filters, sort, now, page, page_size)
            texts = dict(snapshot.rows(kind, _DOCUMENTS, ([number for number, _ in selected.page],)))
            documents = [(score, from_json(kind, read_stored(texts[number]))) for number, score in selected.page]
            count = max(1, selected.total) if has_any(snapshot, kind, found) else 0
            mended = None if count > FEW else did_you_mean(query, self._vocabulary(snapshot, kind), count)
            hits = make_hits(documents, query)
            return Results(hits, selected.total, selected.facets, mended, (time.perf_counter() - began) * 1000)

        try:
            return self._read(read, self._seconds, kind)
        except _OutOfTime:
            return Results((), 0, {}, None, (time.perf_counter() - began) * 1000, is_partial=True)

    def _vocabulary(self, snapshot: Snapshot, kind: Kind) -> Mapping[str, int]:
        """The words as written; a large vocabulary is not read anew for every commit."""
        stamp = snapshot.number, snapshot.commits
        with self._lock:
            known = self._vocabularies.get(kind)
            if known and (known[0] == stamp or time.monotonic() < known[1]):
                return known[2]
        began = time.monotonic()
        words = dict(snapshot.rows(kind, _VOCABULARY))
        now = time.monotonic()
        with self._lock:
            self._vocabularies[kind] = stamp, now + (now - began) * _WORDS_KEPT, words
        return words

    def _read(self, read: Callable[[Snapshot], Answer], seconds: float, kind: Kind = Kind.NEED) -> Answer:
        """Reads one snapshot; once more when its generation was taken away meanwhile."""
        with _plainly():
            try:
                with self._database.reading(self._shape, seconds, kind) as snapshot:
                    return read(snapshot)
            except psycopg.errors.UndefinedTable:
                with self._database.reading(self._shape, seconds, kind) as snapshot:
                    return read(snapshot)

    def _make_base(self) -> None:
        with self._database.writing() as connection:
            make_base(connection)

    def _writable(self, connection: psycopg.Connection, make: bool) -> int | None:
        """The generation in use; a first, empty one when there is none and one is to be made."""
        pointer = find_pointer(connection)
        if pointer is not None and pointer[1] != self._shape:
            raise SearchUnavailable("The search index was made by another version: run `marketplace reindex`")
        if pointer is not None or not make:
            return pointer[0] if pointer else None
        number = make_generation(connection)
        make_indexes(connection, number)
        point_to(connection, number, self._shape)
        return number

    def _tidy(self, last: int) -> None:
        """Takes away what the new generation has replaced; if it cannot now, the next rebuild does."""
        try:
            with self._database.writing() as connection:
                forget_notes(connection, last)
            with self._database.writing() as connection:
                drop_other_generations(connection)
        except (psycopg.Error, SearchUnavailable):
            return


class _OutOfTime(SearchUnavailable):
    """A statement took longer than a search may."""


@contextmanager
def _plainly() -> Iterator[None]:
    """Turns whatever the database says into the one refusal that callers expect."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise _OutOfTime("The search took too long") from error
    except psycopg.Error as error:
        raise SearchUnavailable(f"The search index cannot be read ({type(error).__name__})") from error
