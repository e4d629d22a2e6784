"""The tree in tiles of 256 hashes, in the layout of https://c2sp.org/tlog-tiles, as far as a checkpoint was signed.

Level 0 has the leaves, level 1 the roots of 256 leaves each, and so on: with them anyone builds every proof alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.journal import JournalLine, leaf_of
from marketplace.transparency.checkpoints import WIDTH, find_newest
from marketplace.transparency.models import Subtree

HIGHEST_LEVEL = 5
_PLACE = re.compile(r"((?:x\d{3}/){0,5})(\d{3})(?:\.p/(\d{1,3}))?")


@dataclass(frozen=True)
class Tile:
    """Which tile: level and number, both from 0, and how many of its hashes (1 to 256)."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def is_full(self) -> bool:
        return self.width == WIDTH


def parse_tile(level: int, place: str) -> Tile | None:
    """The tile that an address names: x001/x234/067 is number 1,234,067; .p/8 asks for its first 8. None for no tile."""
    found = _PLACE.fullmatch(place)
    if found is None or level > HIGHEST_LEVEL:
        return None
    number = int(found[1].replace("x", "").replace("/", "") + found[2])
    width = int(found[3]) if found[3] else WIDTH
    tile = Tile(level, number, width)
    is_canonical = place == tile_place(number) + (f".p/{width}" if found[3] else "")
    return tile if is_canonical and 1 <= width <= WIDTH and (not found[3] or width < WIDTH) else None


def tile_place(number: int) -> str:
    """The address of a tile within its level."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])


def read_tile(tile: Tile) -> bytes | None:
    """The tile's hashes, 32 bytes each; None when the newest checkpoint does not reach so far."""
    newest = find_newest()
    size = newest.size if newest else 0
    first = tile.number * WIDTH
    if first + tile.width > size // WIDTH**tile.level:
        return None
    return b"".join(_leaves(first, tile.width) if tile.level == 0 else _roots(tile.level, first, tile.width))


def _leaves(first: int, width: int) -> list[bytes]:
    chosen = select(JournalLine.hash).where(JournalLine.number > first, JournalLine.number <= first + width)
    return [leaf_of(each) for each in db.session.scalars(chosen.order_by(JournalLine.number))]


def _roots(level: int, first: int, width: int) -> list[bytes]:
    chosen = select(Subtree.hash).where(
        Subtree.level == level, Subtree.number >= first, Subtree.number < first + width
    )
    return list(db.session.scalars(chosen.order_by(Subtree.number)))
