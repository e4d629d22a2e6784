"""What happens in an assessment. No reasons and no conflicts' details; no individual score before or after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class ConflictDeclared(Event):
    """An evaluator or the chair made the return on conflicts, nil or not, after reading the bidders' names."""

    has_conflict: bool


@dataclass(frozen=True, kw_only=True)
class ConflictDecided(Event):
    """It was decided whether a panel member (`person`, a pseudonym) stands aside or carries on."""

    person: str
    stands_aside: bool


@dataclass(frozen=True, kw_only=True)
class PanelMemberNamed(Event):
    """After the opening somebody (`person`, a pseudonym) joined the panel in the place of one who stands aside."""

    person: str
    duty: str


@dataclass(frozen=True, kw_only=True)
class ScoreGiven(Event):
    """An evaluator scored a bid under a criterion; the score itself stays blind."""

    criterion: int
    is_change: bool


@dataclass(frozen=True, kw_only=True)
class ScoringCompleted(Event):
    """Every evaluator has scored every bid in play."""

    evaluators: int
    bids: int


@dataclass(frozen=True, kw_only=True)
class ScoreAgreed(Event):
    """The chair recorded the panel's agreed score of a bid under a criterion."""

    criterion: int
    score: int
    is_change: bool


@dataclass(frozen=True, kw_only=True)
class QualityAgreed(Event):
    """All quality scores are agreed; from here on prices may be read and agreed scores stand."""

    bids: int


@dataclass(frozen=True, kw_only=True)
class DisregardProposed(Event):
    """The chair proposed to set a bid aside on a ground."""

    ground: str


@dataclass(frozen=True, kw_only=True)
class BidDisregarded(Event):
    """An approver agreed that a bid is set aside."""

    ground: str


@dataclass(frozen=True, kw_only=True)
class DisregardDeclined(Event):
    """An approver refused to set a bid aside; it stays in play."""

    ground: str


@dataclass(frozen=True, kw_only=True)
class LowPriceNoted(Event):
    """The explanation of an abnormally low price was noted."""


@dataclass(frozen=True, kw_only=True)
class TieDecided(Event):
    """A tie for the first place was decided for a bid."""


@dataclass(frozen=True, kw_only=True)
class ScoresFrozen(Event):
    """The ranking stands: of each bid reference, total to six places, rank and whether it may win."""

    results: list[dict[str, Any]] = field(default_factory=list)
