"""What happens to payments by BACS and to files of them. Pence and references; no names, no bank's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class BacsPaymentRecorded(Event):
    """Finance recorded a payment by BACS: sent on one day, with the supplier on another."""

    contract: str
    payment: str
    amount_pence: int
    sent_on: date
    paid_on: date
    remittance: str


@dataclass(frozen=True, kw_only=True)
class PaymentNotArrived(Event):
    """The supplier says that a payment is not there."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class ArrivalCorrected(Event):
    """Finance corrected the day on which the supplier had the money."""

    contract: str
    payment: str
    paid_on: date


@dataclass(frozen=True, kw_only=True)
class BacsPaymentCameBack(Event):
    """The bank gave a payment back, so the invoice is owed again."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class BacsRefundRecorded(Event):
    """The supplier gave money of a payment back."""

    contract: str
    payment: str
    amount_pence: int
    refunded_on: date


@dataclass(frozen=True, kw_only=True)
class RemittanceImported(Event):
    """A file of payments was read: so many lines became payments, so many did not."""

    matched: int
    unmatched: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class RemittanceTriedAgain(Event):
    """Lines of an earlier file that had become no payment were looked at again."""

    matched: int
    unmatched: int
