"""Assessment: conflicts declared, individual scores blind to colleagues, the agreed score, the frozen ranking."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Integer, Numeric, String, Text, UniqueConstraint
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
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    has_conflict: Mapped[bool] = mapped_column(Boolean)
    details: Mapped[str] = mapped_column(Text, default="")
    declared_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Set when the chair or an approver decides that the person stands aside.
    stood_aside_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person] = relationship()


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
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Result(Base):
    """One bid's place in the frozen ranking: evaluated price excluding VAT, scores to six decimals, rank from 1."""

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

    need: Mapped[Need] = relationship()
    bid: Mapped[Bid] = relationship()
