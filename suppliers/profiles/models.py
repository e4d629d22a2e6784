"""A supplier's profile: identity, size, place, what it does in plain words, capabilities."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.core.db import Base, UTCDateTime

SIZES = {
    "micro": "Fewer than 10 people",
    "small": "10 to 49 people",
    "medium": "50 to 249 people",
    "large": "250 people or more",
}


class Supplier(Base):
    """A registered firm, charity or sole trader. Its id is its organisation's; its name lives there too."""

    __tablename__ = "suppliers"
    __table_args__ = (
        UniqueConstraint("source", "source_id", name="one_supplier_per_source_id"),
        Index("one_supplier_per_company_number", "company_number", unique=True),
        Index("one_supplier_per_charity_number", "charity_number", unique=True),
        # Firms without a number are told apart by name and place; imported rows keep their source's own identity.
        Index(
            "one_unnumbered_supplier_per_name_and_outcode",
            "name_key",
            "outcode",
            unique=True,
            sqlite_where=text("company_number is null and charity_number is null and source = ''"),
            postgresql_where=text("company_number is null and charity_number is null and source = ''"),
        ),
        CheckConstraint("size in ('', 'micro', 'small', 'medium', 'large')", name="supplier_size_known"),
    )
    id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    # Null, not empty, when there is none: the unique index then lets many have none.
    company_number: Mapped[str | None] = mapped_column(String(12))
    charity_number: Mapped[str | None] = mapped_column(String(12))
    vat_number: Mapped[str] = mapped_column(String(12), default="")
    ppon: Mapped[str] = mapped_column(String(20), default="")
    # The name without legal endings and punctuation, for finding the same firm again: see identity.name_key.
    name_key: Mapped[str | None] = mapped_column(String(200), index=True)
    is_sole_trader: Mapped[bool] = mapped_column(Boolean, default=False)
    is_vcse: Mapped[bool] = mapped_column(Boolean, default=False)
    size: Mapped[str] = mapped_column(String(10), default="")
    postcode: Mapped[str] = mapped_column(String(10), default="")
    outcode: Mapped[str] = mapped_column(String(5), default="")
    region: Mapped[str] = mapped_column(String(60), default="", index=True)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    summary: Mapped[str] = mapped_column(String(300), default="")
    about: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    registered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Where an imported profile comes from; empty for a firm that registered itself.
    source: Mapped[str] = mapped_column(String(60), default="")
    source_id: Mapped[str | None] = mapped_column(String(120))
    source_hash: Mapped[str] = mapped_column(String(64), default="")

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    capability_rows: Mapped[list[SupplierCapability]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="SupplierCapability.code"
    )

    @property
    def name(self) -> str:
        return self.organisation.name

    @property
    def slug(self) -> str:
        return self.organisation.slug

    @property
    def reference(self) -> str:
        return self.organisation.reference

    @property
    def capabilities(self) -> list[str]:
        return [each.code for each in self.capability_rows]

    @property
    def is_sme(self) -> bool:
        """Fewer than 250 people, as declared (Procurement Act 2023 s123 adds a money test the firm declares too)."""
        return is_sme_size(self.size) is True


def is_sme_size(size: str | None) -> bool | None:
    """Whether a firm of this declared size is small or medium-sized; None when nobody said a size."""
    return size in ("micro", "small", "medium") if size else None


class SupplierCapability(Base):
    """One capability that a supplier says it has: a code of reference/capabilities.csv."""

    __tablename__ = "supplier_capabilities"
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)
