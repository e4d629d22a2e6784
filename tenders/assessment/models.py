"""Tables of the assessment: conflicts, individual and agreed scores, bids set aside, the frozen ranking."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core.db import Base, UTCDateTime
from tenders.bids.models import Bid
from tenders.needs.models import Criterion, Need


class ConflictDeclaration(Base):
    """One person's return for one need, made after the bidders' names are known. A nil return is a row too."""

    __tablename__ = "conflict_declarations"
    __table_args__ = (
        UniqueConstraint("need_id", "person_id", name="one_declaration_per_person"),
        CheckConstraint("has_conflict = false or details <> ''", name="details_if_conflict"),
        CheckConstraint("decided_by_id is null or decided_by_id <> person_id", name="conflict_decided_by_another"),
        CheckConstraint("decided_at is null or decision <> ''", name="conflict_decided_with_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    has_conflict: Mapped[bool] = mapped_column(Boolean)
    details: Mapped[str] = mapped_column(Text, default="")
    # Null when an approver took the person off the panel before any return was made.
    declared_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The chair or an approver decides, with a reason, whether the person stands aside or carries on.
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    stood_aside_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person] = relationship(foreign_keys=[person_id])


class Score(Base):
    """One evaluator's score of one bid under one criterion, with the reason. Never overwritten by the agreed one."""

    __tablename__ = "scores"
    __table_args__ = (
        UniqueConstraint("bid_id", "criterion_id", "person_id", name="one_score_per_evaluator"),
        CheckConstraint("score >= 0 and score <= 5", name="score_on_the_scale"),
        CheckConstraint("reason <> ''", name="score_has_a_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    criterion_id: Mapped[int] = mapped_column(ForeignKey("criteria.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    score: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime] = mapped_column(UTCDateTime)

    bid: Mapped[Bid] = relationship()
    criterion: Mapped[Criterion] = relationship()
    person: Mapped[Person] = relationship()


class Moderation(Base):
    """The panel's agreed score of one bid under one quality criterion, recorded by the chair with its reason."""

    __tablename__ = "moderations"
    __table_args__ = (
        UniqueConstraint("bid_id", "criterion_id", name="one_agreed_score"),
        CheckConstraint("score >= 0 and score <= 5", name="agreed_score_on_the_scale"),
        CheckConstraint("reason <> ''", name="agreed_score_has_a_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    criterion_id: Mapped[int] = mapped_column(ForeignKey("criteria.id"))
    score: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    agreed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    agreed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))

    bid: Mapped[Bid] = relationship()
    criterion: Mapped[Criterion] = relationship()


class Assessment(Base):
    """When the chair closed the agreed quality scores of a need; only then are prices opened."""

    __tablename__ = "assessments"
    __table_args__ = (UniqueConstraint("need_id", name="one_assessment_per_need"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    quality_agreed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    quality_agreed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


class LowPriceNote(Base):
    """What was asked and concluded about a price far under the others', before it may win (PA 2023 s19(3) to (5))."""

    __tablename__ = "low_price_notes"
    __table_args__ = (
        UniqueConstraint("bid_id", name="one_low_price_note_per_bid"),
        CheckConstraint("note <> ''", name="low_price_note_says_something"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    note: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


class TieDecision(Base):
    """The bid put first among those that marks, quality and price could not tell apart, and why."""

    __tablename__ = "tie_decisions"
    __table_args__ = (
        UniqueConstraint("bid_id", name="one_tie_decision_per_bid"),
        CheckConstraint("reason <> ''", name="tie_decided_with_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    reason: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


class Disregard(Base):
    """A bid set aside lawfully: the ground, the reason, proposed by one person and approved by another."""

    __tablename__ = "disregards"
    __table_args__ = (
        UniqueConstraint("bid_id", name="one_disregard_per_bid"),
        CheckConstraint("approved_by_id is null or approved_by_id <> proposed_by_id", name="disregard_takes_two"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    ground: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    # Whether the supplier could answer first, as most grounds ask.
    was_heard: Mapped[bool] = mapped_column(Boolean, default=False)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Declined: the bid stays in play. It may be proposed again, which empties these.
    declined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decline_reason: Mapped[str] = mapped_column(Text, default="")

    bid: Mapped[Bid] = relationship()


class Result(Base):
    """One bid's place in the frozen ranking: evaluated price excluding VAT, scores to six decimals, rank from 1.

    A bid below a published minimum cannot win: its price has no marks and it stands after all that can.
    """

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("need_id", "bid_id", name="one_result_per_bid"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    price_pence: Mapped[int] = mapped_column(BigInteger)
    quality_score: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    price_score: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    total_score: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    rank: Mapped[int] = mapped_column(Integer)
    can_win: Mapped[bool] = mapped_column(Boolean, default=True)

    need: Mapped[Need] = relationship()
    bid: Mapped[Bid] = relationship()
