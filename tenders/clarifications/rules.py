"""When a supplier may ask about a need, and when the council may answer. Pure: facts in, problems out."""

from __future__ import annotations

from datetime import datetime

from marketplace.core.errors import Problem
from marketplace.core.moments import moment
from tenders.clarifications.models import Clarification
from tenders.needs.models import Need
from tenders.needs.status import status_of

MOST_CHARACTERS = 4000


def asking_problems(need: Need, question: str, now: datetime) -> list[Problem]:
    """Whether this question may be asked now: while the need is open and questions have not closed."""
    found = asking_time_problems(need, now)
    if not question.strip():
        found.append(Problem("Enter your question", "question"))
    elif len(question) > MOST_CHARACTERS:
        found.append(Problem(f"Question must be {MOST_CHARACTERS:,} characters or fewer", "question"))
    return found


def asking_time_problems(need: Need, now: datetime) -> list[Problem]:
    """Whether questions about this need can be asked now at all."""
    if not need.is_ours:
        return [Problem("This need was imported. Ask the buyer where it was first published")]
    if status_of(need, now) != "open":
        return [Problem("This need is not open, so no questions can be asked")]
    until = need.questions_close_at or need.closes_at
    if until is not None and now > until:
        return [Problem(f"Questions closed at {moment(until)}")]
    return []


def answering_problems(clarification: Clarification, published_question: str, answer: str) -> list[Problem]:
    """Whether this answer may be published: both texts are there, and it was not answered before."""
    if clarification.answered_at is not None:
        return [Problem("This question was answered already. A correction is a new question and answer")]
    found = []
    if not published_question.strip():
        found.append(Problem("Enter the question as everyone will read it", "published_question"))
    if not answer.strip():
        found.append(Problem("Enter the answer", "answer"))
    return found


def answering_time_problems(need: Need, now: datetime) -> list[Problem]:
    """Answers go to everyone alike while they can still be used."""
    if status_of(need, now) != "open":
        return [Problem("Bids have closed, so answers can no longer be used alike by everyone")]
    return []
