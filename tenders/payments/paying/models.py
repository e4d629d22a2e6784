"""Payments of invoices, what went back, files of payments from a council's finance system, suppliers' own accounts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from tenders.payments.invoices.models import Invoice

METHODS = ("bacs", "card")


class Payment(Base):
    """Money for an invoice. By BACS it is recorded here; by card Stripe charges straight to the supplier's account.

    `paid_on` is the day on which the supplier has the money (regulation 38(4)): for a card the day its payout arrives,
    not the day of the charge. Pence.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("invoice_id", "attempt", name="one_payment_per_attempt"),
        UniqueConstraint("intent_id", name="one_payment_per_intent"),
        CheckConstraint("amount_pence > 0", name="payment_pays_something"),
        CheckConstraint("method in ('bacs', 'card')", name="payment_method_known"),
        CheckConstraint("failed_at is null or paid_on is null", name="failed_is_not_paid"),
        CheckConstraint("method = 'card' or intent_id is null", name="only_cards_have_intents"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), index=True)
    # Counts the tries to pay an invoice: part of the key under which Stripe does a thing once.
    attempt: Mapped[int] = mapped_column(Integer)
    method: Mapped[str] = mapped_column(String(10))
    amount_pence: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    sent_on: Mapped[date | None] = mapped_column(Date)
    paid_on: Mapped[date | None] = mapped_column(Date, index=True)
    bank_reference: Mapped[str] = mapped_column(String(60), default="")
    remittance_line_id: Mapped[int | None] = mapped_column(ForeignKey("remittance_lines.id"), unique=True)
    # Stripe's side of a payment by card, on the supplier's own account.
    account_id: Mapped[str] = mapped_column(String(64), default="")
    session_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    session_url: Mapped[str] = mapped_column(Text, default="")
    intent_id: Mapped[str | None] = mapped_column(String(120))
    charge_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    charged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    payout_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str] = mapped_column(Text, default="")
    # When the supplier last said that the money is missing.
    not_arrived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    invoice: Mapped[Invoice] = relationship()
    refunds: Mapped[list[PaymentRefund]] = relationship(order_by="PaymentRefund.id", back_populates="payment")


class PaymentRefund(Base):
    """Money of a payment that went back to the council: by the supplier, or taken back by the card's bank."""

    __tablename__ = "payment_refunds"
    __table_args__ = (
        UniqueConstraint("stripe_id", name="one_refund_per_stripe_id"),
        CheckConstraint("amount_pence > 0", name="refund_gives_something"),
        CheckConstraint("kind in ('refund', 'chargeback', 'chargeback_won')", name="refund_kind_known"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    amount_pence: Mapped[int] = mapped_column(BigInteger)
    refunded_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    stripe_id: Mapped[str | None] = mapped_column(String(120))

    payment: Mapped[Payment] = relationship(back_populates="refunds")


class Remittance(Base):
    """A file of payments that a council's finance system made, as it was read."""

    __tablename__ = "remittances"
    __table_args__ = (UniqueConstraint("authority_id", "sha256", name="one_import_per_file"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    # What the date in the file is: "arrives", the day on which the supplier has the money, or "sent".
    dates: Mapped[str] = mapped_column(String(10), default="arrives")
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    imported_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))

    lines: Mapped[list[RemittanceLine]] = relationship(order_by="RemittanceLine.number", back_populates="remittance")


class RemittanceLine(Base):
    """One line of the file: the payment it became, or in one sentence why it became none."""

    __tablename__ = "remittance_lines"
    __table_args__ = (UniqueConstraint("remittance_id", "number", name="one_line_per_number"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    remittance_id: Mapped[int] = mapped_column(ForeignKey("remittances.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)  # the line of the file, the heading being 1
    text: Mapped[str] = mapped_column(Text)
    # What could be read of it: pence, and the day that it names.
    invoice_number: Mapped[str] = mapped_column(String(120), default="")
    supplier: Mapped[str] = mapped_column(String(200), default="")
    amount_pence: Mapped[int | None] = mapped_column(BigInteger)
    named_on: Mapped[date | None] = mapped_column(Date)
    bank_reference: Mapped[str] = mapped_column(String(60), default="")
    problem: Mapped[str] = mapped_column(Text, default="")

    remittance: Mapped[Remittance] = relationship(back_populates="lines")


class SupplierAccount(Base):
    """A supplier's own account with Stripe, and its recorded consent to be paid there by a council's card.

    Payment by somebody other than the council itself needs the payee's agreement (PA 2023 s68(5), s88(5)).
    """

    __tablename__ = "supplier_accounts"
    __table_args__ = (UniqueConstraint("account_id", name="one_supplier_per_account"),)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    can_be_charged: Mapped[bool] = mapped_column(Boolean, default=False)
    can_be_paid_out: Mapped[bool] = mapped_column(Boolean, default=False)
    consented_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consented_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    consent_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


# Nobody pays what they approved, whichever program writes the row.
PAYER = {
    "sqlite": (
        "CREATE TRIGGER payments_payer_is_not_approver BEFORE INSERT ON payments "
        "WHEN NEW.asked_by_id = (SELECT approved_by_id FROM invoices WHERE id = NEW.invoice_id) "
        "BEGIN SELECT RAISE(ABORT, 'payments_payer_is_not_approver'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION payments_payer_is_not_approver() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.asked_by_id = (SELECT approved_by_id FROM invoices WHERE id = NEW.invoice_id) THEN "
        "RAISE EXCEPTION 'payments_payer_is_not_approver'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER payments_payer_is_not_approver BEFORE INSERT ON payments "
        "FOR EACH ROW EXECUTE FUNCTION payments_payer_is_not_approver()",
    ),
}
for _dialect, _statements in PAYER.items():
    for _statement in _statements:
        event.listen(Payment.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
