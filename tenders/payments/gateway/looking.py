"""What an event calls for: look at the object it names, by the door, and bring our rows in line with what is there.

Nothing is read from an event but which object to look at, so that it cannot matter in which order events come, how
often, or whether some never come. Rooms above say which kinds concern them; marketplace/listeners.py puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from tenders.payments.gateway.models import GatewayEvent

# The beginning of an event's type ("charge.") -> brings the rows that it concerns in line; False when it knows none.
Look = Callable[[GatewayEvent], bool]
Looks = Mapping[str, Look]
EVENTS = frozenset({"StripeEventReceived"})
DONE, NOTHING, UNKNOWN = "done", "nothing to do", "not known here"
LEFT_BEHIND = timedelta(hours=1)
_rooms: list[Looks] = []


def put_together(*rooms: Looks) -> None:
    """Says once, at start, which rooms look at what."""
    _rooms[:] = rooms


def react(lines: Sequence[JournalLine]) -> None:
    """Looks at what each event names. Raises GatewayDown while Stripe is away: it is tried again."""
    for line in lines:
        look_at(line.subject)


def look_at(event_id: str) -> str:
    """Looks at what the event names; gives what became of it. Repeating it changes nothing."""
    event = db.session.get(GatewayEvent, event_id)
    if event is None:
        return UNKNOWN
    looks = [look for room in _rooms for kind, look in room.items() if event.type.startswith(kind)]
    outcome = NOTHING if not looks else DONE if any([look(event) for look in looks]) else UNKNOWN
    with db.housekeeping() as current:
        seen = current.get_one(GatewayEvent, event_id)
        seen.processed_at, seen.outcome = clock.now(), outcome
    return outcome


def look_again() -> int:
    """For the timetable: events that nobody could look at in time, because Stripe was away for too long."""
    before = clock.now() - LEFT_BEHIND
    query = select(GatewayEvent.event_id).where(GatewayEvent.processed_at.is_(None), GatewayEvent.received_at <= before)
    left = db.session.scalars(query.order_by(GatewayEvent.received_at, GatewayEvent.event_id)).all()
    for each in left:
        look_at(each)
    return len(left)
