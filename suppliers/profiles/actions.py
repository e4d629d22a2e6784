"""Registering a firm, asking to join one, changing a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from marketplace.accounts.actions import ask_to_join, make_member, register_person
from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.core import clock, geography
from marketplace.core.db import action, session
from marketplace.core.errors import Conflict, Problem, insist
from marketplace.core.journal import Actor, record
from marketplace.core.references import next_reference, slug
from suppliers.profiles import identity, queries, rules
from suppliers.profiles.events import ProfileChanged, SupplierRegistered
from suppliers.profiles.models import Supplier, SupplierCapability
from suppliers.profiles.rules import Description, Identity

REFERENCE_PREFIX = "S"


class SameFirm(Conflict):
    """The firm is here already: join it instead. Uncertain when only the name of an unclaimed profile says so."""

    def __init__(self, supplier: Supplier, *, is_certain: bool, is_claimed: bool) -> None:
        self.slug, self.name = supplier.slug, supplier.name
        self.is_certain, self.is_claimed = is_certain, is_claimed
        super().__init__(f"{supplier.name} is here already. Ask to join it instead of adding it again.")


@dataclass(frozen=True, kw_only=True)
class Firm:
    """All that the registration page asks about an organisation."""

    who: Identity
    words: Description = field(default_factory=Description)
    capabilities: Sequence[str] = ()
    # The person has seen an unclaimed profile of the same name and says that it is another firm.
    is_not_the_listed_one: bool = False


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """The person who registers a firm and has no account yet."""

    name: str
    email: str
    password: str


def firm_problems(firm: Firm) -> list[Problem]:
    """Everything that stands in the way of registering the firm."""
    return [
        *rules.identity_problems(firm.who),
        *rules.description_problems(firm.words),
        *rules.capability_problems(list(firm.capabilities)),
    ]


def register_supplier(firm: Firm, by: Person | Newcomer) -> Supplier | None:
    """Registers a firm with its first administrator. Raises Problems, or SameFirm when it is here already.

    None when a newcomer's address has an account: nothing is made, its owner is mailed, and the page says the same.
    """
    try:
        return _register(firm, by)
    except IntegrityError:
        # Somebody registered the same firm between our look and our writing; the index had the last word.
        _refuse_same_firm(rules.normalised(firm.who), firm)
        raise


@action
def _register(firm: Firm, by: Person | Newcomer) -> Supplier | None:
    insist(firm_problems(firm))
    who = rules.normalised(firm.who)
    _refuse_same_firm(who, firm)
    person = by if isinstance(by, Person) else register_person(by.name, by.email, by.password)
    if person is None:
        return None
    supplier = _new_supplier(who, firm)
    session.add(supplier)
    session.flush()
    record(SupplierRegistered(subject=supplier.reference), Actor(person.pseudonym, supplier.reference, "admin"))
    make_member(person, supplier.organisation, {"admin"})
    return supplier


def _refuse_same_firm(who: Identity, firm: Firm) -> None:
    same = queries.find_same_firm(who, geography.outcode_of(who.postcode) or "")
    if same is None:
        return
    is_claimed = queries.is_claimed(same)
    is_certain = is_claimed or _shares_number(same, who)
    if is_certain or not firm.is_not_the_listed_one:
        raise SameFirm(same, is_certain=is_certain, is_claimed=is_claimed)


def _shares_number(supplier: Supplier, who: Identity) -> bool:
    return bool(
        (who.company_number and supplier.company_number == who.company_number)
        or (who.charity_number and supplier.charity_number == who.charity_number)
    )


def _new_supplier(who: Identity, firm: Firm) -> Supplier:
    supplier = Supplier(
        organisation=new_organisation(who.name, queries.free_slug(slug(who.name)), new_reference()),
        registered_at=clock.now(),
        updated_at=clock.now(),
    )
    set_identity(supplier, who)
    _set_description(supplier, firm.words)
    set_capabilities(supplier, firm.capabilities)
    return supplier


def new_reference() -> str:
    """The next supplier's reference, such as S-2026-0042."""
    return next_reference(session(), REFERENCE_PREFIX, clock.today().year)


def new_organisation(name: str, address: str, reference: str) -> Organisation:
    """The row of a new supplier's organisation. Suppliers need nobody's approval."""
    return Organisation(
        kind="supplier",
        reference=reference,
        name=name,
        slug=address,
        created_at=clock.now(),
        approved_at=clock.now(),
    )


def set_identity(supplier: Supplier, who: Identity) -> None:
    """Writes a normalised identity into the rows. An unknown postcode is kept, without a place."""
    supplier.organisation.name, supplier.name_key = who.name, identity.name_key(who.name)
    supplier.company_number = who.company_number or None
    supplier.charity_number = who.charity_number or None
    supplier.vat_number, supplier.ppon = who.vat_number, who.ppon
    supplier.is_sole_trader, supplier.is_vcse = who.legal_form == "sole_trader", who.is_vcse
    supplier.size = who.size
    set_place(supplier, who.postcode)


def set_place(supplier: Supplier, postcode: str) -> None:
    """The postcode, its outward code, and where that is: region, latitude and longitude in degrees."""
    place = geography.find_place(postcode)
    supplier.postcode = geography.normalise_postcode(postcode) or ""
    supplier.outcode = geography.outcode_of(postcode) or ""
    supplier.region = place.region if place else ""
    supplier.latitude = place.latitude if place else None
    supplier.longitude = place.longitude if place else None


def _set_description(supplier: Supplier, words: Description) -> None:
    supplier.summary, supplier.about = words.summary, words.about
    supplier.website = identity.normalise_website(words.website) or ""


def set_capabilities(supplier: Supplier, codes: Sequence[str]) -> None:
    """Makes the ticked capabilities the supplier's; rows that stay are left alone."""
    here = {each.code: each for each in supplier.capability_rows}
    supplier.capability_rows = [here.get(code) or SupplierCapability(code=code) for code in sorted(set(codes))]


@action
def change_identity(member: Membership, who: Identity) -> Supplier:
    """Corrects name, numbers, size and place. Raises Problems, or SameFirm when another firm has them."""
    insist(rules.identity_problems(who))
    supplier = queries.get_supplier(member.organisation_id, lock=True)
    who = rules.normalised(who)
    same = queries.find_same_firm(who, geography.outcode_of(who.postcode) or "", besides=supplier.id)
    is_claimed = same is not None and queries.is_claimed(same)
    if same is not None and (is_claimed or _shares_number(same, who)):
        raise SameFirm(same, is_certain=True, is_claimed=is_claimed)
    set_identity(supplier, who)
    return _changed(supplier, member, "organisation")


@action
def change_description(member: Membership, words: Description) -> Supplier:
    """Changes the firm's own words and website. Raises Problems."""
    insist(rules.description_problems(words))
    supplier = queries.get_supplier(member.organisation_id, lock=True)
    _set_description(supplier, words)
    return _changed(supplier, member, "description")


@action
def change_capabilities(member: Membership, codes: Sequence[str]) -> Supplier:
    """Changes what the firm says it can do. Raises Problems for codes that are not in the list."""
    insist(rules.capability_problems(list(codes)))
    supplier = queries.get_supplier(member.organisation_id, lock=True)
    set_capabilities(supplier, codes)
    return _changed(supplier, member, "capabilities")


def _changed(supplier: Supplier, member: Membership, section: str) -> Supplier:
    supplier.updated_at = clock.now()
    record(ProfileChanged(subject=supplier.reference, section=section), member.actor())
    return supplier


@action
def ask_to_join_supplier(supplier_id: int, by: Person | Newcomer, note: str = "") -> Person | None:
    """Asks the firm's administrators to let a person in; for an unclaimed profile, the service's administrator.

    None when a newcomer's address has an account already (see register_supplier).
    """
    supplier = queries.get_supplier(supplier_id)
    person = by if isinstance(by, Person) else register_person(by.name, by.email, by.password)
    if person is not None:
        ask_to_join(person, supplier.organisation, note)
    return person
