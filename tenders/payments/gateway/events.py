"""What happens between Stripe and the house. References and pence; no names, no words of Stripe's."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class StripeEventReceived(Event):
    """Stripe said that something happened to an object of its: a hint to look. `subject` is the event's id.

    `was_missed`: it was not brought by Stripe, but found in its list of events.
    """

    type: str
    object_id: str
    was_missed: bool


@dataclass(frozen=True, kw_only=True)
class StripeModeSet(Event):
    """The first use of Stripe with this database: with test or live keys, and from now on with that kind alone."""

    is_live: bool


@dataclass(frozen=True, kw_only=True)
class DifferenceFound(Event):
    """Stripe and the house tell something differently. `subject` is the object's id; the difference in pence."""

    what: str
    difference_pence: int


@dataclass(frozen=True, kw_only=True)
class DifferenceResolved(Event):
    """The two tell the same again, or an administrator said why it may stay. `by_hand` says which of the two."""

    what: str
    by_hand: bool
