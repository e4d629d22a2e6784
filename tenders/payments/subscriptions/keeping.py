"""What falls due by the clock: trials that begin, reminders, stops, the end of a year. Each is safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from marketplace.core import clock
from marketplace.core.db import action
from marketplace.core.errors import Conflict
from marketplace.core.journal import record
from tenders.payments.subscriptions import events, queries
from tenders.payments.subscriptions.actions import of, settle_stop, start_trial
from tenders.payments.subscriptions.by_hand import end_or_renew
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.plans import find_plan, price_of, term
from tenders.payments.subscriptions.standing import is_free, overdue_invoices, stop_of


def start_trials() -> int:
    """Begins the trial of every council that has an account and no subscription; for the timetable."""
    begun = 0
    for council in queries.councils_without():
        try:
            start_trial(council.id)
        except Conflict:  # somebody of the council was quicker
            continue
        begun += 1
    return begun


def look_after_all() -> int:
    """Reminders, renewals, ends and stops of every subscription that something is due for; for the timetable."""
    today = clock.today()
    due = [each.id for each in queries.latest_of_all() if _due(each, today)]
    for subscription_id in due:
        _look_after(subscription_id)
    return len(due)


@action
def _look_after(subscription_id: int) -> None:
    subscription = queries.get_subscription(subscription_id, lock=True)
    today = clock.today()
    for deed in _due(subscription, today):
        deed()
    settle_stop(subscription)


def _due(subscription: Subscription, today: date) -> list[Callable[[], None]]:
    """What is to be done for it today, in order; empty on most days."""
    found: list[Callable[[], None]] = []
    if subscription.ended_at is None and not is_free(subscription):
        found += _due_of_trial(subscription, today) if subscription.ordered_at is None else _due_of_order(subscription, today)
    authority = subscription.organisation.authority
    is_stopped = authority is not None and authority.new_needs_stopped_at is not None
    if not found and is_stopped != (stop_of(subscription, today) is not None):
        found.append(lambda: None)  # settle_stop() is what is due
    return found


def _due_of_trial(subscription: Subscription, today: date) -> list[Callable[[], None]]:
    ends_on = subscription.trial_ends_on
    if ends_on is None or not subscription.band:
        return []
    for is_last in (False, True):
        told_at = subscription.last_told_at if is_last else subscription.first_told_at
        before = timedelta(days=term("trial.last_reminder" if is_last else "trial.first_reminder", today))
        if told_at is not None and clock.london_day(told_at) == today:
            return []  # one mail a day at most: after an outage the last one waits for tomorrow
        if told_at is None and today >= ends_on - before:
            return [partial(_tell_of_trial, subscription, ends_on, is_last)]
    return []


def _tell_of_trial(subscription: Subscription, ends_on: date, is_last: bool) -> None:
    if is_last:
        subscription.last_told_at = clock.now()
    else:
        subscription.first_told_at = clock.now()
    record(events.TrialEnding(**of(subscription), ends_on=ends_on, is_last=is_last))


def _due_of_order(subscription: Subscription, today: date) -> list[Callable[[], None]]:
    found: list[Callable[[], None]] = []
    for invoice in overdue_invoices(subscription.invoices, today):
        found += _due_of_invoice(invoice, today)
    ends_on = subscription.period_ends_on
    if ends_on is None:
        return found
    if subscription.is_by_hand and today > ends_on:
        return [*found, lambda: end_or_renew(subscription)]
    notice = timedelta(days=term("renewal.notice", today))
    is_told = subscription.renewal_told_on == ends_on or subscription.cancel_asked_at is not None
    if not is_told and ends_on - notice <= today <= ends_on:
        found.append(lambda: _tell_of_renewal(subscription, ends_on))
    return found


def _due_of_invoice(invoice: SubscriptionInvoice, today: date) -> list[Callable[[], None]]:
    assert invoice.due_on is not None
    for is_last in (False, True):
        told_at = invoice.last_reminded_at if is_last else invoice.first_reminded_at
        after = timedelta(days=term("overdue.last_reminder" if is_last else "overdue.first_reminder", today))
        if told_at is not None and clock.london_day(told_at) == today:
            return []
        if told_at is None and today >= invoice.due_on + after:
            return [partial(_remind, invoice, is_last)]
    return []


def _remind(invoice: SubscriptionInvoice, is_last: bool) -> None:
    if is_last:
        invoice.last_reminded_at = clock.now()
    else:
        invoice.first_reminded_at = clock.now()
    assert invoice.due_on is not None
    happened = events.SubscriptionOverdue(
        **of(invoice.subscription), invoice=invoice.name, due_on=invoice.due_on, is_last=is_last
    )
    record(happened)


def _tell_of_renewal(subscription: Subscription, ends_on: date) -> None:
    subscription.renewal_told_on = ends_on
    renews_on = ends_on + timedelta(days=1)
    plan = find_plan(subscription.band, renews_on)
    price = price_of(plan.annual_pence if plan else subscription.annual_pence, renews_on)
    record(events.SubscriptionRenewing(**of(subscription), renews_on=renews_on, total_pence=price.total_pence))
