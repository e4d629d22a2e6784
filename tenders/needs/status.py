"""The status of a need, read from its facts: one ordered list, told once for Python and once for SQL beside it.

Nothing has to run at the closing instant: a need is closed because its time has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, literal, true

from marketplace.core import clock
from tenders.needs.models import Need


@dataclass(frozen=True)
class Status:
    """A status: its name in addresses and exports, its label on pages, and when it holds (first match wins)."""

    name: str
    label: str
    holds: Callable[[Need, datetime], bool]
    sql: Callable[[datetime], ColumnElement[bool]]


N = Need
STATUSES: tuple[Status, ...] = (
    Status("withdrawn", "Withdrawn", lambda n, t: n.withdrawn_at is not None, lambda t: N.withdrawn_at.is_not(None)),
    Status(
        "no_award", "Ended without award", lambda n, t: n.no_award_at is not None, lambda t: N.no_award_at.is_not(None)
    ),
    Status(
        "contracted",
        "Contract signed",
        lambda n, t: n.contracted_at is not None,
        lambda t: N.contracted_at.is_not(None),
    ),
    Status("awarded", "Awarded", lambda n, t: n.awarded_at is not None, lambda t: N.awarded_at.is_not(None)),
    Status(
        "assessed",
        "Bids assessed",
        lambda n, t: n.scores_frozen_at is not None,
        lambda t: N.scores_frozen_at.is_not(None),
    ),
    Status("opened", "Bids being assessed", lambda n, t: n.opened_at is not None, lambda t: N.opened_at.is_not(None)),
    Status(
        "open",
        "Open",
        lambda n, t: n.published_at is not None and n.closes_at is not None and t <= n.closes_at,
        lambda t: N.published_at.is_not(None) & N.closes_at.is_not(None) & (N.closes_at >= t),
    ),
    Status("closed", "Closed", lambda n, t: n.published_at is not None, lambda t: N.published_at.is_not(None)),
    Status(
        "discarded", "Discarded", lambda n, t: n.discarded_at is not None, lambda t: N.discarded_at.is_not(None)
    ),
    Status(
        "approved", "Ready to publish", lambda n, t: n.approved_at is not None, lambda t: N.approved_at.is_not(None)
    ),
    Status(
        "in_review",
        "Waiting for approval",
        lambda n, t: n.review_asked_at is not None,
        lambda t: N.review_asked_at.is_not(None),
    ),
    Status("draft", "Draft", lambda n, t: True, lambda t: true()),
)
LABELS = {each.name: each.label for each in STATUSES}
# What the public may see at all.
PUBLIC = ("open", "closed", "opened", "assessed", "awarded", "contracted", "no_award", "withdrawn")


def status_of(need: Need, at: datetime | None = None) -> str:
    """The need's status at an instant (default: now)."""
    at = at or clock.now()
    return next(each.name for each in STATUSES if each.holds(need, at))


def status_expression(at: datetime | None = None) -> Any:
    """The same as a SQL expression over needs."""
    at = at or clock.now()
    return case(*((each.sql(at), literal(each.name)) for each in STATUSES[:-1]), else_=literal(STATUSES[-1].name))


def has_status(name: str, at: datetime | None = None) -> ColumnElement[bool]:
    """A condition that picks needs with this status."""
    return status_expression(at) == name


def is_public(need: Need) -> bool:
    """Whether anyone may read it: it was published, here or elsewhere."""
    return need.published_at is not None
