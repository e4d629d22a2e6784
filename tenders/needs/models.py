"""A council's need, from draft to contract: facts with their instants; status is read from them (status.py)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation, Person
from marketplace.core.db import Base, UTCDateTime

DUTIES = ("opener", "evaluator", "chair", "award_approver")


class Need(Base):
    """One need. Ours has an authority; one imported from elsewhere has a source and the buyer's name only."""

    __tablename__ = "needs"
    __table_args__ = (
        CheckConstraint("authority_id is not null or source <> ''", name="need_has_a_buyer"),
        CheckConstraint("published_at is null or closes_at is not null or source <> ''", name="closing_if_published"),
        CheckConstraint("approved_by_id is null or approved_by_id <> author_id", name="approver_is_not_author"),
        CheckConstraint("opened_at is null or opened_at >= closes_at", name="opened_after_closing"),
        CheckConstraint("bids_closed_at is null or bids_closed_at > closes_at", name="register_after_closing"),
        CheckConstraint("withdrawn_at is null or withdrawal_reason <> ''", name="reason_if_withdrawn"),
        CheckConstraint("no_award_at is null or no_award_reason <> ''", name="reason_if_no_award"),
        CheckConstraint("awarded_at is null or no_award_at is null", name="awarded_or_not_awarded"),
        CheckConstraint("discarded_at is null or published_at is null", name="discarded_was_never_published"),
        UniqueConstraint("source", "source_id", name="one_need_per_source_id"),
        Index("ix_needs_open", "published_at", "closes_at"),
        Index("ix_needs_authority_published", "authority_id", "published_at"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # Raised by every save; a save that comes with an older number is refused, so no edit is lost silently.
    version: Mapped[int] = mapped_column(Integer, default=1)
    buyer_name: Mapped[str] = mapped_column(String(300))

    # The words
    title: Mapped[str] = mapped_column(String(300), default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    who_is_affected: Mapped[str] = mapped_column(Text, default="")
    outcomes: Mapped[str] = mapped_column(Text, default="")
    what_exists: Mapped[str] = mapped_column(Text, default="")
    constraints: Mapped[str] = mapped_column(Text, default="")

    # Place
    location: Mapped[str] = mapped_column(String(300), default="")
    postcode: Mapped[str] = mapped_column(String(10), default="")
    region: Mapped[str] = mapped_column(String(60), default="", index=True)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)

    # Money (pence, including VAT) and the law
    estimated_value_pence: Mapped[int | None] = mapped_column(BigInteger)
    value_workings: Mapped[str] = mapped_column(Text, default="")
    budget_note: Mapped[str] = mapped_column(Text, default="")
    budget_reference: Mapped[str] = mapped_column(String(80), default="")
    jurisdiction: Mapped[str] = mapped_column(String(5), default="ENG")
    regime: Mapped[str] = mapped_column(Text, default="")
    reserved_to: Mapped[str] = mapped_column(String(20), default="none")
    reserved_areas: Mapped[str] = mapped_column(String(300), default="")
    is_reserved_for_smes: Mapped[bool] = mapped_column(Boolean, default=False)
    reservation_reason: Mapped[str] = mapped_column(Text, default="")
    sme_barriers: Mapped[str] = mapped_column(Text, default="")
    lots_reason: Mapped[str] = mapped_column(Text, default="")
    conflicts_assessment: Mapped[str] = mapped_column(Text, default="")
    central_notice_number: Mapped[str] = mapped_column(String(40), default="")
    central_notice_url: Mapped[str] = mapped_column(String(300), default="")
    ocid: Mapped[str] = mapped_column(String(80), default="")

    # Dates
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    questions_close_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    award_expected_on: Mapped[date | None] = mapped_column(Date)
    starts_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)

    # Assessment
    price_formula: Mapped[str] = mapped_column(String(30), default="lowest_over_price")
    tie_break: Mapped[str] = mapped_column(Text, default="")
    cpv_codes: Mapped[str] = mapped_column(String(300), default="")

    # Sealing
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    openers_needed: Mapped[int] = mapped_column(Integer, default=2)
    # What becomes of a complete draft that nobody submitted by the closing time: "not_counted" or "counted".
    left_drafts: Mapped[str] = mapped_column(String(20), default="not_counted", server_default="not_counted")

    # Facts
    drafted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    review_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    review_note: Mapped[str] = mapped_column(Text, default="")
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawal_reason: Mapped[str] = mapped_column(Text, default="")
    # The register of what was received is closed: from here on nothing is added, dropped or changed.
    bids_closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    scores_frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    awarded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    no_award_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    no_award_reason: Mapped[str] = mapped_column(Text, default="")
    contracted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # A draft thrown away: no page and no list has it any more, its journal lines and its reference stay.
    discarded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # Where it comes from
    copied_from_reference: Mapped[str] = mapped_column(String(40), default="")
    copied_from_buyer: Mapped[str] = mapped_column(String(300), default="")
    is_demonstration: Mapped[bool] = mapped_column(Boolean, default=False)
    source: Mapped[str] = mapped_column(String(60), default="", index=True)
    source_id: Mapped[str | None] = mapped_column(String(160))
    source_url: Mapped[str] = mapped_column(String(500), default="")
    source_hash: Mapped[str] = mapped_column(String(64), default="")
    source_status: Mapped[str] = mapped_column(String(40), default="")
    # What the source says; null where it says nothing. Our own needs say it by value and reservation.
    is_suitable_for_smes: Mapped[bool | None] = mapped_column(Boolean)

    authority: Mapped[Organisation | None] = relationship(lazy="joined")
    author: Mapped[Person | None] = relationship(foreign_keys=[author_id])
    approved_by: Mapped[Person | None] = relationship(foreign_keys=[approved_by_id])
    requirements: Mapped[list[Requirement]] = relationship(
        cascade="all, delete-orphan", order_by="Requirement.kind, Requirement.position, Requirement.id"
    )
    questions: Mapped[list[BidQuestion]] = relationship(
        cascade="all, delete-orphan", order_by="BidQuestion.position, BidQuestion.id"
    )
    criteria: Mapped[list[Criterion]] = relationship(
        cascade="all, delete-orphan", order_by="Criterion.position, Criterion.id"
    )
    price_lines: Mapped[list[PriceLine]] = relationship(
        cascade="all, delete-orphan", order_by="PriceLine.position, PriceLine.id"
    )
    documents: Mapped[list[NeedDocument]] = relationship(cascade="all, delete-orphan", order_by="NeedDocument.id")
    panel: Mapped[list[PanelMember]] = relationship(cascade="all, delete-orphan", order_by="PanelMember.id")
    capability_rows: Mapped[list[NeedCapability]] = relationship(
        cascade="all, delete-orphan", order_by="NeedCapability.code"
    )
    versions: Mapped[list[NeedVersion]] = relationship(order_by="NeedVersion.number")

    @property
    def is_ours(self) -> bool:
        """Whether a council posted it here, rather than its having been imported."""
        return self.authority_id is not None and self.source == ""

    @property
    def capabilities(self) -> list[str]:
        return [each.code for each in self.capability_rows]

    def people_with(self, duty: str) -> list[PanelMember]:
        return [each for each in self.panel if each.duty == duty]


class Requirement(Base):
    """Something the supplier must do or have (essential), or that would help (desirable)."""

    __tablename__ = "requirements"
    __table_args__ = (CheckConstraint("kind in ('essential', 'desirable')", name="requirement_kind_known"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)


class Criterion(Base):
    """One award criterion with its published weight (percent). Exactly one of kind price, unless price is fixed."""

    __tablename__ = "criteria"
    __table_args__ = (
        CheckConstraint("kind in ('quality', 'price')", name="criterion_kind_known"),
        CheckConstraint("weight >= 0 and weight <= 100", name="weight_is_a_percentage"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10), default="quality")
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    weight: Mapped[int] = mapped_column(Integer)
    minimum_score: Mapped[int | None] = mapped_column(Integer)


class BidQuestion(Base):
    """A question that every bid answers, with its word limit and the criterion its answer is scored under."""

    __tablename__ = "bid_questions"
    __table_args__ = (CheckConstraint("word_limit > 0", name="word_limit_is_positive"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    criterion_id: Mapped[int | None] = mapped_column(ForeignKey("criteria.id", ondelete="SET NULL"))
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    guidance: Mapped[str] = mapped_column(Text, default="")
    word_limit: Mapped[int] = mapped_column(Integer, default=250)
    is_required: Mapped[bool] = mapped_column(Boolean, default=True)

    criterion: Mapped[Criterion | None] = relationship()


class PriceLine(Base):
    """A line that every bid prices, excluding VAT. The evaluated price is the sum of quantity times price."""

    __tablename__ = "price_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_is_positive"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(60), default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 2, asdecimal=True), default=1)


class NeedCapability(Base):
    """A capability the need asks for: a code of reference/capabilities.csv."""

    __tablename__ = "need_capabilities"
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class NeedDocument(Base):
    """A file published with the need. Removing keeps the row, so that history stays whole."""

    __tablename__ = "need_documents"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    file_key: Mapped[str] = mapped_column(String(80))
    file_name: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PanelMember(Base):
    """A person named for a duty on this need before it is published: opener, evaluator, chair, award approver."""

    __tablename__ = "panel_members"
    __table_args__ = (
        UniqueConstraint("need_id", "person_id", "duty", name="one_duty_once"),
        CheckConstraint("duty in ('opener', 'evaluator', 'chair', 'award_approver')", name="duty_known"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    duty: Mapped[str] = mapped_column(String(20))
    named_at: Mapped[datetime] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(lazy="joined")


class DutyReplacement(Base):
    """Somebody named for a duty on a published need was no longer in office, and a colleague took the duty over."""

    __tablename__ = "duty_replacements"
    __table_args__ = (
        CheckConstraint("left_id <> named_id", name="duty_goes_to_another"),
        CheckConstraint("named_id <> replaced_by_id", name="nobody_names_themselves"),
        CheckConstraint("reason <> ''", name="replacement_has_a_reason"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    duty: Mapped[str] = mapped_column(String(20))
    left_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    named_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    replaced_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    replaced_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text)

    left: Mapped[Person] = relationship(foreign_keys=[left_id])
    named: Mapped[Person] = relationship(foreign_keys=[named_id])
    replaced_by: Mapped[Person] = relationship(foreign_keys=[replaced_by_id])


class NeedVersion(Base):
    """The need as it was published, amended, extended: a frozen copy and what changed, for everyone to read."""

    __tablename__ = "need_versions"
    __table_args__ = (UniqueConstraint("need_id", "number", name="one_version_per_number"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    is_material: Mapped[bool] = mapped_column(Boolean, default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    # JSON: {"title": …, …} and [{"field", "before", "after"}]
    snapshot: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text, default="[]")
    sha256: Mapped[str] = mapped_column(String(64))


class NeedAmendment(Base):
    """Changes to an open need that are being prepared; nobody outside the council sees them before publication."""

    __tablename__ = "need_amendments"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), unique=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # JSON: only what differs from the need, by content key (content.py).
    content: Mapped[str] = mapped_column(Text, default="{}")
    # A material amendment waits for an approver: who asked and when, for what published reason.
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    says_material: Mapped[bool] = mapped_column(Boolean, default=False)
    # What the approver wrote when sending it back; empty again once it is asked anew.
    review_note: Mapped[str] = mapped_column(Text, default="")

    asked_by: Mapped[Person | None] = relationship(foreign_keys=[asked_by_id])
