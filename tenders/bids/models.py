"""Bids: encrypted drafts, sealed versions, receipts, the opening. Bid content is read through sealed.py alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core.db import Base, UTCDateTime
from suppliers.profiles.models import Supplier
from tenders.needs.models import Need


class Bid(Base):
    """One supplier's bid for one need, from its first draft. `current_version` 0 = nothing submitted yet."""

    __tablename__ = "bids"
    __table_args__ = (
        # Withdrawn bids stay; at most one that is not withdrawn.
        Index(
            "one_live_bid_per_supplier",
            "need_id",
            "supplier_id",
            unique=True,
            sqlite_where=text("withdrawn_at is null"),
            postgresql_where=text("withdrawn_at is null"),
        ),
        CheckConstraint("(submitted_at is null) = (current_version = 0)", name="submitted_with_a_version"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Hides in the journal who bids until the opening: actor = hash(salt, person).
    journal_salt: Mapped[str] = mapped_column(String(64))
    current_version: Mapped[int] = mapped_column(Integer, default=0)
    # The time of receipt of the current version.
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # A complete draft lies ready: sealed, its manifest written, so that submitting is one small request. `ready_mark`
    # is the mark of the draft that was sealed ("" = none), `ready_for` the version of the need that it answers.
    ready_mark: Mapped[str] = mapped_column(String(32), default="", server_default="")
    ready_for: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    ready_manifest: Mapped[str] = mapped_column(Text, default="", server_default="")

    # For which closing time its firm was reminded that a draft waits to be submitted.
    reminded_for: Mapped[datetime | None] = mapped_column(UTCDateTime)

    need: Mapped[Need] = relationship()
    supplier: Mapped[Supplier] = relationship()
    versions: Mapped[list[BidVersion]] = relationship(order_by="BidVersion.number")
    # Only those of the version being written: a submitted version's are swept away by the worker.
    draft_parts: Mapped[list[DraftPart]] = relationship(
        primaryjoin="and_(Bid.id == foreign(DraftPart.bid_id), DraftPart.for_version == Bid.current_version + 1)",
        cascade="all, delete-orphan",
        order_by="DraftPart.slot",
    )


class DraftPart(Base):
    """One answer, price line, declaration or file of a draft, encrypted under the bid's draft key (outside here)."""

    __tablename__ = "draft_parts"
    __table_args__ = (UniqueConstraint("bid_id", "for_version", "slot", name="one_draft_part_per_slot"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    for_version: Mapped[int] = mapped_column(Integer)
    # One slot a page: answer:<question id>, price, declarations, file:<random>
    slot: Mapped[str] = mapped_column(String(80))
    # A file's bytes lie in the file store, encrypted; here then is its encrypted name.
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    file_key: Mapped[str] = mapped_column(String(80), default="")
    # The file sealed to the need when it came in, so that submitting has only the answers and the price to seal.
    sealed_key: Mapped[str] = mapped_column(String(80), default="")
    sealed_size: Mapped[int] = mapped_column(Integer, default=0)
    sealed_sha256: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[int] = mapped_column(Integer, default=1)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class BidVersion(Base):
    """One submission: its sealed parts, manifest and receipt. Replaced and withdrawn versions stay sealed for ever."""

    __tablename__ = "bid_versions"
    __table_args__ = (
        UniqueConstraint("bid_id", "number", name="one_bid_version_per_number"),
        UniqueConstraint("bid_id", "idempotency_key", name="one_submission_per_key"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    idempotency_key: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    manifest: Mapped[str] = mapped_column(Text)
    manifest_hash: Mapped[str] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(Text, default="")
    replaced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The bidder's own sealed copy under its passphrase, if it set one; its files in the store, a key on each line.
    own_copy: Mapped[bytes | None] = mapped_column(LargeBinary)
    own_copy_files: Mapped[str] = mapped_column(Text, default="")

    bid: Mapped[Bid] = relationship(back_populates="versions")
    parts: Mapped[list[SealedPart]] = relationship(
        primaryjoin="and_(BidVersion.bid_id == foreign(SealedPart.bid_id), BidVersion.number == foreign(SealedPart.number))",
        order_by="SealedPart.name",
        viewonly=True,
    )


class SealedPart(Base):
    """One separately sealed part, answers, price, or a file, of the version with this number.

    Parts of a number above the bid's current version lie ready: nobody submitted them yet, and they count for nothing.
    """

    __tablename__ = "sealed_parts"
    __table_args__ = (UniqueConstraint("bid_id", "number", "name", name="one_sealed_part_per_name"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    number: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(80))
    ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_key: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))


class LateAttempt(Base):
    """A submission, withdrawal or file that reached us after the closing instant: its time, never its content."""

    __tablename__ = "late_attempts"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    supplier: Mapped[Supplier] = relationship()


class ClosedRegister(Base):
    """The root over all receipts that count, published before anything is opened; the blinding is told afterwards."""

    __tablename__ = "closed_registers"
    __table_args__ = (
        # A deadline moved later after an outage closes a register of its own; the first stays on record.
        UniqueConstraint("need_id", "closes_at", name="one_register_per_closing"),
        CheckConstraint("closed_at > closes_at", name="closed_after_the_deadline"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    closes_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    root: Mapped[str] = mapped_column(String(64))
    blinding: Mapped[str] = mapped_column(String(64))


class OpenerShare(Base):
    """What one opener holds of a need's key: a share, wrapped to the opener's own key pair."""

    __tablename__ = "opener_shares"
    __table_args__ = (
        UniqueConstraint("need_id", "person_id", name="one_share_per_opener"),
        # The same point held twice would count once, and the need could not be opened.
        UniqueConstraint("need_id", "point", name="one_opener_per_point"),
        CheckConstraint("threshold >= 2", name="two_or_more_open"),
        CheckConstraint("wrapping in ('keypair-1', 'keyfile-1')", name="share_wrapping_known"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    # The share's place in the splitting, from 1, and how many shares make the key.
    point: Mapped[int] = mapped_column(Integer)
    threshold: Mapped[int] = mapped_column(Integer)
    # The public half that the share was wrapped to: another one by now means that the share is lost.
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # Only of a share under a key file: the pair that other openers entrust their shares to.
    wrapped_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_share: Mapped[bytes] = mapped_column(LargeBinary)
    wrapping: Mapped[str] = mapped_column(String(20))

    need: Mapped[Need] = relationship()
    person: Mapped[Person] = relationship(lazy="joined")


class BidOpening(Base):
    """The opening of a need's bids: the first opener's act waits thirty minutes for the second's."""

    __tablename__ = "bid_openings"
    __table_args__ = (
        UniqueConstraint("need_id", name="one_opening_per_need"),
        CheckConstraint(
            "second_opener_id is null or second_opener_id <> first_opener_id", name="two_different_openers"
        ),
        CheckConstraint("(opened_at is null) = (second_opener_id is null)", name="opened_by_the_second_opener"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    first_opener_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # The first opener's share, re-encrypted to the others; emptied when the opening completes.
    entrusted: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_opener_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    bids_opened: Mapped[int] = mapped_column(Integer, default=0)
    # JSON list: bid reference, supplier, received_at, manifest hash
    opening_list: Mapped[str] = mapped_column(Text, default="[]")

    first_opener: Mapped[Person] = relationship(foreign_keys=[first_opener_id])
    second_opener: Mapped[Person | None] = relationship(foreign_keys=[second_opener_id])


class OpenedPart(Base):
    """A part as it reads after the opening. The price stays encrypted until quality is agreed (kind 'shut').

    A file's `content` is the key of what lies in the store, so that an opening that was cut short leaves nothing readable.
    """

    __tablename__ = "opened_parts"
    __table_args__ = (UniqueConstraint("bid_id", "name", name="one_opened_part_per_name"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default="open")
    content: Mapped[bytes] = mapped_column(LargeBinary)
    file_key: Mapped[str] = mapped_column(String(80), default="")
    file_name: Mapped[str] = mapped_column(String(120), default="")
    size: Mapped[int] = mapped_column(Integer)
