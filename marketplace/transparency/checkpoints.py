"""Making and finding checkpoints. One is made only of a tree that goes on from the last: we never sign two pasts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from marketplace import config
from marketplace.core import clock, db, merkle
from marketplace.core.journal import JournalHead, JournalLine, leaf_of
from marketplace.transparency.models import Checkpoint, Subtree
from marketplace.transparency.notes import LogKey, sign_checkpoint
from tenders.bids import sealed

WIDTH = 256  # leaves of a tile, as in https://c2sp.org/tlog-tiles
KEY = "journal.ed25519"


class TreeForked(Exception):
    """The lines no longer lead on from the last checkpoint; nothing was signed."""


def log_keys() -> sealed.SigningKeys:
    """The pair that signs checkpoints, of its own: a receipt is the word of one moment, a checkpoint of all before."""
    return sealed.SigningKeys(config.current().keys_folder, KEY)


def log_key() -> LogKey:
    """What to publish, so that anyone can verify a checkpoint."""
    return LogKey(log_keys().public_key())


def find_newest() -> Checkpoint | None:
    """The last checkpoint made, if any."""
    return db.session.scalar(select(Checkpoint).order_by(Checkpoint.number.desc()).limit(1))


def find_checkpoint(number: int) -> Checkpoint | None:
    """A checkpoint by its number, from 1."""
    return db.session.get(Checkpoint, number)


def recent_checkpoints(limit: int = 20) -> list[Checkpoint]:
    """The last ones made, the newest first."""
    return list(db.session.scalars(select(Checkpoint).order_by(Checkpoint.number.desc()).limit(limit)))


def make_checkpoint() -> int:
    """Signs and keeps the tree as it is when the journal grew since the last time; 1 if it did. Raises TreeForked."""
    last = find_newest()
    number, size, before = (last.number, last.size, last.frontier) if last else (0, 0, b"")
    head = db.session.execute(select(JournalHead.count, JournalHead.frontier).where(JournalHead.id == 1)).first()
    count, frontier = head or (0, b"")
    if count == size:
        db.session.rollback()
        return 0
    if count < size:
        raise TreeForked(f"The last checkpoint has {size} lines, the journal only {count}.")
    growth = _Growth(size, before)
    for leaf in _leaves(growth.size, count):
        growth.append(leaf)
    if not growth.goes_on(size, before) or growth.frontier != frontier:
        raise TreeForked(f"The lines do not lead from the checkpoint of {size} lines to the journal's head.")
    now, root = clock.now(), merkle.root_of(frontier).hex()
    checkpoint = {
        "number": number + 1, "size": count, "root": root, "made_at": now, "frontier": frontier,
        "note": sign_checkpoint(log_keys().private_key(), count, root, now),
    }  # fmt: skip
    return _keep(checkpoint, growth.whole)


def _keep(checkpoint: dict[str, object], whole: list[bytes]) -> int:
    """Writes the checkpoint and the roots of the tiles that are full now; 0 when another worker was first."""
    try:
        with db.housekeeping() as current:
            current.execute(insert(Checkpoint), checkpoint)
            _keep_subtrees(current, int(str(checkpoint["size"])), whole)
    except IntegrityError:
        return 0
    return 1


class _Growth:
    """The tree from the beginning of the last, unfilled tile on: its frontier, and the roots of tiles that are full."""

    def __init__(self, size: int, frontier: bytes) -> None:
        self.size = size - size % WIDTH
        # Subtrees as large as a tile or larger come first.
        self.frontier = frontier[: merkle.SIZE * (self.size).bit_count()]
        self.whole: list[bytes] = []
        self._leaves: list[bytes] = []
        self._watched = {size: b""}

    def append(self, leaf: bytes) -> None:
        self.frontier = merkle.extend(self.frontier, self.size, leaf)
        self.size += 1
        self._leaves.append(leaf)
        if self.size in self._watched:
            self._watched[self.size] = self.frontier
        if len(self._leaves) == WIDTH:
            self.whole.append(merkle.root(self._leaves))
            self._leaves = []

    def goes_on(self, size: int, frontier: bytes) -> bool:
        """Whether the lines that were read again still lead to the frontier of `size`."""
        return size % WIDTH == 0 or self._watched[size] == frontier


def _leaves(start: int, end: int) -> Iterator[bytes]:
    chosen = select(JournalLine.hash).where(JournalLine.number > start, JournalLine.number <= end)
    with db.session.execute(chosen.order_by(JournalLine.number).execution_options(yield_per=2000)) as found:
        for each in found.scalars():
            yield leaf_of(each)


def _keep_subtrees(current: db.Session, size: int, whole: list[bytes]) -> None:
    """Adds the roots that are complete now, on every level."""
    level, first = 1, size // WIDTH - len(whole)
    while whole:
        rows = [{"level": level, "number": first + n, "hash": each} for n, each in enumerate(whole)]
        current.execute(insert(Subtree), rows)
        begun, end = first // WIDTH, (first + len(whole)) // WIDTH
        whole = [merkle.root(_hashes(current, level, n)) for n in range(begun, end)]
        level, first = level + 1, begun


def _hashes(current: db.Session, level: int, tile: int) -> list[bytes]:
    first = tile * WIDTH
    chosen = select(Subtree.hash).where(
        Subtree.level == level, Subtree.number >= first, Subtree.number < first + WIDTH
    )
    return list(current.scalars(chosen.order_by(Subtree.number)))
