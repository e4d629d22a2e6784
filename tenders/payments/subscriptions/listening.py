"""A council's trial begins when its account does; what its finance people want is brought to Stripe."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.accounts.models import Organisation
from marketplace.core import db
from marketplace.core.errors import Conflict
from marketplace.core.journal import JournalLine
from tenders.payments.gateway import door
from tenders.payments.subscriptions import queries
from tenders.payments.subscriptions.actions import start_trial
from tenders.payments.subscriptions.at_gateway import bring

TRIAL_EVENTS = frozenset({"OrganisationApproved", "OrganisationFounded"})
WISHES = frozenset(
    {"SubscriptionOrdered", "CardPageAsked", "PurchaseOrderChanged", "CancellationAsked", "CancellationTakenBack"}
)


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


def bring_wishes(lines: Sequence[JournalLine]) -> None:
    """Brings the subscription of each line to Stripe. Raises GatewayDown while Stripe is away: it is tried again."""
    for line in lines:
        if door.is_on():
            bring(queries.get_by_reference(line.subject).id)
