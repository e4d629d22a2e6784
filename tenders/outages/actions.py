"""Noticing an outage, once; and the council's answer to it: one proposes, another decides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, Problem, insist
from marketplace.core.journal import SYSTEM, record
from tenders.needs import amending
from tenders.needs.actions import get_own_need, subject_of
from tenders.needs.models import Need
from tenders.outages import events, queries, rules
from tenders.outages.models import EXTEND, Beat, DeadlineHit, Outage


def beat(parts: Iterable[str], limit: timedelta, causes: Iterable[str] = ()) -> Outage | None:
    """These parts are at work now. A gap longer than the limit becomes an outage; returns one that ended by this.

    The rows and what is said of them move in one transaction under their lock: several workers, kills and repeats
    record nothing twice.
    """
    parts = list(parts)
    if _move_on(parts, limit):
        return None
    return _notice(parts, limit, list(causes))


def _move_on(parts: list[str], limit: timedelta) -> bool:
    """Moves the rows on where no gap would be lost by it; whether there is nothing to say."""
    now = clock.now()
    with db.housekeeping() as current:
        rows = {each.part: each for each in current.scalars(_locked_beats())}
        away = rules.parts_away({part: row.seen_at for part, row in rows.items()}, now, limit)
        is_known = queries.find_outage_under_way() is not None
        for part in parts:
            if part not in rows:
                current.add(Beat(part=part, seen_at=now))
            elif (is_known or part not in away) and rows[part].seen_at < now:
                rows[part].seen_at = now  # inside a known outage no gap is lost
    still_away = set(away) - set(parts)
    return bool(still_away) if is_known else not away


@action
def _notice(parts: list[str], limit: timedelta, causes: list[str]) -> Outage | None:
    now = clock.now()
    rows = {each.part: each for each in db.session.scalars(_locked_beats())}
    away = rules.parts_away({part: row.seen_at for part, row in rows.items()}, now, limit)
    outage = queries.find_outage_under_way(lock=True)
    if outage is None:
        if not away:
            return None  # another worker was first
        outage = Outage(began_at=min(away.values()), failed=rules.what_failed(away, causes))
        db.session.add(outage)
        record(events.OutageBegan(subject="service", began_at=outage.began_at, failed=outage.failed), SYSTEM)
        for part in parts:
            rows[part].seen_at = now
    if set(away) - set(parts):
        return None  # the rest of it lasts
    outage.failed = rules.what_failed(outage.failed.split(","), causes)
    return _end(outage, now)


def _locked_beats() -> Select[Beat]:
    return select(Beat).order_by(Beat.part).with_for_update().execution_options(populate_existing=True)


def _end(outage: Outage, now: datetime) -> Outage:
    """All parts are back: the outage has its length, and every deadline that it touched is written down."""
    outage.ended_at = now
    needs = queries.needs_hit(outage.began_at, now)
    for need in needs:
        assert need.closes_at is not None  # what was found has a deadline
        db.session.add(DeadlineHit(need=need, outage=outage, closes_at=need.closes_at))
        record(
            events.DeadlineHitByOutage(
                **subject_of(need), closes_at=need.closes_at, began_at=outage.began_at, ended_at=now
            ),
            SYSTEM,
        )
    record(
        events.OutageEnded(
            subject="service", began_at=outage.began_at, ended_at=now, failed=outage.failed, needs=len(needs)
        ),
        SYSTEM,
    )
    return outage


@action
def stop_watching(part: str) -> None:
    """The part is no longer watched from here, for example because the web moved to another machine."""
    row = db.session.get(Beat, part)
    if row is None:
        raise NotFound(f"Nothing called {part} is watched.")
    db.session.delete(row)
    record(events.WatchStopped(subject=part), SYSTEM)


@action
def propose_answer(
    need_id: int, member: Membership, choice: str, new_closes_at: datetime | None, reason: str
) -> DeadlineHit:
    """The officer's half: more time until then, or none, for a reason that everyone can read. Raises Problems."""
    need = get_own_need(need_id, member)
    hit = queries.find_open_hit(need)
    now = clock.now()
    insist(rules.proposing_problems(hit, choice, new_closes_at, reason, now))
    assert hit is not None  # the rule insists
    hit.choice, hit.reason, hit.note = choice, reason.strip(), ""
    hit.new_closes_at = new_closes_at if choice == EXTEND else None
    hit.proposed_at, hit.proposed_by_id = now, member.person_id
    event = events.OutageAnswerProposed(**subject_of(need), choice=choice, closes_at=hit.new_closes_at)
    record(event, member.actor("officer"))
    return hit


@action
def send_answer_back(need_id: int, member: Membership, comment: str) -> DeadlineHit:
    """The approver sends the proposal back with a comment. Raises Problems."""
    need = get_own_need(need_id, member)
    hit = queries.find_open_hit(need)
    now = clock.now()
    # A time that has come too near is a reason to send it back, not one that stops it.
    insist([each for each in rules.answering_problems(hit, member.person_id, now) if not _is_about_time(hit, each)])
    if not comment.strip():
        insist([Problem("Say what must change", "comment")])
    assert hit is not None  # the rule insists
    hit.choice, hit.new_closes_at, hit.reason, hit.proposed_at = "", None, "", None
    hit.note = comment.strip()
    record(events.OutageAnswerSentBack(**subject_of(need)), member.actor("approver"))
    return hit


def _is_about_time(hit: DeadlineHit | None, problem: Problem) -> bool:
    return hit is not None and problem.field == "new_closes_at"


@action
def approve_answer(need_id: int, member: Membership) -> Need:
    """The approver's half, by another person: the new closing time, or that the old one stands. Raises Problems."""
    need = get_own_need(need_id, member)
    hit = queries.find_open_hit(need)
    now = clock.now()
    insist(rules.answering_problems(hit, member.person_id, now))
    assert hit is not None  # the rule insists
    answered = [each for each in queries.hits_of(need) if rules.is_pending(each, need) and each.id <= hit.id]
    if hit.choice == EXTEND:
        assert hit.new_closes_at is not None  # the table's time_if_extended
        amending.extend_after_outage(need, member, hit.new_closes_at, rules.public_reason(hit))
    for each in answered:
        each.choice, each.new_closes_at, each.reason = hit.choice, hit.new_closes_at, hit.reason
        each.proposed_at, each.proposed_by_id = hit.proposed_at, hit.proposed_by_id
        each.decided_at, each.decided_by_id = now, member.person_id
    event = events.OutageAnswered(**subject_of(need), choice=hit.choice, closes_at=hit.new_closes_at)
    record(event, member.actor("approver"))
    return need
