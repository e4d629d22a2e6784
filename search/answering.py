"""Who answers a search: the engine of the settings, or the slow stand-in over the database while there is no index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TypeVar

from marketplace import config
from search.documents import Kind
from search.engine import SearchEngine, SearchUnavailable
from search.engines import make_engine
from search.fallback import FallbackEngine
from search.gathering import every_document, reading_apart

FALLBACK_KEPT = timedelta(seconds=60)
# Of each kind. Reading takes about a millisecond a document, and a visitor waits.
MOST_STOOD_IN = 5000
_KEPT_TIMES = 10  # a stand-in that took long to read is kept ten times as long
Answer = TypeVar("Answer")

_engines: dict[tuple[Path, str], SearchEngine] = {}
_fallbacks: dict[tuple[Path, str], tuple[float, FallbackEngine]] = {}
_reading = Lock()
_making = Lock()


def engine() -> SearchEngine:
    """This process's engine of the settings, over its own folder or the database, opened on first use."""
    key = _key()
    with _making:
        if key not in _engines:
            _engines[key] = make_engine(config.current().search_engine, *key)
        return _engines[key]


def answering() -> tuple[SearchEngine, bool]:
    """Who answers searches now, and whether it is the slow stand-in because the index is missing or broken."""
    chosen = engine()
    return (chosen, False) if chosen.is_ready() else (_fallback(), True)


def answered(ask: Callable[[SearchEngine], Answer]) -> tuple[Answer, bool]:
    """The engine's answer, or the stand-in's when the index is missing or breaks on the way; and whether it was that."""
    chosen, is_slow = answering()
    try:
        return ask(chosen), is_slow
    except SearchUnavailable:
        return ask(_fallback()), True


def _fallback() -> FallbackEngine:
    """The public documents as the database had them a minute ago; one thread reads them, the others wait for it."""
    key = _key()
    with _reading:
        made = _fallbacks.get(key)
        if made is None or monotonic() > made[0]:
            began = monotonic()
            with reading_apart():
                read = FallbackEngine(every_document(MOST_STOOD_IN))
            took = monotonic() - began
            made = monotonic() + max(FALLBACK_KEPT.total_seconds(), _KEPT_TIMES * took), read
            _fallbacks.clear()
            _fallbacks[key] = made
        return made[1]


def stands_in_for_some() -> int:
    """So many of each kind, the latest, are all that the stand-in searches; 0 when it searches everything."""
    return MOST_STOOD_IN if _fallback().most_of_a_kind >= MOST_STOOD_IN else 0


def _key() -> tuple[Path, str]:
    settings = config.current()
    return settings.index_folder, settings.url


@dataclass(frozen=True)
class IndexState:
    """What the administrator sees of the index: which engine, whether it answers, how much is in it, and advice."""

    engine: str
    is_healthy: bool
    needs: int
    suppliers: int
    promised: int
    advice: str

    @property
    def is_within_promise(self) -> bool:
        return max(self.needs, self.suppliers) <= self.promised


def index_state() -> IndexState:
    """The state of this copy's index now."""
    chosen = engine()
    if not chosen.is_ready() or not chosen.is_healthy():
        advice = (
            "The index is missing, broken or of another version. Searches are answered slowly from the database until "
            "the worker has built it anew. If this stays for an hour, run: marketplace reindex"
        )
        return IndexState(chosen.name, False, 0, 0, chosen.promised, advice)
    needs, suppliers = len(chosen.references(Kind.NEED)), len(chosen.references(Kind.SUPPLIER))
    state = IndexState(chosen.name, True, needs, suppliers, chosen.promised, "")
    if state.is_within_promise:
        return state
    advice = f"More than {chosen.promised:,} documents of one kind: searches will be slower than promised."
    return IndexState(chosen.name, True, needs, suppliers, chosen.promised, advice)
