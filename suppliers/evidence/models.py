"""Evidence a supplier holds: certificates and insurance, each with the day it ends."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from suppliers.profiles.models import Supplier


class Evidence(Base):
    """One certificate or insurance policy. Declared by the supplier; a badge, never a gate."""

    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("kind in ('certificate', 'insurance')", name="evidence_kind_known"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(200), default="")
    number: Mapped[str] = mapped_column(String(80), default="")
    cover_pence: Mapped[int | None] = mapped_column(BigInteger)
    expires_on: Mapped[date | None] = mapped_column(Date, index=True)
    file_key: Mapped[str] = mapped_column(String(80), default="")
    file_name: Mapped[str] = mapped_column(String(120), default="")
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The expiry day that the last reminder was about and how many days before it that reminder falls due,
    # so that a renewed paper is reminded of again and no reminder is sent twice.
    reminded_for: Mapped[date | None] = mapped_column(Date)
    reminded_days: Mapped[int | None] = mapped_column(Integer)

    supplier: Mapped[Supplier] = relationship()
