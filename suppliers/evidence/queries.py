"""A firm's certificates and insurance, and those whose holders must be reminded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from marketplace.core.clock import london_day
from marketplace.core.db import session
from marketplace.core.errors import NotFound
from suppliers.evidence.models import Evidence
from suppliers.evidence.rules import LATEST_REMINDER_DAYS, REMINDER_DAYS, reminder_due


def evidence_of(supplier_id: int) -> list[Evidence]:
    """What is on the profile now, expired papers too: certificates, then insurance, by name."""
    query = select(Evidence).where(Evidence.supplier_id == supplier_id, Evidence.removed_at.is_(None))
    return list(session.scalars(query.order_by(Evidence.kind, Evidence.name, Evidence.id)))


def evidence_by_supplier(supplier_ids: Sequence[int]) -> dict[int, list[Evidence]]:
    """What is on the profiles now, for many suppliers in one query; expired papers too."""
    query = select(Evidence).where(Evidence.supplier_id.in_(supplier_ids), Evidence.removed_at.is_(None))
    found: dict[int, list[Evidence]] = {each: [] for each in supplier_ids}
    for paper in session.scalars(query.order_by(Evidence.id)):
        found[paper.supplier_id].append(paper)
    return found


def count_evidence(supplier_id: int) -> int:
    """How many papers are on the profile now."""
    query = select(func.count(Evidence.id)).where(Evidence.supplier_id == supplier_id, Evidence.removed_at.is_(None))
    return session.scalar(query) or 0


def get_evidence(evidence_id: int, supplier_id: int, *, lock: bool = False) -> Evidence:
    """One of this supplier's. Raises NotFound for another's, and for one that was removed."""
    query = select(Evidence).where(
        Evidence.id == evidence_id, Evidence.supplier_id == supplier_id, Evidence.removed_at.is_(None)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound("This is not on your profile any more.")
    return found


def find_evidence(evidence_id: int, *, lock: bool = False) -> Evidence | None:
    """A paper by its number, whosever it is and removed or not: for the worker, never for a page."""
    query = select(Evidence).where(Evidence.id == evidence_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def reminders_due(now: datetime) -> list[Evidence]:
    """Papers whose holders must be reminded, the earliest to end first. Empty once all have been."""
    today = london_day(now)
    near = Evidence.expires_on.between(
        today - timedelta(days=LATEST_REMINDER_DAYS), today + timedelta(days=max(REMINDER_DAYS))
    )
    untold = or_(
        Evidence.reminded_for.is_(None), Evidence.reminded_for != Evidence.expires_on, Evidence.reminded_days > 0
    )
    query = select(Evidence).where(near, untold, Evidence.removed_at.is_(None))
    found = session.scalars(query.order_by(Evidence.expires_on, Evidence.id))
    return [each for each in found if reminder_due(each, today) is not None]
