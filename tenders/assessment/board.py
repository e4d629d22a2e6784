"""The state of an assessment as plain values: which bids are in play, who has scored what, what is agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tenders.assessment.scoring import NOTHING, quality_marks

# From this difference between two evaluators on, the panel talks about the score.
WIDE_SPREAD = 2


@dataclass(frozen=True)
class Measure:
    """One quality criterion as the board needs it: weight in percent, and the published minimum if there is one."""

    id: int
    name: str
    weight: int
    minimum: int | None = None


@dataclass(frozen=True)
class Board:
    """`scores` by (bid, criterion, person), `agreed` by (bid, criterion); bids in the order of their receipt."""

    bids: tuple[int, ...]
    criteria: tuple[Measure, ...]
    evaluators: tuple[int, ...]
    set_aside: frozenset[int] = frozenset()
    proposed_aside: frozenset[int] = frozenset()
    scores: Mapping[tuple[int, int, int], int] = field(default_factory=dict)
    agreed: Mapping[tuple[int, int], int] = field(default_factory=dict)
    is_quality_agreed: bool = False
    most: int = 5

    @property
    def in_play(self) -> tuple[int, ...]:
        """The bids that are not set aside by an approved disregard."""
        return tuple(each for each in self.bids if each not in self.set_aside)

    @property
    def cells(self) -> list[tuple[int, int]]:
        """Every (bid, criterion) that needs a score."""
        return [(bid, each.id) for bid in self.in_play for each in self.criteria]

    def missing_scores(self, person_id: int) -> list[tuple[int, int]]:
        """What this evaluator has still to score."""
        return [(bid, criterion) for bid, criterion in self.cells if (bid, criterion, person_id) not in self.scores]

    @property
    def is_all_scored(self) -> bool:
        """Whether every evaluator has scored everything; only then are scores shown to colleagues."""
        return bool(self.evaluators) and all(not self.missing_scores(each) for each in self.evaluators)

    def scores_of(self, bid_id: int, criterion_id: int) -> dict[int, int]:
        """Scores by person, of those who still judge."""
        return {
            person: self.scores[bid_id, criterion_id, person]
            for person in self.evaluators
            if (bid_id, criterion_id, person) in self.scores
        }

    def is_wide(self, bid_id: int, criterion_id: int) -> bool:
        """Whether evaluators differ so much that the panel should talk about it."""
        given = self.scores_of(bid_id, criterion_id).values()
        return bool(given) and max(given) - min(given) >= WIDE_SPREAD

    def is_outside(self, bid_id: int, criterion_id: int, score: int) -> bool:
        """Whether an agreed score lies below or above all that the evaluators gave."""
        given = self.scores_of(bid_id, criterion_id).values()
        return bool(given) and not min(given) <= score <= max(given)

    @property
    def missing_agreed(self) -> list[tuple[int, int]]:
        return [each for each in self.cells if each not in self.agreed]

    def below_minimum(self, bid_id: int) -> tuple[Measure, ...]:
        """The criteria under whose published minimum the agreed score stays."""
        return tuple(
            each
            for each in self.criteria
            if each.minimum is not None
            and (bid_id, each.id) in self.agreed
            and self.agreed[bid_id, each.id] < each.minimum
        )

    def quality(self, bid_id: int) -> Decimal:
        """The bid's quality marks, of what is agreed so far."""
        given = (
            quality_marks(each.weight, self.agreed[bid_id, each.id], self.most)
            for each in self.criteria
            if (bid_id, each.id) in self.agreed
        )
        return sum(given, NOTHING)
