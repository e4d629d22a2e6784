"""What stops a file from being sent in pieces, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.errors import Problem
from marketplace.core.files import kind_problems, safe_name
from tenders.bids.rules import MOST_FILES

# A lost connection costs at most one piece.
FIRST_PIECE_BYTES = 256 * 1024
LARGEST_PIECE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Room:
    """What is kept for a bid and its firm already: files and unfinished uploads of the bid, bytes of the firm."""

    files: int
    unfinished: int
    firm_bytes: int
    most_firm_bytes: int


def begin_problems(name: str, size: int, limit: int, room: Room) -> list[Problem]:
    """What stops this file before its first byte. `size` and `limit` in bytes."""
    found = kind_problems(name, size, limit)
    if not found and room.files + room.unfinished >= MOST_FILES:
        waiting = f", with {room.unfinished} not finished yet" if room.unfinished else ""
        found = [Problem(f"A bid can have {MOST_FILES} files{waiting}: remove one to add {safe_name(name)}.")]
    if not found and room.firm_bytes + size > room.most_firm_bytes:
        most = room.most_firm_bytes // 1_000_000
        found = [
            Problem(f"The files of all your firm's drafts can have {most:,} MB: remove some to add {safe_name(name)}.")
        ]
    return found
