"""What Stripe answers, as far as the house reads it: plain values, sums in pence, instants in UTC.

No object of Stripe's own library goes further than the door. An empty text stands for "there is none".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Customer:
    """A council, as Stripe keeps it for invoices."""

    id: str
    name: str
    email: str
    is_deleted: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SubscriptionState:
    """A subscription. `status`: incomplete, trialing, active, past_due, unpaid, canceled, incomplete_expired, paused."""

    id: str
    customer: str
    status: str
    collection_method: str  # send_invoice, charge_automatically
    created_at: datetime
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    trial_ends_at: datetime | None
    cancels_at_period_end: bool
    canceled_at: datetime | None
    ended_at: datetime | None
    latest_invoice: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InvoiceState:
    """An invoice of ours to a council. `status`: draft, open, paid, uncollectible, void."""

    id: str
    number: str
    status: str
    customer: str
    subscription: str
    currency: str
    created_at: datetime
    finalized_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    net_pence: int
    vat_pence: int
    total_pence: int
    due_pence: int
    paid_pence: int
    remaining_pence: int
    overpaid_pence: int
    # Credit notes while it was open (they lower what is due), and after it was paid (they give money back).
    credited_before_pence: int
    credited_after_pence: int
    attempts: int
    page_url: str
    pdf_url: str
    purchase_order: str
    billing_reason: str
    intents: tuple[str, ...]  # payment intents that paid, or are to pay it
    period_starts_at: datetime | None = None
    period_ends_at: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CreditNoteState:
    """A credit note to an invoice of ours. `status`: issued, void."""

    id: str
    number: str
    invoice: str
    status: str
    total_pence: int
    net_pence: int
    vat_pence: int
    before_payment_pence: int
    after_payment_pence: int
    refunds: tuple[str, ...]
    created_at: datetime
    voided_at: datetime | None


@dataclass(frozen=True)
class CheckoutSession:
    """A page of Stripe's on which somebody pays. `status`: open, complete, expired; `payment_status`: unpaid, paid."""

    id: str
    url: str
    status: str
    payment_status: str
    intent: str
    subscription: str
    customer: str
    amount_pence: int
    reference: str  # ours, as it was asked for
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class IntentState:
    """A payment as Stripe follows it. `status`: requires_payment_method … processing, succeeded, canceled."""

    id: str
    status: str
    amount_pence: int
    received_pence: int
    currency: str
    customer: str
    charge: str
    failure: str  # in Stripe's words, of the last try
    created_at: datetime
    canceled_at: datetime | None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ChargeState:
    """Money taken from a card or a bank transfer. `status`: succeeded, pending, failed."""

    id: str
    intent: str
    customer: str
    status: str
    amount_pence: int
    refunded_pence: int
    currency: str
    is_disputed: bool
    balance_transaction: str
    failure: str
    created_at: datetime


@dataclass(frozen=True)
class RefundState:
    """Money going back. `status`: pending, requires_action, succeeded, failed, canceled."""

    id: str
    charge: str
    intent: str
    amount_pence: int
    status: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class DisputeState:
    """A chargeback. `status`: warning_…, needs_response, under_review, won, lost, prevented.

    `taken_pence` left the supplier's balance by it, `given_again_pence` came back when it was won (without the bank's
    fee); a warning takes nothing.
    """

    id: str
    charge: str
    intent: str
    amount_pence: int
    taken_pence: int
    given_again_pence: int
    status: str
    reason: str
    created_at: datetime
    given_again_at: datetime | None
    evidence_due_at: datetime | None

    @property
    def moved_pence(self) -> int:
        """What the balance has lost by it as it stands now."""
        return self.taken_pence - self.given_again_pence


@dataclass(frozen=True)
class AccountState:
    """A supplier's own account with Stripe."""

    id: str
    can_be_charged: bool
    can_be_paid_out: bool
    has_given_details: bool
    missing: tuple[str, ...]  # what Stripe still asks for
    disabled_because: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PayoutState:
    """Money on its way from Stripe to a bank. `status`: pending, in_transit, paid, canceled, failed."""

    id: str
    amount_pence: int
    status: str
    arrives_at: datetime  # midnight UTC of the day
    created_at: datetime
    is_automatic: bool
    currency: str
    failure: str


@dataclass(frozen=True)
class BalanceLine:
    """One movement of a Stripe balance. `net_pence` is `amount_pence` less `fee_pence`. `source` is what moved it."""

    id: str
    type: str
    amount_pence: int
    fee_pence: int
    net_pence: int
    source: str
    created_at: datetime
    available_at: datetime
    currency: str


@dataclass(frozen=True)
class Balance:
    """What Stripe holds for an account, pounds only."""

    available_pence: int
    pending_pence: int

    @property
    def total_pence(self) -> int:
        return self.available_pence + self.pending_pence


@dataclass(frozen=True)
class EventHint:
    """Something happened to an object: reason to look at it. Nothing else of an event is believed."""

    id: str
    type: str
    account: str  # a supplier's own account; "" for ours
    object_id: str
    is_live: bool
    api_version: str
    created_at: datetime
    payload: str
