"""What stands in the way of keeping a solution or a piece of past work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.errors import Problem

KINDS = {"solution": "Solution", "past_work": "Past work"}
MOST_KEPT = 200


@dataclass(frozen=True, kw_only=True)
class SolutionWords:
    """What a firm says of one solution, or of one piece of past work."""

    title: str
    text: str = ""
    customer: str = ""
    ended_on: date | None = None


def solution_problems(words: SolutionWords, kind: str, today: date) -> list[Problem]:
    """What is missing or cannot be."""
    found = []
    if kind not in KINDS:
        found.append(Problem("Choose a solution or past work"))
    if not words.title:
        found.append(Problem("Enter a title", "title"))
    if len(words.title) > 200:
        found.append(Problem("Shorten the title to 200 characters", "title"))
    if not words.text:
        asked = "what it does and for whom" if kind == "solution" else "what you did and what came of it"
        found.append(Problem(f"Say {asked}", "text"))
    if words.ended_on and words.ended_on > today:
        found.append(Problem("Enter the day the work ended, today or earlier, or leave it empty", "ended_on"))
    return found


def room_problems(count: int) -> list[Problem]:
    """Whether one more can be kept."""
    if count < MOST_KEPT:
        return []
    return [Problem(f"A profile keeps at most {MOST_KEPT} solutions and pieces of past work. Remove one first")]
