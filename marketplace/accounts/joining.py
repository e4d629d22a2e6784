"""Actions by which a person joins an organisation, changes roles there and leaves it."""

from __future__ import annotations

from collections.abc import Collection

from marketplace.accounts import queries, rules
from marketplace.accounts.events import (
    JoinApproved,
    JoinAsked,
    JoinRefused,
    JoinWaits,
    MemberJoined,
    MembershipEnded,
    OrganisationApproved,
    RolesChanged,
)
from marketplace.accounts.models import Membership, MembershipRole, Organisation, Person
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound, insist
from marketplace.core.journal import SYSTEM, Actor, record


def authority_of(organisation: Organisation) -> str:
    """What an event says in `authority`: the council's reference, or nothing for other kinds."""
    return organisation.reference if organisation.kind == "authority" else ""


@action
def make_member(
    person: Person,
    organisation: Organisation,
    roles: Collection[str],
    approved: bool = True,
    actor: Actor | None = None,
) -> Membership:
    """Puts a person into an organisation with these roles; acting starts once the address is confirmed."""
    membership = _membership_row(person, organisation)
    membership.approved_at = clock.now() if approved else None
    _set_roles(membership, roles)
    happened = MemberJoined(
        subject=person.pseudonym,
        organisation=organisation.reference,
        authority=authority_of(organisation),
        roles=sorted(roles),
    )
    record(happened, actor or Actor(person.pseudonym, organisation.reference, "person"))
    return membership


@action
def ask_to_join(person: Person, organisation: Organisation, note: str = "") -> Membership:
    """Enters a request to join; it goes to whoever decides it once the person's address is confirmed."""
    there = queries.find_membership(person.id, organisation.id)
    if there is not None and there.ended_at is None:
        raise Conflict(f"You are a member of {organisation.name} already, or have asked to be.")
    membership = _membership_row(person, organisation)
    membership.note = note.strip()
    record(
        JoinAsked(subject=person.pseudonym, organisation=organisation.reference, authority=authority_of(organisation)),
        Actor(person.pseudonym, "", "person"),
    )
    db.session.flush()
    if person.email_confirmed_at is not None:
        _settle(membership)
    return membership


def settle_requests(person: Person) -> None:
    """Called inside the action that confirms the address: decides each waiting request, or tells who must."""
    for membership in queries.memberships_of_person(person.id):
        if membership.approved_at is None:
            _settle(membership)


def _settle(membership: Membership) -> None:
    # The first of a council, by an address that only this council has, needs nobody's word; so does no later one.
    organisation, person = membership.organisation, membership.person
    is_first = organisation.kind == "authority" and not queries.members_of(organisation.id)
    if is_first and not organisation.suspended_at and queries.is_certain_address(person.email, organisation):
        approve_organisation(organisation, SYSTEM)
        make_member(person, organisation, membership.roles or {rules.FIRST_COUNCIL_ROLE})
        return
    record(
        JoinWaits(
            subject=person.pseudonym,
            organisation=organisation.reference,
            authority=authority_of(organisation),
            waits_for=queries.waits_for(membership),
        ),
        Actor(person.pseudonym, "", "person"),
    )


@action
def approve_organisation(organisation: Organisation, actor: Actor) -> None:
    """Lets an organisation act here; nothing to do when it may already."""
    if organisation.approved_at is None:
        organisation.approved_at = clock.now()
        record(
            OrganisationApproved(
                subject=organisation.reference, authority=authority_of(organisation), kind=organisation.kind
            ),
            actor,
        )


@action
def approve_request(membership_id: int, organisation_id: int, roles: Collection[str], by: Membership) -> Membership:
    """Approves a request to join, with roles, by a colleague or by the service's administrator."""
    request = queries.get_membership_of(membership_id, organisation_id, lock=True)
    _insist_waiting(request, by)
    insist(rules.role_problems(request.organisation.kind, roles))
    if by.organisation.kind == "platform":
        approve_organisation(request.organisation, by.actor())
    request.approved_at = clock.now()
    _set_roles(request, roles)
    record(
        JoinApproved(
            subject=request.person.pseudonym,
            organisation=request.organisation.reference,
            authority=authority_of(request.organisation),
            roles=sorted(roles),
        ),
        by.actor(),
    )
    return request


@action
def refuse_request(membership_id: int, organisation_id: int, by: Membership) -> None:
    """Refuses a request to join; the person may ask again."""
    request = queries.get_membership_of(membership_id, organisation_id, lock=True)
    _insist_waiting(request, by)
    request.ended_at = clock.now()
    record(
        JoinRefused(
            subject=request.person.pseudonym,
            organisation=request.organisation.reference,
            authority=authority_of(request.organisation),
        ),
        by.actor(),
    )


def _insist_waiting(request: Membership, by: Membership) -> None:
    if request.approved_at is not None:
        raise Conflict("Somebody has approved this request already.")
    decider = "administrator" if by.organisation.kind == "platform" else "colleagues"
    if queries.waits_for(request) != decider:
        raise NotFound("This request waits for somebody else.")


@action
def change_roles(membership_id: int, organisation_id: int, roles: Collection[str], by: Membership) -> Membership:
    """Gives a colleague other roles. Raises Problems when change_problems finds any."""
    membership = _get_live(membership_id, organisation_id)
    before = membership.roles
    insist(
        rules.change_problems(
            membership.organisation.kind,
            roles,
            is_self=membership.person_id == by.person_id,
            is_last=_is_last_manager(membership),
        )
    )
    if set(roles) != before:
        _set_roles(membership, roles)
        record(
            RolesChanged(
                subject=membership.person.pseudonym,
                organisation=membership.organisation.reference,
                authority=authority_of(membership.organisation),
                before=sorted(before),
                after=sorted(roles),
            ),
            by.actor(),
        )
    return membership


@action
def end_membership(membership_id: int, organisation_id: int, by: Membership) -> None:
    """Ends a colleague's membership, or one's own. Raises Problems for the last who manages the people."""
    end_membership_of(_get_live(membership_id, organisation_id), by.actor())


@action
def leave(membership_id: int, person_id: int) -> None:
    """Ends one's own membership, or takes one's own request back."""
    membership = next((m for m in queries.memberships_of_person(person_id) if m.id == membership_id), None)
    if membership is None:
        raise NotFound("You are not a member there.")
    queries.get_organisation(membership.organisation_id, lock=True)
    end_membership_of(membership, Actor(membership.person.pseudonym, membership.organisation.reference, "person"))


def end_membership_of(membership: Membership, actor: Actor) -> None:
    """Inside an action: ends one membership or request, unless leaving_problems finds any."""
    others = [each for each in queries.members_of(membership.organisation_id) if each.id != membership.id]
    insist(rules.leaving_problems(is_last=_is_last_manager(membership), has_colleagues=bool(others)))
    membership.ended_at = clock.now()
    record(
        MembershipEnded(
            subject=membership.person.pseudonym,
            organisation=membership.organisation.reference,
            authority=authority_of(membership.organisation),
        ),
        actor,
    )


def _get_live(membership_id: int, organisation_id: int) -> Membership:
    # The organisation's row is locked first, so that two managers cannot remove each other at once.
    queries.get_organisation(organisation_id, lock=True)
    membership = queries.get_membership_of(membership_id, organisation_id, lock=True)
    if membership.approved_at is None:
        raise NotFound("This person is not a member yet.")
    return membership


def _is_last_manager(membership: Membership) -> bool:
    return [each.id for each in queries.managers_of(membership.organisation_id)] == [membership.id]


def _membership_row(person: Person, organisation: Organisation) -> Membership:
    """The one row of this person there, used again when an earlier membership has ended."""
    row = queries.find_membership(person.id, organisation.id)
    if row is None:
        row = Membership(person_id=person.id, organisation_id=organisation.id, requested_at=clock.now())
        db.session.add(row)
    elif row.ended_at is not None:
        row.ended_at, row.approved_at, row.requested_at, row.note = None, None, clock.now(), ""
        row.role_rows = []
    db.session.flush()
    return row


def _set_roles(membership: Membership, roles: Collection[str]) -> None:
    kept = [each for each in membership.role_rows if each.role in roles]
    new = sorted(set(roles) - {each.role for each in kept})
    membership.role_rows = kept + [MembershipRole(role=each) for each in new]
    db.session.flush()
