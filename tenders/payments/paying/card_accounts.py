"""Suppliers' own accounts with Stripe: asked for, connected, followed, agreed to.

An account is Stripe's and the supplier's. A council's card is charged by the supplier itself, so that no money is ours
for a moment; what we keep is the account's name and what it can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import NotFound, insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import record
from marketplace.core.letters import absolute
from suppliers.profiles.models import Supplier
from tenders.payments.gateway.answers import AccountState
from tenders.payments.gateway.door import GatewayOff, get_door, is_on
from tenders.payments.paying import card_events as events
from tenders.payments.paying import card_rules as rules
from tenders.payments.paying.models import SupplierAccount

PAGE = "/supplier/card-payments"
KEY_LIVES = timedelta(hours=23)  # Stripe remembers a key for a day; later the account is looked for first


def find_account(supplier_id: int) -> SupplierAccount | None:
    """What we keep of the supplier's account, if it ever asked for one."""
    return db.session.get(SupplierAccount, supplier_id)


def connected_accounts() -> Sequence[str]:
    """Stripe's names of all suppliers' accounts, in order."""
    query = select(SupplierAccount.account_id).where(SupplierAccount.account_id.is_not(None))
    return [each for each in db.session.scalars(query.order_by(SupplierAccount.account_id)) if each]


def connect(member: Membership) -> str:
    """The address of Stripe's page on which the supplier opens its account, or goes on with it."""
    _insist_on()
    _ask(member)
    account_id = finish(member.organisation_id)
    return get_door().account_page(account_id, return_url=absolute(PAGE), refresh_url=absolute(PAGE))


def _insist_on() -> None:
    if not is_on():
        raise GatewayOff("This service is not connected to Stripe, so no account can be connected.")


@action
def _ask(member: Membership) -> None:
    if db.session.get(SupplierAccount, member.organisation_id, with_for_update=True) is not None:
        return
    row = SupplierAccount(supplier_id=member.organisation_id, asked_at=clock.now(), asked_by_id=member.person_id)
    db.session.add(row)
    db.session.flush()
    record(events.StripeAccountAsked(subject=member.organisation.reference), member.actor("admin"))


def finish(supplier_id: int) -> str:
    """Makes the account that was asked for, once; gives its name. After a kill it goes on where it was."""
    row = db.session.get_one(SupplierAccount, supplier_id)
    if row.account_id:
        return row.account_id
    reference, gate = db.session.get_one(Supplier, supplier_id).reference, get_door()
    known = gate.find_account(reference) if clock.now() - row.asked_at > KEY_LIVES else None
    db.session.rollback()
    made = known or gate.create_account(f"supplier:{reference}:account", reference)
    failpoint("card: account made, not stored")
    _keep(supplier_id, made)
    return made.id


@action
def _keep(supplier_id: int, state: AccountState) -> bool:
    """Brings the row in line with what Stripe says; False when nothing changed."""
    row = db.session.get_one(SupplierAccount, supplier_id, with_for_update=True, populate_existing=True)
    subject = db.session.get_one(Supplier, supplier_id).reference
    if row.account_id is None:
        row.account_id = state.id
        record(events.StripeAccountConnected(subject=subject))
    if (row.can_be_charged, row.can_be_paid_out) != (state.can_be_charged, state.can_be_paid_out):
        row.can_be_charged, row.can_be_paid_out = state.can_be_charged, state.can_be_paid_out
        record(
            events.StripeAccountChanged(
                subject=subject, can_be_charged=state.can_be_charged, can_be_paid_out=state.can_be_paid_out
            )
        )
        return True
    return False


def sync_account(account_id: str) -> bool:
    """Asks Stripe what the account can do and keeps that; False when it is no supplier's of ours."""
    row = db.session.scalar(select(SupplierAccount).where(SupplierAccount.account_id == account_id))
    if row is None:
        return False
    supplier_id = row.supplier_id
    db.session.rollback()
    _keep(supplier_id, get_door().get_account(account_id))
    return True


def sync_own(member: Membership) -> None:
    """The same for the acting supplier's account. Raises NotFound when it has none."""
    row = find_account(member.organisation_id)
    if row is None or not row.account_id:
        raise NotFound("Your firm has no account with Stripe here.")
    account_id = row.account_id
    _look(member)
    sync_account(account_id)


@action
def _look(member: Membership) -> None:
    record(events.StripeAccountLookedAt(subject=member.organisation.reference), member.actor("admin"))


@action
def give_consent(member: Membership, agrees: bool) -> None:
    """The supplier agrees to be paid by councils' cards. Raises Problems."""
    row = db.session.get(SupplierAccount, member.organisation_id, with_for_update=True, populate_existing=True)
    insist(rules.consent_problems(row, agrees))
    assert row is not None
    row.consented_at, row.consented_by_id, row.consent_ended_at = clock.now(), member.person_id, None
    record(events.CardConsentGiven(subject=member.organisation.reference), member.actor("admin"))


@action
def end_consent(member: Membership) -> None:
    """The supplier agrees no longer. Payments that were begun go on; none is begun any more."""
    row = db.session.get(SupplierAccount, member.organisation_id, with_for_update=True, populate_existing=True)
    if row is None or not rules.has_consent(row):
        return
    row.consent_ended_at = clock.now()
    record(events.CardConsentEnded(subject=member.organisation.reference), member.actor("admin"))


def finish_all() -> int:
    """For the timetable: accounts that were asked for and whose making was interrupted."""
    query = select(SupplierAccount.supplier_id).where(SupplierAccount.account_id.is_(None))
    left = db.session.scalars(query.order_by(SupplierAccount.supplier_id)).all()
    for each in left:
        finish(each)
    return len(left)


