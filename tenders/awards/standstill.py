"""The pause before signing: whether one applies, from when to when, and whether signing is free now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.clock import london_day
from marketplace.core.errors import Problem
from marketplace.core.moments import day
from marketplace.core.money import pounds
from tenders.awards.models import Award, Standstill
from tenders.needs.notice_numbers import NUMBER_WANTED, is_number
from tenders.regimes import Regime
from tenders.regimes.routes import THRESHOLD


@dataclass(frozen=True)
class StandstillTerms:
    """Whether a standstill applies and why; a voluntary one starts on the day of the summaries, a lawful one later."""

    applies: bool
    why: str
    is_lawful: bool
    starts_on: date | None = None
    ends_on: date | None = None


def standstill_terms(regime: Regime, value_pence: int | None, takes_voluntary: bool, today: date) -> StandstillTerms:
    """The standstill for a contract of this value including VAT (Procurement Act 2023 s50, s51)."""
    limit = regime.find_value(THRESHOLD)
    stated = pounds(limit) if isinstance(limit, int) else "the threshold"
    if regime.route_for(value_pence).needs_standstill:
        why = f"The value reaches the threshold of {stated}. The standstill starts when the award notice (UK6) is published."
        return StandstillTerms(True, why, True)
    if takes_voluntary:
        ends_on = regime.standstill_end(today)
        why = f"The value is under the threshold of {stated}; the council chose to wait all the same."
        return StandstillTerms(True, why, False, today, ends_on)
    return StandstillTerms(False, f"The value is under the threshold of {stated}, so no standstill applies.", False)


def signing_problems(award: Award, standstill: Standstill | None, today: date) -> list[Problem]:
    """What stops the contract of this award from being signed on a day (Procurement Act 2023 s51(1))."""
    if award.bid_id is None:
        return [Problem("No award was made, so there is no contract to sign.")]
    if award.is_set_aside:
        return [Problem("The award was set aside, so there is nothing to sign.")]
    if not award.is_approved:
        return [Problem("The award is not approved yet.")]
    if not award.is_told or standstill is None:
        return [Problem("Send every bidder its assessment summary first.")]
    if award.set_aside_asked_at is not None:
        return [Problem("It is proposed to set this award aside. Nothing can be signed until that is decided.")]
    if standstill.is_suspended:
        return [
            Problem("The standstill is suspended: a challenge was notified. Nothing can be signed until it is lifted.")
        ]
    if not standstill.applies:
        return []
    if standstill.ends_on is None:
        return [
            Problem("The standstill starts when the award notice (UK6) is published. Enter its number and day first.")
        ]
    if today <= standstill.ends_on:
        return [Problem(f"The standstill lasts until the end of {day(standstill.ends_on)}. Sign from the day after.")]
    return []


def notice_problems(
    award: Award,
    standstill: Standstill | None,
    number: str,
    published_on: date | None,
    today: date,
    allows_demonstration: bool = False,
) -> list[Problem]:
    """Whether the award notice may be recorded: published after the summaries, not later than today."""
    if not award.is_told or standstill is None or award.summaries_sent_at is None:
        return [Problem("Send every bidder its assessment summary before you publish the award notice.")]
    if award.central_notice_number:
        return [Problem("The award notice is on record. Correct it on the page of the notices.")]
    if not standstill.applies or standstill.starts_on is not None:
        return [Problem("No standstill waits for an award notice here.")]
    found = []
    if award.need.contracted_at is not None:
        found.append(Problem("The contract is signed, so the standstill can no longer change."))
    if not number.strip():
        found.append(Problem("Enter the notice's number, as the central platform shows it", "number"))
    elif not is_number(number.strip(), allows_demonstration):
        found.append(Problem(NUMBER_WANTED, "number"))
    return [*found, *publication_problems(award, published_on, today)]


def publication_problems(award: Award, published_on: date | None, today: date) -> list[Problem]:
    """Whether the award notice can have been published on this day: after the summaries, not later than today."""
    found = []
    if published_on is None:
        found.append(Problem("Enter the day on which the notice was published", "published_on"))
    elif published_on > today:
        found.append(Problem("The day of publication must not lie in the future", "published_on"))
    elif award.summaries_sent_at is not None and published_on < london_day(award.summaries_sent_at):
        found.append(Problem("The notice is published after the summaries are sent, not before", "published_on"))
    return found


def moving_problems(award: Award, published_on: date | None, today: date) -> list[Problem]:
    """Whether a corrected day of publication may move the standstill: until the contract is signed."""
    if award.need.contracted_at is not None:
        words = "The contract is signed, so the day from which the standstill ran can no longer change"
        return [Problem(words, "published_on")]
    return publication_problems(award, published_on, today)
