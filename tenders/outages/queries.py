"""Finding outages, the deadlines that they hit, and whether a decision is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.clock import london_day
from marketplace.core.errors import Problem
from tenders import regimes
from tenders.needs.models import Need
from tenders.outages import rules
from tenders.outages.models import Beat, DeadlineHit, Outage
from tenders.outages.rules import Terms


def seen_parts() -> dict[str, datetime]:
    """When each watched part was last seen at work; empty when nothing watches."""
    return {part: at for part, at in db.session.execute(select(Beat.part, Beat.seen_at).order_by(Beat.part))}


def find_outage_under_way(lock: bool = False) -> Outage | None:
    """The outage that has not ended."""
    query = select(Outage).where(Outage.ended_at.is_(None))
    return db.session.scalar(query.with_for_update() if lock else query)


def latest_outages(most: int = 20) -> Sequence[Outage]:
    """The latest outages, newest first."""
    return db.session.scalars(select(Outage).order_by(Outage.began_at.desc()).limit(most)).all()


def find_open_hit(need: Need) -> DeadlineHit | None:
    """The outage that the council has to answer for now: the one with a proposal, else the latest."""
    pending = [each for each in hits_of(need) if rules.is_pending(each, need)]
    proposed = [each for each in pending if each.proposed_at is not None]
    return next(iter([*proposed, *reversed(pending)]), None)


def hits_of(need: Need) -> Sequence[DeadlineHit]:
    """Every outage that touched a deadline of this need, in order."""
    return hits_of_id(need.id)


def hits_of_id(need_id: int) -> Sequence[DeadlineHit]:
    """The same by the need's id."""
    query = select(DeadlineHit).where(DeadlineHit.need_id == need_id)
    return db.session.scalars(query.order_by(DeadlineHit.id)).all()


def pending_hits(organisation_id: int | None = None) -> Sequence[DeadlineHit]:
    """Hits that wait for a decision, of one council or of all, by deadline."""
    query = (
        select(DeadlineHit)
        .join(Need, Need.id == DeadlineHit.need_id)
        .where(
            DeadlineHit.decided_at.is_(None),
            Need.closes_at == DeadlineHit.closes_at,
            Need.withdrawn_at.is_(None),
            Need.opened_at.is_(None),
        )
    )
    if organisation_id is not None:
        query = query.where(Need.authority_id == organisation_id)
    return db.session.scalars(query.order_by(DeadlineHit.closes_at, DeadlineHit.id)).all()


def needs_hit(began_at: datetime, ended_at: datetime) -> list[Need]:
    """Every need whose deadline fell in this time or soon after, by deadline."""
    widest = max(terms_for(code, ended_at).window for code in _codes())
    query = select(Need).where(
        Need.closes_at >= began_at,
        Need.closes_at <= ended_at + widest,
        Need.published_at.is_not(None),
        Need.opened_at.is_(None),
    )
    found = db.session.scalars(query.order_by(Need.closes_at, Need.id)).all()
    return [each for each in found if rules.is_hit(each, began_at, ended_at, terms_for(each.jurisdiction, ended_at).window)]


def _codes() -> list[str]:
    return [each.code for each in regimes.jurisdictions()]


def terms_for(jurisdiction: str, at: datetime) -> Terms:
    """How an outage of that day is made good in a jurisdiction."""
    try:
        return Terms.of(regimes.regime_on(jurisdiction or "ENG", london_day(at)))
    except regimes.JurisdictionClosed:
        return Terms()


def proposal_for(hit: DeadlineHit, now: datetime) -> datetime:
    """The closing time to propose now."""
    ended_at = hit.outage.ended_at or now
    return rules.proposed_closing(
        hit.closes_at, ended_at - hit.outage.began_at, now, terms_for(hit.need.jurisdiction, ended_at)
    )


def waiting_problems(need: Need) -> list[Problem]:
    """Why nothing that depends on the deadline may happen yet, in the council's words: no opening, no closing register.

    Empty once the council has decided, where no worker watches the service, and while bidding is open without a hit.
    """
    if need.closes_at is None or need.opened_at is not None:
        return []
    found = [rules.unanswered_problem(each) for each in hits_of(need) if rules.is_pending(each, need)]
    if found or clock.now() <= need.closes_at:
        return found
    watch = rules.watch_problem(need.closes_at, seen_parts(), find_outage_under_way())
    return [watch] if watch else []


def is_decision_pending(need: Need) -> bool:
    """Whether the deadline may still move because of an outage, or is not yet known to have passed without one."""
    return bool(waiting_problems(need))


def stale_since(limit: timedelta, now: datetime) -> dict[str, datetime]:
    """The watched parts that are away now, and since when."""
    return rules.parts_away(seen_parts(), now, limit)
