"""Who judges the bids of a need, as plain values: seats with their duties, returns and what was decided on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

JUDGING = ("evaluator", "chair")


@dataclass(frozen=True)
class Seat:
    """One person's seat: duties on this need, the conflict return, and the decision on it."""

    person_id: int
    name: str
    duties: frozenset[str]
    has_declared: bool = False
    has_conflict: bool = False
    details: str = ""
    is_decided: bool = False
    is_aside: bool = False
    decision: str = ""

    @property
    def awaits_decision(self) -> bool:
        return self.has_conflict and not self.is_decided and not self.is_aside

    @property
    def may_read(self) -> bool:
        """Whether answers and scores are open to this person: own return made, no undecided conflict, not aside."""
        return self.has_declared and not self.awaits_decision and not self.is_aside

    def has_duty(self, duty: str) -> bool:
        """Whether the person holds a duty still; who stands aside holds none."""
        return duty in self.duties and not self.is_aside


@dataclass(frozen=True)
class Panel:
    """Evaluators and chair of one need, those who stand aside among them."""

    seats: tuple[Seat, ...]

    @classmethod
    def of(cls, seats: Iterable[Seat]) -> Panel:
        return cls(tuple(seats))

    def find(self, person_id: int) -> Seat | None:
        return next((each for each in self.seats if each.person_id == person_id), None)

    def holders(self, duty: str) -> tuple[Seat, ...]:
        """Who holds a duty and does not stand aside."""
        return tuple(each for each in self.seats if each.has_duty(duty))

    @property
    def evaluator_ids(self) -> tuple[int, ...]:
        return tuple(each.person_id for each in self.holders("evaluator"))

    @property
    def awaiting(self) -> tuple[Seat, ...]:
        return tuple(each for each in self.seats if each.awaits_decision)

    @property
    def undeclared(self) -> tuple[Seat, ...]:
        return tuple(each for each in self.seats if not each.has_declared and not each.is_aside)
