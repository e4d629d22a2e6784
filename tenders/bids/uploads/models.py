"""Files on their way into a draft, and the pieces of them that are here; every piece is encrypted in the file store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from tenders.bids.models import Bid


class FileUpload(Base):
    """One file that a bidder began to send. `slot` names the draft's file once it became one."""

    __tablename__ = "file_uploads"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), index=True)
    # The version being written when it began; a submission in between leaves the upload behind.
    for_version: Mapped[int] = mapped_column(Integer)
    # The name and what the browser counted, encrypted under the draft key.
    about: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(BigInteger)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # When the request with its last byte reached us: what decides whether the file was in time.
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When its first piece came too late; said on record once.
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    slot: Mapped[str] = mapped_column(String(40), default="")

    bid: Mapped[Bid] = relationship()
    pieces: Mapped[list[UploadPiece]] = relationship(order_by="UploadPiece.start", cascade="all, delete-orphan")

    @property
    def received(self) -> int:
        """How many bytes are here, from the beginning without a gap."""
        return self.size if self.completed_at else sum(each.size for each in self.pieces)


class UploadPiece(Base):
    """Bytes `start` to `start + size` of a file. Of two that come for the same place, the table takes one."""

    __tablename__ = "upload_pieces"
    __table_args__ = (UniqueConstraint("upload_id", "start", name="one_piece_per_place"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("file_uploads.id"))
    start: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    file_key: Mapped[str] = mapped_column(String(80))
