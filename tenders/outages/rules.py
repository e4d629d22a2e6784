"""What an outage means: which deadlines it touches, which new closing time is proposed, who may decide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from marketplace.core.clock import LONDON, london
from marketplace.core.errors import Problem
from marketplace.core.moments import moment, moment_to_second
from marketplace.core.working_days import CalendarEnds, is_working_day
from tenders.needs.models import Need
from tenders.outages.models import EXTEND, KEEP, DeadlineHit, Outage
from tenders.regimes import Regime

# A new deadline that is nearer than this when it is approved would reach bidders too late to be of use.
LEAST_LEFT = timedelta(hours=1)
NOON = time(12)


@dataclass(frozen=True)
class Terms:
    """How outages are made good: regimes.csv, rows `outage.…`, as they stood on the day of the outage."""

    window: timedelta = timedelta(hours=24)
    unit: timedelta = timedelta(minutes=60)
    notice: timedelta = timedelta(hours=24)
    first: time = time(9)
    last: time = time(17)

    @classmethod
    def of(cls, regime: Regime | None) -> Terms:
        """The terms that a regime names; where it names none, these."""
        if regime is None or regime.find_value("outage.window_hours") is None:
            return cls()
        return cls(
            timedelta(hours=regime.number("outage.window_hours")),
            timedelta(minutes=regime.number("outage.unit_minutes")),
            timedelta(hours=regime.number("outage.notice_hours")),
            time(regime.number("outage.first_hour")),
            time(regime.number("outage.last_hour")),
        )


def parts_away(seen: Mapping[str, datetime], now: datetime, limit: timedelta) -> dict[str, datetime]:
    """The parts that were last seen longer ago than the limit, and when."""
    return {part: at for part, at in seen.items() if now - at > limit}


def what_failed(parts: Iterable[str], causes: Iterable[str]) -> str:
    """What to write down: a cause that explains the rest (machine, database) before the parts that it took along."""
    known = {*parts, *causes}
    for each in ("machine", "database"):
        if each in known:
            return each
    return ",".join(sorted(known))


def is_hit(need: Need, began_at: datetime, ended_at: datetime, window: timedelta) -> bool:
    """Whether the need's deadline fell in the outage or within the window after it, while nothing was opened.

    Bidders for a need that was published when the outage was over lost nothing by it.
    """
    return (
        need.is_ours
        and need.closes_at is not None
        and need.published_at is not None
        and need.published_at <= ended_at
        and need.withdrawn_at is None
        and need.opened_at is None
        and began_at <= need.closes_at <= ended_at + window
    )


def made_good(length: timedelta, unit: timedelta) -> timedelta:
    """The length of an outage, rounded up to full units."""
    return -(-length // unit) * unit


def proposed_closing(closes_at: datetime, length: timedelta, now: datetime, terms: Terms) -> datetime:
    """The closing time to propose: the time lost, given back; enough notice when the deadline has passed already.

    It falls on a working day, in working hours, at the hour of the old deadline where it has to be moved on.
    """
    given_back = closes_at + made_good(length, terms.unit)
    if closes_at <= now:
        given_back = max(given_back, now + terms.notice)
    return _at_work(_full_minutes(given_back), london(closes_at).time(), terms)


def _full_minutes(instant: datetime) -> datetime:
    """Up to the next quarter of an hour, unless it stands on a full minute already."""
    if instant.second == instant.microsecond == 0:
        return instant
    return instant - timedelta(minutes=instant.minute % 15, seconds=instant.second - 900, microseconds=instant.microsecond)


def _at_work(instant: datetime, usual: time, terms: Terms) -> datetime:
    local = london(instant)
    day, at = local.date(), local.time()
    if _works(day) and terms.first <= at <= terms.last:
        return instant
    if _works(day) and at < terms.first:
        return _instant(day, terms.first)
    day += timedelta(days=1)
    while not _works(day):
        day += timedelta(days=1)
    return _instant(day, usual if terms.first <= usual <= terms.last else NOON)


def _instant(day: date, at: time) -> datetime:
    # Working hours never fall into the hour that a change of clocks skips or repeats.
    return datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)


def _works(day: date) -> bool:
    try:
        return is_working_day(day)
    except CalendarEnds:
        return day.weekday() < 5


def is_pending(hit: DeadlineHit, need: Need) -> bool:
    """Whether the council has still to decide: neither answered, nor overtaken by another deadline or by an end."""
    return (
        hit.decided_at is None
        and need.closes_at == hit.closes_at
        and need.withdrawn_at is None
        and need.opened_at is None
    )


def away_words(outage: Outage) -> str:
    """ "from 11:50:00am on … to 12:05:10pm on …"."""
    return f"from {moment_to_second(outage.began_at)} to {moment_to_second(outage.ended_at or outage.began_at)}"


def unanswered_problem(hit: DeadlineHit) -> Problem:
    """Why bids stay shut meanwhile."""
    return Problem(
        f"This service was away {away_words(hit.outage)}. An officer and an approver of your council decide first whether bids close later."
    )


def watch_problem(closes_at: datetime, seen: Mapping[str, datetime], under_way: Outage | None) -> Problem | None:
    """Why it cannot be told yet whether bidders could reach the service up to the deadline; nothing is watched: None."""
    if under_way is not None and under_way.began_at <= closes_at:
        return Problem(
            f"A part of this service has been away since {moment_to_second(under_way.began_at)}. "
            "When it is back, your council decides whether bids close later."
        )
    if any(at <= closes_at for at in seen.values()):
        return Problem(
            "It is not certain yet that bidders could reach this service up to the closing time. Try again in a minute. "
            "If this stays so, ask the administrator of this service to start its worker."
        )
    return None


def proposing_problems(
    hit: DeadlineHit | None, choice: str, new_closes_at: datetime | None, reason: str, now: datetime
) -> list[Problem]:
    """Whether an officer may put this before an approver."""
    if hit is None:
        return [Problem("No decision after an outage is waiting for this need")]
    if hit.proposed_at is not None:
        return [Problem("A proposal waits for an approver already. The approver can send it back")]
    found = [] if reason.strip() else [Problem("Enter the reason. Everyone can read it", "reason")]
    if choice not in (EXTEND, KEEP):
        found.append(Problem("Choose whether bids close later", "choice"))
    if choice == EXTEND:
        found += _time_problems(hit, new_closes_at, now)
    return found


def _time_problems(hit: DeadlineHit, new_closes_at: datetime | None, now: datetime) -> list[Problem]:
    if new_closes_at is None:
        return [Problem("Enter the new closing date and time", "new_closes_at")]
    lost = (hit.outage.ended_at or hit.outage.began_at) - hit.outage.began_at
    if new_closes_at < hit.closes_at + lost:
        earliest = hit.closes_at + lost
        return [
            Problem(f"Give back at least the time that was lost: {moment_to_second(earliest)} or later", "new_closes_at")
        ]
    if new_closes_at < now + LEAST_LEFT:
        return [Problem("Bidders must have an hour at least: enter a later time", "new_closes_at")]
    return []


def answering_problems(hit: DeadlineHit | None, person_id: int, now: datetime) -> list[Problem]:
    """Whether this person may decide on the proposal: it waits, is not their own, and leaves bidders time."""
    if hit is None or hit.proposed_at is None:
        return [Problem("No proposal after an outage waits for an approver")]
    if hit.proposed_by_id == person_id:
        return [Problem("You proposed this, so another approver decides on it")]
    if hit.new_closes_at is not None and hit.new_closes_at < now + LEAST_LEFT:
        late = moment(hit.new_closes_at)
        return [Problem(f"The proposed time, {late}, is less than an hour away. Send it back and ask for a later one", "new_closes_at")]
    return []


def public_reason(hit: DeadlineHit) -> str:
    """The reason that everyone reads with the new closing time."""
    return f"This service was away {away_words(hit.outage)}. {hit.reason}"
