"""How documents get into the tables of an index in PostgreSQL, all at once or a few at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from psycopg import Connection, sql

from search.documents import Document, Kind, from_json
from search.postgresql_rows import (
    BLOCK,
    FACTS,
    PASSAGE_BLOCK,
    PASSAGE_WORD,
    WORD,
    DocumentWords,
    Postings,
    facts_row,
    read_document,
    text_row,
    without,
)
from search.postgresql_tables import read_stored, schema_of, use_schema

_AT_ONCE = 4096  # documents read before their rows are written
_ADD_WORDS = """
INSERT INTO vocabulary AS old SELECT * FROM unnest(%s::text[], %s::integer[])
ON CONFLICT (word) DO UPDATE SET documents = old.documents + excluded.documents
"""
_ADD_TOTALS = """
UPDATE totals SET documents = documents + %s, words = words + %s, passages = passages + %s,
    passage_words = passage_words + %s
"""
_TYPES = {"stem": "text", "block": "int4", "entries": "bytea"}


class _PostingTable:
    """The statements for one of the two tables of postings."""

    def __init__(self, table: str, shape: np.dtype, block: int) -> None:
        self.shape, self.block = shape, block
        self.copy = _with_table("COPY {} (stem, block, entries) FROM STDIN (FORMAT BINARY)", table)
        self.add = _with_table(
            """INSERT INTO {} AS old VALUES (%s, %s, %s)
            ON CONFLICT (stem, block) DO UPDATE SET entries = old.entries || excluded.entries""",
            table,
        )
        self.find = _with_table(
            """SELECT stem, block, entries FROM {}
            JOIN unnest(%s::text[], %s::integer[]) AS wanted (stem, block) USING (stem, block)""",
            table,
        )
        self.change = _with_table("UPDATE {} SET entries = %s WHERE stem = %s AND block = %s", table)
        self.remove = _with_table("DELETE FROM {} WHERE stem = %s AND block = %s", table)


def _with_table(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))


_WORDS = _PostingTable("postings", WORD, BLOCK)
_PASSAGE_WORDS = _PostingTable("passage_postings", PASSAGE_WORD, PASSAGE_BLOCK)


def fill(connection: Connection, number: int, documents: Iterable[Document]) -> None:
    """Copies documents, each reference once, into the tables of a generation, which are empty and have no indexes."""
    fillers = {kind: _Filler(connection, schema_of(number, kind)) for kind in Kind}
    for document in documents:
        fillers[document.kind].add(document)
    for filler in fillers.values():
        filler.finish()


def replace(
    connection: Connection, number: int, upserts: Sequence[Document], removals: Iterable[tuple[Kind, str]]
) -> None:
    """Puts documents, each reference once, in the place of those of the same reference; takes the removed ones out."""
    removals = list(removals)
    for kind in Kind:
        fresh = [document for document in upserts if document.kind is kind]
        gone = [*(each.reference for each in fresh), *(name for removed, name in removals if removed is kind)]
        if not gone:
            continue
        use_schema(connection, schema_of(number, kind))
        _remove(connection, kind, gone)
        for start in range(0, len(fresh), _AT_ONCE):
            _add(connection, fresh[start : start + _AT_ONCE])


class _Filler:
    """Copies documents some thousand at a time; what shares a row with later ones waits for them."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection, self._schema = connection, schema
        self._waiting: list[Document] = []
        self._numbers = _Numbers(0, 0)
        self._vocabulary: Counter = Counter()

    def add(self, document: Document) -> None:
        self._waiting.append(document)
        if len(self._waiting) == _AT_ONCE:
            self._write()

    def finish(self) -> None:
        self._write()
        for each, table in (
            (self._numbers.postings.words, _WORDS),
            (self._numbers.postings.passage_words, _PASSAGE_WORDS),
        ):
            self._copy(table, each, each.keys())
        with self._connection.cursor() as cursor, cursor.copy("COPY vocabulary FROM STDIN") as copy:
            for row in self._vocabulary.items():
                copy.write_row(row)

    def _write(self) -> None:
        use_schema(self._connection, self._schema)
        numbers, read = self._numbers, [read_document(document) for document in self._waiting]
        self._waiting = []
        for each in read:
            self._vocabulary.update(each.forms)
        _write_rows(self._connection, numbers, read)
        for found, table, following in (
            (numbers.postings.words, _WORDS, numbers.document),
            (numbers.postings.passage_words, _PASSAGE_WORDS, numbers.passage),
        ):
            self._copy(table, found, [key for key in found if key[1] < following // table.block])

    def _copy(
        self, table: _PostingTable, found: dict[tuple[str, int], bytearray], keys: Iterable[tuple[str, int]]
    ) -> None:
        with self._connection.cursor() as cursor, cursor.copy(table.copy) as copy:
            copy.set_types(list(_TYPES.values()))
            for key in list(keys):
                copy.write_row((*key, bytes(found.pop(key))))


class _Numbers:
    """Gives documents and passages their numbers and gathers the entries of their words."""

    def __init__(self, document: int, passage: int) -> None:
        self.document, self.passage = document, passage
        self.postings = Postings()

    def take(self, read: DocumentWords) -> tuple[int, range]:
        """The document's number and those of its passages."""
        number, passages = self.document, range(self.passage, self.passage + len(read.passages))
        self.postings.add(number, passages.start, read)
        self.document, self.passage = number + 1, passages.stop
        return number, passages


def _write_rows(connection: Connection, numbers: _Numbers, read: Sequence[DocumentWords]) -> None:
    """Writes every row of documents but those that they share with others."""
    taken = [(each, *numbers.take(each)) for each in read]
    _copy_rows(
        connection,
        f"COPY documents ({', '.join(FACTS)}) FROM STDIN",
        (facts_row(number, each.document) for each, number, _ in taken),
    )
    _copy_rows(connection, "COPY texts FROM STDIN", (text_row(number, each) for each, number, _ in taken))
    _copy_rows(
        connection,
        "COPY parts FROM STDIN",
        ((number, *vector) for each, number, _ in taken for vector in each.vectors()),
    )
    _copy_rows(
        connection,
        "COPY passages FROM STDIN",
        ((passage, number) for _, number, passages in taken for passage in passages),
    )
    _count(connection, read, 1)
    connection.execute("UPDATE totals SET next_document = %s, next_passage = %s", (numbers.document, numbers.passage))


def _copy_rows(connection: Connection, statement: str, rows: Iterable[tuple]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _count(connection: Connection, read: Sequence[DocumentWords], sign: int) -> None:
    words = sum(each.length for each in read)
    passages = sum(len(each.passages) for each in read)
    passage_words = sum(len(stems) for each in read for _, stems in each.passages)
    connection.execute(_ADD_TOTALS, (sign * len(read), sign * words, sign * passages, sign * passage_words))


def _add(connection: Connection, documents: Sequence[Document]) -> None:
    first = connection.execute("SELECT next_document, next_passage FROM totals").fetchone()
    assert first is not None
    numbers, read = _Numbers(*first), [read_document(document) for document in documents]
    _write_rows(connection, numbers, read)
    with connection.cursor() as cursor:
        for found, table in ((numbers.postings.words, _WORDS), (numbers.postings.passage_words, _PASSAGE_WORDS)):
            cursor.executemany(table.add, [(*key, bytes(entries)) for key, entries in sorted(found.items())])
    _count_forms(connection, read, 1)


def _count_forms(connection: Connection, read: Sequence[DocumentWords], sign: int) -> None:
    forms = sorted(Counter(form for each in read for form in each.forms).items())
    connection.execute(_ADD_WORDS, ([form for form, _ in forms], [sign * count for _, count in forms]))
    if sign < 0:
        connection.execute("DELETE FROM vocabulary WHERE word = ANY(%s) AND documents <= 0", ([f for f, _ in forms],))


def _remove(connection: Connection, kind: Kind, references: Sequence[str]) -> None:
    rows = connection.execute(
        "SELECT id, document FROM documents JOIN texts USING (id) WHERE reference = ANY(%s)", (list(references),)
    ).fetchall()
    if not rows:
        return
    numbers = [number for number, _ in rows]
    read = [read_document(from_json(kind, read_stored(found))) for _, found in rows]
    passages: dict[int, list[int]] = defaultdict(list)
    for passage, number in connection.execute("SELECT id, document FROM passages WHERE document = ANY(%s)", (numbers,)):
        passages[number].append(passage)
    _take_out(connection, _WORDS, _places(_WORDS, zip(([number] for number in numbers), _stems(read), strict=True)))
    of_passages = zip((passages[number] for number in numbers), _passage_stems(read), strict=True)
    _take_out(connection, _PASSAGE_WORDS, _places(_PASSAGE_WORDS, of_passages))
    for statement in (
        "DELETE FROM documents WHERE id = ANY(%s)",
        "DELETE FROM texts WHERE id = ANY(%s)",
        "DELETE FROM parts WHERE document = ANY(%s)",
        "DELETE FROM passages WHERE document = ANY(%s)",
    ):
        connection.execute(statement, (numbers,))
    _count(connection, read, -1)
    _count_forms(connection, read, -1)


def _stems(read: Iterable[DocumentWords]) -> Iterator[set[str]]:
    return (set(each.words) for each in read)


def _passage_stems(read: Iterable[DocumentWords]) -> Iterator[set[str]]:
    return ({stem for _, stems in each.passages for stem in stems} for each in read)


def _places(table: _PostingTable, found: Iterable[tuple[Sequence[int], set[str]]]) -> dict[tuple[str, int], set[int]]:
    """Which numbers are to leave which rows."""
    places: dict[tuple[str, int], set[int]] = defaultdict(set)
    for numbers, stems in found:
        for number in numbers:
            for stem in stems:
                places[stem, number // table.block].add(number)
    return places


def _take_out(connection: Connection, table: _PostingTable, places: dict[tuple[str, int], set[int]]) -> None:
    keys = list(places)
    rows = connection.execute(table.find, ([stem for stem, _ in keys], [block for _, block in keys])).fetchall()
    kept = [(without(entries, table.shape, places[stem, block]), stem, block) for stem, block, entries in rows]
    with connection.cursor() as cursor:
        cursor.executemany(table.change, [row for row in kept if row[0]])
        cursor.executemany(table.remove, [row[1:] for row in kept if not row[0]])
