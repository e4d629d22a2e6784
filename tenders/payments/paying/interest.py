"""What a supplier may claim for late payment (Late Payment of Commercial Debts (Interest) Act 1998). Pure but for the rates.

Nothing of it is added to an invoice: both sides are shown the sum, and the supplier decides whether to claim it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tenders.regimes import Regime, regime_on

FIXED_SUMS = ((1_000_000, "late_payment.fixed_sum_from_10000"), (100_000, "late_payment.fixed_sum_from_1000"))


@dataclass(frozen=True)
class LateSum:
    """A sum that came late, or has not come: pence, and the day it came (for what is still owed, today)."""

    pence: int
    until_on: date


@dataclass(frozen=True)
class Claim:
    """Interest and the fixed sum in pence; the rate in basis points a year; the first day that counts."""

    interest_pence: int
    fixed_pence: int
    rate_basis_points: int
    late_since: date
    debt_pence: int

    @property
    def total_pence(self) -> int:
        return self.interest_pence + self.fixed_pence

    @property
    def rate_words(self) -> str:
        """ "11.75%"."""
        return f"{Decimal(self.rate_basis_points) / 100:f}".rstrip("0").rstrip(".") + "%"


def claim_for(due_on: date, sums: Sequence[LateSum]) -> Claim | None:
    """What may be claimed for sums that came after the last lawful day to pay; None when none did."""
    late = [each for each in sums if each.until_on > due_on and each.pence > 0]
    if not late:
        return None
    late_since = due_on + timedelta(days=1)
    regime = regime_on("ENG", late_since)
    rate = regime.number("payment.late_interest") * 100 + regime.number("late_payment.reference_rate")
    debt = sum(each.pence for each in late)
    return Claim(interest_pence(late, due_on, rate), fixed_sum_pence(debt, regime), rate, late_since, debt)


def interest_pence(late: Sequence[LateSum], due_on: date, rate_basis_points: int) -> int:
    """Simple interest for each day after the last lawful one, to the nearest penny."""
    pence_days = sum(each.pence * (each.until_on - due_on).days for each in late)
    exact = Decimal(pence_days) * rate_basis_points / 10_000 / 365
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def fixed_sum_pence(debt_pence: int, regime: Regime) -> int:
    """£40, £70 or £100 by the size of the debt (s5A)."""
    for least, key in FIXED_SUMS:
        if debt_pence >= least:
            return regime.number(key)
    return regime.number("late_payment.fixed_sum")
