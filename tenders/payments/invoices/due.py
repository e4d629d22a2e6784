"""By when the law wants an invoice paid, why that day, and when somebody is reminded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from marketplace.core import clock
from marketplace.core.moments import day
from tenders.needs.rules import regime_of
from tenders.payments.invoices.models import Invoice

# Days before (after, when below nought) the last lawful day to pay on which finance is reminded, once each.
REMINDERS = (7, 1, -1)


@dataclass(frozen=True)
class Due:
    """The last lawful day to pay, and why it is that day."""

    on: date
    reason: str

    def days_left(self, today: date) -> int:
        """Days until it; 0 on the day itself, below nought when it is past."""
        return (self.on - today).days


def due_of(invoice: Invoice) -> Due:
    """Counted by the rules that bind the need, from receipt or the invoice's own day (PA 2023 s68(2), s88(2))."""
    received_on = clock.london_day(invoice.received_at)
    regime = regime_of(invoice.contract.need, clock.now())
    on = regime.payment_due(received_on, invoice.due_on)
    return Due(on, due_reason(received_on, invoice.due_on, on, regime.number("payment.days")))


def due_reason(received_on: date, asked_on: date | None, on: date, days: int) -> str:
    """Why an invoice is due on that day, in one sentence."""
    if asked_on is not None and asked_on > received_on:
        start = f"The invoice asks for payment by {day(asked_on)}, later than its receipt on {day(received_on)}"
    else:
        start = f"The invoice was received on {day(received_on)}"
    return f"{start}. The law gives {days} days. They begin with that day, so the last is {day(on)}."


def days_left_words(days: int) -> str:
    """ "3 days left", "Today is the last day", "2 days overdue"."""
    if days == 0:
        return "Today is the last day"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{count} left" if days > 0 else f"{count} overdue"


def reminder_due(due_on: date, today: date, reminded_for: date | None) -> date | None:
    """The day of the reminder that is due now and was not sent, or None; of several that were missed, the last."""
    come = [due_on - timedelta(days=each) for each in REMINDERS if due_on - timedelta(days=each) <= today]
    if not come or (reminded_for is not None and reminded_for >= max(come)):
        return None
    return max(come)
