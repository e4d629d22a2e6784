"""Outages and the deadlines that they hit, in words: for the command and the administrator's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.core import clock
from marketplace.core.moments import short_moment
from tenders.outages import queries, rules
from tenders.outages.models import EXTEND, DeadlineHit, Outage

FAILED = {
    "web": "the web did not answer",
    "worker": "the worker was not at work, so nobody watched the web",
    "database": "the database did not answer",
    "machine": "the machine was off",
}


@dataclass(frozen=True)
class Told:
    """One outage in words, with a line for each need that it hit."""

    away: str
    failed: str
    needs: list[tuple[str, str, str, str]]


def tell_outages(most: int = 20) -> list[Told]:
    """The latest outages, newest first; each need with reference, council, deadline and where its decision stands."""
    return [Told(_away(each), failed_words(each.failed), [_line(hit) for hit in each.hits]) for each in queries.latest_outages(most)]


def _away(outage: Outage) -> str:
    if outage.ended_at is None:
        return f"Since {short_moment(outage.began_at)}, and still"
    return f"{short_moment(outage.began_at)} to {short_moment(outage.ended_at)} ({length_words(outage.ended_at - outage.began_at)})"


def length_words(length: timedelta) -> str:
    """ "12 minutes", "3 h 05 min"."""
    minutes = -(-int(length.total_seconds()) // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def failed_words(failed: str) -> str:
    """What failed, in words."""
    return ", ".join(FAILED.get(each, each) for each in failed.split(","))


def _line(hit: DeadlineHit) -> tuple[str, str, str, str]:
    return hit.need.reference, hit.need.buyer_name, short_moment(hit.closes_at), standing_words(hit)


def standing_words(hit: DeadlineHit) -> str:
    """Where the decision on a hit stands."""
    if hit.decided_at is not None:
        closes_at = hit.new_closes_at
        return f"more time, until {short_moment(closes_at)}" if hit.choice == EXTEND and closes_at else "no more time"
    if not rules.is_pending(hit, hit.need):
        return "nothing to decide any more"
    return "waits for an approver" if hit.proposed_at is not None else "waits for an officer"


def watch_words(limit: timedelta, now: datetime | None = None) -> Iterator[str]:
    """How the watch stands: each part that it sees, and what is away now."""
    now = now or clock.now()
    seen = queries.seen_parts()
    if not seen:
        yield "Nothing watches this service. `marketplace run` does; a worker started alone does with MARKETPLACE_WATCH_URL."
    for part, at in seen.items():
        away = " It is away." if now - at > limit else ""
        yield f"The {part} was last seen at work at {short_moment(at)}.{away}"
        if away:
            yield f"If it is no longer run or watched from here: marketplace outages --stop-watching {part}"
