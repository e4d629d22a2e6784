"""Reads the register of councils into the organisations; a second reading changes nothing."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.events import CouncilsLoaded
from marketplace.accounts.models import Authority, Organisation
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.journal import SYSTEM, Actor, record
from marketplace.core.references import slug
from marketplace.reference import Council, councils


@action
def load_councils(actor: Actor = SYSTEM) -> tuple[int, int]:
    """Adds and mends councils from the reference file; returns how many were added and how many changed.

    A council that has left the register stays, because its purchases stay.
    """
    known = {each.code: each for each in db.session.scalars(select(Authority).order_by(Authority.code))}
    slugs = set(db.session.scalars(select(Organisation.slug).where(Organisation.kind == "authority")))
    added = changed = 0
    for council in councils():
        authority = known.get(council.code)
        if authority is None:
            db.session.add(_new(council, slugs))
            added += 1
        else:
            changed += _mend(authority, council)
    if added or changed:
        record(CouncilsLoaded(subject="councils", added=added, changed=changed), actor)
    return added, changed


def _new(council: Council, slugs: set[str]) -> Organisation:
    address = slug(council.nice_name)
    if address in slugs:
        address = f"{address}-{council.code.lower()}"
    slugs.add(address)
    return Organisation(
        kind="authority",
        reference=f"C-{council.code}",
        name=council.name,
        slug=address,
        created_at=clock.now(),
        authority=Authority(code=council.code, **_facts(council)),
    )


def _mend(authority: Authority, council: Council) -> bool:
    """Sets what differs, and only that: an untouched row must not count as a change."""
    differing = {name: value for name, value in _facts(council).items() if getattr(authority, name) != value}
    for name, value in differing.items():
        setattr(authority, name, value)
    if authority.organisation.name != council.name:
        authority.organisation.name = council.name
        return True
    return bool(differing)


def _facts(council: Council) -> dict[str, object]:
    return {
        "gss_code": council.gss,
        "nation": council.nation,
        "region": council.region,
        "kind": council.type_name,
        "population": council.population,
        "latitude": council.latitude,
        "longitude": council.longitude,
        "homepage": council.homepage,
        "email_domains": " ".join(council.email_domains),
    }
