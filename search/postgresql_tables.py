"""The index inside PostgreSQL: schemas of its own, a pointer to the one in use, and how documents get into it.

The tables are no part of the record: they are made here, not by migrations, are left out of backups, and `reindex`
makes them anew. A rebuild fills new schemas in one transaction that ends by moving the pointer, so that a kill at any
time leaves the old index or the new one, and every reader sees one whole commit.
"""

from collections.abc import Iterable

import psycopg
from psycopg import Connection, sql

from search.documents import Document, Kind, from_json, to_json
from search.engine import RebuildRunning, SearchUnavailable

BASE = "search_index"
_WRITING, _REBUILDING = 7_202_101, 7_202_102  # advisory locks, which the server frees when a process dies
_LOCK_WAIT = "2s"

_BASE_TABLES = """
CREATE TABLE pointer (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), number integer NOT NULL, shape text NOT NULL,
    commits bigint NOT NULL DEFAULT 0
);
CREATE TABLE noted (id bigserial PRIMARY KEY, kind text NOT NULL, reference text NOT NULL, document bytea);
CREATE SEQUENCE numbers;
"""
_TABLES = """
CREATE TABLE documents (
    id integer NOT NULL, reference text COLLATE "C" NOT NULL, fingerprint text NOT NULL, at float8 NOT NULL,
    closes_at float8, ended text, region text, latitude float8, longitude float8, categories text[] NOT NULL,
    value_pence bigint, budget_band text, capabilities text[] NOT NULL, size text, buyer text, source text,
    buyer_kind text, small_firms text, evidence_keys text[] NOT NULL, evidence_ends float8[] NOT NULL, councils text
);
CREATE TABLE texts (id integer NOT NULL, document bytea NOT NULL, counts bytea NOT NULL);
CREATE TABLE parts (document integer NOT NULL, is_title boolean NOT NULL, words tsvector NOT NULL);
CREATE TABLE passages (id integer NOT NULL, document integer NOT NULL);
CREATE TABLE postings (stem text COLLATE "C" NOT NULL, block integer NOT NULL, entries bytea NOT NULL);
CREATE TABLE passage_postings (stem text COLLATE "C" NOT NULL, block integer NOT NULL, entries bytea NOT NULL);
CREATE TABLE vocabulary (word text COLLATE "C" NOT NULL, documents integer NOT NULL);
CREATE TABLE totals (
    documents bigint NOT NULL DEFAULT 0, words bigint NOT NULL DEFAULT 0, passages bigint NOT NULL DEFAULT 0,
    passage_words bigint NOT NULL DEFAULT 0, next_document integer NOT NULL DEFAULT 0,
    next_passage integer NOT NULL DEFAULT 0
);
INSERT INTO totals DEFAULT VALUES;
ALTER TABLE postings ALTER entries SET STORAGE EXTERNAL;
ALTER TABLE passage_postings ALTER entries SET STORAGE EXTERNAL;
"""
_INDEXES = """
ALTER TABLE documents ADD PRIMARY KEY (id), ADD UNIQUE (reference);
ALTER TABLE texts ADD PRIMARY KEY (id);
ALTER TABLE passages ADD PRIMARY KEY (id);
CREATE INDEX ON passages (document);
ALTER TABLE postings ADD PRIMARY KEY (stem, block);
ALTER TABLE passage_postings ADD PRIMARY KEY (stem, block);
ALTER TABLE vocabulary ADD PRIMARY KEY (word);
CREATE INDEX ON parts (document);
CREATE INDEX ON parts USING gin (words) WITH (fastupdate = off);
ANALYZE documents, texts, parts, passages, postings, passage_postings, vocabulary;
"""


def schema_of(number: int, kind: Kind) -> str:
    """The name of the schema of one generation and one kind of document."""
    return f"{BASE}_{number}_{kind.value}"


def use_schema(connection: Connection, schema: str) -> None:
    """Table names mean this schema until the transaction ends."""
    connection.execute("SELECT set_config('search_path', %s, true)", (schema,))


def make_base(connection: Connection) -> None:
    """Makes the schema that holds the pointer; raises SearchUnavailable when the database's role may not."""
    if not _is_there(connection, BASE):
        lock_writing(connection)
        if not _is_there(connection, BASE):
            _make_schema(connection, BASE, _BASE_TABLES)


def _is_there(connection: Connection, schema: str) -> bool:
    found = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (schema,)).fetchone()
    return bool(found and found[0])


def _make_schema(connection: Connection, schema: str, tables: str) -> None:
    try:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    except psycopg.errors.InsufficientPrivilege as error:
        role, database = connection.info.user, connection.info.dbname
        raise SearchUnavailable(
            f"The database role {role} may not make the search index. As the database's owner, run: "
            f'GRANT CREATE ON DATABASE "{database}" TO "{role}"'
        ) from error
    use_schema(connection, schema)
    connection.execute(tables)


def lock_writing(connection: Connection) -> None:
    """Waits to be the only writer until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITING,))


def lock_rebuilding(connection: Connection) -> None:
    """Holds the right to rebuild until the transaction ends; raises RebuildRunning."""
    found = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_REBUILDING,)).fetchone()
    if not found or not found[0]:
        raise RebuildRunning("Another process is rebuilding the index in this database")
    # A writer that did not see this rebuild has committed when it lets go of its lock.
    connection.execute("SELECT pg_advisory_lock(%s)", (_WRITING,))
    connection.execute("SELECT pg_advisory_unlock(%s)", (_WRITING,))


def is_rebuilding(connection: Connection) -> bool:
    """Whether a living process rebuilds the index of this database."""
    found = connection.execute(
        """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND objid = %s AND datname = current_database())""",
        (_REBUILDING,),
    ).fetchone()
    return bool(found and found[0])


def find_pointer(connection: Connection) -> tuple[int, str, int] | None:
    """The number, shape and count of commits of the generation in use."""
    use_schema(connection, BASE)
    return connection.execute("SELECT number, shape, commits FROM pointer").fetchone()


def point_to(connection: Connection, number: int, shape: str) -> None:
    """Makes this generation the one in use when the transaction commits."""
    use_schema(connection, BASE)
    connection.execute(
        """INSERT INTO pointer (number, shape) VALUES (%s, %s) ON CONFLICT (one)
        DO UPDATE SET number = excluded.number, shape = excluded.shape, commits = pointer.commits + 1""",
        (number, shape),
    )


def count_commit(connection: Connection) -> None:
    """Tells readers that keep something of the index that it has changed."""
    use_schema(connection, BASE)
    connection.execute("UPDATE pointer SET commits = commits + 1")


def make_generation(connection: Connection) -> int:
    """Makes the tables of a new generation, without indexes; gives its number."""
    use_schema(connection, BASE)
    found = connection.execute("SELECT nextval('numbers')").fetchone()
    assert found is not None
    for kind in Kind:
        _make_schema(connection, schema_of(found[0], kind), _TABLES)
    return found[0]


def make_indexes(connection: Connection, number: int) -> None:
    """Makes the indexes of a generation, after its rows."""
    connection.execute("SELECT set_config('maintenance_work_mem', '256MB', true)")
    for kind in Kind:
        use_schema(connection, schema_of(number, kind))
        connection.execute(_INDEXES)


def drop_other_generations(connection: Connection) -> None:
    """Takes away every generation but the one in use; one that is still being read stays until the next rebuild."""
    pointer = find_pointer(connection)
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_WAIT,))
    kept = {schema_of(pointer[0], kind) for kind in Kind} if pointer else set()
    names = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ %s", (f"^{BASE}_[0-9]+_",))
    for (name,) in names.fetchall():
        if name not in kept:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def last_note(connection: Connection) -> int:
    """The number of the latest note."""
    use_schema(connection, BASE)
    found = connection.execute("SELECT coalesce(max(id), 0) FROM noted").fetchone()
    return found[0] if found else 0


def note(connection: Connection, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]]) -> None:
    """Keeps what is written during a rebuild for the new generation."""
    use_schema(connection, BASE)
    rows: list[tuple[str, str, bytes | None]] = [(each.kind, each.reference, _stored(each)) for each in upserts]
    rows += [(kind, reference, None) for kind, reference in removals]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO noted (kind, reference, document) VALUES (%s, %s, %s)", rows)


def noted_after(connection: Connection, last: int) -> tuple[list[Document], list[tuple[Kind, str]]]:
    """The documents noted since, as they were written last, and the removals."""
    use_schema(connection, BASE)
    rows = connection.execute("SELECT kind, reference, document FROM noted WHERE id > %s ORDER BY id", (last,))
    latest = {(Kind(kind), reference): document for kind, reference, document in rows}
    upserts = [from_json(kind, read_stored(found)) for (kind, _), found in latest.items() if found is not None]
    return upserts, [key for key, found in latest.items() if found is None]


def forget_notes(connection: Connection, last: int) -> None:
    """Takes away notes that are in the index."""
    use_schema(connection, BASE)
    connection.execute("DELETE FROM noted WHERE id <= %s", (last,))


def _stored(document: Document) -> bytes:
    return to_json(document).encode("utf-8", "surrogatepass")


def read_stored(found: bytes) -> str:
    """The line of JSON that was stored of a document."""
    return bytes(found).decode("utf-8", "surrogatepass")
