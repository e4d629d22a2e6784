"""Closeness of meaning between needs and suppliers, kept beside the index: no text is read by the model twice.

The worker writes, everyone reads; whoever reads holds the suppliers' vectors in memory. Nothing here is of value: a
rebuild makes it anew, and without it matching goes by words alone.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from search.documents import (
    Document,
    Kind,
    NeedDocument,
    Passage,
    PassageDocument,
    passages_of,
)
from search.lens import Lens
from search.matching import BEST, MOST_COUNTED, TITLE
from search.sentences import WIDTH, ModelMissing, SentenceModel

__all__ = ["ModelMissing", "SentenceModel", "Vectors"]

POWER = 2  # of a passage's cosine: a few close passages outweigh many faint ones
AFTERWARDS = ("Question", "Result", "Outcome")  # labels of what became known later, which is not what was asked for
_KEPT_EVERY = 500  # texts, so that a worker that is stopped has not read in vain
_TOGETHER = 64  # needs weighed against all suppliers at once
_SEEN_AFTER = 30.0  # seconds that a reader may be behind the writer
_MOST_READ = 60  # texts that a reader has the model read for one answer
_TABLES = """
CREATE TABLE IF NOT EXISTS texts (hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS works (owner TEXT, number INTEGER, hash BLOB NOT NULL, PRIMARY KEY (owner, number));
CREATE TABLE IF NOT EXISTS needs (owner TEXT PRIMARY KEY, title BLOB NOT NULL, whole BLOB NOT NULL,
    mean REAL, best REAL);
CREATE TABLE IF NOT EXISTS state (model TEXT, changes INTEGER NOT NULL, lens BLOB);
"""

log = logging.getLogger(__name__)


class Vectors:
    """Search's Meaning over one SQLite file; readers and the one writer may be different processes."""

    def __init__(self, path: Path, model: SentenceModel | None = None) -> None:
        self._path = path
        self._model = model or SentenceModel()
        self._lock = threading.Lock()
        self._market: _Market | None = None
        self._seen: tuple[int, float] = (-1, 0.0)
        self._read: dict[bytes, np.ndarray] = {}

    # Writing

    def rebuild(self, documents: Iterable[Document], tell: Callable[[int], None] | None = None) -> None:
        """Takes these documents in place of all others; raises ModelMissing."""
        if self._is_broken():
            for name in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + name).unlink(missing_ok=True)
        self._replace(documents, None, tell)

    def write(self, upserts: Iterable[Document], removals: Iterable[tuple[Kind, str]] = ()) -> None:
        """Takes the documents in and the removed ones out; safe to repeat, raises ModelMissing."""
        upserts = list(upserts)
        self._replace(upserts, [*((each.kind, each.reference) for each in upserts), *removals], None)

    def _replace(
        self,
        documents: Iterable[Document],
        gone: Sequence[tuple[Kind, str]] | None,
        tell: Callable[[int], None] | None,
    ) -> None:
        self._model.check()
        works: list[tuple[str, int, bytes]] = []
        needs: list[tuple[str, bytes, bytes]] = []
        texts: dict[bytes, str] = {}
        for document in documents:
            if isinstance(document, NeedDocument):
                title, whole = _asked([Passage(TITLE, document.title), *document.passages])
                needs.append((document.reference, _hash(title), _hash(whole)))
                texts |= {_hash(title): title, _hash(whole): whole}
            else:
                for passage in passages_of(document):
                    works.append((passage.owner, passage.number, _hash(passage.text)))
                    texts[works[-1][2]] = passage.text
        with self._writing() as connection:
            self._embed(connection, texts, tell)
            connection.execute("BEGIN IMMEDIATE")
            _take_out(connection, gone)
            connection.executemany("INSERT OR REPLACE INTO works VALUES (?, ?, ?)", works)
            connection.executemany("INSERT OR REPLACE INTO needs (owner, title, whole) VALUES (?, ?, ?)", needs)
            if gone is None:
                connection.execute(
                    "DELETE FROM texts WHERE hash NOT IN (SELECT hash FROM works UNION SELECT title FROM needs"
                    " UNION SELECT whole FROM needs)"
                )
            if gone is None or not _lens_of(connection):
                _learn_lens(connection)
            _measure_reach(connection)
            connection.execute("UPDATE state SET changes = changes + 1")
            connection.execute("COMMIT")
        self._seen = (-1, 0.0)

    def _embed(
        self, connection: sqlite3.Connection, texts: Mapping[bytes, str], tell: Callable[[int], None] | None
    ) -> None:
        known = {row[0] for row in connection.execute("SELECT hash FROM texts")} if len(texts) > 500 else {
            each for each in texts if connection.execute("SELECT 1 FROM texts WHERE hash = ?", (each,)).fetchone()
        }  # fmt: skip
        new = [each for each in texts if each not in known]
        for first in range(0, len(new), _KEPT_EVERY):
            part = new[first : first + _KEPT_EVERY]
            found = self._model.embed([texts[each] for each in part]).astype(np.float16)
            connection.execute("BEGIN IMMEDIATE")
            rows = zip(part, (vector.tobytes() for vector in found), strict=True)
            connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", rows)
            connection.execute("COMMIT")
            if tell:
                tell(first + len(part))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
            kept = connection.execute("SELECT model FROM state").fetchone()
            if kept is None:
                connection.execute("INSERT INTO state VALUES (?, 0, NULL)", (self._model.name,))
            elif kept[0] != self._model.name:  # vectors of two models cannot be compared
                for table in ("texts", "works", "needs"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("UPDATE state SET model = ?, lens = NULL", (self._model.name,))
            yield connection
        finally:
            connection.close()

    # Reading

    def can_read(self) -> bool:
        """Whether the model is installed; it is not loaded for that."""
        return self._model.is_installed()

    def is_there(self) -> bool:
        """Whether everything was read once, by this model."""
        if not self._path.exists():
            return False
        try:
            with _reading(self._path) as connection:
                found = connection.execute("SELECT model, changes FROM state").fetchone()
        except sqlite3.Error:
            return False
        return found is not None and found[0] == self._model.name and found[1] > 0

    def suppliers_for(self, need: Sequence[Passage]) -> Mapping[str, float]:
        """Every supplier's closeness to a need; empty when the vectors are missing or the model cannot tell."""
        return self._unless_broken(lambda: self._suppliers_for(need))

    def needs_for(self, supplier: Sequence[Passage], open_needs: Collection[str]) -> Mapping[str, float]:
        """The closeness of those open needs that it knows to a supplier."""
        return self._unless_broken(lambda: self._needs_for(supplier, open_needs))

    def _is_broken(self) -> bool:
        """Whether the file is there and no whole database; one that is only locked is not broken."""
        if not self._path.exists():
            return False
        try:
            with _reading(self._path) as connection:
                return connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True

    def _unless_broken(self, tell: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
        """Whatever breaks is logged and asks for no answer: words alone will do."""
        try:
            return tell()
        except Exception:
            log.warning("Closeness of meaning cannot be told; matching goes by words alone.", exc_info=True)
            return {}

    def _suppliers_for(self, need: Sequence[Passage]) -> Mapping[str, float]:
        market = self._current()
        if market is None or not market.owners:
            return {}
        closeness = market.closeness(market.lens.through(self._vectors_of(_asked(need)))).mean(axis=0)
        mean, best = _reach(closeness)
        return dict(zip(market.owners, ((closeness - mean) / (best - mean)).tolist(), strict=True))

    def _needs_for(self, supplier: Sequence[Passage], open_needs: Collection[str]) -> Mapping[str, float]:
        market = self._current()
        known = [each for each in open_needs if market and each in market.needs]
        lines = [line.strip() for passage in supplier for line in passage.text.splitlines() if line.strip()]
        if market is None or not known or not lines:
            return {}
        works = market.lens.through(self._vectors_of(lines[:_MOST_READ])).T
        rows = [market.needs[each] for each in known]
        title = _root(market.asked[[row[0] for row in rows]] @ works)
        whole = _root(market.asked[[row[1] for row in rows]] @ works)
        return {
            each: (closeness - row[2]) / (row[3] - row[2])
            for each, closeness, row in zip(known, ((title + whole) / 2).tolist(), rows, strict=True)
        }

    def _current(self) -> _Market | None:
        with self._lock:
            changes, read_at = self._seen
            if self._market is not None and changes >= 0 and time.monotonic() - read_at < _SEEN_AFTER:
                return self._market
            if not self._path.exists():
                return None
            with _reading(self._path) as connection:
                found = connection.execute("SELECT changes FROM state").fetchone()
                if found is None:
                    return None
                if self._market is None or found[0] != changes:
                    self._market = _read_market(connection)
                self._seen = (found[0], time.monotonic())
            return self._market

    def _vectors_of(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, kept ones first; new texts are read by the model and remembered here."""
        hashes = [_hash(each) for each in texts]
        missing = {each for each in hashes if each not in self._read}
        if missing:
            with _reading(self._path) as connection:
                for each in missing:
                    row = connection.execute("SELECT vector FROM texts WHERE hash = ?", (each,)).fetchone()
                    if row:
                        self._read[each] = np.frombuffer(row[0], np.float16).astype(np.float32)
        new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in self._read}
        if new:
            self._read |= dict(zip(new, self._model.embed(list(new.values())), strict=True))
        found = np.array([self._read[each] for each in hashes], np.float32).reshape(len(texts), WIDTH)
        if len(self._read) > 5000:
            self._read = {}
        return found


@dataclass(frozen=True, eq=False)
class _Market:
    """What readers hold in memory: the vectors of suppliers' passages, and the needs with how far they reach."""

    lens: Lens
    owners: list[str]
    starts: np.ndarray  # where each owner's passages begin
    places: np.ndarray  # of each passage, its row of `works`
    works: np.ndarray
    needs: Mapping[str, tuple[int, int, float, float]]  # rows of title and whole in `asked`, mean and best closeness
    asked: np.ndarray

    def closeness(self, vectors: np.ndarray) -> np.ndarray:
        """Of every owner to each vector: the root of the summed powers of the best few cosines."""
        cosines = (vectors.astype(np.float32) @ self.works.T)[:, self.places]
        powers = np.maximum(cosines, 0) ** POWER
        for first, end in self._large:
            most = np.partition(powers[:, first:end], -MOST_COUNTED, axis=1)
            most[:, :-MOST_COUNTED] = 0
            powers[:, first:end] = most
        return np.add.reduceat(powers, self.starts, axis=1) ** (1 / POWER)

    @cached_property
    def _large(self) -> list[tuple[int, int]]:
        ends = np.append(self.starts[1:], len(self.places))
        return [(int(a), int(b)) for a, b in zip(self.starts, ends, strict=True) if b - a > MOST_COUNTED]


def _root(cosines: np.ndarray) -> np.ndarray:
    """The same for one owner, whose passages are the columns."""
    powers = np.maximum(cosines, 0) ** POWER
    return np.sort(powers, axis=1)[:, -MOST_COUNTED:].sum(axis=1) ** (1 / POWER)


def _reach(closeness: np.ndarray) -> tuple[float, float]:
    """The mean closeness of all, and of the best ten; the two never meet."""
    mean = float(closeness.mean())
    best = float(np.sort(closeness)[-BEST:].mean())
    return mean, max(best, mean + 0.01)


def _read_market(connection: sqlite3.Connection) -> _Market:
    lens = _lens_of(connection) or Lens.plain()
    owners: list[str] = []
    starts, places = [], []
    rows: dict[bytes, int] = {}
    query = "SELECT owner, hash FROM works ORDER BY owner, number"
    for place, (owner, key) in enumerate(connection.execute(query)):
        if not owners or owners[-1] != owner:
            owners.append(owner)
            starts.append(place)
        places.append(rows.setdefault(key, len(rows)))
    asked: dict[bytes, int] = {}
    needs = {
        owner: (asked.setdefault(title, len(asked)), asked.setdefault(whole, len(asked)), mean, best)
        for owner, title, whole, mean, best in connection.execute("SELECT * FROM needs WHERE best IS NOT NULL")
    }
    return _Market(
        lens=lens,
        owners=owners,
        starts=np.array(starts, int),
        places=np.array(places, int),
        works=lens.through(_matrix(connection, rows)),
        needs=needs,
        asked=lens.through(_matrix(connection, asked)),
    )


def _matrix(connection: sqlite3.Connection, rows: Mapping[bytes, int]) -> np.ndarray:
    found = np.zeros((len(rows), WIDTH), np.float32)
    for key, vector in connection.execute("SELECT hash, vector FROM texts"):
        if key in rows:
            found[rows[key]] = np.frombuffer(vector, np.float16)
    return found


def _lens_of(connection: sqlite3.Connection) -> Lens | None:
    kept = connection.execute("SELECT lens FROM state").fetchone()[0]
    return Lens.from_bytes(kept) if kept else None


def _learn_lens(connection: sqlite3.Connection) -> None:
    """From the passages of now; it stays until the next rebuild, so that closeness compares meanwhile."""
    rows: dict[bytes, int] = {}
    firms: dict[str, list[int]] = {}
    for owner, key in connection.execute("SELECT DISTINCT owner, hash FROM works"):
        firms.setdefault(owner, []).append(rows.setdefault(key, len(rows)))
    if rows:
        lens = Lens.learn(_matrix(connection, rows), list(firms.values()))
        connection.execute("UPDATE state SET lens = ?", (lens.to_bytes(),))


def _measure_reach(connection: sqlite3.Connection) -> None:
    """Works out for needs that are new how far their closeness reaches over all suppliers of now."""
    fresh = connection.execute("SELECT owner, title, whole FROM needs WHERE best IS NULL").fetchall()
    if not fresh:
        return
    market = _read_market(connection)
    if not market.owners:
        return
    rows: dict[bytes, int] = {}
    pairs = [(rows.setdefault(title, len(rows)), rows.setdefault(whole, len(rows))) for _, title, whole in fresh]
    asked = market.lens.through(_matrix(connection, rows))
    for first in range(0, len(fresh), _TOGETHER):
        part = pairs[first : first + _TOGETHER]
        reached = (market.closeness(asked[[a for a, _ in part]]) + market.closeness(asked[[b for _, b in part]])) / 2
        found = [(*_reach(each), owner) for each, (owner, _, _) in zip(reached, fresh[first:], strict=False)]
        connection.executemany("UPDATE needs SET mean = ?, best = ? WHERE owner = ?", found)


def _take_out(connection: sqlite3.Connection, gone: Sequence[tuple[Kind, str]] | None) -> None:
    if gone is None:
        connection.execute("DELETE FROM works")
        connection.execute("DELETE FROM needs")
        return
    for kind, reference in gone:
        table = "needs" if kind is Kind.NEED else "works"
        connection.execute(f"DELETE FROM {table} WHERE owner = ?", (reference,))


def _asked(need: Sequence[Passage | PassageDocument]) -> tuple[str, str]:
    """A need's title, and the title with what is asked for: the two texts by which its meaning is known."""
    title = next((each.text for each in need if each.label == TITLE), "")
    rest = (each.text for each in need if each.label != TITLE and not each.label.startswith(AFTERWARDS))
    whole = ". ".join(filter(None, (title, " ".join(rest).strip())))
    return title or whole, whole


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        yield connection
    finally:
        connection.close()
