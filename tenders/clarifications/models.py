"""Questions from suppliers and the council's public answers. Who asked is shown to nobody but the asker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from tenders.needs.models import Need


class Clarification(Base):
    """A question about a need. Published with its answer, under a number, in the order of answering."""

    __tablename__ = "clarifications"
    __table_args__ = (
        CheckConstraint("answered_at is null or answer <> ''", name="answered_if_published"),
        UniqueConstraint("need_id", "number", name="one_clarification_per_number"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    # Kept to tell the asker of the answer. No page, export or journal line shows these two to anyone else.
    asked_by_supplier_id: Mapped[int | None] = mapped_column(ForeignKey("suppliers.id"), index=True)
    asked_by_person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    question: Mapped[str] = mapped_column(Text)
    number: Mapped[int | None] = mapped_column(Integer)
    # The question as published: the officer may take out what would give the asker away.
    published_question: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    changes_the_need: Mapped[bool] = mapped_column(Boolean, default=False)

    need: Mapped[Need] = relationship()
