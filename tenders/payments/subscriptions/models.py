"""Councils' yearly subscriptions and the invoices that Stripe writes for them. Money in pence."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.core.db import Base, UTCDateTime


class Subscription(Base):
    """One council's subscription, from the trial or the order to its end. What Stripe says of it is kept beside."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(
            "one_live_subscription",
            "authority_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("pays_by in ('', 'transfer', 'card')", name="subscription_payment_known"),
        CheckConstraint("annual_pence >= 0", name="subscription_costs_something"),
        CheckConstraint("kept_open_until_on is null or kept_open_reason <> ''", name="reason_if_kept_open"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    band: Mapped[str] = mapped_column(String(40))  # of the plan, by population
    annual_pence: Mapped[int] = mapped_column(BigInteger)  # before VAT
    vat_basis_points: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # None: it began by itself, when the council's account did.
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    trial_ends_on: Mapped[date | None] = mapped_column(Date)
    # When its end was announced: the first and the last mail of the trial; the year whose renewal was announced.
    first_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    renewal_told_on: Mapped[date | None] = mapped_column(Date)
    # Our administrator keeps new needs open until this day, whatever is unpaid, for a reason.
    kept_open_until_on: Mapped[date | None] = mapped_column(Date)
    kept_open_reason: Mapped[str] = mapped_column(Text, default="")
    # Ordered: from here on it is paid for. None while it is a trial.
    ordered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ordered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    pays_by: Mapped[str] = mapped_column(String(10), default="")
    purchase_order: Mapped[str] = mapped_column(String(60), default="")
    period_starts_on: Mapped[date | None] = mapped_column(Date)
    period_ends_on: Mapped[date | None] = mapped_column(Date)
    cancel_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    end_reason: Mapped[str] = mapped_column(Text, default="")
    # Ordered while there was no Stripe here: our administrator records invoices and payments.
    is_by_hand: Mapped[bool] = mapped_column(Boolean, default=False)
    # Stripe's names and its last word; `tries` counts its pages for paying by card, each with a key of its own.
    tries: Mapped[int] = mapped_column(Integer, default=0)
    gateway_cancels: Mapped[bool] = mapped_column(Boolean, default=False)
    gateway_purchase_order: Mapped[str] = mapped_column(String(60), default="")
    customer_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    subscription_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    session_id: Mapped[str] = mapped_column(String(120), default="")
    session_url: Mapped[str] = mapped_column(Text, default="")
    gateway_status: Mapped[str] = mapped_column(String(40), default="")

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    invoices: Mapped[list[SubscriptionInvoice]] = relationship(
        order_by="SubscriptionInvoice.issued_on, SubscriptionInvoice.id", back_populates="subscription"
    )


class SubscriptionInvoice(Base):
    """An invoice of ours to a council, as Stripe last told it."""

    __tablename__ = "subscription_invoices"
    __table_args__ = (CheckConstraint("total_pence = net_pence + vat_pence", name="subscription_invoice_adds_up"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    invoice_id: Mapped[str] = mapped_column(String(120), unique=True)
    number: Mapped[str] = mapped_column(String(60), default="")
    issued_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    net_pence: Mapped[int] = mapped_column(BigInteger)
    vat_pence: Mapped[int] = mapped_column(BigInteger)
    total_pence: Mapped[int] = mapped_column(BigInteger)
    paid_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    credited_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    gateway_status: Mapped[str] = mapped_column(String(40), default="")
    purchase_order: Mapped[str] = mapped_column(String(60), default="")
    page_url: Mapped[str] = mapped_column(Text, default="")
    pdf_url: Mapped[str] = mapped_column(Text, default="")
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    first_reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    subscription: Mapped[Subscription] = relationship(back_populates="invoices")

    @property
    def is_open(self) -> bool:
        """Sent, and neither paid nor taken back."""
        return self.gateway_status in ("open", "uncollectible")

    @property
    def name(self) -> str:
        """What people call it: its number, or Stripe's name for it while it has none."""
        return self.number or self.invoice_id
