"""What happens to a council's subscription. Amounts in pence; no names: reasons are those our administrator publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class TrialStarted(Event):
    """A council's free trial began, by itself or by its finance people; `band` is empty where no population is known."""

    band: str
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class TrialEnding(Event):
    """The trial ends soon and nothing is ordered; told twice, the second time with `is_last`."""

    ends_on: date
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class BandChosen(Event):
    """Our administrator chose a council's band by hand; a year's price before VAT."""

    band: str
    annual_pence: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionOrdered(Event):
    """The council's finance role ordered a year; prices without and with VAT."""

    band: str
    net_pence: int
    total_pence: int
    pays_by: str
    period_starts_on: date
    period_ends_on: date
    is_by_hand: bool


@dataclass(frozen=True, kw_only=True)
class CardPageAsked(Event):
    """The finance role asked for Stripe's page to pay by card; nothing is ordered until it is completed."""

    tries: int


@dataclass(frozen=True, kw_only=True)
class PurchaseOrderChanged(Event):
    """The purchase order number for the next invoices was changed."""


@dataclass(frozen=True, kw_only=True)
class CancellationAsked(Event):
    """The council wants no further year."""

    ends_on: date | None


@dataclass(frozen=True, kw_only=True)
class CancellationTakenBack(Event):
    """The council wants the next year after all."""


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewing(Event):
    """The next year begins soon, at this price; it can still be cancelled."""

    renews_on: date
    total_pence: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed(Event):
    """The next year began; `is_by_hand`: our administrator sends its invoice."""

    period_starts_on: date
    period_ends_on: date
    total_pence: int
    is_by_hand: bool


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnded(Event):
    """The subscription ended; the council can order again."""

    ended_on: date


@dataclass(frozen=True, kw_only=True)
class SubscriptionInvoiced(Event):
    """An invoice of ours to a council was sent."""

    invoice: str
    net_pence: int
    vat_pence: int
    total_pence: int
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionPaid(Event):
    """Money arrived for an invoice of ours; what is left to pay."""

    invoice: str
    paid_pence: int
    left_pence: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionOverpaid(Event):
    """More arrived than the invoice asked for; the rest is in hand for the next one."""

    invoice: str
    in_hand_pence: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionPaymentFailed(Event):
    """A payment of our invoice failed at Stripe; nothing was taken."""

    invoice: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCredited(Event):
    """A credit note was written for an invoice of ours."""

    invoice: str
    credited_pence: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionRefunded(Event):
    """Money was given back to the council."""

    invoice: str
    refunded_pence: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionInvoiceVoided(Event):
    """An invoice of ours was taken back; nothing is owed for it."""

    invoice: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SubscriptionOverdue(Event):
    """An invoice of ours is overdue; told twice before new needs stop, the second time with `is_last`."""

    invoice: str
    due_on: date
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class NewNeedsStopped(Event):
    """The council can start no new need until it pays or orders. Everything else goes on."""

    reason: str
    invoice: str = ""


@dataclass(frozen=True, kw_only=True)
class NewNeedsAllowed(Event):
    """The council can start new needs again."""


@dataclass(frozen=True, kw_only=True)
class NewNeedsKeptOpen(Event):
    """Our administrator keeps new needs open until a day, whatever is unpaid, for this reason."""

    until_on: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class CardPageClosed(Event):
    """Stripe's page for paying by card is closed: paid on, or shut."""

    was_paid: bool


@dataclass(frozen=True, kw_only=True)
class BroughtToStripe(Event):
    """Stripe was told what the council wants, or made what it needs; `what` names the columns that say so."""

    what: list[str]


@dataclass(frozen=True, kw_only=True)
class SubscriptionStateChanged(Event):
    """What Stripe says of the subscription, or of the invoice that is named, is not what it was."""

    status: str
    invoice: str = ""


@dataclass(frozen=True, kw_only=True)
class SubscriptionCashMoved(Event):
    """What a council transferred and no invoice has taken yet went up or down; `missing_pence`: until it is enough."""

    invoice: str
    moved_pence: int
    in_hand_pence: int
    missing_pence: int


@dataclass(frozen=True, kw_only=True)
class StripeBalanceMoved(Event):
    """A line of our own balance with Stripe was posted: its fee, and a payout to our bank."""

    kind: str
    amount_pence: int
    fee_pence: int
