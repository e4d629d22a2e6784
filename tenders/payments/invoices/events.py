"""What happens to invoices. Pence with VAT; no numbers, names, reasons or answers: they stand in the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceReceived(Event):
    """An invoice reached the council: from `received_at` on the law counts its days."""

    contract: str
    supplier: str
    milestone: int
    total_pence: int
    received_at: datetime
    due_on: date
    sha256: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDocumentKept(Event):
    """A file waits here until the supplier sends the invoice that it belongs to; nobody else sees it."""

    contract: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class InvoiceWithdrawn(Event):
    """The supplier took its invoice back before it was approved."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class InvoiceReturned(Event):
    """The council sent an invoice back that was not valid, with the reason."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class InvoiceApproved(Event):
    """The contract manager approved an invoice; `warnings` lines of the match did not agree and were looked into."""

    contract: str
    total_pence: int
    warnings: int


@dataclass(frozen=True, kw_only=True)
class InvoiceDisputed(Event):
    """The council disputes an invoice and said why; the days go on counting."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class DisputeAnswered(Event):
    """The supplier answered a dispute."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class DisputeResolved(Event):
    """The council said how a dispute was settled."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class CreditNoteReceived(Event):
    """The supplier asks for less than its invoice said."""

    contract: str
    credit_note: str
    total_pence: int


@dataclass(frozen=True, kw_only=True)
class InvoiceEmptied(Event):
    """Address, VAT number and file of a sole trader's invoice are gone: nobody needs to keep them any more."""

    contract: str


@dataclass(frozen=True, kw_only=True)
class InvoicePaymentDue(Event):
    """An invoice is to be paid soon, or should have been; `days_left` is below nought when it is overdue."""

    contract: str
    due_on: date
    days_left: int
    owed_pence: int
