"""What this room erases with a person, in the same transaction: needs that an address follows.

What saved searches asked and found goes by the journal's line (`alerts.py`), for it names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func

from marketplace.accounts.erasing import FORGETTERS
from marketplace.accounts.models import Person
from marketplace.core import db
from search.models import Follow


def forget_follows(_person: Person | None, addresses: Sequence[str]) -> None:
    """Takes away every follow of these addresses, and so the address."""
    db.session.execute(delete(Follow).where(func.lower(Follow.email).in_(addresses)))


FORGETTERS.append(forget_follows)
