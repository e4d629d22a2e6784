"""Asks every engine what buyers really typed, and prints one JSON line for each: errors, nothing found, names found.

MARKETPLACE_HOME=<the demonstration> python -m tests.bench.terms --terms search_terms.csv \\
    --names supplier_name_queries.tsv --suppliers suppliers.jsonl [--engine whoosh]
The terms are asked of the copy's own needs and suppliers; the names of a market of the suppliers in the file, where
the firm that is meant should stand among the first three.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

from marketplace import config
from marketplace.app import create_app
from marketplace.config import SEARCH_ENGINES
from marketplace.core import clock
from search.documents import Document, Kind, Passage, SupplierDocument
from search.engine import Filters, SearchEngine
from search.engines import make_engine
from search.gathering import every_document
from search.queries import parse_query

TOP = 3


def main() -> None:
    asked = _arguments()
    app = create_app(config.install(config.load_settings()))
    with app.app_context():
        documents = list(every_document())
    for name in asked.engine or SEARCH_ENGINES:
        try:
            line = _measure(name, asked, documents)
        except ValueError as refused:
            line = {"engine": name, "not_measured": str(refused)}
        sys.stdout.write(json.dumps(line, sort_keys=True) + "\n")
        sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.terms")
    parser.add_argument("--terms", type=Path, required=True)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--suppliers", type=Path)
    parser.add_argument("--engine", action="append")
    return parser.parse_args()


def _measure(name: str, asked: argparse.Namespace, documents: list[Document]) -> dict[str, Any]:
    with asked.terms.open(encoding="utf-8", newline="") as lines:
        terms = [row["search_term"] for row in csv.DictReader(lines)]
    with tempfile.TemporaryDirectory() as folder:
        engine = _filled(name, Path(folder) / "copy", documents)
        line = {"engine": name, "documents": len(documents), **_ask(engine, terms)}
        if asked.names and asked.suppliers:
            market = _filled(name, Path(folder) / "market", list(_market(asked.suppliers)))
            line |= _ask_names(market, asked.names)
    return line


def _filled(name: str, folder: Path, documents: list[Document]) -> SearchEngine:
    engine = make_engine(name, folder, config.current().url)
    engine.rebuild(documents)
    return engine


def _market(file: Path) -> Iterator[Document]:
    with file.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            works = tuple(Passage("Past work", text) for text in row["text"].splitlines() if text.strip())
            yield SupplierDocument(reference=row["id"], name=row["name"], updated_at=clock.now(), passages=works)


def _ask(engine: SearchEngine, terms: list[str]) -> dict[str, Any]:
    """Each term of both lists, of every status; `nothing` counts terms that neither list answers."""
    errors, nothing, helped, spent = [], 0, 0, []
    for text in terms:
        began = time.perf_counter()
        try:
            query = parse_query(text)
            both = [
                search(query, Filters(), now=clock.now()) for search in (engine.search_needs, engine.search_suppliers)
            ]
        except Exception as error:
            errors.append(f"{text[:60]}: {type(error).__name__}")
            continue
        spent.append((time.perf_counter() - began) * 1000)
        if not any(each.total for each in both):
            nothing += 1
            helped += any(each.did_you_mean for each in both)
    cuts = quantiles(spent, n=100)
    return {
        "terms": len(terms),
        "errors": errors,
        "nothing_found": round(nothing / len(terms), 4),
        "nothing_found_but_mended": round(helped / len(terms), 4),
        "ms_p50": round(cuts[49], 1),
        "ms_p99": round(cuts[98], 1),
        "ms_worst": round(max(spent), 1),
    }


def _ask_names(engine: SearchEngine, file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8", newline="") as lines:
        wanted = [(row["term"], row["supplier_id"]) for row in csv.DictReader(lines, delimiter="\t")]
    found = 0
    for text, supplier in wanted:
        hits = engine.search_suppliers(parse_query(text), Filters(), now=clock.now(), page_size=TOP).hits
        found += supplier in [hit.reference for hit in hits]
    return {"names": len(wanted), f"names_in_first_{TOP}": round(found / len(wanted), 4), "kind": str(Kind.SUPPLIER)}


if __name__ == "__main__":
    main()
