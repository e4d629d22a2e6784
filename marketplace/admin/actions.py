"""Approving and suspending organisations, and trying deliveries and mails again."""

from __future__ import annotations

from marketplace.accounts import joining, queries
from marketplace.accounts.events import OrganisationSuspended, SuspensionLifted
from marketplace.accounts.models import Membership, Organisation
from marketplace.admin import queries as admin_queries
from marketplace.admin.events import DeliveryTriedAgain, MailTriedAgain
from marketplace.admin.rules import suspension_problems
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, insist
from marketplace.core.jobs import Delivery
from marketplace.core.journal import record
from marketplace.core.mail import Mail


@action
def approve_organisation(organisation_id: int, by: Membership) -> Organisation:
    """Lets an organisation act here. Conflict when it may already."""
    organisation = queries.get_organisation(organisation_id, lock=True)
    if organisation.approved_at is not None:
        raise Conflict(f"{organisation.name} is approved already.")
    joining.approve_organisation(organisation, by.actor())
    return organisation


@action
def suspend_organisation(organisation_id: int, reason: str, by: Membership) -> Organisation:
    """From now on its members read and change nothing. Raises Problems when suspension_problems finds any."""
    organisation = queries.get_organisation(organisation_id, lock=True)
    insist(suspension_problems(organisation, reason))
    organisation.suspended_at = clock.now()
    organisation.suspension_reason = reason.strip()
    record(
        OrganisationSuspended(
            subject=organisation.reference,
            authority=joining.authority_of(organisation),
            reason=organisation.suspension_reason,
        ),
        by.actor(),
    )
    return organisation


@action
def lift_suspension(organisation_id: int, by: Membership) -> Organisation:
    """Lets a suspended organisation act again. Conflict when it is not suspended."""
    organisation = queries.get_organisation(organisation_id, lock=True)
    if organisation.suspended_at is None:
        raise Conflict(f"{organisation.name} is not suspended.")
    organisation.suspended_at, organisation.suspension_reason = None, ""
    record(
        SuspensionLifted(subject=organisation.reference, authority=joining.authority_of(organisation)), by.actor()
    )
    return organisation


@action
def try_delivery_again(mark: str, by: Membership) -> None:
    """Makes the failed delivery of this mark due now, with all its retries before it. Conflict when it is being done.

    Of a line that is withheld until an opening, the record says neither which nor for whom.
    """
    found = admin_queries.find_faulty_delivery(mark)
    if found is None:
        raise NotFound("There is no such delivery any more, or it has been delivered in the meantime.")
    (listener, line), is_shown = (found[0].listener, found[0].line), found[1]
    delivery = db.session.get(Delivery, (listener, line), with_for_update=True, populate_existing=True)
    if delivery is None:
        raise NotFound("There is no such delivery.")
    if delivery.done_at is not None:
        raise Conflict("It has been delivered in the meantime.")
    if delivery.leased_until is not None and delivery.leased_until > clock.now():
        raise Conflict("The worker is delivering it now.")
    delivery.due_at, delivery.gave_up_at, delivery.attempts = clock.now(), None, 0
    told = DeliveryTriedAgain(subject=listener, line=line) if is_shown else DeliveryTriedAgain(subject="bids", line=None)
    record(told, by.actor())


@action
def try_mail_again(mark: str, by: Membership) -> None:
    """Makes the unsent mail of this mark due now. Conflict when it has been sent."""
    mail_id = admin_queries.find_failed_mail(mark)
    mail = db.session.get(Mail, mail_id or 0, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NotFound("There is no such mail.")
    if mail.sent_at is not None:
        raise Conflict("It has been sent in the meantime.")
    mail.due_at, mail.attempts = clock.now(), 0
    record(MailTriedAgain(subject="mail", mail=mark), by.actor())
