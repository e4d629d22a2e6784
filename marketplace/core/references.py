"""References that can be read aloud (N-2026-0042), pseudonyms, and addresses made from names."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core.db import Base

# No vowels, no look-alikes: cannot spell a word, cannot be misheard.
ALPHABET = "bcdfghjkmnpqrstvwxz23456789"


class Sequence(Base):
    """The last number given out for a prefix and year."""

    __tablename__ = "sequences"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer, default=0)


def next_reference(session: Session, prefix: str, year: int) -> str:
    """The next reference of a kind, such as N-2026-0042. Gapless within committed actions."""
    name = f"{prefix}-{year}"
    query = select(Sequence).where(Sequence.name == name).with_for_update()
    row = session.scalar(query)
    if row is None:  # the first of its year; two may come at once
        session.execute(_insert(session)(Sequence).values(name=name, last=0).on_conflict_do_nothing())
        row = session.scalars(query).one()
    row.last += 1
    session.flush()
    return f"{name}-{row.last:04d}"


def _insert(session: Session) -> Any:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert if is_postgresql else sqlite.insert


def unguessable_reference(prefix: str, year: int) -> str:
    """A reference such as B-2026-7kxq-3fhd, for things whose number must not tell how many there are."""
    marks = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}-{year}-{marks[:4]}-{marks[4:]}"


def pseudonym(prefix: str, length: int = 12) -> str:
    """A random id that says nothing of whom it stands for, such as p_7xk2…"""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(length))


def slug(name: str) -> str:
    """The address of a name: lower-case words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").lower()).strip("-")[:80] or "unnamed"
