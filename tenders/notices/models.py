"""What other places have published: the result that an imported notice tells, and notices that fall due."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core.db import Base, UTCDateTime
from tenders.needs.models import Need


class OutsideAward(Base):
    """A winner named by an imported notice. The supplier is a name only: it need not be registered here."""

    __tablename__ = "outside_awards"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    supplier_name: Mapped[str] = mapped_column(String(300), index=True)
    value_pence: Mapped[int | None] = mapped_column(BigInteger)
    awarded_on: Mapped[date | None] = mapped_column(Date)
    is_sme: Mapped[bool | None] = mapped_column(Boolean)


class Notice(Base):
    """A notice that the law asks for (UK1-UK17): what it is, when it is due, and its number once published."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("need_id", "kind", "subject", name="one_notice_per_kind"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    kind: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str] = mapped_column(String(40), default="")
    why: Mapped[str] = mapped_column(String(300))
    due_on: Mapped[date | None] = mapped_column(Date)
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # When its number was entered here; `published_on` is the day on the notice itself.
    recorded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_on: Mapped[date | None] = mapped_column(Date)
    number: Mapped[str] = mapped_column(String(40), default="")
    url: Mapped[str] = mapped_column(String(300), default="")

    need: Mapped[Need] = relationship()
    corrections: Mapped[list[NoticeCorrection]] = relationship(order_by="NoticeCorrection.id")

    @property
    def is_published(self) -> bool:
        return self.published_on is not None

    def is_overdue(self, today: date) -> bool:
        """Not published, and its last day has passed."""
        return not self.is_published and self.due_on is not None and self.due_on < today

    @property
    def was_late(self) -> bool:
        """Published after its last day."""
        return self.published_on is not None and self.due_on is not None and self.published_on > self.due_on

    def days_late(self, today: date) -> int:
        """Days from its last day to its publication, or to today while it is not published; 0 when in time."""
        last = self.published_on or today
        return max((last - self.due_on).days, 0) if self.due_on is not None else 0


class NoticeCorrection(Base):
    """What a notice's record said before it was corrected, who corrected it and why. The notice has what is right."""

    __tablename__ = "notice_corrections"
    __table_args__ = (CheckConstraint("reason <> ''", name="correction_has_a_reason"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), index=True)
    number_before: Mapped[str] = mapped_column(String(40))
    url_before: Mapped[str] = mapped_column(String(300), default="")
    published_on_before: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    corrected_at: Mapped[datetime] = mapped_column(UTCDateTime)
    corrected_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))

    corrected_by: Mapped[Person] = relationship()
