"""Reports that a council published on how promptly it pays, with the figures as they were on that day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, UTCDateTime


class PaymentsReport(Base):
    """A half-year's payments compliance report (PA 2023 s69, Procurement Regulations 2024 r38)."""

    __tablename__ = "payments_reports"
    __table_args__ = (UniqueConstraint("authority_id", "period_ended_on", name="one_report_per_half_year"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    period_ended_on: Mapped[date] = mapped_column(Date)
    # JSON of the figures as published: later corrections of payments change the live page, not what was published.
    figures: Mapped[str] = mapped_column(Text)
    # The regulation asks for name and title of whoever is responsible for finance, and that they approved.
    director_name: Mapped[str] = mapped_column(String(120))
    director_title: Mapped[str] = mapped_column(String(120))
    approved_on: Mapped[date] = mapped_column(Date)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    notice_number: Mapped[str] = mapped_column(String(40), default="")
