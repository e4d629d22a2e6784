"""Events that Stripe could not bring, because this service or the way to it was away, are fetched from Stripe's list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace.core import clock, db
from tenders.payments.gateway import door
from tenders.payments.gateway.actions import store_event
from tenders.payments.gateway.models import GatewayEvent

OVERLAP = timedelta(days=1)  # what came late, or was lost while others came
KEPT = timedelta(days=30)  # how long Stripe lists an event


def fetch_missed(accounts: Iterable[str]) -> int:
    """Stores every event since a day before the last one that we know; gives how many were new.

    `accounts` are the suppliers' own; ours is always asked. Nothing to do without a key. Raises GatewayDown.
    """
    if not door.is_on():
        return 0
    found = 0
    for account in ("", *accounts):
        for hint in door.get_door().list_events(_since(account), account):
            found += store_event(hint, was_missed=True)
    return found


def _since(account: str) -> datetime:
    last = db.session.scalar(select(func.max(GatewayEvent.created_at)).where(GatewayEvent.account == account))
    oldest = clock.now() - KEPT
    db.session.rollback()
    return max(last - OVERLAP, oldest) if last else oldest
