"""The whole record checked at once: chain, tree, checkpoints kept, checkpoints that others kept, and bids' rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from marketplace import config
from marketplace.core import db, journal, merkle
from marketplace.core.journal import plain
from marketplace.transparency.checkpoints import WIDTH, log_key, log_keys
from marketplace.transparency.models import Checkpoint, Subtree
from marketplace.transparency.notes import LogKey, NoteBroken, Signed, read_checkpoint, split_notes
from tenders.bids import keys
from tenders.bids.vouching import Vouchers, row_faults


class UnreadableCheckpoint(Exception):
    """A file that was given as a witness's checkpoint and is none of this journal's, in words."""


@dataclass(frozen=True)
class Report:
    """The chain's verdict, what else does not agree, and what could not be checked and why."""

    verdict: journal.Verdict
    faults: list[str]
    checkpoints: int
    witnessed: int
    not_checked: list[str]

    @property
    def is_whole(self) -> bool:
        return self.verdict.is_whole and not self.faults


@dataclass
class _Tree:
    """Watches the walk over the lines: the roots at the sizes asked for, the roots of full tiles."""

    sizes: set[int]
    roots: dict[int, str] = field(default_factory=dict)
    tiles: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def see(self, size: int, leaf: bytes, frontier: bytes) -> None:
        if size in self.sizes:
            self.roots[size] = merkle.root_of(frontier).hex()
        self.leaves.append(leaf)
        if len(self.leaves) == WIDTH:
            self.tiles.append(merkle.root(self.leaves))
            self.leaves = []


def read_witnessed(texts: Sequence[str]) -> list[Signed]:
    """The checkpoints of a witness's files, each signed by this journal's key. Raises UnreadableCheckpoint."""
    if texts and not log_keys().exists():
        raise UnreadableCheckpoint("This journal's own key is not here (keys/journal.ed25519), so none can be verified.")
    try:
        return [read_checkpoint(note, log_key()) for text in texts for note in split_notes(text)]
    except NoteBroken as fault:
        raise UnreadableCheckpoint(f"A given checkpoint cannot be used: {fault}.") from None


def check_record(witnessed: Sequence[Signed] = (), reads_files: bool = False) -> Report:
    """Checks all of it against each other, in one walk over the lines. Writers may go on meanwhile."""
    not_checked: list[str] = []
    db.in_one_transaction()  # the lines are walked by a cursor
    kept = _kept()
    tree = _Tree({each.size for each in kept} | {each.size for each in witnessed})
    verdict = journal.verify(db.session(), tree.see)
    faults = [*_witnessed_faults(witnessed, tree, verdict.lines)]
    if log_keys().exists():
        faults += _kept_faults(kept, tree, log_key())
    elif kept:
        not_checked.append("signatures of checkpoints: keys/journal.ed25519 is not here")
    faults += _subtree_faults(tree.tiles, kept[-1].size if kept else 0)
    try:
        faults += row_faults(_vouchers(reads_files, not_checked))
    except (ValueError, KeyError, TypeError):
        if verdict.is_whole:
            raise
        not_checked.append("the rows of bids: what the journal's lines say cannot be read")
    db.session.rollback()
    return Report(verdict, faults, len(kept), len(witnessed), not_checked)


def _kept() -> list[Any]:
    """The checkpoints as plain rows, so that nothing of them is written or read twice."""
    return list(db.session.execute(select(Checkpoint.__table__).order_by(Checkpoint.number)))


def _witnessed_faults(witnessed: Sequence[Signed], tree: _Tree, lines: int) -> Iterator[str]:
    for each in witnessed:
        name = f"a witness's checkpoint of {each.size} lines ({each.at})"
        if each.size > lines:
            yield f"{name}: only {lines} lines are here; the journal was cut short or taken back to an older copy"
        elif each.size and tree.roots.get(each.size) != each.root:
            yield f"{name}: the first {each.size} lines are not those that it was made of; the past was changed"


def _kept_faults(kept: Sequence[Any], tree: _Tree, key: LogKey) -> Iterator[str]:
    size = 0
    for expected, row in enumerate(kept, start=1):
        name = f"journal_checkpoints {row.number}"
        if row.number != expected:
            yield f"journal_checkpoints {expected}: it is missing (found {row.number})"
            return
        if row.size <= size:
            yield f"{name}: size does not follow from the one before"
        size = row.size
        yield from (f"{name}: {each}" for each in _checkpoint_faults(row, tree, key))


def _checkpoint_faults(row: Any, tree: _Tree, key: LogKey) -> Iterator[str]:
    try:
        said = read_checkpoint(row.note, key)
    except NoteBroken as fault:
        yield f"note: {fault}"
        return
    if (said.size, said.root, said.at) != (row.size, row.root, plain(row.made_at)):
        yield "size, root or made_at is not what its note says"
    if tree.roots.get(said.size) != said.root:
        yield f"the first {said.size} lines are not those that it was made of"
    if merkle.root_of(row.frontier).hex() != said.root:
        yield "frontier does not have its root"


def _subtree_faults(tiles: list[bytes], signed: int) -> Iterator[str]:
    """The roots of tiles as far as checkpoints reach, level by level."""
    stored = {(row.level, row.number): row.hash for row in db.session.execute(select(Subtree.__table__))}
    level, roots = 1, tiles[: signed // WIDTH]
    while roots:
        for number, root in enumerate(roots):
            if stored.pop((level, number), None) != root:
                yield f"journal_subtrees {level}/{number}: it is not the root of its leaves, or not here"
        whole = range(0, len(roots) - len(roots) % WIDTH, WIDTH)
        level, roots = level + 1, [merkle.root(roots[at : at + WIDTH]) for at in whole]
    for level, number in sorted(stored):
        yield f"journal_subtrees {level}/{number}: no checkpoint reaches so far"


def _vouchers(reads_files: bool, not_checked: list[str]) -> Vouchers:
    settings = config.current()
    signing = keys.signing_keys()
    knows_secret = bool(settings.secret_key) or (settings.keys_folder / "secret.key").exists()
    if not signing.exists():
        not_checked.append("signatures of receipts: keys/receipts.ed25519 is not here")
    if not knows_secret:
        not_checked.append("who submitted: keys/secret.key is not here")
    return Vouchers(signing.public_key() if signing.exists() else None, knows_secret, reads_files)
