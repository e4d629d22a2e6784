"""Subscriptions of the demonstration, without Stripe: one council in its second year, one overdue, one whose trial ends.

Every other council's trial begins by itself when the worker reads that its account began.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership, Person
from marketplace.core import clock, db
from marketplace.demonstration.people import Cast, accounts
from marketplace.demonstration.telling import Days, Story
from tenders.payments.subscriptions import actions, by_hand, keeping, queries
from tenders.payments.subscriptions.models import Subscription

SUBSCRIBED, OVERDUE, IN_TRIAL = "HCK", "LIC", "BUC"


def subscription_stories(cast: Cast, days: Days) -> list[Story]:
    """One story for each of the three councils."""
    return [_two_years(cast, days), _overdue(cast, days), _trial_ends(cast, days)]


def _two_years(cast: Cast, days: Days) -> Story:
    finance = cast.staff[SUBSCRIBED].finance
    assert finance is not None
    yield days.ago(460, "09:30")
    actions.start_trial(finance.organisation_id, finance)
    yield days.ago(402, "11:00")
    actions.order(finance, "transfer", "PO-4417", is_by_hand=True)
    yield days.ago(401, "09:15")
    _send(finance, "MC-0001")
    yield days.ago(385, "08:30")
    _pay(finance, "BACS HACKNEY 4417")
    yield days.ago(60, "10:00")
    actions.change_purchase_order(finance, "PO-5102")
    yield days.ago(45, "07:00")
    keeping.look_after_all()
    yield days.ago(33, "07:00")
    keeping.look_after_all()
    yield days.ago(32, "09:15")
    _send(finance, "MC-0002")
    yield days.ago(11, "08:30")
    _pay(finance, "BACS HACKNEY 5102")


def _overdue(cast: Cast, days: Days) -> Story:
    finance = cast.staff[OVERDUE].finance
    assert finance is not None
    yield days.ago(150, "10:00")
    actions.start_trial(finance.organisation_id, finance)
    yield days.ago(75, "15:00")
    actions.order(finance, "transfer", "", is_by_hand=True)
    yield days.ago(74, "09:15")
    _send(finance, "MC-0003")
    for since_due in (10, 33):
        yield days.ago(44 - since_due, "07:00")
        keeping.look_after_all()


def _trial_ends(cast: Cast, days: Days) -> Story:
    yield days.ago(70, "10:00")
    actions.start_trial(cast.staff[IN_TRIAL].officer.organisation_id)
    yield days.ago(8, "07:00")
    keeping.look_after_all()


def _send(finance: Membership, number: str) -> None:
    by_hand.record_invoice(_subscription(finance).id, _administrator(), number, clock.today())


def _pay(finance: Membership, bank_reference: str) -> None:
    subscription = _subscription(finance)
    invoice = subscription.invoices[-1]
    paid_on = clock.today() - timedelta(days=1)
    by_hand.record_payment(
        subscription.id, invoice.id, _administrator(), queries.left_pence(invoice), paid_on, bank_reference
    )


def _subscription(finance: Membership) -> Subscription:
    found = queries.find_live(finance.organisation_id)
    assert found is not None
    return found


def _administrator() -> Membership:
    email = next(each.email for each in accounts() if each.key == "administrator")
    query = select(Membership).join(Person, Person.id == Membership.person_id).where(Person.email == email)
    return db.session.scalars(query).unique().one()
