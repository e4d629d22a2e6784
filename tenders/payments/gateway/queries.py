"""Finding what the gateway keeps, for the administrator's page. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from marketplace.core import db
from tenders.payments.gateway.models import GatewayDifference, GatewayEvent


def open_differences() -> Sequence[GatewayDifference]:
    """What Stripe and the house tell differently, oldest first."""
    query = select(GatewayDifference).where(GatewayDifference.resolved_at.is_(None))
    return db.session.scalars(query.order_by(GatewayDifference.found_at, GatewayDifference.id)).all()


def resolved_differences(limit: int = 20) -> Sequence[GatewayDifference]:
    """The last ones that were resolved, newest first."""
    query = select(GatewayDifference).where(GatewayDifference.resolved_at.is_not(None))
    return db.session.scalars(query.order_by(GatewayDifference.resolved_at.desc(), GatewayDifference.id).limit(limit)).all()


def get_difference(difference_id: int) -> GatewayDifference | None:
    """One difference by its number, if there is one."""
    return db.session.get(GatewayDifference, difference_id)


def last_event_at() -> datetime | None:
    """When Stripe last told us anything."""
    return db.session.scalar(select(func.max(GatewayEvent.received_at)))


def unlooked_events() -> int:
    """How many events nobody has looked at yet."""
    return db.session.scalar(select(func.count()).where(GatewayEvent.processed_at.is_(None))) or 0
