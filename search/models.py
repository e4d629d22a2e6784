"""Saved searches and what they told, follows by e-mail without an account, invitations to matched suppliers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, UTCDateTime

# How often a saved search writes, and the words for it.
AT_ONCE, DAILY, WEEKLY = "at-once", "daily", "weekly"
RHYTHMS = {AT_ONCE: "At once", DAILY: "Every morning", WEEKLY: "Every Monday morning"}


class SavedSearch(Base):
    """A search that a member kept, with the words and filters of its address; it tells of new needs in its rhythm."""

    __tablename__ = "saved_searches"
    __table_args__ = (CheckConstraint("rhythm in ('at-once', 'daily', 'weekly')", name="rhythm_known"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    query_string: Mapped[str] = mapped_column(String(1000))
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    rhythm: Mapped[str] = mapped_column(String(10), default=AT_ONCE)
    # Which reading of words its keys were made by; another reading, or none, has them made anew.
    keyed_by: Mapped[str] = mapped_column(String(16), default="")


class SearchKey(Base):
    """What a need must have, this or another key of the same search, before the search can find it at all."""

    __tablename__ = "saved_search_keys"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("saved_searches.id"), primary_key=True, index=True)


class Alert(Base):
    """A need that a saved search found, once: waiting until its letter is written, or let go with no letter."""

    __tablename__ = "search_alerts"
    __table_args__ = (
        UniqueConstraint("search_id", "need_id", name="one_alert_per_search_and_need"),
        CheckConstraint("told_at is null or let_go_at is null", name="alert_told_or_let_go"),
        Index(
            "ix_search_alerts_waiting",
            "search_id",
            sqlite_where=text("told_at is null and let_go_at is null"),
            postgresql_where=text("told_at is null and let_go_at is null"),
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("saved_searches.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    # When the need was published or changed, which decides the digest that it belongs to; and when it was found.
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    let_go_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class NeedMute(Base):
    """A person who wants no mail about one need from any saved search."""

    __tablename__ = "need_mutes"
    __table_args__ = (UniqueConstraint("person_id", "need_id", name="one_mute_per_person_and_need"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    muted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Follow(Base):
    """An e-mail address that follows one need, confirmed by a link; no account needed."""

    __tablename__ = "follows"
    __table_args__ = (UniqueConstraint("need_id", "email", name="one_follow_per_address"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class NeedInvitation(Base):
    """A supplier that the council invited to look at a need, with the reason on record."""

    __tablename__ = "need_invitations"
    __table_args__ = (UniqueConstraint("need_id", "supplier_id", name="one_invitation_per_supplier"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    invited_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")


class InvitationRound(Base):
    """One sending of invitations for a need; the list that the officer looked at stands in considered_suppliers."""

    __tablename__ = "invitation_rounds"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    invited_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text)
    # Asked for when somebody who fits better than one of those invited was passed over.
    reason_for_others: Mapped[str] = mapped_column(Text, default="")


class ConsideredSupplier(Base):
    """A supplier on the list of a round: its place, why it fits in words, and whether it was invited."""

    __tablename__ = "considered_suppliers"
    __table_args__ = (
        UniqueConstraint("round_id", "supplier_id", name="one_place_per_supplier_and_round"),
        CheckConstraint(
            "outcome in ('invited', 'invited_before', 'passed_over', 'lower_place')", name="outcome_known"
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("invitation_rounds.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    place: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(20))
    fit: Mapped[str] = mapped_column(Text)
