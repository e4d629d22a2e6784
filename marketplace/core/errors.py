"""The refusals of the house. Each says what happened in words that a page may show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that stands in the way, in the user's words; `field` names the form field it belongs to."""

    message: str
    field: str = ""


class Refusal(Exception):
    """Base of every refusal that a person may read."""

    status = 400

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(Refusal):
    """There is no such thing, or not for this person."""

    status = 404


class NotAllowed(Refusal):
    """The person is known and may not do this."""

    status = 403


class SignInNeeded(Refusal):
    """Nobody is signed in and the page needs a person."""

    status = 401


class Conflict(Refusal):
    """Somebody else was first, or the thing has moved on."""

    status = 409


class Gone(Refusal):
    """It was here and is no longer: a link that is used up or too old."""

    status = 410


class TooMany(Refusal):
    """Too many tries; carries no hint of whether the account exists."""

    status = 429


class NotNow(Refusal):
    """It could be done, and will be again in a few minutes."""

    status = 503


class Problems(Refusal):
    """A rule's answer, raised by an action that was asked although the rule says no."""

    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(each.message for each in self.problems))


def insist(problems: Sequence[Problem]) -> None:
    """Raises Problems when the rule found any."""
    if problems:
        raise Problems(problems)
