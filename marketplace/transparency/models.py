"""Checkpoints, kept for ever, and the roots of the tree's perfect subtrees, so that tiles are read and not computed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.append_only import guard
from marketplace.core.db import Base, UTCDateTime

_LARGE = BigInteger().with_variant(Integer, "sqlite")


class Checkpoint(Base):
    """What we signed of the tree at one time. The database itself refuses to change or remove one."""

    __tablename__ = "journal_checkpoints"
    # Without gaps, so that one taken out of the middle shows.
    number: Mapped[int] = mapped_column(_LARGE, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(_LARGE, unique=True)
    root: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # The frontier of the tree of that size: the next checkpoint is made only of a tree that goes on from it.
    frontier: Mapped[bytes] = mapped_column(LargeBinary)
    # The signed note as it is published.
    note: Mapped[str] = mapped_column(Text)


class Subtree(Base):
    """The root of one perfect subtree of 256^level leaves, from level 1; `number` counts them from 0 in each level."""

    __tablename__ = "journal_subtrees"
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(_LARGE, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


guard(Checkpoint.__table__)
