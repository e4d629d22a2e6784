"""Search as ratios in one run: our engine against the same engine with stock settings, and the page against the engine.

python -m tests.bench.search [--engine whoosh --engine tantivy] [--large] [--without-page]
python -m tests.postgres python -m tests.bench.search --engine postgresql [--large]
Documents are made of real sentences of the demonstration, 5,000 needs and 5,000 suppliers; --large: 100,000 and
50,000, for engines that promise so many. The page is that of a market as large in a database of its own,
whose few words are in nearly every need. One JSON line for each engine; it reports, it never fails for being slow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from marketplace import config, demo_data
from marketplace.accounts.actions import load_councils
from marketplace.app import create_app
from marketplace.config import SEARCH_ENGINES
from marketplace.core import clock, db
from marketplace.upgrade import upgrade
from search.documents import Document, Kind, NeedDocument, Passage, SupplierDocument
from search.engine import Filters, SearchEngine
from search.engines import make_engine
from search.indexing import engine, rebuild_index
from search.queries import parse_query
from tests.bench import drafts, market, serving

SMALL, LARGE = (5_000, 5_000), (100_000, 50_000)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ROUNDS = 3
REGIONS = ("London", "Wales", "South East", "Scotland", "North West")
PAGE_QUERIES = ("parking permit", "school meals library", '"digital service"', "housing -waste", "security OR licence")


def main() -> None:
    asked = _arguments()
    if asked.child:
        _tell(_measured(asked.child, asked.needs, asked.suppliers))
        return
    sizes = [SMALL, *([LARGE] if asked.large else [])]
    for name in asked.engine or ["whoosh", "tantivy"]:
        for size in sizes:
            if max(size) <= _open(name, Path(tempfile.gettempdir()) / "unused").promised:
                # In a process of its own, so that its memory is its own.
                command = [sys.executable, "-m", "tests.bench.search", "--child", name, *map(str, size)]
                subprocess.run([*command[:5], "--needs", command[5], "--suppliers", command[6]], check=True)
                if not asked.without_page and name != "postgresql":
                    _tell(_page(name, *size))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search")
    parser.add_argument("--engine", action="append", choices=SEARCH_ENGINES)
    parser.add_argument("--large", action="store_true", help="100,000 needs and 50,000 suppliers as well")
    parser.add_argument("--without-page", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--needs", type=int, default=SMALL[0], help=argparse.SUPPRESS)
    parser.add_argument("--suppliers", type=int, default=SMALL[1], help=argparse.SUPPRESS)
    return parser.parse_args()


def _open(name: str, folder: Path) -> SearchEngine:
    """PostgreSQL's is in the database of TEST_DATABASE_URL, which is empty and ends with the run."""
    return make_engine(name, folder, os.environ.get("TEST_DATABASE_URL", ""))


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def documents(needs: int, suppliers: int) -> Iterator[Document]:
    """Documents of real sentences in new company."""
    titles, sentences = _real_text()
    draw = Random(11)
    for number in range(needs):
        yield NeedDocument(
            reference=f"N-{number}", title=draw.choice(titles), buyer=f"{draw.choice(REGIONS)} Council",
            published_at=NOW - timedelta(hours=number), region=draw.choice(REGIONS),
            closes_at=NOW + timedelta(hours=draw.randint(1, 800) if number % 5 == 0 else -draw.randint(1, 20_000)),
            cpv_codes=(draw.choice(("72200000", "72212000", "48000000", "79400000")),),
            value_pence=draw.randint(500_000, 90_000_000), latitude=draw.uniform(50, 55), longitude=draw.uniform(-3, 1),
            passages=tuple(Passage(f"Requirement {at}", draw.choice(sentences)) for at in range(8)),
        )  # fmt: skip
    for number in range(suppliers):
        yield SupplierDocument(
            reference=f"S-{number}", name=f"Firm {number} {draw.choice(titles).split()[0]} Ltd", updated_at=NOW,
            region=draw.choice(REGIONS), size=draw.choice(("micro", "small", "medium")),
            passages=tuple(Passage(f"Past work {at}", draw.choice(sentences)) for at in range(draw.randint(1, 8))),
        )  # fmt: skip


def _real_text() -> tuple[list[str], list[str]]:
    lines = Path(demo_data.__file__).with_name("needs.jsonl").read_text(encoding="utf-8").splitlines()
    needs = [json.loads(line) for line in lines]
    texts = [text for need in needs for text in need.values() if isinstance(text, str) and text.count(" ") > 4]
    parts = [part.strip() for text in texts for part in text.replace(". ", ".\n").splitlines()]
    return [need["title"] for need in needs], [part for part in parts if 40 < len(part) < 400]


def _queries() -> list[str]:
    titles, _ = _real_text()
    draw = Random(2)
    words = sorted({word.strip("(),:-") for title in titles for word in title.split() if len(word) > 3})
    return draw.sample(words, 20) + [" ".join(draw.sample(title.split(), 2)) for title in titles[:20] if " " in title]


def _measured(name: str, needs: int, suppliers: int) -> dict[str, Any]:
    """Our engine and the stock one over the same documents, asked in turns."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-search-"))
    try:
        began = time.perf_counter()
        ours = _open(name, scratch / "ours")
        ours.rebuild(documents(needs, suppliers))
        index_seconds = time.perf_counter() - began
        megabytes = _megabytes(scratch / "ours") if name != "postgresql" else _database_megabytes()
        first = _timed(lambda: ours.search_needs(parse_query("payments"), Filters(), now=NOW))
        memory = _resident_megabytes()
        stock_began = time.perf_counter()
        stock = STOCK[name](scratch / "stock", documents(needs, 0))
        stock_seconds = time.perf_counter() - stock_began
        queries = _queries()
        times: dict[str, list[float]] = {
            "ours": [],
            "stock": [],
            "filtered": [],
            "everything": [],
            "match": [],
            "write": [],
        }
        london = Filters(regions=frozenset({"London"}), statuses=frozenset({"open"}), closing_within_days=30)
        for _ in range(ROUNDS):
            again = _open(name, scratch / "ours")  # nothing remembered of the round before
            again.search_needs(parse_query("payments"), Filters(), now=NOW)
            for text in queries:
                times["ours"].append(_timed(lambda: again.search_needs(parse_query(text), Filters(), now=NOW)))  # noqa: B023
                times["stock"].append(_timed(lambda: stock(text)))  # noqa: B023
                times["filtered"].append(_timed(lambda: again.search_needs(parse_query(text), london, now=NOW)))  # noqa: B023
            times["everything"].append(_timed(lambda: again.search_needs(parse_query(""), Filters(), now=NOW)))  # noqa: B023
        for need in list(documents(20, 0)):
            times["match"].append(_timed(lambda: ours.match(need.passages, Kind.SUPPLIER, now=NOW)))  # noqa: B023
        for need in list(documents(5, 0)):
            times["write"].append(_timed(lambda: _publish(ours, need)))  # noqa: B023
        return {
            "engine": name, "needs": needs, "suppliers": suppliers,
            "ours_to_stock": round(median(times["ours"]) / median(times["stock"]), 2),
            "index_to_stock": round(index_seconds / stock_seconds, 1), "index_seconds": round(index_seconds),
            "index_megabytes": megabytes, "resident_megabytes": memory,
            "first_search_ms": round(first), **{f"{key}_ms": _spread(values) for key, values in times.items()},
        }  # fmt: skip
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(ours: SearchEngine, need: Document) -> None:
    """From the write to the first answer that has it."""
    ours.write([need])
    ours.search_needs(parse_query("payments"), Filters(), now=NOW)


def _timed(act: Callable[[], Any]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _spread(values: list[float]) -> list[float]:
    """The median and the slowest of twenty."""
    return [round(median(values), 1), round(quantiles(values, n=20)[-1], 1)]


def _megabytes(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


def _resident_megabytes() -> int:
    status = Path("/proc/self/status").read_text()
    return round(int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1e3)


def _stock_whoosh(folder: Path, needs: Iterator[Document]) -> Callable[[str], Any]:
    """Whoosh as its manual shows it: stemming analyzer, its own parser, BM25F."""
    from whoosh import fields, index
    from whoosh.analysis import StemmingAnalyzer
    from whoosh.qparser import MultifieldParser

    folder.mkdir()
    text = fields.TEXT(analyzer=StemmingAnalyzer())
    schema = fields.Schema(reference=fields.ID(stored=True), title=text, text=text, document=fields.STORED)
    made = index.create_in(str(folder), schema)
    with made.writer() as writer:
        for each in needs:
            writer.add_document(reference=each.reference, title=each.heading, text=_text(each), document=_text(each))
    searcher, parser = made.searcher(), MultifieldParser(["title", "text"], schema)
    return lambda asked: [hit["document"] for hit in searcher.search(parser.parse(asked), limit=20)]


def _stock_tantivy(folder: Path, needs: Iterator[Document]) -> Callable[[str], Any]:
    """Tantivy as its manual shows it: English stemming, its own parser and BM25."""
    import tantivy

    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    for name in ("title", "text"):
        builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
    made = tantivy.Index(builder.build(), path=str(folder))
    writer = made.writer(60_000_000, 1)
    for each in needs:
        writer.add_document(tantivy.Document(title=[each.heading], text=[_text(each)]))
    writer.commit()
    writer.wait_merging_threads()
    made.reload()
    searcher = made.searcher()

    def ask(asked: str) -> Any:
        plain = "".join(letter if letter.isalnum() else " " for letter in asked)  # its parser refuses the rest
        query = made.parse_query(plain, ["title", "text"])
        return [searcher.doc(address) for _, address in searcher.search(query, 20).hits]

    return ask


def _stock_postgresql(_folder: Path, needs: Iterator[Document]) -> Callable[[str], Any]:
    """PostgreSQL as its manual shows it: English words, a GIN index over a made column, ts_rank."""
    import psycopg

    connection = psycopg.connect(_dsn(), autocommit=True)
    connection.execute(
        "CREATE TABLE stock (title text, body text, words tsvector GENERATED ALWAYS AS"
        " (setweight(to_tsvector('english', title), 'A') || to_tsvector('english', body)) STORED)"
    )
    with connection.cursor().copy("COPY stock (title, body) FROM STDIN") as rows:
        for each in needs:
            rows.write_row((each.heading, _text(each)))
    connection.execute("CREATE INDEX ON stock USING gin (words)")
    connection.execute("ANALYZE stock")
    query = (
        "SELECT title, body FROM stock, websearch_to_tsquery('english', %s) asked"
        " WHERE words @@ asked ORDER BY ts_rank(words, asked) DESC LIMIT 20"
    )
    return lambda asked: connection.execute(query, (asked,)).fetchall()


def _dsn() -> str:
    return os.environ["TEST_DATABASE_URL"].replace("postgresql+psycopg:", "postgresql:")


def _database_megabytes() -> int:
    import psycopg

    with psycopg.connect(_dsn()) as connection:
        (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone()  # type: ignore[misc]
    return round(size / 1e6)


STOCK = {"whoosh": _stock_whoosh, "tantivy": _stock_tantivy, "postgresql": _stock_postgresql}


def _text(document: Document) -> str:
    return "\n".join(passage.text for passage in document.passages)


def _page(name: str, needs: int, suppliers: int) -> dict[str, Any]:
    """The list page over HTTP, signed out, against the engine asked in this process, in turns."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-search-"))
    settings = config.Settings(home=scratch / "home", search_engine=name)
    app = create_app(settings)
    try:
        upgrade(db.engine())
        with app.app_context():
            load_councils()
            market.fill(needs, needs * market.OPEN // market.NEEDS, suppliers)
            rebuild_index(lambda _: None)
            db.session.remove()
            ours = engine()
            with serving.served(serving.Place(name, settings, "", drafts.Submissions(Path(), 0)), "gthread") as (
                address,
                _,
            ):
                pairs = [pair for _ in range(ROUNDS) for pair in _page_and_engine(address, ours)]
        pages, raw = zip(*pairs, strict=True)
        line = {"page_ms": _spread(list(pages)), "engine_ms": _spread(list(raw))}
        return {"engine": name, "needs": needs, "suppliers": suppliers, "page_to_engine": round(median(pages) / median(raw), 2), **line}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _page_and_engine(address: str, ours: SearchEngine) -> Iterator[tuple[float, float]]:
    for text in PAGE_QUERIES:
        url = f"{address}/needs?{urllib.parse.urlencode({'q': text})}"
        page = _timed(lambda: urllib.request.urlopen(url, timeout=30).read())  # noqa: B023
        yield page, _timed(lambda: ours.search_needs(parse_query(text), Filters(), now=clock.now()))  # noqa: B023


if __name__ == "__main__":
    os.environ.setdefault("MARKETPLACE_HOME", tempfile.gettempdir())
    main()
