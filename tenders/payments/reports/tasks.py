"""Which half-year's report waits to be published, for a council's finance people."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.moments import day
from tenders.needs.dashboard import TASK_SOURCES, Task
from tenders.payments.reports import queries, rules
from tenders.regimes import dates


def report_tasks(member: Membership) -> list[Task]:
    """The half-year that ended last, where the council has payments in it and has not published how promptly it paid."""
    if not has_permission("publish_payment_reports", member):
        return []
    period = rules.before(rules.half_year(clock.today()), 2)[-1]
    first_on = queries.first_payment_on(member.organisation_id)
    if first_on is None or first_on > period.ends_on or queries.find_report(member.organisation_id, period):
        return []
    title = f"Publish how promptly your council paid, {day(period.starts_on)} to {day(period.ends_on)}"
    due_on = dates.payments_report_due_on(period.ends_on)
    return [Task.by_day(title, f"/council/payments/reports/{period.ends_on}", "", due_on)]


TASK_SOURCES.append(report_tasks)
