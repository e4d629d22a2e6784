"""What Stripe told us, word for word and once; which of its two modes this copy is used with; differences found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, UTCDateTime


class GatewayEvent(Base):
    """One event of Stripe's, stored by its id before it is acknowledged. Processed from the journal afterwards."""

    __tablename__ = "gateway_events"
    event_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    type: Mapped[str] = mapped_column(String(120), index=True)
    # The connected account (a supplier's own) that it is of; "" for ours.
    account: Mapped[str] = mapped_column(String(64), default="")
    object_id: Mapped[str] = mapped_column(String(120), index=True)
    is_live: Mapped[bool] = mapped_column(Boolean)
    api_version: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    payload: Mapped[str] = mapped_column(Text)
    processed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What became of it: "done", "nothing to do", "not known here".
    outcome: Mapped[str] = mapped_column(String(40), default="")


class GatewayMode(Base):
    """The mode whose keys this database was first used with. The other mode's are refused for ever."""

    __tablename__ = "gateway_mode"
    __table_args__ = (CheckConstraint("id = 1", name="one_mode"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_live: Mapped[bool] = mapped_column(Boolean)
    first_used_at: Mapped[datetime] = mapped_column(UTCDateTime)


class GatewayDifference(Base):
    """Something that Stripe and our record tell differently, found when the two were compared."""

    __tablename__ = "gateway_differences"
    __table_args__ = (
        Index(
            "one_open_difference",
            "object_id",
            "what",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    object_id: Mapped[str] = mapped_column(String(120))
    what: Mapped[str] = mapped_column(String(80))
    ours: Mapped[str] = mapped_column(String(200), default="")
    theirs: Mapped[str] = mapped_column(String(200), default="")
    difference_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolution: Mapped[str] = mapped_column(Text, default="")
