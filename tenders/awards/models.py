"""The award: proposed, approved outside the panel, explained to every bidder, and the standstill."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from suppliers.profiles.models import is_sme_size
from tenders.bids.models import Bid
from tenders.needs.models import Need


class Award(Base):
    """A proposal to award (or to make no award: bid is null), and the decision on it.

    Sent back = `returned_at`. After the bidders were told that takes two people, and the award is set aside.
    """

    __tablename__ = "awards"
    __table_args__ = (
        CheckConstraint("approved_by_id is null or approved_by_id <> proposed_by_id", name="award_takes_two"),
        CheckConstraint("reasons <> ''", name="award_has_reasons"),
        CheckConstraint("set_aside_asked_at is null or set_aside_reason <> ''", name="reason_if_set_aside"),
        CheckConstraint(
            "set_aside_by_id is null or set_aside_by_id <> set_aside_asked_by_id", name="setting_aside_takes_two"
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int | None] = mapped_column(ForeignKey("bids.id"))
    reasons: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    return_reason: Mapped[str] = mapped_column(Text, default="")
    summaries_sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    central_notice_number: Mapped[str] = mapped_column(String(40), default="")
    # What the winner declared of its size when everybody was told ("" = nothing): what is published of the award does not
    # change when the firm grows.
    winner_size: Mapped[str] = mapped_column(String(10), default="", server_default="")
    # Who wants it set aside and why (everyone can read it, once it is), and who agreed; when = `returned_at`.
    set_aside_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    set_aside_asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    set_aside_reason: Mapped[str] = mapped_column(Text, default="")
    set_aside_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    need: Mapped[Need] = relationship()
    bid: Mapped[Bid | None] = relationship()

    @property
    def is_winner_sme(self) -> bool | None:
        """Whether the winner declared to be small or medium-sized; None when it had declared no size."""
        return is_sme_size(self.winner_size)

    @property
    def is_live(self) -> bool:
        """Not sent back: proposed, approved or told."""
        return self.returned_at is None

    @property
    def is_approved(self) -> bool:
        return self.is_live and self.approved_at is not None

    @property
    def is_set_aside(self) -> bool:
        """Whether it was given up after the bidders were told."""
        return self.returned_at is not None and self.summaries_sent_at is not None

    @property
    def is_told(self) -> bool:
        """Whether the bidders have their summaries; until then nothing of the award is public."""
        return self.is_live and self.summaries_sent_at is not None


class AssessmentSummary(Base):
    """What one bidder is told (Procurement Regulations 2024 r31): its scores and the winner's, with reasons."""

    __tablename__ = "assessment_summaries"
    __table_args__ = (UniqueConstraint("award_id", "bid_id", name="one_summary_per_bid"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    # The officer's words on this bid: why it won, or why it did not.
    explanation: Mapped[str] = mapped_column(Text, default="")
    # When an officer saved it, as drafted or changed; a draft that nobody looked at is not sent.
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # JSON, frozen at sending
    content: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    bid: Mapped[Bid] = relationship()

    @property
    def status(self) -> str:
        """To explain, a draft of the program's, or checked by an officer: in words."""
        if not self.explanation:
            return "To explain"
        return "Draft, not checked yet" if self.checked_at is None and self.sent_at is None else "Checked"


class Standstill(Base):
    """The pause before signing: eight working days, the day of publication counting (PA 2023 s51), or why none."""

    __tablename__ = "standstills"
    __table_args__ = (UniqueConstraint("award_id", name="one_standstill_per_award"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    applies: Mapped[bool] = mapped_column(Boolean)
    why: Mapped[str] = mapped_column(String(300))
    starts_on: Mapped[date | None] = mapped_column(Date)
    # The last day; signing may happen from the day after.
    ends_on: Mapped[date | None] = mapped_column(Date)
    suspended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suspension_reason: Mapped[str] = mapped_column(Text, default="")
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lift_reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None and self.lifted_at is None
