"""Questions and answers, in the past tense. Never the words, and never who asked."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class QuestionAsked(Event):
    """A supplier asked a question; the line's actor is a keyed hash and its organisation is empty."""


@dataclass(frozen=True, kw_only=True)
class QuestionWithdrawn(Event):
    """The asker took back a question before it was answered; actor hidden as when it was asked."""


@dataclass(frozen=True, kw_only=True)
class QuestionAnswered(Event):
    """The council published a question with its answer, under its number."""

    number: int
    changes_the_need: bool
