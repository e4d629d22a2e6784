"""The verbs of the gateway: an event stored once, the mode remembered, differences found and resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace import config
from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, Problem, insist
from marketplace.core.journal import record
from tenders.payments.gateway import events
from tenders.payments.gateway.answers import EventHint
from tenders.payments.gateway.models import GatewayDifference, GatewayEvent, GatewayMode


def store_event(hint: EventHint, was_missed: bool = False) -> bool:
    """Stores an event of Stripe's and says in the journal that it came; False when it is here already.

    Raises Conflict for an event of the other mode, which is never stored.
    """
    if hint.is_live != config.current().is_stripe_live:
        raise Conflict("This event is of Stripe's other mode (test or live). It is refused.")
    try:
        return _store_event(hint, was_missed)
    except IntegrityError:  # the same event came twice at once; anything else, and Stripe must bring it again
        if db.session.get(GatewayEvent, hint.id) is None:
            raise
        return False


@action
def _store_event(hint: EventHint, was_missed: bool) -> bool:
    if db.session.get(GatewayEvent, hint.id) is not None:
        return False
    db.session.add(
        GatewayEvent(
            event_id=hint.id,
            type=hint.type,
            account=hint.account,
            object_id=hint.object_id,
            is_live=hint.is_live,
            api_version=hint.api_version,
            created_at=hint.created_at,
            received_at=clock.now(),
            payload=hint.payload,
        )
    )
    db.session.flush()
    record(
        events.StripeEventReceived(subject=hint.id, type=hint.type, object_id=hint.object_id, was_missed=was_missed)
    )
    return True


@action
def remember_mode(is_live: bool) -> bool:
    """Remembers the mode of the first key that was used; gives the remembered one, whatever is asked."""
    known = db.session.get(GatewayMode, 1, with_for_update=True)
    if known is None:
        known = GatewayMode(id=1, is_live=is_live, first_used_at=clock.now())
        db.session.add(known)
        db.session.flush()
        record(events.StripeModeSet(subject="stripe", is_live=is_live))
    return known.is_live


@dataclass(frozen=True)
class Difference:
    """What Stripe and the house tell differently of an object, in words, and by how many pence (theirs less ours)."""

    object_id: str
    what: str
    ours: str
    theirs: str
    pence: int = 0


@action
def put_differences_on_record(found: Sequence[Difference]) -> int:
    """Opens what is new, brings open ones up to date, resolves those that are gone; gives how many are open."""
    query = select(GatewayDifference).where(GatewayDifference.resolved_at.is_(None)).order_by(GatewayDifference.id)
    open_ = {(each.object_id, each.what): each for each in db.session.scalars(query.with_for_update())}
    now, told = clock.now(), {(each.object_id, each.what): each for each in found}
    for place, each in told.items():
        known = open_.get(place)
        if known is not None and (known.ours, known.theirs) == (each.ours[:200], each.theirs[:200]):
            continue
        if known is None:
            known = GatewayDifference(object_id=each.object_id, what=each.what, found_at=now)
            db.session.add(known)
        known.ours, known.theirs, known.difference_pence = each.ours[:200], each.theirs[:200], each.pence
        record(events.DifferenceFound(subject=each.object_id, what=each.what, difference_pence=each.pence))
    for place, known in open_.items():
        if place not in told:
            known.resolved_at, known.resolution = now, "Both tell the same again."
            record(events.DifferenceResolved(subject=known.object_id, what=known.what, by_hand=False))
    db.session.flush()
    return len(told)


@action
def resolve_difference(difference_id: int, by: Membership, why: str) -> GatewayDifference:
    """An administrator says why a difference may stay. Comparing opens it again if it is found again. Raises Problems."""
    found = db.session.get(GatewayDifference, difference_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such difference.")
    if found.resolved_at is not None:
        raise Conflict("This difference is resolved already.")
    insist([] if why.strip() else [Problem("Say what was found and done", "why")])
    found.resolved_at, found.resolution = clock.now(), why.strip()
    record(events.DifferenceResolved(subject=found.object_id, what=found.what, by_hand=True), by.actor())
    return found
