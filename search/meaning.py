"""Closeness of meaning follows the journal beside the index, where MARKETPLACE_SEARCH_VECTORS is on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from marketplace import config
from marketplace.core.journal import JournalLine
from search.documents import Kind
from search.engine import Meaning
from search.gathering import documents_for, every_document, reading_apart
from search.indexing import needs_in, suppliers_in

if TYPE_CHECKING:
    from search.vectors import Vectors

log = logging.getLogger(__name__)
_open: dict[Path, Vectors] = {}


def meaning() -> Meaning | None:
    """What matching may ask beside the words; None where the setting is off or the extra cannot be used."""
    return _vectors()


def meaning_state() -> str:
    """What the administrator is told of closeness of meaning; empty where nobody asked for it."""
    if not config.current().search_vectors:
        return ""
    vectors = _vectors()
    if vectors is None or not vectors.can_read():
        return "Closeness of meaning is switched on but not installed: matching goes by words alone. Run: make install-vectors"
    if not vectors.is_there():
        return "The worker still reads the texts for closeness of meaning. Until then matching goes by words alone."
    return "Matching uses closeness of meaning beside the words."


def _vectors() -> Vectors | None:
    if not config.current().search_vectors:
        return None
    path = config.current().home / "index" / "vectors.db"
    if path not in _open:
        try:
            from search.vectors import Vectors
        except ImportError:
            log.warning("MARKETPLACE_SEARCH_VECTORS is on, but the extra is not there. Run: make install-vectors")
            return None
        _open[path] = Vectors(path)
    return _open[path]


def react(lines: Sequence[JournalLine]) -> None:
    """Reads the meaning of whatever the lines speak of; after the index, so that nothing is found later for it."""
    vectors = _vectors()
    needs = sorted({each for line in lines for each in needs_in(line)})
    suppliers = sorted({each for line in lines for each in suppliers_in(line)})
    if vectors is None or not (needs or suppliers):
        return
    asked = [(Kind.NEED, each) for each in needs] + [(Kind.SUPPLIER, each) for each in suppliers]
    _unless_missing(lambda: vectors.write(documents_for(needs, suppliers), asked))


def keep() -> int:
    """For the timetable: reads everything when nothing was read yet, and gives 1 when it did."""
    vectors = _vectors()
    return 0 if vectors is None or vectors.is_there() else rebuild(lambda _: None)


def rebuild(tell: Callable[[str], None]) -> int:
    """Brings what is kept into agreement with the database; only texts that are new are read by the model."""
    vectors = _vectors()
    if vectors is None:
        return 0

    def read() -> None:
        with reading_apart():
            vectors.rebuild(every_document(), lambda count: tell(f"{count} texts read by the model…"))

    return _unless_missing(read)


def _unless_missing(work: Callable[[], None]) -> int:
    from search.vectors import ModelMissing

    try:
        work()
    except ModelMissing as fault:
        log.warning("%s Matching goes by words alone.", fault)
        return 0
    return 1
