"""What of the subscription waits for a council's finance people, and for whom a stop of new needs matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.clock import LONDON
from tenders.needs.dashboard import TASK_SOURCES, Task
from tenders.payments.subscriptions import queries
from tenders.payments.subscriptions.standing import status_of

PAGE = "/council/subscription"


def subscription_tasks(member: Membership) -> list[Task]:
    """An invoice to pay, and a trial that ends without an order."""
    if not has_permission("manage_subscription", member):
        return []
    subscription = queries.find_latest(member.organisation_id)
    status = status_of(subscription, clock.today())
    if subscription is None or status not in ("trial", "trial_over", "unpaid", "overdue", "ended"):
        return []
    if status in ("unpaid", "overdue"):
        return [
            Task("Pay the invoice", PAGE, each.name, _end_of(each.due_on) if each.due_on else None)
            for each in subscription.invoices
            if each.is_open
        ]
    if status == "trial" and subscription.first_told_at is None:
        return []  # nobody needs to think of it yet
    due_at = _end_of(subscription.trial_ends_on) if subscription.trial_ends_on else None
    return [Task("Order the subscription", PAGE, due_at=due_at if status == "trial" else None)]


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), LONDON).astimezone(UTC)


TASK_SOURCES.append(subscription_tasks)
