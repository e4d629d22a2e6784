"""Checkpoints, kept for ever, and the roots of the tree's perfect subtrees, so that tiles are read and not computed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DDL, BigInteger, Integer, LargeBinary, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

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


GUARDS = {
    "sqlite": tuple(
        f"CREATE TRIGGER journal_checkpoints_refuse_{verb.lower()} BEFORE {verb} ON journal_checkpoints "
        "BEGIN SELECT RAISE(ABORT, 'journal_checkpoints_are_append_only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION journal_checkpoints_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'journal_checkpoints_are_append_only'; END $$",
        "CREATE TRIGGER journal_checkpoints_refuse_change BEFORE UPDATE OR DELETE ON journal_checkpoints "
        "FOR EACH ROW EXECUTE FUNCTION journal_checkpoints_refuse()",
        "CREATE TRIGGER journal_checkpoints_refuse_truncate BEFORE TRUNCATE ON journal_checkpoints "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_checkpoints_refuse()",
    ),
}
for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        event.listen(
            Checkpoint.__table__, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect)
        )
