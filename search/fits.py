"""Needs that fit a supplier and suppliers that fit a need, with the reasons, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from search.documents import Kind, Passage
from search.engine import Match, SearchUnavailable
from search.gathering import matching_passages
from search.indexing import answering
from search.plain_lists import needs_by_reference
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import is_public
from suppliers.record import named_capabilities, passages_of
from tenders.needs.dashboard import PLACE_SOURCES, Place
from tenders.needs.models import Need

MOST_NEEDS, MOST_SUPPLIERS = 10, 20


@dataclass(frozen=True)
class Fit:
    """A row (a need or a supplier) with why it fits: terms there and not there, and a few sentences as evidence."""

    row: Any
    matched: list[str]
    not_mentioned: list[str]
    evidence: list[tuple[str, str]]


def needs_for(supplier: Supplier, limit: int = MOST_NEEDS) -> list[Fit]:
    """Open needs for a supplier, best first."""
    passages = [Passage(*each) for each in passages_of(supplier)]
    passages += [Passage("Capabilities", each.title) for each in named_capabilities(supplier.capabilities)]
    matches = _match(passages, Kind.NEED, limit)
    rows = {row.reference: row for row in needs_by_reference([each.reference for each in matches])}
    return _with_reasons(_fit(each, rows[each.reference]) for each in matches if each.reference in rows)


def suppliers_for(need: Need, limit: int = MOST_SUPPLIERS) -> list[Fit]:
    """Suppliers for a need, published or not; equals stand in an order that changes every day."""
    matches = _match(matching_passages(need), Kind.SUPPLIER, limit)
    query = (
        select(Supplier.id, Organisation.reference, Organisation.name, Organisation.slug, Supplier.region, Supplier.size,
               Supplier.source)
        .join(Organisation, Organisation.id == Supplier.id)
        .where(Organisation.reference.in_([each.reference for each in matches]), is_public())
    )  # fmt: skip
    rows = {row.reference: row for row in db.session.execute(query)}
    return _with_reasons(_fit(each, rows[each.reference]) for each in matches if each.reference in rows)


def _with_reasons(fits: Iterable[Fit]) -> list[Fit]:
    # A match that cannot say why it is one helps nobody.
    return [each for each in fits if each.matched]


def _match(passages: list[Passage], kind: Kind, limit: int) -> list[Match]:
    try:
        return answering()[0].match(passages, kind, limit, now=clock.now()) if passages else []
    except SearchUnavailable:
        return []


def _fit(match: Match, row: Any) -> Fit:
    terms = list(dict.fromkeys(each.term for each in match.matched))
    evidence = list(dict.fromkeys((each.passage_label, each.sentence) for each in match.matched))[:3]
    return Fit(row, terms, list(match.not_mentioned), evidence)


def match_places(need: Need, _member: Membership) -> list[Place]:
    """The link on the council's page of a published need."""
    address = f"/council/needs/{need.reference}/matches"
    return [Place("Suppliers that fit", address, "Ranked with reasons; invite some", "Optional", is_done=True)]


PLACE_SOURCES.append(match_places)
