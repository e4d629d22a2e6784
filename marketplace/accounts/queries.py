"""People, organisations and memberships, read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, select

from marketplace.accounts.models import AddressChange, Authority, Invitation, Membership, Organisation, Person, Token
from marketplace.accounts.permissions import is_granted
from marketplace.accounts.rules import is_in_domains, manages_people, tidy_email
from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from marketplace.core.references import slug
from marketplace.reference import councils_for_email


def find_person(email: str) -> Person | None:
    """The account under this address, however it is spelled."""
    return db.session.scalar(select(Person).where(Person.email == tidy_email(email)))


def get_person_at(email: str) -> Person:
    """The account under this address. NotFound when there is none."""
    person = find_person(email)
    if person is None:
        raise NotFound("This address has no account.")
    return person


def find_person_by_pseudonym(pseudonym: str) -> Person | None:
    """Whom a journal line speaks of, while the account is not erased."""
    query = select(Person).where(Person.pseudonym == pseudonym, Person.erased_at.is_(None))
    return db.session.scalar(query)


def get_person(person_id: int, lock: bool = False) -> Person:
    """One account that is not closed."""
    query = select(Person).where(Person.id == person_id, Person.erased_at.is_(None))
    person = db.session.scalar(_locked(query) if lock else query)
    if person is None:
        raise NotFound("This account does not exist.")
    return person


def find_token(token_id: int, purpose: str, lock: bool = False) -> Token | None:
    query = select(Token).where(Token.id == token_id, Token.purpose == purpose)
    return db.session.scalar(_locked(query) if lock else query)


def find_address_change(change_id: int) -> AddressChange | None:
    """The change of address with this number."""
    return db.session.get(AddressChange, change_id)


def get_address_change(token: Token) -> AddressChange:
    """The change of address that a link is for; NotFound."""
    found = db.session.scalar(select(AddressChange).where(AddressChange.token_id == token.id))
    if found is None:
        raise NotFound("This change of address does not exist.")
    return found


def address_changes_of(person_id: int) -> Sequence[AddressChange]:
    """Every change of address that the person asked for, oldest first."""
    query = select(AddressChange).where(AddressChange.person_id == person_id).order_by(AddressChange.id)
    return db.session.scalars(query).all()


def get_organisation(organisation_id: int, lock: bool = False) -> Organisation:
    query = select(Organisation).where(Organisation.id == organisation_id)
    found = db.session.scalar(_locked(query) if lock else query)
    if found is None:
        raise NotFound("There is no such organisation.")
    return found


def find_organisation(reference: str) -> Organisation | None:
    return db.session.scalar(select(Organisation).where(Organisation.reference == reference))


def find_organisation_named(kind: str, name: str) -> Organisation | None:
    """The organisation of this kind whose address is made from the name."""
    return db.session.scalar(select(Organisation).where(Organisation.kind == kind, Organisation.slug == slug(name)))


def find_council(code: str) -> Organisation | None:
    """The council's organisation by its register code, such as HCK."""
    query = select(Organisation).join(Authority).where(Authority.code == code.strip().upper())
    return db.session.scalar(query)


def list_councils() -> Sequence[Organisation]:
    """Every council of the register, by name, whether anybody there has an account or not."""
    query = select(Organisation).where(Organisation.kind == "authority").order_by(Organisation.name, Organisation.id)
    return db.session.scalars(query).unique().all()


def find_membership(person_id: int, organisation_id: int) -> Membership | None:
    """The person's membership, request or past membership there."""
    return db.session.scalar(
        select(Membership).where(Membership.person_id == person_id, Membership.organisation_id == organisation_id)
    )


def get_membership_of(membership_id: int, organisation_id: int, lock: bool = False) -> Membership:
    """A membership or request of this very organisation that has not ended."""
    query = select(Membership).where(
        Membership.id == membership_id,
        Membership.organisation_id == organisation_id,
        Membership.ended_at.is_(None),
    )
    found = db.session.scalar(_locked(query) if lock else query)
    if found is None:
        raise NotFound("This person is not a member of your organisation.")
    return found


def memberships_of_person(person_id: int) -> Sequence[Membership]:
    """Live memberships and waiting requests, oldest first."""
    query = select(Membership).where(Membership.person_id == person_id, Membership.ended_at.is_(None))
    return db.session.scalars(query.order_by(Membership.id)).unique().all()


def members_of(organisation_id: int) -> Sequence[Membership]:
    """Live members whose addresses are confirmed, by name: everybody who can act for the organisation."""
    query = (
        select(Membership)
        .join(Person)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.approved_at.is_not(None),
            Membership.ended_at.is_(None),
            Person.email_confirmed_at.is_not(None),
            Person.erased_at.is_(None),
        )
        .order_by(func.lower(Person.name), Membership.id)
    )
    return db.session.scalars(query).unique().all()


def members_with_permission(organisation_id: int, permission: str) -> list[Membership]:
    """Those of members_of whose roles grant the permission; whom mails about it go to."""
    return [
        each for each in members_of(organisation_id) if is_granted(permission, each.organisation.kind, each.roles)
    ]


def managers_of(organisation_id: int) -> list[Membership]:
    """Those of members_of who look after the organisation's people."""
    return [each for each in members_of(organisation_id) if manages_people(each.organisation.kind, each.roles)]


def administrators() -> list[Membership]:
    """The service's own administrators, by name."""
    ids = db.session.scalars(select(Organisation.id).where(Organisation.kind == "platform").order_by(Organisation.id))
    return [member for each in ids.all() for member in members_with_permission(each, "administer")]


def requests_of(organisation_id: int) -> list[Membership]:
    """Requests of confirmed people that wait for the colleagues of this organisation, oldest first."""
    return [each for each in _requests(organisation_id) if waits_for(each) == "colleagues"]


def requests_for_administrator() -> list[Membership]:
    """Requests of confirmed people that nobody in the organisation can decide, oldest first."""
    return [each for each in _requests() if waits_for(each) == "administrator"]


def _requests(organisation_id: int | None = None) -> Sequence[Membership]:
    query = (
        select(Membership)
        .join(Person)
        .where(
            Membership.approved_at.is_(None),
            Membership.ended_at.is_(None),
            Person.email_confirmed_at.is_not(None),
            Person.erased_at.is_(None),
        )
        .order_by(Membership.requested_at, Membership.id)
    )
    if organisation_id is not None:
        query = query.where(Membership.organisation_id == organisation_id)
    return db.session.scalars(query).unique().all()


def waits_for(request: Membership) -> str:
    """Who decides a request: "colleagues", or "administrator" when there are none or the address proves nothing."""
    organisation = request.organisation
    if organisation.kind == "authority" and not is_certain_address(request.person.email, organisation):
        return "administrator"
    return "colleagues" if managers_of(organisation.id) else "administrator"


def is_own_address(email: str, organisation: Organisation) -> bool:
    """Whether the address is in the council's domains; other organisations have none, so any address will do."""
    authority = organisation.authority
    return authority is None or is_in_domains(email, authority.domains)


def is_certain_address(email: str, organisation: Organisation) -> bool:
    """Whether the address is in this council's domains and no other council shares them."""
    authority = organisation.authority
    others = [each for each in councils_for_email(email) if authority is None or each.code != authority.code]
    return is_own_address(email, organisation) and not others


def find_invitation(invitation_id: int, lock: bool = False) -> Invitation | None:
    query = select(Invitation).where(Invitation.id == invitation_id)
    return db.session.scalar(_locked(query) if lock else query)


def get_invitation(invitation_id: int, lock: bool = False) -> Invitation:
    found = find_invitation(invitation_id, lock)
    if found is None:
        raise NotFound("This invitation does not exist.")
    return found


def open_invitations_of(organisation_id: int) -> Sequence[Invitation]:
    """Invitations that can still be accepted, newest first."""
    query = (
        select(Invitation)
        .where(
            Invitation.organisation_id == organisation_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .order_by(Invitation.invited_at.desc(), Invitation.id.desc())
    )
    return db.session.scalars(query).all()


def _locked(query: Select) -> Select:
    # `of` keeps outer-joined rows out of the lock, which PostgreSQL refuses.
    return query.with_for_update(of=query.column_descriptions[0]["entity"]).execution_options(populate_existing=True)
