"""What stands in the way of following, saving and inviting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from marketplace.core.errors import Problem
from search.asking import Question
from search.documents import Status
from search.models import RHYTHMS
from tenders.needs.models import Need
from tenders.needs.status import status_of

# A stranger could otherwise have us write to somebody as often as there are needs.
MOST_ASKED_A_DAY = 20
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_SAVED = 50
MOST_INVITED_AT_ONCE = 20
FOLLOWED_UNTIL = ("withdrawn", "no_award", "contracted")


def follow_problems(need: Need, asked_today: int, now: datetime) -> list[Problem]:
    """Why this need cannot be followed by this address now."""
    if status_of(need, now) in FOLLOWED_UNTIL or need.source:
        return [Problem("Nothing more will happen with this need here, so there is nothing to tell you.")]
    if asked_today >= MOST_ASKED_A_DAY:
        return [Problem("This address was asked to follow many needs today. Try again tomorrow.", "email")]
    return []


def save_problems(question: Question, already: int) -> list[Problem]:
    """Why this search cannot be saved."""
    if question.is_plain:
        return [Problem("Search for something first: a saved search of everything would mail you every need.")]
    if question.note:
        return [Problem(question.note)]
    if Status.OPEN not in (question.filters.statuses or {Status.OPEN}):
        return [Problem("A new need is always open. Choose “Open” or “Open and past” as the status, then save.")]
    if len(question.query_string) > 1000:
        return [Problem("This search has too many filters to be saved. Take some away.")]
    if already >= MOST_SAVED:
        return [Problem(f"You have {MOST_SAVED} saved searches. Stop one before you save another.")]
    return []


def rhythm_problems(rhythm: str) -> list[Problem]:
    """Whether this is none of the rhythms in which a saved search can write."""
    return [] if rhythm in RHYTHMS else [Problem("Select how often we write to you", "rhythm")]


def invite_problems(
    need: Need,
    chosen: Collection[int],
    invited: Collection[int],
    reason: str,
    now: datetime,
    looked_at: Sequence[int] | None = None,
    reason_for_others: str = "",
) -> list[Problem]:
    """Why these suppliers cannot be invited to the need now; `looked_at` is the list that was shown, best first."""
    if status_of(need, now) != "open":
        return [Problem("Suppliers can be invited while the need is open.")]
    problems = []
    if not chosen:
        problems.append(Problem("Choose at least one supplier."))
    if len(chosen) > MOST_INVITED_AT_ONCE:
        problems.append(Problem(f"Choose at most {MOST_INVITED_AT_ONCE} suppliers at a time."))
    if set(chosen) & set(invited):
        problems.append(Problem("One of these suppliers was invited already. Choose others."))
    if looked_at is not None and set(chosen) - set(looked_at):
        problems.append(Problem("The list has changed since you looked: somebody you chose is no longer on it."))
    if not reason.strip():
        problems.append(Problem("Enter why you invite them", "reason"))
    over = [each for each, what in outcomes(looked_at or (), chosen, invited).items() if what == "passed_over"]
    if over and not reason_for_others.strip():
        those = "a supplier who stands" if len(over) == 1 else f"{len(over)} suppliers who stand"
        problems.append(Problem(f"Say why you do not invite {those} above those you chose", "reason_for_others"))
    return problems


def not_public_problems(chosen: Collection[int], public: Collection[int]) -> list[Problem]:
    """Whether somebody chosen has no profile that anyone may see: suspended meanwhile, or no supplier at all."""
    if set(chosen) <= set(public):
        return []
    return [Problem("The list has changed since you looked: the profile of somebody you chose is no longer public.")]


def outcomes(looked_at: Sequence[int], chosen: Collection[int], invited: Collection[int]) -> dict[int, str]:
    """What becomes of each supplier on a list: invited, invited_before, passed_over or lower_place."""
    last = max((place for place, each in enumerate(looked_at) if each in chosen), default=-1)
    return {
        each: "invited"
        if each in chosen
        else "invited_before"
        if each in invited
        else "passed_over"
        if place < last
        else "lower_place"
        for place, each in enumerate(looked_at)
    }
