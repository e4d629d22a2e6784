"""What happens to a firm's solutions and past work. `subject` is the supplier's reference."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class SolutionAdded(Event):
    """A solution or a piece of past work was added; `solution` is its number."""

    solution: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class SolutionChanged(Event):
    """Its words were changed."""

    solution: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class SolutionRemoved(Event):
    """It was taken off the profile."""

    solution: int
    kind: str
