"""The fast engine for one large machine: Tantivy indexes of needs, suppliers and the passages of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tantivy import Document as Row
from tantivy import Index, IndexWriter

from search.documents import Document, Kind
from search.file_engine import FileEngine
from search.tantivy_index import (
    DocumentView,
    PassageView,
    document_row,
    document_schema,
    having,
    last_number,
    passage_rows,
    passage_schema,
    removal_row,
)

_SMALL_HEAP, _LARGE_HEAP = 15_000_000, 60_000_000  # bytes that a writer fills before it makes a segment


class TantivyEngine(FileEngine):
    """Search over a folder on disk; Tantivy finds the words, facts held in memory filter, count and order."""

    name = "tantivy"
    layout = 1
    promised = 100_000

    def _make_empty(self, folder: Path) -> None:
        for kind in Kind:
            for path, schema in ((folder / kind.value, document_schema()), (_passages(folder, kind), passage_schema())):
                path.mkdir()
                Index(schema, path=str(path))

    def _write_into(self, folder: Path, upserts: Sequence[Document], removals: Sequence[tuple[Kind, str]]) -> None:
        """Passages go first, so that a document whose fingerprint is found has its passages."""
        for kind in Kind:
            documents = [document for document in upserts if document.kind is kind]
            removed = [reference for removed_kind, reference in removals if removed_kind is kind]
            gone = [document.reference for document in documents] + removed
            if gone:
                with _writing(_passages(folder, kind), _SMALL_HEAP) as (writer, _):
                    _replace(writer, "owner", gone, (row for each in documents for row in passage_rows(each)))
                with _writing(folder / kind.value, _SMALL_HEAP) as (writer, index):
                    numbers = count(last_number(index) + 1)
                    rows = [document_row(document, next(numbers)) for document in documents]
                    rows += [removal_row(reference, next(numbers)) for reference in having(index, removed)]
                    _replace(writer, "reference", gone, rows)

    def _fill(self, folder: Path, documents: Iterable[Document]) -> None:
        with ExitStack() as stack:
            writers, passage_writers = (
                {kind: stack.enter_context(_writing(path(kind), _LARGE_HEAP))[0] for kind in Kind}
                for path in (lambda kind: folder / kind.value, lambda kind: _passages(folder, kind))
            )
            for number, document in enumerate(documents):
                writers[document.kind].add_document(document_row(document, number))
                for row in passage_rows(document):
                    passage_writers[document.kind].add_document(row)

    def _open_documents(self, folder: Path, kind: Kind, before: object) -> DocumentView:
        return DocumentView(folder / kind.value, kind, before if isinstance(before, DocumentView) else None)

    def _open_passages(self, folder: Path, kind: Kind, before: object) -> PassageView:
        def documents() -> DocumentView:
            view = self._documents(kind)
            assert isinstance(view, DocumentView)
            return view

        return PassageView(_passages(folder, kind), before if isinstance(before, PassageView) else None, documents)

    def _is_fault(self, error: BaseException) -> bool:
        """A panic of Tantivy's is no Exception, so that it would end the process."""
        return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _passages(folder: Path, kind: Kind) -> Path:
    return folder / f"{kind.value}-passages"


@contextmanager
def _writing(path: Path, heap: int) -> Iterator[tuple[IndexWriter, Index]]:
    """One commit; what merges afterwards has come to its end when this returns."""
    index = Index.open(str(path))
    writer = index.writer(heap, 1)
    # What a full disk or a kill left half written has names that this commit may need.
    writer.garbage_collect_files()
    try:
        yield writer, index
    except BaseException:
        writer.rollback()
        raise
    writer.commit()
    writer.wait_merging_threads()


def _replace(writer: IndexWriter, key: str, gone: Iterable[str], rows: Iterable[Row]) -> None:
    for reference in gone:
        writer.delete_documents_by_term(key, reference)
    for row in rows:
        writer.add_document(row)
