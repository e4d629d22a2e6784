"""How a council's subscription stands today, in one word that pages and rules share. Pure: facts and a day in.

A council without any subscription is not held up by that: its trial begins by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from marketplace.core.clock import london_day
from marketplace.core.moments import day as day_in_words
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.plans import NO_BAND, term

LABELS = {
    "none": "Not begun",
    "free": "Free",
    "trial": "Free trial",
    "trial_over": "Nothing ordered",
    "ordered": "Ordered",
    "paid": "Paid",
    "unpaid": "Invoice to pay",
    "overdue": "Overdue",
    "cancelled": "Ends with the year",
    "ended": "Ended",
}
COLOURS = {
    "none": "grey", "free": "green", "trial": "blue", "trial_over": "orange", "ordered": "yellow", "paid": "green",
    "unpaid": "yellow", "overdue": "red", "cancelled": "orange", "ended": "grey",
}  # fmt: skip


class Stop(NamedTuple):
    """Why new needs stop: "trial", "ended" or "overdue", and the invoice's name where one is overdue."""

    reason: str
    invoice: str = ""


def status_of(subscription: Subscription | None, today: date) -> str:
    """The word of LABELS that says most about it today."""
    if subscription is None:
        return "none"
    if subscription.ended_at is not None:
        return "ended"
    if is_free(subscription):
        return "free"
    if subscription.ordered_at is None:
        return "trial_over" if is_trial_over(subscription, today) else "trial"
    if overdue_invoices(subscription.invoices, today):
        return "overdue"
    if subscription.cancel_asked_at is not None:
        return "cancelled"
    if any(each.is_open for each in subscription.invoices):
        return "unpaid"
    return "paid" if any(each.paid_at for each in subscription.invoices) else "ordered"


def is_free(subscription: Subscription) -> bool:
    """A band that costs nothing; a band that nobody has chosen yet is none."""
    return subscription.band != NO_BAND and subscription.annual_pence == 0


def is_trial_over(subscription: Subscription, today: date) -> bool:
    """Whether the trial's last day has passed without an order."""
    ends_on = subscription.trial_ends_on
    return subscription.ordered_at is None and ends_on is not None and today > ends_on


def overdue_invoices(invoices: Sequence[SubscriptionInvoice], today: date) -> list[SubscriptionInvoice]:
    """Open invoices whose due day has passed, the oldest first."""
    found = [each for each in invoices if each.is_open and each.due_on is not None and today > each.due_on]
    return sorted(found, key=lambda each: (each.due_on or today, each.id))


def stop_of(subscription: Subscription, today: date) -> Stop | None:
    """Whether new needs stop, and why: only after reminders, and never while our administrator keeps them open."""
    kept = subscription.kept_open_until_on
    if is_free(subscription) or subscription.band == NO_BAND or (kept is not None and today <= kept):
        return None
    if subscription.ended_at is not None:
        stops_on = london_day(subscription.ended_at) + timedelta(days=term("unordered.stop", today))
        return Stop("ended") if today > stops_on else None
    if subscription.ordered_at is None:
        return Stop("trial") if _trial_stops(subscription, today) else None
    return _overdue_stop(subscription, today)


def _trial_stops(subscription: Subscription, today: date) -> bool:
    stops_on = trial_stops_on(subscription, today)
    was_told = subscription.first_told_at is not None and subscription.last_told_at is not None
    return was_told and stops_on is not None and today > stops_on


def trial_stops_on(subscription: Subscription, today: date) -> date | None:
    """The last day on which a council that orders nothing can start needs."""
    ends_on = subscription.trial_ends_on
    return ends_on + timedelta(days=term("unordered.stop", today)) if ends_on else None


def _overdue_stop(subscription: Subscription, today: date) -> Stop | None:
    limit = timedelta(days=term("overdue.stop", today))
    for each in overdue_invoices(subscription.invoices, today):
        was_told = each.first_reminded_at is not None and each.last_reminded_at is not None
        if was_told and each.due_on is not None and today > each.due_on + limit:
            return Stop("overdue", each.name)
    return None


def words_of(subscription: Subscription | None, today: date) -> str:
    """The state in a sentence that says who acts next."""
    status = status_of(subscription, today)
    if subscription is None:
        return "Your free trial begins by itself within a day. Nothing waits for it: you can post needs now."
    if status == "free":
        return "Councils of your size pay nothing. There is nothing to do."
    if status in ("trial", "trial_over"):
        return _words_of_trial(subscription, today)
    if status == "ended":
        return "The subscription has ended. Your council can order again at any time; everything here stays readable."
    return _words_of_order(subscription, status, today)


def _words_of_trial(subscription: Subscription, today: date) -> str:
    ends_on, stops_on = subscription.trial_ends_on, trial_stops_on(subscription, today)
    assert ends_on is not None and stops_on is not None
    if today <= ends_on:
        return (
            f"Your free trial runs until the end of {day_in_words(ends_on)}. "
            "Order before then to carry on without a break; nothing is charged by itself."
        )
    return (
        f"Nothing is ordered since {day_in_words(ends_on)}. "
        f"New needs can be started until {day_in_words(stops_on)}; everything begun can be finished."
    )


def _words_of_order(subscription: Subscription, status: str, today: date) -> str:
    ends_on = subscription.period_ends_on
    until = f" until the end of {day_in_words(ends_on)}" if ends_on else ""
    if status == "overdue":
        return _words_of_overdue(subscription, today)
    if status == "cancelled":
        return f"You have cancelled. Everything goes on{until}, and no further invoice is sent."
    if status == "unpaid":
        return f"Your council is subscribed{until}. An invoice waits to be paid."
    if status == "paid":
        return f"Your council is subscribed{until}, and everything is paid. The next year begins by itself."
    return f"Your council is subscribed{until}. The invoice comes by email; you have nothing to do until then."


def _words_of_overdue(subscription: Subscription, today: date) -> str:
    first = overdue_invoices(subscription.invoices, today)[0]
    assert first.due_on is not None
    stops_on = first.due_on + timedelta(days=term("overdue.stop", today))
    told = f"Invoice {first.name} was to be paid by {day_in_words(first.due_on)}. "
    told += "Pay it as it says; if something is wrong with it, tell this service’s administrator."
    if stops_on < today or subscription.kept_open_until_on is not None:
        return told
    return f"{told} If it is still unpaid after {day_in_words(stops_on)}, your council can start no new need until it is paid."
