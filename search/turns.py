"""Fair turns: of suppliers that fit equally well, whoever was invited least, then longest ago, stands first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select

from marketplace.core import db
from search.models import NeedInvitation
from search.selection import turn

# Scores come of the words that people happened to write; three parts in a hundred between two firms say nothing.
EQUAL_WITHIN = 0.03
REMEMBERED = timedelta(days=365)

Ranked = TypeVar("Ranked")


@dataclass(frozen=True)
class Invited:
    """How often a supplier was invited to look at a need in the last year, by any council, and when last."""

    times: int
    last_at: datetime


def invited_before(supplier_ids: Collection[int], now: datetime) -> dict[int, Invited]:
    """What is remembered of these suppliers; those who were never invited are left out."""
    query = (
        select(NeedInvitation.supplier_id, func.count(NeedInvitation.id), func.max(NeedInvitation.invited_at))
        .where(NeedInvitation.supplier_id.in_(supplier_ids), NeedInvitation.invited_at > now - REMEMBERED)
        .group_by(NeedInvitation.supplier_id)
        .order_by(NeedInvitation.supplier_id)
    )
    return {supplier: Invited(times, last_at) for supplier, times, last_at in db.session.execute(query)}


def in_turn(
    ranked: Sequence[tuple[float, Ranked]],
    invited: Mapping[int, Invited],
    name: Callable[[Ranked], tuple[int, str]],
    now: datetime,
) -> list[Ranked]:
    """Those of (worth, what) in order of worth; equals by their turn, `name` gives the supplier's id and reference."""

    def place(each: Ranked) -> tuple[int, float, str]:
        number, reference = name(each)
        before = invited.get(number)
        return (before.times, before.last_at.timestamp(), "") if before else (0, 0.0, turn(reference, now))

    ordered: list[Ranked] = []
    equals: list[Ranked] = []
    highest = 0.0
    for worth, each in sorted(ranked, key=lambda pair: -pair[0]):
        if worth < highest * (1 - EQUAL_WITHIN):
            ordered += sorted(equals, key=place)
            equals = []
        highest = highest if equals else worth
        equals.append(each)
    return ordered + sorted(equals, key=place)
