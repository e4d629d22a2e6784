"""What engines with an index folder on disk have in common; the folder's format is the business of each.

Open one in a process. Readers follow the latest commit by themselves; writers wait for each other. Status is read from
the clock at each search, so a need closes at its closing time with nothing written.
"""

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from search.both_kinds import SearchesBothKinds
from search.documents import Document, Kind, Passage, cleaned
from search.engine import Filters, Match, Meaning, Results, SearchUnavailable, Sort
from search.generations import Generations
from search.matching import PassageIndex, match_needs, match_suppliers
from search.queries import Query
from search.results import make_results
from search.selection import Selection
from search.shape import shape_of_documents
from search.similar import similar_needs
from search.spelling import FEW, did_you_mean

PROGRESS_EVERY = 250
_TRIED_AGAIN_AFTER = 30.0  # seconds that a broken index is left alone
_SLOW_TO_OPEN = 0.3  # seconds; a view that took longer is replaced aside, while searches go on with it


class Selected(NamedTuple):
    """`has_words` when some document has what was asked, filters aside; `is_partial` when time ran out, with nothing."""

    selection: Selection
    has_words: bool
    is_partial: bool


class DocumentView(Protocol):
    """An index of needs or suppliers as it stood at one commit; threads share it."""

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Every word as written with the number of documents that have it."""

    def is_current(self) -> bool:
        """False once another commit was made."""

    def selected(self, query: Query, filters: Filters, sort: Sort, now: datetime, seconds: float) -> "Selected":
        """What the query finds, filtered, counted and ordered, within so many seconds."""

    def document(self, number: int) -> Document:
        """The whole document of a number; numbers are the keys of the selection."""

    def open_needs(self, now: datetime) -> list[str]:
        """The references of needs that can be bid for."""

    def is_published(self, reference: str, now: datetime) -> bool:
        """Whether there is this need and anyone may read it yet."""

    def references(self) -> dict[str, str]:
        """Every reference with its document's fingerprint."""

    def is_whole(self) -> bool:
        """Reads here and there; False or any exception when something is wrong."""


class PassageView(PassageIndex, Protocol):
    """An index of passages as it stood at one commit."""

    def is_current(self) -> bool:
        """False once another commit was made."""


class _Opened(NamedTuple):
    """A view, the folder that it is of, and the seconds that it took to open."""

    folder: Path
    view: DocumentView
    seconds: float


class FileEngine(SearchesBothKinds):
    """Search over a folder; `seconds` limits how long one search may weigh documents."""

    name: ClassVar[str]
    layout: ClassVar[int]  # goes up by one whenever the folder's own format changes
    promised: ClassVar[int]  # documents of one kind that it answers quickly with

    def __init__(self, home: Path | str, seconds: float = 0.5) -> None:
        self._generations = Generations(Path(home), shape_of_documents(f"{self.name} {self.layout}"))
        self._seconds = seconds
        self._lock = threading.RLock()
        self._stamp: tuple[int, int] | None = None
        self._folder: Path | None = None
        self._documents_of: dict[Kind, _Opened] = {}
        self._passages_of: dict[Kind, tuple[Path, PassageView]] = {}
        self._opening: set[Kind] = set()
        self._broken: tuple[tuple[int, int] | None, float] | None = None

    @abstractmethod
    def _make_empty(self, folder: Path) -> None:
        """Makes the indexes in a new folder."""

    @abstractmethod
    def _write_into(self, folder: Path, upserts: Sequence[Document], removals: Sequence[tuple[Kind, str]]) -> None:
        """Commits cleaned documents, each reference once, and removals; a kill leaves the last commit."""

    @abstractmethod
    def _fill(self, folder: Path, documents: Iterable[Document]) -> None:
        """Puts cleaned documents, each reference once, into empty indexes."""

    @abstractmethod
    def _open_documents(self, folder: Path, kind: Kind, before: DocumentView | None) -> DocumentView:
        """A view of the latest commit; of the view before it what still holds may be kept."""

    @abstractmethod
    def _open_passages(self, folder: Path, kind: Kind, before: PassageView | None) -> PassageView:
        """A view of the latest commit of the passages."""

    def _is_fault(self, error: BaseException) -> bool:
        """Whether an error may come of a missing or broken file."""
        return isinstance(error, Exception)

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Puts the documents in, takes the removed references out; safe to repeat, raises SearchUnavailable."""
        latest = {(document.kind, document.reference): cleaned(document) for document in upserts}
        removals = [key for key in dict.fromkeys(removals) if key not in latest]
        with self._generations.writing():
            is_rebuilding = self._generations.is_rebuilding()
            if is_rebuilding:
                self._generations.note(latest.values(), removals)
            try:
                with self._readable():
                    folder = self._generations.current()
                    if folder is None and not is_rebuilding:
                        folder = self._make_first()
                    if folder is not None:
                        self._write_into(folder, list(latest.values()), removals)
            except SearchUnavailable:
                if not is_rebuilding:  # else the new folder will have it
                    raise

    def rebuild(self, documents: Iterable[Document], progress: Callable[[int], None] | None = None) -> int:
        """Builds the index anew beside the old one and swaps; gives the number of documents, raises RebuildRunning."""
        with self._generations.rebuilding():
            folder = self._generations.make_next()
            self._make_empty(folder)
            feed = Once(documents, progress)
            self._fill(folder, feed)
            if feed.repeated:
                self._write_into(folder, list(feed.repeated.values()), [])
            with self._generations.writing():
                upserts, removals = self._generations.noted()
                if upserts or removals:
                    self._write_into(folder, upserts, removals)
                self._generations.use(folder)
        return feed.count

    def ranked(
        self, query: Query, filters: Filters, sort: Sort = Sort.RELEVANCE, kind: Kind = Kind.NEED, *, now: datetime
    ) -> list[tuple[str, float]]:
        """The reference and score of every need, or supplier, that the query finds, in order."""
        with self._readable():
            found = self._documents(kind).selected(query, filters, sort, now, self._seconds)
            return [(facts.reference, score) for score, facts, _ in found.selection.chosen]

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
        with self._readable():
            needs, suppliers = self._passages(Kind.NEED), self._passages(Kind.SUPPLIER)

            def rarity(stem: str) -> float:
                return needs.rarity(stem) + suppliers.rarity(stem)

            if kind is Kind.SUPPLIER:
                return match_suppliers(passages, suppliers, rarity, limit, now, explained=explained, meaning=meaning)
            open_needs = self._documents(Kind.NEED).open_needs(now)
            return match_needs(
                passages, needs, suppliers, open_needs, rarity, limit, now, explained=explained, meaning=meaning
            )

    def similar(self, passages: Sequence[Passage], limit: int = 20, *, now: datetime) -> list[tuple[str, float]]:
        """Published needs of any status like the one with these passages."""
        with self._readable():
            is_published = self._documents(Kind.NEED).is_published
            return similar_needs(passages, self._passages(Kind.NEED), lambda name: is_published(name, now), limit)

    def references(self, kind: Kind) -> dict[str, str]:
        """Every indexed reference with the fingerprint of its document, for `reindex --check`."""
        with self._readable():
            return self._documents(kind).references()

    def is_ready(self) -> bool:
        """True when there is a readable index of the present shape; cheap, asked before every search."""
        try:
            stamp = self._generations.stamp()
            if self._broken and self._broken[0] == stamp and time.monotonic() < self._broken[1]:
                return False
            with self._readable():
                for kind in Kind:
                    self._documents(kind)
        except SearchUnavailable:
            return False
        return True

    def is_healthy(self) -> bool:
        """True when every index opens and answers; what was half written by a power cut does not."""
        try:
            with self._readable():
                for kind in Kind:
                    self._passages(kind).frequency("a")
                    if not self._documents(kind).is_whole():
                        return False
        except SearchUnavailable:
            return False
        return True

    def _search(
        self, kind: Kind, query: Query, filters: Filters, sort: Sort, page: int, now: datetime, page_size: int
    ) -> Results:
        began = time.perf_counter()
        with self._readable():
            view = self._documents(kind)
            found = view.selected(query, filters, sort, now, self._seconds)
            count = max(1, len(found.selection.chosen)) if found.has_words else 0
            mended = None if found.is_partial or count > FEW else did_you_mean(query, view.vocabulary, count)
            return make_results(found.selection, query, page, page_size, view.document, mended, began, found.is_partial)

    def _documents(self, kind: Kind) -> DocumentView:
        """The view of the latest commit; one that took long to open is followed by its successor a moment later."""
        with self._lock:
            folder, opened = self._follow(), self._documents_of.get(kind)
            if opened and opened.folder == folder and opened.view.is_current():
                return opened.view
            if opened and opened.seconds > _SLOW_TO_OPEN:
                self._open_aside(kind, folder, opened)
                return opened.view
            self._documents_of[kind] = made = self._opened(kind, folder, opened)
            return made.view

    def _opened(self, kind: Kind, folder: Path, before: "_Opened | None") -> "_Opened":
        began = time.perf_counter()
        view = self._open_documents(folder, kind, before.view if before and before.folder == folder else None)
        # The first time everything is read; afterwards what is new.
        return _Opened(folder, view, time.perf_counter() - began)

    def _open_aside(self, kind: Kind, folder: Path, before: "_Opened") -> None:
        """Opens the next view while searches go on with the one before; call with the lock held."""
        if kind in self._opening:
            return
        self._opening.add(kind)

        def open_it() -> None:
            try:
                with self._readable():
                    made = self._opened(kind, folder, before)
                    with self._lock:
                        self._documents_of[kind] = made
            except SearchUnavailable:
                pass  # it is known as broken now; the next search says so
            finally:
                self._opening.discard(kind)

        threading.Thread(target=open_it, name=f"open {self.name} {kind}", daemon=True).start()

    def _passages(self, kind: Kind) -> PassageView:
        with self._lock:
            folder, opened = self._follow(), self._passages_of.get(kind)
            if opened and opened[0] == folder and opened[1].is_current():
                return opened[1]
            view = self._open_passages(folder, kind, opened[1] if opened and opened[0] == folder else None)
            self._passages_of[kind] = folder, view
            return view

    def _follow(self) -> Path:
        """The folder in use."""
        stamp = self._generations.stamp()
        if stamp is None:
            raise SearchUnavailable("There is no search index yet: run `marketplace reindex`")
        if stamp != self._stamp or self._folder is None:
            self._folder, self._stamp = self._generations.current(), stamp
        if self._folder is None:
            raise SearchUnavailable("There is no search index yet: run `marketplace reindex`")
        return self._folder

    def _let_go(self) -> None:
        self._stamp, self._folder = None, None
        self._documents_of, self._passages_of = {}, {}

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turns whatever a missing or broken file raises into the one refusal that callers expect."""
        try:
            yield
        except SearchUnavailable:
            raise
        except BaseException as error:
            if not self._is_fault(error):
                raise
            with self._lock:
                self._let_go()
                self._broken = self._generations.stamp(), time.monotonic() + _TRIED_AGAIN_AFTER
            raise SearchUnavailable(f"The search index cannot be read ({type(error).__name__})") from error

    def _make_first(self) -> Path:
        folder = self._generations.make_next()
        self._make_empty(folder)
        self._generations.use(folder)
        return folder


class Once:
    """Cleaned documents, each reference once; those that come again are kept aside, the last one counts."""

    def __init__(self, documents: Iterable[Document], progress: Callable[[int], None] | None) -> None:
        self._documents, self._progress = documents, progress
        self._seen: set[tuple[Kind, str]] = set()
        self.repeated: dict[tuple[Kind, str], Document] = {}

    @property
    def count(self) -> int:
        return len(self._seen)

    def __iter__(self) -> Iterator[Document]:
        for document in map(cleaned, self._documents):
            key = document.kind, document.reference
            if key in self._seen:
                self.repeated[key] = document
                continue
            self._seen.add(key)
            yield document
            if self._progress and self.count % PROGRESS_EVERY == 0:
                self._progress(self.count)
