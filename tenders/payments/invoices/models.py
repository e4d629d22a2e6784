"""Invoices of suppliers for work under a contract, disputes about them, and credit notes. Money in pence."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Person
from marketplace.core.db import Base, UTCDateTime
from suppliers.profiles.models import Supplier
from tenders.contracts.models import Contract, Milestone

_LIVE = text("returned_at IS NULL AND withdrawn_at IS NULL")


class Invoice(Base):
    """What a supplier asks to be paid. `received_at` is when it reached the council here, and never changes."""

    __tablename__ = "invoices"
    __table_args__ = (
        Index("one_invoice_per_number", "contract_id", "number", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        CheckConstraint("total_pence = net_pence + vat_pence", name="invoice_adds_up"),
        CheckConstraint("net_pence > 0 and vat_pence >= 0", name="invoice_asks_for_money"),
        CheckConstraint("returned_at is null or return_reason <> ''", name="reason_if_returned"),
        CheckConstraint("approved_at is null or returned_at is null", name="returned_is_not_approved"),
        CheckConstraint("withdrawn_at is null or approved_at is null", name="withdrawn_is_not_approved"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey("milestones.id"), index=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    # The supplier's own number, unique among its live invoices of the contract (PA 2023 s68(9)).
    number: Mapped[str] = mapped_column(String(60))
    invoiced_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)  # as the invoice says; the law's day may be later
    description: Mapped[str] = mapped_column(Text)
    purchase_order: Mapped[str] = mapped_column(String(60), default="")
    net_pence: Mapped[int] = mapped_column(BigInteger)
    vat_basis_points: Mapped[int] = mapped_column(Integer)  # 2000 is 20 %
    vat_pence: Mapped[int] = mapped_column(BigInteger)
    total_pence: Mapped[int] = mapped_column(BigInteger)
    # As on the day: a firm's name and address may change later.
    supplier_name: Mapped[str] = mapped_column(String(200))
    supplier_address: Mapped[str] = mapped_column(Text, default="")
    vat_number: Mapped[str] = mapped_column(String(20), default="")
    # The supplier's own document, when it sent one.
    file_name: Mapped[str] = mapped_column(String(200), default="")
    file_key: Mapped[str] = mapped_column(String(80), default="")
    file_size: Mapped[int] = mapped_column(BigInteger, default=0)
    file_sha256: Mapped[str] = mapped_column(String(64), default="")
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    returned_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    return_reason: Mapped[str] = mapped_column(Text, default="")
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # The last day for which somebody was reminded to pay, so that nobody is reminded twice of one.
    reminded_for: Mapped[date | None] = mapped_column(Date)

    contract: Mapped[Contract] = relationship()
    milestone: Mapped[Milestone | None] = relationship()
    supplier: Mapped[Supplier] = relationship()
    approved_by: Mapped[Person | None] = relationship(foreign_keys=[approved_by_id])
    disputes: Mapped[list[InvoiceDispute]] = relationship(order_by="InvoiceDispute.id", back_populates="invoice")
    credit_notes: Mapped[list[CreditNote]] = relationship(order_by="CreditNote.id", back_populates="invoice")

    @property
    def open_dispute(self) -> InvoiceDispute | None:
        """The dispute that is not settled yet."""
        return next((each for each in self.disputes if each.resolved_at is None), None)


class InvoiceDispute(Base):
    """The council says without undue delay what it disputes (PA 2023 s68(6), s88(6)); `resolved_at` ends it."""

    __tablename__ = "invoice_disputes"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="dispute_has_reason"),
        CheckConstraint("resolved_at is null or resolution <> ''", name="resolution_if_resolved"),
        Index(
            "one_open_dispute",
            "invoice_id",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    answer: Mapped[str] = mapped_column(Text, default="")  # the supplier's
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    resolution: Mapped[str] = mapped_column(Text, default="")

    invoice: Mapped[Invoice] = relationship(back_populates="disputes")


class CreditNote(Base):
    """The supplier asks for less than its invoice said."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        UniqueConstraint("invoice_id", "number", name="one_credit_note_per_number"),
        CheckConstraint("total_pence = net_pence + vat_pence", name="credit_note_adds_up"),
        CheckConstraint("net_pence >= 0 and vat_pence >= 0 and total_pence > 0", name="credit_note_gives_money"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), index=True)
    number: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    net_pence: Mapped[int] = mapped_column(BigInteger)
    vat_pence: Mapped[int] = mapped_column(BigInteger)
    total_pence: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))

    invoice: Mapped[Invoice] = relationship(back_populates="credit_notes")


class WaitingDocument(Base):
    """The file of an invoice that is not sent yet, so that nobody has to choose it again: one a person and contract."""

    __tablename__ = "waiting_documents"
    __table_args__ = (UniqueConstraint("contract_id", "person_id", name="one_waiting_document"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    file_key: Mapped[str] = mapped_column(String(80))
    file_sha256: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


# When an invoice was received decides when it must be paid: no program may change it afterwards.
KEPT = {
    "sqlite": (
        "CREATE TRIGGER invoices_keep_received_at BEFORE UPDATE OF received_at ON invoices "
        "WHEN NEW.received_at IS NOT OLD.received_at BEGIN SELECT RAISE(ABORT, 'invoices_keep_received_at'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION invoices_keep_received_at() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.received_at IS DISTINCT FROM OLD.received_at THEN "
        "RAISE EXCEPTION 'invoices_keep_received_at'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER invoices_keep_received_at BEFORE UPDATE ON invoices "
        "FOR EACH ROW EXECUTE FUNCTION invoices_keep_received_at()",
    ),
}
for _dialect, _statements in KEPT.items():
    for _statement in _statements:
        event.listen(Invoice.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
