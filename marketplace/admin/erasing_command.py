"""`marketplace erase-person`: the administrator's page for whoever runs the service without a browser."""

from __future__ import annotations

from collections.abc import Iterator

from marketplace.accounts import erasing, queries
from marketplace.accounts.models import Person
from marketplace.accounts.staying import staying_of
from marketplace.core.errors import Problem, Problems, insist


def erase_whom(who: str, reason: str, does_it: bool) -> Iterator[str]:
    """Erases (or without `does_it` only counts) and tells it line by line. Raises Problems, NotFound."""
    person = queries.find_person_by_pseudonym(who.strip()) or queries.find_person(who)
    if person is None and "@" not in who:
        raise Problems([Problem("No account has this reference")])
    if person is None:
        yield from _erase_address(who, reason, does_it)
    else:
        yield from _erase_account(person, reason, does_it)


def _erase_account(person: Person, reason: str, does_it: bool) -> Iterator[str]:
    kept, reference = erasing.kept_of(person), person.pseudonym
    insist(erasing.erasing_problems(person))
    yield (
        f"{reference}: name, {len(kept.addresses)} addresses, every email to them, the name in emails to others, "
        f"{kept.invitations} invitations, {len(kept.memberships)} memberships."
    )
    for each in staying_of(person):
        yield f"Stays: {each}"
    if not does_it:
        yield "Nothing was erased. Say --yes to do it."
        return
    erasing.erase_person(person.id, reason)
    yield f"{reference} is erased. What the person did stays under that reference."


def _erase_address(address: str, reason: str, does_it: bool) -> Iterator[str]:
    yield "No account has this address."
    if not does_it:
        yield "Nothing was erased. Say --yes to erase it from invitations, follows and emails."
        return
    count = erasing.erase_address(address, reason)
    yield f"Erased from {count} invitations and emails, and from every follow."
