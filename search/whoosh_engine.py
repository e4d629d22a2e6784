"""The embedded search engine: Whoosh indexes of needs, suppliers and the passages of both."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from whoosh import index

from search.documents import Document, Kind, passages_of
from search.file_engine import FileEngine
from search.whoosh_index import (
    DocumentView,
    PassageView,
    document_row,
    document_schema,
    open_index,
    passage_row,
    passage_schema,
)

PROMISED_DOCUMENTS = 20_000
_LOCK_SECONDS = 30


class WhooshEngine(FileEngine):
    """Search over a folder on disk; filters, facets and order are worked out from facts held in memory."""

    name = "whoosh"
    layout = 1
    promised = PROMISED_DOCUMENTS

    def _make_empty(self, folder: Path) -> None:
        for kind in Kind:
            for name, schema in ((kind.value, document_schema()), (_passages(kind), passage_schema())):
                (folder / name).mkdir()
                index.create_in(str(folder / name), schema)

    def _write_into(self, folder: Path, upserts: Sequence[Document], removals: Sequence[tuple[Kind, str]]) -> None:
        """Passages go first, so that a document whose fingerprint is found has its passages."""
        for kind in Kind:
            documents = [document for document in upserts if document.kind is kind]
            gone = [each.reference for each in documents] + [name for removed, name in removals if removed is kind]
            if gone:
                _replace(folder / _passages(kind), "owner", gone, _passage_rows(documents))
                _replace(folder / kind.value, "reference", gone, map(document_row, documents))

    def _fill(self, folder: Path, documents: Iterable[Document]) -> None:
        names = [name for kind in Kind for name in (kind.value, _passages(kind))]
        writers = {name: open_index(folder / name).writer(timeout=_LOCK_SECONDS) for name in names}
        try:
            for document in documents:
                writers[document.kind.value].add_document(**document_row(document))
                for row in _passage_rows([document]):
                    writers[_passages(document.kind)].add_document(**row)
        except BaseException:
            for writer in writers.values():
                writer.cancel()
            raise
        for writer in writers.values():
            writer.commit()

    def _open_documents(self, folder: Path, kind: Kind, before: object) -> DocumentView:
        known = before if isinstance(before, DocumentView) else None
        opened = known.index if known else open_index(folder / kind.value)
        return DocumentView(opened, kind, known)

    def _open_passages(self, folder: Path, kind: Kind, before: object) -> PassageView:
        def document_of(reference: str) -> Document | None:
            view = self._documents(kind)
            assert isinstance(view, DocumentView)
            number = view.numbers.get(reference)
            return None if number is None else view.document(number)

        known = before if isinstance(before, PassageView) else None
        opened = known.index if known else open_index(folder / _passages(kind))
        return PassageView(opened, known.columns if known else {}, document_of)


def _passages(kind: Kind) -> str:
    return f"{kind.value}-passages"


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
