"""What stays of a person after erasing, because a law says so: told before anything goes, by the rooms that keep it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from marketplace.accounts.models import Person


@dataclass(frozen=True)
class Staying:
    """Something that stays: what it is, why, and until when, as sentences without their full stops."""

    what: str
    why: str
    until: str

    def __str__(self) -> str:
        return f"{self.what}. {self.why}. {self.until}."


# What rooms above keep of a person by name or address.
KEEPERS: list[Callable[[Person], list[Staying]]] = []


def staying_of(person: Person) -> list[Staying]:
    """Everything that a law keeps of this person."""
    return [each for keeper in KEEPERS for each in keeper(person)]
