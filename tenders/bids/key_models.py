"""Keys that outlast a need: an opener's own pair, a council's recovery key; and what became of lost shares."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.db import Base, UTCDateTime
from tenders.needs.models import Need


class OpenerKey(Base):
    """A person's standing key pair: shares are wrapped to its public half, its private half by a passphrase."""

    __tablename__ = "opener_keys"
    __table_args__ = (UniqueConstraint("person_id", name="one_key_per_opener"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    # When this pair was made: shares made for an earlier pair are lost.
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(lazy="joined")


class RecoveryKey(Base):
    """A council's key for shares that are lost. Only its public half is here; the private half is on paper with it."""

    __tablename__ = "recovery_keys"
    __table_args__ = (
        Index(
            "one_recovery_key_in_use",
            "organisation_id",
            unique=True,
            sqlite_where=text("retired_at is null"),
            postgresql_where=text("retired_at is null"),
        ),
        CheckConstraint("confirmed_by_id is null or confirmed_by_id <> made_by_id", name="recovery_key_made_by_two"),
        CheckConstraint("(confirmed_at is null) = (confirmed_by_id is null)", name="confirmed_by_somebody"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])
    confirmed_by: Mapped[Person | None] = relationship(foreign_keys=[confirmed_by_id])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public half, in hexadecimal, as the printed file has it."""
        return hashlib.sha256(self.public_key).hexdigest()

    @property
    def keeper_ids(self) -> set[int]:
        """Who has had the printed file in hand: its maker, who confirmed it, and whoever brought it for a lost share."""
        brought = (
            select(ShareRecovery.used_by_id)
            .join(Need, Need.id == ShareRecovery.need_id)
            .where(Need.authority_id == self.organisation_id, ShareRecovery.used_at >= self.made_at)
        )
        known = {self.made_by_id, self.confirmed_by_id, *db.session.scalars(brought)}
        return {each for each in known if each is not None}


class RecoveryShare(Base):
    """One more share of a need's key, wrapped to the council's recovery key."""

    __tablename__ = "recovery_shares"
    __table_args__ = (UniqueConstraint("need_id", name="one_recovery_share"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    recovery_key_id: Mapped[int] = mapped_column(ForeignKey("recovery_keys.id"), index=True)
    point: Mapped[int] = mapped_column(Integer)
    wrapped_share: Mapped[bytes] = mapped_column(LargeBinary)

    recovery_key: Mapped[RecoveryKey] = relationship(lazy="joined")
    need: Mapped[Need] = relationship()


class ShareRecovery(Base):
    """The recovery share given to an opener in place of one that is lost: asked, approved by another, then done."""

    __tablename__ = "share_recoveries"
    __table_args__ = (
        Index(
            "one_recovery_under_way",
            "need_id",
            unique=True,
            sqlite_where=text("used_at is null and refused_at is null"),
            postgresql_where=text("used_at is null and refused_at is null"),
        ),
        CheckConstraint(
            "approved_by_id is null or (approved_by_id <> asked_by_id and approved_by_id <> receiver_id)",
            name="recovery_approved_by_another",
        ),
        CheckConstraint(
            "used_by_id is null or (approved_by_id is not null and used_by_id <> approved_by_id"
            " and used_by_id <> receiver_id)",
            name="recovery_takes_two",
        ),
        CheckConstraint("(used_at is null) = (used_by_id is null)", name="recovery_used_by_somebody"),
        CheckConstraint("reason <> ''", name="recovery_has_a_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    # Whose share is lost, and who gets the recovery share: the same person after a forgotten passphrase.
    loser_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    receiver_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    need: Mapped[Need] = relationship()
    loser: Mapped[Person] = relationship(foreign_keys=[loser_id])
    receiver: Mapped[Person] = relationship(foreign_keys=[receiver_id])
    asked_by: Mapped[Person] = relationship(foreign_keys=[asked_by_id])
    approved_by: Mapped[Person | None] = relationship(foreign_keys=[approved_by_id])
    used_by: Mapped[Person | None] = relationship(foreign_keys=[used_by_id])
