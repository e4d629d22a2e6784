"""One evaluation from files to figures, with an index of its own that is gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from search.documents import Document
from search.engine import Meaning, SearchEngine
from search.engines import make_engine
from search.evaluation import (
    Tell,
    measure,
    read_pairs,
    report,
    wanted_of,
    write_run,
)


class CannotEvaluate(Exception):
    """What keeps an evaluation from running, said in words."""


def evaluate(
    suppliers: Path,
    queries: Path,
    qrels: Path,
    *,
    engine: str,
    url: str,
    tell: Tell,
    is_reverse: bool = False,
    with_vectors: bool = False,
    run_out: Path | None = None,
) -> dict[str, object]:
    """Reads, indexes, ranks, measures; raises UnreadableLine, CannotEvaluate and OSError."""
    pairs = read_pairs(suppliers, queries, qrels)
    wanted = wanted_of(pairs, is_reverse)
    if not wanted:
        raise CannotEvaluate(f"No need of {queries.name} has a supplier in {qrels.name}. Are they of one set?")
    missing = len({each for found in pairs.relevant.values() for each in found} - pairs.suppliers.keys())
    if missing:
        tell(f"{missing:,} suppliers of {qrels.name} are not in {suppliers.name}; each counts as a miss.")
    with TemporaryDirectory(prefix="marketplace-") as folder, _engine(engine, Path(folder), url) as chosen:
        follow = _follow(Path(folder), tell) if with_vectors else None
        measured = measure(pairs, chosen, is_reverse, tell, follow)
    if run_out:
        write_run(run_out, measured.rankings)
    return report(measured, wanted, f"{engine}+vectors" if with_vectors else engine)


@contextmanager
def _engine(name: str, folder: Path, url: str) -> Iterator[SearchEngine]:
    """An engine over nothing: a folder of its own, or a database of its own on the server of the URL."""
    if name != "postgresql":
        yield make_engine(name, folder / "index")
        return
    if not url.startswith("postgresql"):
        raise CannotEvaluate("The engine postgresql needs DATABASE_URL to name a PostgreSQL server.")
    own = f"marketplace_evaluation_{uuid4().hex[:12]}"
    server = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(own)))
    except psycopg.Error as fault:
        raise CannotEvaluate(f"No database of its own could be made on that server: {fault}".strip()) from fault
    try:
        yield make_engine(name, folder, make_url(url).set(database=own).render_as_string(hide_password=False))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))


def _follow(folder: Path, tell: Tell) -> Callable[[Sequence[Document]], Meaning]:
    from search.vectors import ModelMissing, SentenceModel, Vectors

    model = SentenceModel()
    try:
        model.check()
    except ModelMissing as fault:
        raise CannotEvaluate(str(fault)) from fault
    vectors = Vectors(folder / "vectors.db", model)

    def follow(documents: Sequence[Document]) -> Meaning:
        vectors.rebuild(documents, lambda count: tell(f"{count:,} texts read by the model…"))
        return vectors

    return follow
