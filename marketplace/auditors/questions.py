"""Questions that an auditor may want to ask of a purchase, from its own record. Never accusations.

The codes are those of the Open Contracting Partnership's list of red flags, where it has one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

SHORT_WINDOW_DAYS = 10
LATE_CHANGE_DAYS = 5
SLOW_OPENING_DAYS = 5
NARROW_MARKS = Decimal(1)
OVER_ESTIMATE_PERCENT = 10
CHANGE_PERCENT = 10
LARGE_CHANGE_PERCENT = 50  # Procurement Act 2023 Schedule 8: more than half the value needs a ground that allows it
REPEAT_AWARDS = 3


@dataclass(frozen=True)
class Question:
    """One question, the facts behind it, and the red flag's code ("" when the list has none)."""

    text: str
    facts: str
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is on record of one purchase. None = not known, or not to be seen yet. Money in pence including VAT."""

    window_days: int | None = None
    days_from_last_material_change: int | None = None
    unanswered: int = 0
    bids: int | None = None
    disregarded: int = 0
    late_attempts: int = 0
    days_to_opening: int | None = None
    missing_returns: int = 0
    agreed_outside: int = 0
    stood_aside: int = 0
    prices_pence: tuple[int, ...] = ()
    totals: tuple[Decimal, ...] = ()
    winner_rank: int | None = None
    estimate_pence: int | None = None
    award_pence: int | None = None
    awards_to_winner: int = 0
    signed_pence: int | None = None
    changes_pence: int = 0
    changes: int = 0


def questions_about(facts: Facts) -> list[Question]:
    """What the record gives reason to ask, in the order of the purchase."""
    return [*_of_the_competition(facts), *_of_the_assessment(facts), *_of_the_contract(facts)]


def _of_the_competition(facts: Facts) -> Iterator[Question]:
    if facts.window_days is not None and facts.window_days < SHORT_WINDOW_DAYS:
        yield Question("Was there enough time to bid?", f"The need was open for {_days(facts.window_days)}.", "R003")
    late = facts.days_from_last_material_change
    if late is not None and late < LATE_CHANGE_DAYS:
        yield Question(
            "Could every bidder take the last change into account?",
            f"What suppliers bid for changed {_days(late)} before bids closed.",
        )
    if facts.unanswered:
        yield Question("Why do questions have no answer?", f"Without an answer: {facts.unanswered}.", "R039")
    if facts.bids == 0:
        yield Question("Why did nobody bid?", "No bid was opened.")
    if facts.bids == 1:
        yield Question("Why did only one supplier bid?", "One bid was opened.", "R018")
    if facts.late_attempts:
        yield Question(
            "Did anything keep bidders from being in time?", f"Attempts after closing: {facts.late_attempts}.", "R030"
        )
    if facts.days_to_opening is not None and facts.days_to_opening > SLOW_OPENING_DAYS:
        yield Question(
            "Why did the opening wait?", f"Bids were opened {_days(facts.days_to_opening)} after they closed.", "R060"
        )


def _of_the_assessment(facts: Facts) -> Iterator[Question]:
    in_play = (facts.bids or 0) - facts.disregarded
    if facts.disregarded and in_play <= 1:
        yield Question(
            "Were the bids that were set aside treated as the others?",
            f"Of {facts.bids} bids {facts.disregarded} were set aside; {in_play} stayed.",
            "R035",
        )
    if facts.missing_returns:
        yield Question("Why do returns on conflicts lack?", f"Judges without a return: {facts.missing_returns}.")
    if facts.agreed_outside:
        yield Question(
            "Why did the panel agree on scores that no evaluator came near?",
            f"Agreed scores outside the individual ones: {facts.agreed_outside}.",
        )
    same = [count for count in Counter(facts.prices_pence).values() if count > 1]
    if same:
        yield Question("Why are prices the same?", f"{max(same)} bids have one price.", "R028")
    first, *others = sorted(facts.totals, reverse=True) or [Decimal(0)]
    if others and first - others[0] < NARROW_MARKS:
        yield Question(
            "Do the reasons carry so narrow a result?", f"The first two bids are {first - others[0]:.2f} marks apart.",
            "R024",
        )  # fmt: skip
    if facts.winner_rank is not None and facts.winner_rank > 1:
        yield Question("Why did another bid than the first win?", f"The winner stood in place {facts.winner_rank}.")


def _of_the_contract(facts: Facts) -> Iterator[Question]:
    over = _percent_over(facts.award_pence, facts.estimate_pence)
    if over is not None and over > OVER_ESTIMATE_PERCENT:
        yield Question(
            "What explains the difference from the estimate?", f"The award is {over} % above the published estimate."
        )
    if facts.awards_to_winner >= REPEAT_AWARDS:
        yield Question(
            "Does the council’s market stay open?",
            f"The winner had {facts.awards_to_winner} awards of this council in the twelve months up to this one.",
            "R055",
        )
    changed = abs(facts.changes_pence) * 100 // facts.signed_pence if facts.signed_pence else 0
    if changed >= LARGE_CHANGE_PERCENT:
        yield Question(
            "Would others have bid for the contract as it is now?",
            f"{facts.changes} approved changes moved the value by {changed} % of what was signed.",
            "R064",
        )
    elif changed >= CHANGE_PERCENT:
        yield Question(
            "Could the changes have been foreseen?",
            f"{facts.changes} approved changes moved the value by {changed} % of what was signed.",
            "R064",
        )


def _percent_over(value: int | None, base: int | None) -> int | None:
    return (value - base) * 100 // base if value is not None and base else None


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
