"""Finding suppliers: by id, address, number and name; the public ones; all of them in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, count
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select

from marketplace.accounts.models import Membership, MembershipRole, Organisation, Person
from marketplace.core.db import session
from marketplace.core.errors import NotFound
from suppliers.profiles.identity import name_key
from suppliers.profiles.models import Supplier
from suppliers.profiles.rules import Identity

NO_SUCH_SUPPLIER = "There is no supplier here by that name."


def get_supplier(supplier_id: int, *, lock: bool = False) -> Supplier:
    """The supplier with this organisation id. Raises NotFound."""
    query = select(Supplier).where(Supplier.id == supplier_id)
    if lock:
        query = query.with_for_update(of=Supplier).execution_options(populate_existing=True)
    return _insist(session.scalar(query))


def get_supplier_by_slug(slug: str) -> Supplier:
    """The public supplier at this address. Raises NotFound, also when it is not public (yet)."""
    query = select(Supplier).join(Supplier.organisation).where(Organisation.slug == slug, is_public())
    return _insist(session.scalar(query))


def get_joinable(slug: str) -> Supplier:
    """The supplier at this address that a person may ask to join: not suspended, though perhaps not public yet.

    Raises NotFound.
    """
    query = select(Supplier).join(Supplier.organisation)
    return _insist(session.scalar(query.where(Organisation.slug == slug, Organisation.suspended_at.is_(None))))


def find_supplier_by_reference(reference: str) -> Supplier | None:
    """The supplier that the journal calls by this reference."""
    return session.scalar(select(Supplier).join(Supplier.organisation).where(Organisation.reference == reference))


def public_suppliers(references: list[str]) -> list[Supplier]:
    """Those of the references that are public now, by reference; the others belong out of the index."""
    query = select(Supplier).join(Supplier.organisation).where(Organisation.reference.in_(references), is_public())
    return list(session.scalars(query.order_by(Organisation.reference)))


def is_public() -> ColumnElement[bool]:
    """Imported, or with a member who has confirmed an e-mail address; and not suspended. Join Organisation first."""
    confirmed = exists(
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.organisation_id == Organisation.id,
            Membership.approved_at.is_not(None),
            Person.email_confirmed_at.is_not(None),
        )
    )
    return _is_supplier() & Organisation.suspended_at.is_(None) & or_(Supplier.source != "", confirmed)


def _is_supplier() -> ColumnElement[bool]:
    return Organisation.kind == "supplier"


def list_suppliers(limit: int = 50, offset: int = 0) -> list[Supplier]:
    """Public suppliers by name."""
    return list(session.scalars(_public().order_by(Organisation.name, Supplier.id).limit(limit).offset(offset)))


def each_supplier(batch: int = 500, after: int = 0) -> Iterator[list[Supplier]]:
    """All public suppliers with an id after this one, in batches by id, for indexing."""
    last = after
    while found := list(session.scalars(_public().where(Supplier.id > last).order_by(Supplier.id).limit(batch))):
        last = found[-1].id
        yield found


def _public() -> Select[Supplier]:
    return select(Supplier).join(Supplier.organisation).where(is_public())


def admins_of(supplier: Supplier | int) -> list[Person]:
    """People who manage the firm's profile and have confirmed their address, by id."""
    supplier_id = supplier if isinstance(supplier, int) else supplier.id
    query = _of_admins(select(Person).join(Membership, Membership.person_id == Person.id))
    return list(session.scalars(query.where(Membership.organisation_id == supplier_id).order_by(Person.id)))


def reachable_of(supplier_ids: Collection[int]) -> set[int]:
    """Those of these suppliers to whom a mail can be sent: an imported profile has nobody until it is claimed."""
    query = _of_admins(select(Membership.organisation_id).join(Person, Person.id == Membership.person_id))
    return set(session.scalars(query.where(Membership.organisation_id.in_(supplier_ids))))


def _of_admins(query: Select[Any]) -> Select[Any]:
    return query.join(MembershipRole, MembershipRole.membership_id == Membership.id).where(
        Membership.approved_at.is_not(None),
        Membership.ended_at.is_(None),
        MembershipRole.role == "admin",
        Person.email_confirmed_at.is_not(None),
        Person.erased_at.is_(None),
    )


def is_claimed(supplier: Supplier) -> bool:
    """Whether the firm's own people keep the profile; an imported one waits to be claimed."""
    live = select(Membership.id).where(
        Membership.organisation_id == supplier.id, Membership.approved_at.is_not(None), Membership.ended_at.is_(None)
    )
    return not supplier.source or session.scalar(live.limit(1)) is not None


def find_same_firm(who: Identity, outcode: str, besides: int = 0) -> Supplier | None:
    """A supplier with the same company or charity number, else one that its name and outcode cannot tell apart.

    An imported profile without a place matches by name alone. `who` has its numbers normalised.
    """
    numbers = [
        column == number
        for column, number in (
            (Supplier.company_number, who.company_number),
            (Supplier.charity_number, who.charity_number),
        )
        if number
    ]
    query = select(Supplier).where(Supplier.id != besides).order_by(Supplier.source, Supplier.id)
    found = session.scalar(query.where(or_(*numbers)).limit(1)) if numbers else None
    return found or next((each for each in _namesakes(query, who, outcode) if _may_be_same(each, who)), None)


def _namesakes(query: Select[Supplier], who: Identity, outcode: str) -> list[Supplier]:
    nearby = or_(Supplier.outcode == outcode, (Supplier.source != "") & (Supplier.outcode == ""))
    return list(session.scalars(query.where(Supplier.name_key == name_key(who.name), nearby).limit(20)))


def _may_be_same(supplier: Supplier, who: Identity) -> bool:
    """Two different numbers of one kind are two firms, whatever their names."""
    differs = supplier.company_number and who.company_number and supplier.company_number != who.company_number
    other = supplier.charity_number and who.charity_number and supplier.charity_number != who.charity_number
    return not (differs or other)


def free_slug(base: str, taken: set[str] | None = None) -> str:
    """`base`, or `base` with the first number that no supplier's address has yet."""
    stem = base[:74]
    alike = (Organisation.slug == base) | Organisation.slug.startswith(f"{stem}-", autoescape=True)
    used = set(session.scalars(select(Organisation.slug).where(_is_supplier(), alike))) | (taken or set())
    numbered = (f"{stem}-{number}" for number in count(2))
    return next(each for each in chain([base], numbered) if each not in used)


def _insist(supplier: Supplier | None) -> Supplier:
    if supplier is None:
        raise NotFound(NO_SUCH_SUPPLIER)
    return supplier


def references_of_person(pseudonym: str) -> list[str]:
    """The suppliers that a person belongs to: whose profiles become public when the address is confirmed."""
    query = (
        select(Organisation.reference)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.pseudonym == pseudonym, _is_supplier(), Membership.approved_at.is_not(None))
    )
    return list(session.scalars(query.order_by(Organisation.reference)))
