"""What of the subscription waits for a council's finance people, and for whom a stop of new needs matters."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
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
            Task.by_day("Pay the invoice for the subscription", PAGE, each.name, each.due_on)
            for each in subscription.invoices
            if each.is_open
        ]
    if status == "trial" and subscription.first_told_at is None:
        return []  # nobody needs to think of it yet
    return [Task.by_day("Order the subscription", PAGE, "", subscription.trial_ends_on if status == "trial" else None)]


TASK_SOURCES.append(subscription_tasks)
