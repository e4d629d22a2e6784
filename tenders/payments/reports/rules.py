"""The figures of how promptly a council pays, by the formulas of the law, and the periods they are for.

Two clocks differ on purpose: the last lawful day to pay counts the day of receipt (PA 2023 s68(2), s88(2)), the
report's bands begin the day after it (Procurement Regulations 2024 r38). Days are London days, money is pence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from marketplace.core.errors import Problem
from tenders.regimes import dates

ONE_DAY = timedelta(days=1)
# How the bands of the chart are cut: the report's own three, the first of them in thirds.
CHART_BANDS = ((0, 10), (11, 20), (21, 30), (31, 60), (61, None))


@dataclass(frozen=True)
class Period:
    """Both days belong to it."""

    starts_on: date
    ends_on: date

    def holds(self, day: date | None) -> bool:
        """Whether the day is in it; None never is."""
        return day is not None and self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class PaidSum:
    """One payment that reached a supplier: when its invoice came, its last lawful day, and when the money was there."""

    received_on: date
    due_on: date
    paid_on: date
    pence: int
    is_small_firm: bool = False

    @property
    def days(self) -> int:
        """Days taken, receipt being day 0."""
        return dates.payment_days(self.received_on, self.paid_on)


@dataclass(frozen=True)
class PayableSum:
    """An invoice whose last lawful day lies in the period; what of it had not been paid when the period ended."""

    due_on: date
    pence: int
    unpaid_pence: int


@dataclass(frozen=True)
class Figures:
    """What is published. Averages and shares are None where nothing was paid or payable: no figure is not nought."""

    payments: int
    average_days: Decimal | None
    within_30: Decimal | None
    within_60: Decimal | None
    over_60: Decimal | None
    payable_pence: int
    unpaid_pence: int
    not_paid: Decimal | None
    legal_late: int
    disputed: int
    small_firm_payments: int
    small_firm_average_days: Decimal | None


def half_year(day: date) -> Period:
    """The reporting half-year of a day: 1 October to 31 March, or 1 April to 30 September (r38)."""
    ends_on = dates.half_year_end_on(day)
    return Period(date(ends_on.year, 4, 1) if ends_on.month == 9 else date(ends_on.year - 1, 10, 1), ends_on)


def quarter(day: date) -> Period:
    """The calendar quarter of a day, after which payments over the limit are published (s70)."""
    ends_on = dates.quarter_end_on(day)
    return Period(date(ends_on.year, ends_on.month - 2, 1), ends_on)


def before(period: Period, periods: int, cut: object = half_year) -> list[Period]:
    """This period and so many less one before it, newest first; `cut` is half_year or quarter."""
    found = [period]
    while len(found) < periods:
        found.append(cut(found[-1].starts_on - ONE_DAY))  # type: ignore[operator]
    return found


def figures(paid: Sequence[PaidSum], payable: Sequence[PayableSum], disputed: int, period: Period) -> Figures:
    """The half-year's figures. Rows outside the period are left out, so that one reading serves several periods.

    Average: the sum of days over the number of payments. Shares: payments in the band over all payments. Not paid:
    pence still unpaid at the end, of what became payable in the period, over all pence that became payable in it.
    """
    made = [each for each in paid if period.holds(each.paid_on)]
    small = [each for each in made if each.is_small_firm]
    due = [each for each in payable if period.holds(each.due_on)]
    bands = [dates.payment_bucket(each.received_on, each.paid_on) for each in made]
    shares = [_percent(bands.count(band), len(bands)) for band in dates.PAYMENT_BUCKETS]
    all_pence, unpaid = sum(each.pence for each in due), sum(each.unpaid_pence for each in due)
    return Figures(
        payments=len(made),
        average_days=_mean([each.days for each in made]),
        within_30=shares[0],
        within_60=shares[1],
        over_60=shares[2],
        payable_pence=all_pence,
        unpaid_pence=unpaid,
        not_paid=_percent(unpaid, all_pence),
        legal_late=sum(each.paid_on > each.due_on for each in made),
        disputed=disputed,
        small_firm_payments=len(small),
        small_firm_average_days=_mean([each.days for each in small]),
    )


def bands(paid: Sequence[PaidSum], period: Period) -> list[tuple[str, int]]:
    """How many payments of the period took how long, for the chart: (words, payments)."""
    days = [each.days for each in paid if period.holds(each.paid_on)]
    return [
        (
            f"{first} to {last} days" if last is not None else f"{first} days or more",
            sum(first <= each and (last is None or each <= last) for each in days),
        )
        for first, last in CHART_BANDS
    ]


def months(paid: Sequence[PaidSum], period: Period) -> list[tuple[date, Decimal, int]]:
    """(first of the month, average days, payments) for each month of the period in which anything was paid."""
    found: dict[date, list[int]] = {}
    for each in paid:
        if period.holds(each.paid_on):
            found.setdefault(each.paid_on.replace(day=1), []).append(each.days)
    return [(month, _mean(days) or Decimal(0), len(days)) for month, days in sorted(found.items())]


def publishing_problems(period: Period, today: date, director: str, title: str, is_published: bool) -> list[Problem]:
    """Why the report of the half-year cannot be published now."""
    problems = []
    if today <= period.ends_on:
        problems.append(Problem(f"The half-year ends on {period.ends_on:%-d %B %Y}: publish the report after that day"))
    if is_published:
        problems.append(Problem("This report is published already"))
    if not director.strip():
        problems.append(Problem("Enter the name of the director with responsibility for finance", "director_name"))
    if not title.strip():
        problems.append(Problem("Enter the director’s title", "director_title"))
    return problems


def _mean(values: Sequence[int]) -> Decimal | None:
    return _tenths(Decimal(sum(values)) / len(values)) if values else None


def _percent(part: int, whole: int) -> Decimal | None:
    return _tenths(Decimal(100 * part) / whole) if whole else None


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)
