"""When each part of the service was last seen at work, when it was away, and which deadlines that touched."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core.db import Base, UTCDateTime
from tenders.needs.models import Need

EXTEND, KEEP = "extend", "keep"


class Beat(Base):
    """When a part of the service (worker, web) was last seen at work: one row a part, moved on every few seconds."""

    __tablename__ = "beats"
    part: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Outage(Base):
    """A time in which a part of the service was not seen at work for longer than the setting allows."""

    __tablename__ = "outages"
    __table_args__ = (
        UniqueConstraint("began_at", name="one_outage_per_beginning"),
        CheckConstraint("ended_at is null or ended_at > began_at", name="outage_ends_after_it_began"),
        CheckConstraint("failed <> ''", name="outage_says_what_failed"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    # When the part was last seen at work before, and when all parts were seen again.
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # One or more of: database, machine, web, worker; parted by commas.
    failed: Mapped[str] = mapped_column(String(60))

    hits: Mapped[list[DeadlineHit]] = relationship(back_populates="outage", order_by="DeadlineHit.id")


class DeadlineHit(Base):
    """A need whose deadline fell in an outage or soon after it: two people of its council decide on more time."""

    __tablename__ = "deadline_hits"
    __table_args__ = (
        UniqueConstraint("need_id", "outage_id", name="one_hit_per_need_and_outage"),
        CheckConstraint("choice in ('', 'extend', 'keep')", name="choice_known"),
        CheckConstraint("(proposed_at is null) = (choice = '')", name="proposed_with_a_choice"),
        CheckConstraint("(choice = 'extend') = (new_closes_at is not null)", name="time_if_extended"),
        CheckConstraint("choice = '' or reason <> ''", name="choice_has_a_reason"),
        CheckConstraint("decided_at is null or proposed_at is not null", name="decided_after_proposed"),
        CheckConstraint("decided_by_id is null or decided_by_id <> proposed_by_id", name="decided_by_another"),
        CheckConstraint("(decided_at is null) = (decided_by_id is null)", name="decided_by_somebody"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outages.id"), index=True)
    # The deadline that was hit. Once the need has another one there is nothing left to decide.
    closes_at: Mapped[datetime] = mapped_column(UTCDateTime)
    choice: Mapped[str] = mapped_column(String(10), default="")
    new_closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # What the approver wrote when sending the proposal back; empty again once there is a new one.
    note: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    need: Mapped[Need] = relationship()
    outage: Mapped[Outage] = relationship(back_populates="hits")
    proposed_by: Mapped[Person | None] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])
