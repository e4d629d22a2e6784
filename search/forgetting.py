"""What this room erases with a person, in the same transaction: needs that an address follows.

What saved searches asked and found goes by the journal's line (`alerts.py`), for it names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import String, cast, func, update

from marketplace.accounts.erasing import FORGETTERS
from marketplace.accounts.models import Person
from marketplace.core import clock, db
from search.models import Follow


def forget_follows(_person: Person | None, addresses: Sequence[str]) -> None:
    """Ends every follow of these addresses and takes the address away. The row stays: its number stands in links."""
    erased = cast(Follow.id, String) + "@erased.invalid"
    follows = update(Follow).where(func.lower(Follow.email).in_(addresses))
    ended = func.coalesce(Follow.stopped_at, clock.now(), type_=Follow.stopped_at.type)
    db.session.execute(follows.values(email=erased, stopped_at=ended))


FORGETTERS.append(forget_follows)
