"""How the Act counts days. Every function takes and gives London days; nothing here asks the time."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.core.working_days import last_of_working_days

ONE_DAY = timedelta(days=1)
PAYMENT_BUCKETS = ("30 days or fewer", "31 to 60 days", "61 days or more")


def last_day_beginning_with(trigger_on: date, days: int) -> date:
    """Last day of a period "beginning with" a day: the day itself is day 1 (s53, s68, s88)."""
    return trigger_on + timedelta(days=days - 1)


def last_day_after(trigger_on: date, days: int) -> date:
    """Last day of a period that begins the day after the trigger (s54(5))."""
    return trigger_on + timedelta(days=days)


def standstill_end_on(published_on: date, working_days: int = 8) -> date:
    """Last day of the standstill; the award notice's own day counts when it is a working day (s51(2))."""
    return last_of_working_days(published_on, working_days)


def earliest_signing_on(published_on: date, working_days: int = 8) -> date:
    """The day after the standstill ends."""
    return standstill_end_on(published_on, working_days) + ONE_DAY


def payment_due_on(received_on: date, invoice_due_on: date | None = None, days: int = 30) -> date:
    """Last lawful day to pay: counted from receipt or from the invoice's due date, whichever is later (s68(2))."""
    start = received_on if invoice_due_on is None else max(received_on, invoice_due_on)
    return last_day_beginning_with(start, days)


def payment_days(received_on: date, paid_on: date) -> int:
    """Days taken to pay, receipt being day 0, as the payments report counts them (regulation 38)."""
    return (paid_on - received_on).days


def payment_bucket(received_on: date, paid_on: date) -> str:
    """The payments report's band; its day 30 falls one day later than the last lawful day to pay."""
    taken = payment_days(received_on, paid_on)
    return PAYMENT_BUCKETS[0 if taken <= 30 else 1 if taken <= 60 else 2]


def half_year_end_on(day: date) -> date:
    """The 31 March or 30 September that ends the reporting half-year of `day`."""
    if day <= date(day.year, 3, 31):
        return date(day.year, 3, 31)
    return date(day.year, 9, 30) if day <= date(day.year, 9, 30) else date(day.year + 1, 3, 31)


def quarter_end_on(day: date) -> date:
    """The last day of the calendar quarter of `day`."""
    last_month = (day.month + 2) // 3 * 3
    return date(day.year, last_month, 31 if last_month in (3, 12) else 30)


def payments_report_due_on(half_year_ended_on: date, days: int = 30) -> date:
    """The day by which UK17 is published: 29 April or 29 October."""
    return last_day_beginning_with(half_year_ended_on, days)


def payment_upload_due_on(quarter_ended_on: date, days: int = 30) -> date:
    """The day by which payments over the limit are uploaded (s70)."""
    return last_day_beginning_with(quarter_ended_on, days)


def pipeline_due_on(year: int, days: int = 56) -> date:
    """The day by which the pipeline notice of the financial year that starts in `year` is published: 26 May."""
    return last_day_beginning_with(date(year, 4, 1), days)
