"""A council's trial begins when its account does."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.accounts.models import Organisation
from marketplace.core import db
from marketplace.core.errors import Conflict
from marketplace.core.journal import JournalLine
from tenders.payments.subscriptions.actions import start_trial

TRIAL_EVENTS = frozenset({"OrganisationApproved", "OrganisationFounded"})


def react(lines: Sequence[JournalLine]) -> None:
    """Begins the trial of a council that may act here from now on; other organisations have none."""
    for line in lines:
        query = select(Organisation).where(Organisation.reference == line.subject, Organisation.kind == "authority")
        council = db.session.scalar(query)
        if council is None or council.approved_at is None:
            continue
        try:
            start_trial(council.id)
        except Conflict:  # it has begun
            continue
