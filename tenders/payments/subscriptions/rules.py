"""Whether a subscription may be ordered, changed, cancelled, and its invoices recorded by hand. Pure."""

from __future__ import annotations

from datetime import date

from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.plans import NO_BAND
from tenders.payments.subscriptions.standing import is_free

PAYS_BY = ("transfer", "card")
NOT_BY_CARD = "A card can be used only where this service is connected to Stripe. Choose an invoice"
LONGEST_HOLD = 366  # days for which our administrator can keep new needs open at a time


def ordering_problems(subscription: Subscription | None, pays_by: str, takes_cards: bool) -> list[Problem]:
    """Whether the council may order now, paying in this way; one that has ended is ordered anew."""
    if subscription is None:
        return [Problem("Your council's subscription has not begun. Press the button that begins it first.")]
    if subscription.band == NO_BAND:
        words = "We do not know how many people your council serves, so we cannot say a price. We have been told; "
        return [Problem(words + "carry on meanwhile, nothing stops")]
    if is_free(subscription):
        return [Problem("Councils of your size pay nothing, so there is nothing to order")]
    if subscription.ordered_at is not None and subscription.ended_at is None:
        return [Problem("Your council has ordered already")]
    if pays_by not in PAYS_BY:
        return [Problem("Select how the council pays", "pays_by")]
    return [Problem(NOT_BY_CARD, "pays_by")] if pays_by == "card" and not takes_cards else []


def running_problems(subscription: Subscription | None) -> list[Problem]:
    """Whether there is an order that can be changed."""
    if subscription is None or subscription.ordered_at is None or subscription.ended_at is not None:
        return [Problem("Your council has no running order")]
    return []


def cancelling_problems(subscription: Subscription | None) -> list[Problem]:
    """Whether the next year can be cancelled."""
    found = running_problems(subscription)
    if not found and subscription is not None and subscription.cancel_asked_at is not None:
        return [Problem("The next year is cancelled already")]
    return found


def keeping_problems(subscription: Subscription | None) -> list[Problem]:
    """Whether a cancellation can be taken back: until the year has ended."""
    found = running_problems(subscription)
    if not found and subscription is not None and subscription.cancel_asked_at is None:
        return [Problem("The next year is not cancelled")]
    return found


def band_problems(subscription: Subscription, is_offered: bool, reason: str) -> list[Problem]:
    """Whether our administrator may choose the band: before an order, for a reason."""
    found = []
    if subscription.ended_at is not None or subscription.ordered_at is not None:
        found.append(Problem("The price of a running order stays. Choose the band before the next order"))
    if not is_offered:
        found.append(Problem("Select a band", "band"))
    if not reason.strip():
        found.append(Problem("Say why the council belongs there", "reason"))
    return found


def keeping_open_problems(until_on: date | None, reason: str, today: date) -> list[Problem]:
    """Whether our administrator may keep new needs open until this day."""
    found = []
    if until_on is None or not today <= until_on or (until_on - today).days > LONGEST_HOLD:
        found.append(Problem("Enter a day from today to a year from now", "until_on"))
    if not reason.strip():
        found.append(Problem("Give the reason. It is kept on record", "reason"))
    return found


def invoice_by_hand_problems(
    subscription: Subscription, number: str, issued_on: date | None, is_known: bool, today: date
) -> list[Problem]:
    """Whether an invoice that was sent outside may be recorded."""
    if not subscription.is_by_hand:
        return [Problem("Stripe writes this council's invoices. They come here by themselves")]
    found = running_problems(subscription)
    if not number.strip():
        found.append(Problem("Enter the invoice's number", "number"))
    if is_known:
        found.append(Problem("There is an invoice with this number already", "number"))
    if issued_on is None or issued_on > today:
        found.append(Problem("Enter the day on which it was sent, today or earlier", "issued_on"))
    return found


def payment_by_hand_problems(
    invoice: SubscriptionInvoice, is_by_hand: bool, amount_pence: int, paid_on: date | None, today: date
) -> list[Problem]:
    """Whether money that arrived in our bank account may be recorded for the invoice."""
    if not is_by_hand:
        return [Problem("Stripe tells of payments for this invoice. They come here by themselves")]
    found = []
    if invoice.voided_at is not None:
        found.append(Problem("This invoice was taken back"))
    if amount_pence <= 0:
        found.append(Problem("Enter an amount of at least a penny", "amount_pence"))
    if paid_on is None or paid_on > today:
        found.append(Problem("Enter the day on which the money arrived, today or earlier", "paid_on"))
    elif invoice.issued_on is not None and paid_on < invoice.issued_on:
        found.append(Problem(f"The invoice was sent on {day(invoice.issued_on)}. Enter a later day", "paid_on"))
    return found


def taking_back_problems(invoice: SubscriptionInvoice, is_by_hand: bool, reason: str) -> list[Problem]:
    """Whether an invoice recorded by hand may be taken back: only one that nothing was paid for."""
    if not is_by_hand:
        return [Problem("Take it back at Stripe. It follows here by itself")]
    found = []
    if not invoice.is_open:
        found.append(Problem("Only an invoice that waits to be paid can be taken back"))
    if invoice.paid_pence:
        paid = pounds(invoice.paid_pence)
        found.append(Problem(f"{paid} was paid for it. Give that back first, or leave the invoice as it is"))
    if not reason.strip():
        found.append(Problem("Give the reason. It is kept on record", "reason"))
    return found
