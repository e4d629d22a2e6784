"""The double-entry ledger: every row moves one amount from one account to another, so the whole sums to nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.append_only import guard
from marketplace.core.db import Base, UTCDateTime


class LedgerTransfer(Base):
    """`amount_pence` debited to one account and credited to another. The database refuses to change or delete a row.

    Money that went the wrong way goes back by a transfer of its own. `source` names the fact that moved the money
    ("I-2026-0001/received/net"): a fact is posted once, however often it is told.
    """

    __tablename__ = "ledger_transfers"
    __table_args__ = (
        UniqueConstraint("source", name="one_posting_per_fact"),
        CheckConstraint("amount_pence > 0", name="transfer_moves_something"),
        CheckConstraint("debit <> credit", name="transfer_goes_elsewhere"),
    )
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    posted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    source: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    # The reference of what it is about: an invoice, a payment, a subscription.
    subject: Mapped[str] = mapped_column(String(120), index=True)
    debit: Mapped[str] = mapped_column(String(120), index=True)
    credit: Mapped[str] = mapped_column(String(120), index=True)
    amount_pence: Mapped[int] = mapped_column(BigInteger)


guard(LedgerTransfer.__table__)
