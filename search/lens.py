"""The lens through which vectors of meaning are compared: what every text here has in common is taken out, and
directions in which the works of one firm differ among themselves count less.

It is learned from the profiles in the index, never from who won what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.sentences import WIDTH

_FEW_TEXTS = 100  # with so many texts, half of their mean is trusted
_FEW_DIFFERENCES = 3000  # with so many works of firms that have several, half of what they tell is trusted


@dataclass(frozen=True, eq=False)
class Lens:
    """A shift and a stretch of the space of vectors."""

    middle: np.ndarray
    stretch: np.ndarray

    @classmethod
    def plain(cls) -> Lens:
        """Changes nothing."""
        return cls(np.zeros(WIDTH, np.float32), np.eye(WIDTH, dtype=np.float32))

    @classmethod
    def learn(cls, texts: np.ndarray, firms: Sequence[Sequence[int]]) -> Lens:
        """From distinct texts and, for each firm, the rows of its texts; each firm counts once, however many it has."""
        middle = texts.mean(axis=0) * len(texts) / (len(texts) + _FEW_TEXTS)
        apart = [
            (texts[rows] - texts[rows].mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in map(list, firms) if len(rows) > 1
        ]
        if not apart:
            return cls(middle.astype(np.float32), np.eye(WIDTH, dtype=np.float32))
        differences = np.concatenate(apart).astype(np.float64)
        spread = differences.T @ differences / len(differences)
        trust = len(differences) / (len(differences) + _FEW_DIFFERENCES)
        spread = trust * spread + (1 - trust) * np.trace(spread) / WIDTH * np.eye(WIDTH)
        lengths, directions = np.linalg.eigh(spread)
        stretch = directions * np.maximum(lengths, lengths[-1] * 1e-6) ** -0.5
        return cls(middle.astype(np.float32), stretch.astype(np.float32))

    def through(self, vectors: np.ndarray) -> np.ndarray:
        """The vectors as compared, of length 1."""
        seen = (vectors - self.middle) @ self.stretch
        return seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)

    def to_bytes(self) -> bytes:
        """To be kept with the vectors."""
        return np.vstack([self.middle, self.stretch]).astype(np.float32).tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Lens:
        """What to_bytes gave."""
        rows = np.frombuffer(kept, np.float32).reshape(WIDTH + 1, WIDTH)
        return cls(rows[0], rows[1:])
