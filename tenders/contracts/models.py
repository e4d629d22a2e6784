"""Contracts: signed by both sides, milestones delivered and accepted, changes approved by a second person, an end."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from suppliers.profiles.models import Supplier
from tenders.awards.models import Award
from tenders.needs.models import Need


class Contract(Base):
    """The agreement that ends a purchase's competition. Value in pence, including VAT."""

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("award_id", name="one_contract_per_award"),
        CheckConstraint("ends_on >= starts_on", name="contract_ends_after_it_starts"),
        CheckConstraint("ended_at is null or end_reason <> ''", name="reason_if_ended"),
        CheckConstraint(
            "council_signed_by_id is null or council_signed_by_id <> written_by_id", name="signer_is_not_writer"
        ),
        CheckConstraint(
            "supplier_signed_at is null or council_signed_at is not null", name="supplier_signs_what_the_council_signed"
        ),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    value_pence: Mapped[int] = mapped_column(BigInteger)
    # Why the value is not the winner's price with VAT; "" when it is.
    difference_reason: Mapped[str] = mapped_column(Text, default="")
    # The council's order number, when its finance wants one on invoices.
    purchase_order: Mapped[str] = mapped_column(String(60), default="")
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    # What was signed; the two above follow approved changes.
    first_value_pence: Mapped[int | None] = mapped_column(BigInteger)
    first_ends_on: Mapped[date | None] = mapped_column(Date)
    drafted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Whoever wrote the terms last: somebody else signs.
    written_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    signature_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    return_reason: Mapped[str] = mapped_column(Text, default="")
    council_signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    council_signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    supplier_signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    supplier_signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    end_kind: Mapped[str] = mapped_column(String(20), default="")
    end_reason: Mapped[str] = mapped_column(Text, default="")
    ending_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What residents got, in the council's words, written at the end: shown with the need for other councils.
    outcome: Mapped[str] = mapped_column(Text, default="")

    need: Mapped[Need] = relationship()
    supplier: Mapped[Supplier] = relationship()
    award: Mapped[Award] = relationship()
    milestones: Mapped[list[Milestone]] = relationship(
        cascade="all, delete-orphan", order_by="Milestone.position, Milestone.id", back_populates="contract"
    )
    modifications: Mapped[list[Modification]] = relationship(order_by="Modification.number", back_populates="contract")

    @property
    def is_signed(self) -> bool:
        """Whether both sides signed."""
        return self.council_signed_at is not None and self.supplier_signed_at is not None

    @property
    def signed_at(self) -> datetime | None:
        """When the second side signed."""
        return self.supplier_signed_at if self.is_signed else None

    @property
    def approved_modifications(self) -> list[Modification]:
        return [each for each in self.modifications if each.approved_at is not None]

    @property
    def waiting_modification(self) -> Modification | None:
        """The change that waits for an approver."""
        return next((each for each in self.modifications if each.is_waiting), None)


class Milestone(Base):
    """A deliverable with a day and an amount (pence, including VAT)."""

    __tablename__ = "milestones"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date] = mapped_column(Date)
    amount_pence: Mapped[int] = mapped_column(BigInteger)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    delivery_note: Mapped[str] = mapped_column(Text, default="")
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    rejected_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision_note: Mapped[str] = mapped_column(Text, default="")

    contract: Mapped[Contract] = relationship(back_populates="milestones")

    @property
    def status(self) -> str:
        """planned, delivered, accepted or rejected, from the facts."""
        if self.accepted_at is not None:
            return "accepted"
        if self.rejected_at is not None:
            return "rejected"
        return "delivered" if self.delivered_at is not None else "planned"

    def is_late(self, today: date) -> bool:
        """Past its day and not delivered, or delivered and rejected."""
        return self.due_on < today and self.status in ("planned", "rejected")


class Modification(Base):
    """A change to a contract: its ground, what it changes, who proposed and who approved (PA 2023 s74-77)."""

    __tablename__ = "modifications"
    __table_args__ = (
        UniqueConstraint("contract_id", "number", name="one_modification_per_number"),
        CheckConstraint("approved_by_id is null or approved_by_id <> proposed_by_id", name="modification_takes_two"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    ground: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    value_change_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    new_ends_on: Mapped[date | None] = mapped_column(Date)
    needs_notice: Mapped[bool] = mapped_column(Boolean, default=False)
    # JSON: the findings of the test of section 74, frozen when the change was proposed
    test_result: Mapped[str] = mapped_column(Text, default="[]")
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    refusal_reason: Mapped[str] = mapped_column(Text, default="")
    notice_number: Mapped[str] = mapped_column(String(40), default="")

    contract: Mapped[Contract] = relationship(back_populates="modifications")

    @property
    def is_waiting(self) -> bool:
        return self.approved_at is None and self.refused_at is None

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The test's findings as they were when the change was proposed: {"holds", "text"}."""
        return json.loads(self.test_result or "[]")
