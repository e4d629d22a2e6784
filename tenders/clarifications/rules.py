"""When a supplier may ask about a need, and when the council may answer. Pure: facts in, problems out."""

from __future__ import annotations

from datetime import datetime

from marketplace.core.errors import Problem
from marketplace.core.moments import moment
from tenders.clarifications import telltales
from tenders.clarifications.models import Clarification
from tenders.clarifications.telltales import EMAIL, FIRM, NOBODY, PERSON, PHONE, Asker
from tenders.needs.models import Need
from tenders.needs.status import status_of

MOST_CHARACTERS = 4000
# One message whatever was found, so that it does not say which words are the asker's.
STILL_TELLS = (
    "The question still has words that may show who asked: take out e-mail addresses, phone numbers and names of firms"
)


def asking_problems(need: Need, question: str, now: datetime, asker: Asker = NOBODY) -> list[Problem]:
    """Whether this question may be asked now: while it is time, and without words that tell who asks."""
    found = asking_time_problems(need, now)
    if not question.strip():
        found.append(Problem("Enter your question", "question"))
    elif len(question) > MOST_CHARACTERS:
        found.append(Problem(f"Question must be {MOST_CHARACTERS:,} characters or fewer", "question"))
    else:
        found += _telling_problems(question, asker, words_of(need))
    return found


def _telling_problems(question: str, asker: Asker, need_words: str) -> list[Problem]:
    kinds = telltales.contact_kinds(question) | telltales.name_kinds(question, asker, need_words)
    named = {EMAIL: "the e-mail address", PHONE: "the phone number", FIRM: "your firm’s name", PERSON: "your name"}
    parts = [words for kind, words in named.items() if kind in kinds]
    if not parts:
        return []
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return [Problem(f"Take out {listed}: your question is published", "question")]


def words_of(need: Need) -> str:
    """The words that the need itself uses: they give nobody away."""
    return " ".join([need.title, need.summary, need.problem, need.outcomes, need.what_exists, need.constraints])


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


def answering_problems(
    clarification: Clarification, published_question: str, answer: str, asker: Asker = NOBODY, need_words: str = ""
) -> list[Problem]:
    """Whether this answer may be published: both texts are there, neither tells who asked, it is the first answer."""
    if clarification.answered_at is not None:
        return [Problem("This question was answered already. A correction is a new question and answer")]
    found = []
    if not published_question.strip():
        found.append(Problem("Enter the question as everyone will read it", "published_question"))
    # Names count only where the question had them: else trying out names would tell whose it is.
    told = telltales.name_kinds(clarification.question, asker, need_words)
    names_left = [told & telltales.name_kinds(each, asker, need_words) for each in (published_question, answer)]
    if names_left[0] or telltales.contact_kinds(published_question):
        found.append(Problem(STILL_TELLS, "published_question"))
    if not answer.strip():
        found.append(Problem("Enter the answer", "answer"))
    if names_left[1]:
        found.append(Problem(STILL_TELLS.replace("question", "answer", 1), "answer"))
    return found


def answering_time_problems(need: Need, now: datetime) -> list[Problem]:
    """Answers go to everyone alike while they can still be used."""
    if status_of(need, now) != "open":
        return [Problem("Bids have closed, so answers can no longer be used alike by everyone")]
    return []
