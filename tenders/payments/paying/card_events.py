"""What happens to payments by card and to suppliers' own accounts. Pence and references; no names, no bank's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class StripeAccountAsked(Event):
    """A supplier's administrator asked for an account of its own with Stripe."""


@dataclass(frozen=True, kw_only=True)
class StripeAccountConnected(Event):
    """A supplier has an account with Stripe; it gives its details there."""


@dataclass(frozen=True, kw_only=True)
class StripeAccountChanged(Event):
    """Stripe changed what a supplier's account can do."""

    can_be_charged: bool
    can_be_paid_out: bool


@dataclass(frozen=True, kw_only=True)
class StripeAccountLookedAt(Event):
    """A supplier's administrator asked Stripe how the account stands."""


@dataclass(frozen=True, kw_only=True)
class CardConsentGiven(Event):
    """A supplier agreed to be paid by councils' cards to its own account (PA 2023 s68(5), s88(5))."""


@dataclass(frozen=True, kw_only=True)
class CardConsentEnded(Event):
    """A supplier agrees no longer to be paid by card; payments that were begun go on."""


@dataclass(frozen=True, kw_only=True)
class CardPaymentAsked(Event):
    """Finance asked to pay an invoice by card: one try, with a page of Stripe's to come."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class CardPaymentLookedAt(Event):
    """Finance asked Stripe what became of a payment."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class CardPaymentGivenUp(Event):
    """Finance gave a try to pay by card up; Stripe is asked to shut its page, unless it was paid meanwhile."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class CardPageMade(Event):
    """Stripe made the page on which a payment is made."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class CardPaymentCharged(Event):
    """The card was charged: the money is on its way to the supplier's bank."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class CardPaymentFailed(Event):
    """A try to pay by card ended without money: given up, or the page was not used in time."""

    contract: str
    payment: str
    given_up: bool


@dataclass(frozen=True, kw_only=True)
class CardDeclined(Event):
    """A card was declined on Stripe's page, which waits for another."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class CardPaymentPaidOut(Event):
    """Stripe has put the money of a payment into a payout to the supplier's bank."""

    contract: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class CardPaymentArrived(Event):
    """The money is at the supplier's bank: from this day the invoice counts as paid (regulation 38(4))."""

    contract: str
    payment: str
    amount_pence: int
    paid_on: date


@dataclass(frozen=True, kw_only=True)
class CardPayoutFailed(Event):
    """The supplier's bank sent the money back to Stripe; it is on its way again."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class CardPaymentRefunded(Event):
    """The supplier gave money of a card payment back."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class CardPaymentDisputed(Event):
    """The card's bank took the money back from the supplier. Both sides are told; nothing is answered for them."""

    contract: str
    payment: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class CardMoneyGivenAgain(Event):
    """Money that had gone back is with the supplier again: it won the bank's dispute, or a refund failed."""

    contract: str
    payment: str
    amount_pence: int
