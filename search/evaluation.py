"""How good matching is: known pairs of need and supplier ranked by the real engine and the real ranking, and measured.

Suppliers are JSON lines with id, name and text (a past contract a line; whatever else stands there is not read), needs
are JSON lines with id, title and text, pairs are lines of need, supplier and relevance parted by tabs. A supplier that
should have been found and was never loaded counts as a miss.
"""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from search.documents import Document, Kind, NeedDocument, Passage, SupplierDocument
from search.engine import Meaning, SearchEngine
from search.matching import TITLE

DEPTH = 200  # how far down a ranking is written and looked at
PROGRESS_EVERY = 100
_NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)  # the day decides how equals stand, so it is always the same

Ranking = Sequence[tuple[str, float]]
Tell = Callable[[str], None]


class UnreadableLine(Exception):
    """A line of a file that cannot be used, said with file and number."""


@dataclass(frozen=True)
class Pairs:
    """Suppliers, needs, and which belong together."""

    suppliers: Mapping[str, SupplierDocument]
    needs: Mapping[str, NeedDocument]
    relevant: Mapping[str, frozenset[str]]  # need -> suppliers


@dataclass(frozen=True)
class Measured:
    """Rankings by the id that asked, milliseconds of each, and seconds that the index took."""

    rankings: Mapping[str, Ranking]
    milliseconds: Sequence[float]
    index_seconds: float


def read_pairs(suppliers: Path, queries: Path, qrels: Path) -> Pairs:
    """The three files; raises UnreadableLine and OSError."""
    firms = {each.reference: each for each in map(_supplier, _json_lines(suppliers, ("id", "name", "text")))}
    needs = {each.reference: each for each in map(_need, _json_lines(queries, ("id", "title", "text")))}
    return Pairs(firms, needs, read_relevant(qrels))


def read_relevant(qrels: Path) -> dict[str, frozenset[str]]:
    """The suppliers that belong to each need; raises UnreadableLine and OSError."""
    relevant: dict[str, set[str]] = defaultdict(set)
    for number, line in _lines(qrels):
        need, supplier = _pair(qrels, number, line)
        if need:
            relevant[need].add(supplier)
    return {need: frozenset(found) for need, found in relevant.items()}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig") as lines:
        try:
            yield from ((number, line.rstrip("\n")) for number, line in enumerate(lines, 1) if line.strip())
        except UnicodeDecodeError as fault:
            raise UnreadableLine(f"{path.name} is not UTF-8 text.") from fault


def _json_lines(path: Path, wanted: Sequence[str]) -> Iterator[dict[str, str]]:
    for number, line in _lines(path):
        try:
            found = json.loads(line)
            row = {name: found[name] for name in wanted}
        except (ValueError, KeyError, TypeError) as fault:
            raise UnreadableLine(f"{path.name}, line {number}: not JSON with {', '.join(wanted)}.") from fault
        if not all(isinstance(value, str) for value in row.values()) or not row["id"].strip():
            raise UnreadableLine(f"{path.name}, line {number}: {', '.join(wanted)} must be texts, the id not empty.")
        yield row


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    """Need and supplier; ("", "") for a pair said not to belong together."""
    parts = line.split("\t") if "\t" in line else line.split()
    if len(parts) == 4:
        parts = [parts[0], *parts[2:]]  # the older form has a column between that says nothing
    try:
        need, supplier, relevance = parts if len(parts) == 3 else (*parts, "1")
        return (need.strip(), supplier.strip()) if float(relevance) > 0 else ("", "")
    except ValueError as fault:
        if number == 1:
            return "", ""  # a heading
        raise UnreadableLine(f"{path.name}, line {number}: not need, supplier and relevance.") from fault


def _supplier(row: dict[str, str]) -> SupplierDocument:
    passages = tuple(Passage("Past work", line.strip()) for line in row["text"].splitlines() if line.strip())
    return SupplierDocument(reference=row["id"], name=row["name"], updated_at=_NOW, passages=passages)


def _need(row: dict[str, str]) -> NeedDocument:
    passages = (Passage("Summary", row["text"]),) if row["text"].strip() else ()
    return NeedDocument(
        reference=row["id"],
        title=row["title"],
        buyer="",
        published_at=_NOW - timedelta(days=1),
        closes_at=_NOW + timedelta(days=30),
        passages=passages,
    )


def measure(
    pairs: Pairs,
    engine: SearchEngine,
    is_reverse: bool,
    tell: Tell,
    follow: Callable[[Sequence[Document]], Meaning] | None = None,
) -> Measured:
    """Builds the index and ranks: suppliers for every need with a known supplier, or needs for every such supplier."""
    began = time.perf_counter()
    documents: list[Document] = [*pairs.suppliers.values(), *(pairs.needs.values() if is_reverse else ())]
    tell(f"Indexing {len(documents):,} documents…")
    engine.rebuild(documents)
    meaning = follow(documents) if follow else None
    index_seconds = time.perf_counter() - began
    tell(f"Indexed in {index_seconds:.1f} seconds.")
    rankings, milliseconds = {}, []
    asked = wanted_of(pairs, is_reverse)
    for done, reference in enumerate(asked, 1):
        began = time.perf_counter()
        rankings[reference] = _ranked(pairs, engine, reference, is_reverse, meaning)
        milliseconds.append((time.perf_counter() - began) * 1000)
        if done % PROGRESS_EVERY == 0:
            tell(f"{done:,} of {len(asked):,} ranked…")
    return Measured(rankings, milliseconds, index_seconds)


def _ranked(pairs: Pairs, engine: SearchEngine, reference: str, is_reverse: bool, meaning: Meaning | None) -> Ranking:
    if is_reverse:
        firm = pairs.suppliers.get(reference)
        passages, kind = (firm.passages if firm else ()), Kind.NEED
    else:
        need = pairs.needs.get(reference)
        passages, kind = ((Passage(TITLE, need.title), *need.passages) if need else ()), Kind.SUPPLIER
    if not passages:
        return []
    found = engine.match(passages, kind, DEPTH, now=_NOW, explained=0, meaning=meaning)
    return [(each.reference, each.score) for each in found]


def wanted_of(pairs: Pairs, is_reverse: bool) -> dict[str, frozenset[str]]:
    """What should be found, by who asks: as the pairs have it, or turned round."""
    wanted = {need: found for need, found in pairs.relevant.items() if need in pairs.needs}
    return turned_round(wanted) if is_reverse else wanted


def turned_round(relevant: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The needs that belong to each supplier."""
    turned: dict[str, set[str]] = defaultdict(set)
    for need, suppliers in relevant.items():
        for supplier in suppliers:
            turned[supplier].add(need)
    return {supplier: frozenset(needs) for supplier, needs in turned.items()}


MEASURES: dict[str, Callable[[Sequence[int], int], float]] = {
    "mrr": lambda places, wanted: 1 / places[0] if places else 0.0,
    "ndcg@10": lambda places, wanted: (
        sum(1 / math.log2(1 + place) for place in places if place <= 10)
        / sum(1 / math.log2(1 + place) for place in range(1, min(10, wanted) + 1))
    ),
    "recall@10": lambda places, wanted: sum(place <= 10 for place in places) / wanted,
    "recall@50": lambda places, wanted: sum(place <= 50 for place in places) / wanted,
}


def scores_of(rankings: Mapping[str, Ranking], wanted: Mapping[str, frozenset[str]]) -> dict[str, list[float]]:
    """Each measure for each who asked, in the order of `wanted`."""
    scores: dict[str, list[float]] = {name: [] for name in MEASURES}
    for reference, relevant in wanted.items():
        found = rankings.get(reference, ())
        places = [place for place, (each, _) in enumerate(found, 1) if each in relevant]
        for name, formula in MEASURES.items():
            scores[name].append(formula(places, len(relevant)))
    return scores


def report(measured: Measured, wanted: Mapping[str, frozenset[str]], engine: str) -> dict[str, object]:
    """The figures of one run; times in milliseconds and seconds."""
    scores = scores_of(measured.rankings, wanted)
    means = {name: round(sum(each) / max(1, len(each)), 4) for name, each in scores.items()}
    times = sorted(measured.milliseconds) or [0.0]
    return {
        "engine": engine,
        "queries": len(wanted),
        **means,
        "ms_per_query": {
            "p50": round(times[len(times) // 2], 1),
            "p95": round(times[min(len(times) - 1, math.ceil(len(times) * 0.95) - 1)], 1),
        },
        "index_seconds": round(measured.index_seconds, 1),
    }


def write_run(path: Path, rankings: Mapping[str, Ranking]) -> None:
    """One line for each that was found: who asked, what was found, its score; best first."""
    with path.open("w", encoding="utf-8") as lines:
        for reference, found in rankings.items():
            lines.writelines(f"{reference}\t{each}\t{score:.6f}\n" for each, score in found)


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """The rankings of a file that write_run wrote, or of another system's in that form; raises UnreadableLine."""
    rankings: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for number, line in _lines(path):
        try:
            reference, each, score = line.split("\t")
            rankings[reference].append((each, float(score)))
        except ValueError as fault:
            raise UnreadableLine(f"{path.name}, line {number}: not id, id and score.") from fault
    for found in rankings.values():
        found.sort(key=lambda pair: -pair[1])
    return rankings


def differences(
    before: Iterable[float], after: Iterable[float], samples: int = 5000, seed: int = 1
) -> tuple[float, float, float]:
    """The mean difference of paired scores with the ends of its 95 % interval, by bootstrap over those who asked."""
    import numpy as np

    gains = np.array(list(after)) - np.array(list(before))
    if not len(gains):
        return 0.0, 0.0, 0.0
    drawn = np.random.default_rng(seed).integers(0, len(gains), (samples, len(gains)))
    means = gains[drawn].mean(axis=1)
    return float(gains.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
