"""Actions by which an organisation invites people, and by which they accept."""

from __future__ import annotations

from collections.abc import Collection

from marketplace.accounts import queries, rules
from marketplace.accounts.actions import confirm_person, register_person
from marketplace.accounts.events import ColleagueInvited, InvitationAccepted, InvitationWithdrawn, JoinWaits
from marketplace.accounts.joining import authority_of, make_member
from marketplace.accounts.models import Invitation, Membership, Organisation, Person
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Problem, Problems, insist
from marketplace.core.journal import Actor, record
from marketplace.core.tokens import make_token, read_token

PURPOSE = "invitation"


@action
def invite_colleague(
    organisation: Organisation, email: str, roles: Collection[str], by: Membership, name: str = ""
) -> Invitation:
    """Mails an invitation with roles, good for 7 days; an earlier one to the same address is withdrawn."""
    email = rules.tidy_email(email)
    insist(rules.role_problems(organisation.kind, roles))
    known = queries.find_person(email)
    there = queries.find_membership(known.id, organisation.id) if known else None
    if there is not None and there.is_live:
        raise Problems([Problem("This person is a member already", "email")])
    for earlier in queries.open_invitations_of(organisation.id):
        if earlier.email == email:
            _withdraw(earlier, by)
    invitation = Invitation(
        organisation_id=organisation.id,
        email=email,
        name=name.strip(),
        roles=" ".join(sorted(roles)),
        invited_by_id=by.person_id,
        invited_at=clock.now(),
        expires_at=clock.now() + rules.INVITATION_LASTS,
    )
    db.session.add(invitation)
    db.session.flush()
    happened = ColleagueInvited(
        subject=organisation.reference,
        authority=authority_of(organisation),
        invitation=invitation.id,
        roles=sorted(roles),
    )
    record(happened, by.actor())
    return invitation


@action
def withdraw_invitation(invitation_id: int, organisation_id: int, by: Membership) -> None:
    """Makes an invitation's link useless; nothing to do when it is accepted or withdrawn."""
    invitation = queries.get_invitation(invitation_id, lock=True)
    if invitation.organisation_id != organisation_id:
        raise NotFound("This invitation does not exist.")
    if invitation.accepted_at is None and invitation.withdrawn_at is None:
        _withdraw(invitation, by)


def _withdraw(invitation: Invitation, by: Membership) -> None:
    invitation.withdrawn_at = clock.now()
    organisation = invitation.organisation
    happened = InvitationWithdrawn(
        subject=organisation.reference, authority=authority_of(organisation), invitation=invitation.id
    )
    record(happened, by.actor())


@action
def accept_as_new_person(link: str, name: str, password: str) -> Person:
    """Makes an account for the invited address, which the link has proved, and joins the organisation."""
    invitation = find_invited(link, lock=True)
    insist(rules.invitation_problems(invitation, clock.now()))
    person = register_person(name, invitation.email, password, is_confirmed=True)
    if person is None:
        raise Conflict("This address has an account already. Sign in, then open the link again.")
    _accept(invitation, person)
    return person


@action
def accept_as_member(link: str, person_id: int) -> Person:
    """Joins the organisation with an account that has the invited address. NotAllowed with any other."""
    invitation = find_invited(link, lock=True)
    person = queries.get_person(person_id, lock=True)
    if person.email != invitation.email:
        raise NotAllowed("This invitation is for another email address. Sign in with that one.")
    insist(rules.invitation_problems(invitation, clock.now()))
    # Joining comes first: confirming settles every request that still waits.
    _accept(invitation, person)
    confirm_person(person)
    return person


def _accept(invitation: Invitation, person: Person) -> None:
    """A council's member from outside its domains still waits for the service's administrator."""
    organisation = invitation.organisation
    invitation.accepted_at = clock.now()
    there = queries.find_membership(person.id, organisation.id)
    if there is not None and there.is_live:
        raise Conflict(f"You are a member of {organisation.name} already.")
    trusted = queries.is_own_address(person.email, organisation) or _is_from_administrator(invitation)
    approved = organisation.approved_at is not None and trusted
    actor = Actor(person.pseudonym, organisation.reference, "person")
    make_member(person, organisation, invitation.roles.split(), approved, actor)
    happened = InvitationAccepted(
        subject=person.pseudonym,
        organisation=organisation.reference,
        authority=authority_of(organisation),
        invitation=invitation.id,
    )
    record(happened, actor)
    if not approved and person.email_confirmed_at is not None:
        record(
            JoinWaits(
                subject=person.pseudonym,
                organisation=organisation.reference,
                authority=authority_of(organisation),
                waits_for="administrator",
            ),
            actor,
        )


def _is_from_administrator(invitation: Invitation) -> bool:
    return invitation.invited_by_id in {each.person_id for each in queries.administrators()}


def invitation_link(invitation: Invitation) -> str:
    """What stands in the address of the invitation's link."""
    return make_token(PURPOSE, invitation.id)


def find_invited(link: str, lock: bool = False) -> Invitation:
    """The invitation that a link names, whatever its state. NotFound when the link is not ours."""
    row_id = read_token(PURPOSE, link)
    if row_id is None:
        raise NotFound("This link is not complete. Open it again from the email.")
    return queries.get_invitation(row_id, lock)
