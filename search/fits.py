"""Needs that fit a supplier and suppliers that fit a need, with the reasons, as pages show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from search.answering import answered
from search.documents import Kind, Passage
from search.engine import Match
from search.gathering import matching_passages
from search.plain_lists import needs_by_reference
from search.reasons import WORKS
from search.words import stems
from suppliers.profiles.models import Supplier, SupplierCapability
from suppliers.profiles.queries import is_public
from suppliers.record import named_capabilities, passages_of
from tenders.needs.dashboard import PLACE_SOURCES, Place
from tenders.needs.models import Need, NeedCapability
from tenders.needs.status import status_of

MOST_NEEDS, MOST_SUPPLIERS = 10, 20
MOST_WEIGHED = 60  # matches by words, of which the best with a real reason are shown
MOST_EVIDENCE = 2
FEWEST_WORDS = 2  # one word in common, such as "book", is chance
CAPABILITIES = "Capabilities"


@dataclass(frozen=True)
class Fit:
    """A row (a need or a supplier) with why it fits.

    `capabilities` are those that the need asks for and the supplier ticked, by title; then the words that are there
    and those that are not, and a few sentences as evidence.
    """

    row: Any
    capabilities: list[str]
    matched: list[str]
    not_mentioned: list[str]
    evidence: list[tuple[str, str]]


def needs_for(supplier: Supplier, limit: int = MOST_NEEDS) -> list[Fit]:
    """Open needs for a supplier, best first."""
    passages = [Passage(*each) for each in passages_of(supplier)]
    passages += [Passage(CAPABILITIES, each.title) for each in named_capabilities(supplier.capabilities)]
    matches = _match(passages, Kind.NEED)
    rows = {row.reference: row for row in needs_by_reference([each.reference for each in matches])}
    asked = _codes(NeedCapability.need_id, NeedCapability.code, [row.id for row in rows.values()])
    ticked = frozenset(supplier.capabilities)
    return _best((_weigh(each, row, asked[row.id], ticked) for each, row in _known(matches, rows)), limit)


def suppliers_for(need: Need, limit: int = MOST_SUPPLIERS) -> list[Fit]:
    """Suppliers for a need, published or not; equals stand in an order that changes every day."""
    matches = _match(matching_passages(need), Kind.SUPPLIER)
    query = (
        select(Supplier.id, Organisation.reference, Organisation.name, Organisation.slug, Supplier.region, Supplier.size,
               Supplier.source)
        .join(Organisation, Organisation.id == Supplier.id)
        .where(Organisation.reference.in_([each.reference for each in matches]), is_public())
    )  # fmt: skip
    rows = {row.reference: row for row in db.session.execute(query)}
    ticked = _codes(SupplierCapability.supplier_id, SupplierCapability.code, [row.id for row in rows.values()])
    asked = frozenset(need.capabilities)
    return _best((_weigh(each, row, asked, ticked[row.id]) for each, row in _known(matches, rows)), limit)


def _match(passages: list[Passage], kind: Kind) -> list[Match]:
    if not passages:
        return []
    return answered(lambda engine: engine.match(passages, kind, MOST_WEIGHED, now=clock.now()))[0]


def _known(matches: Iterable[Match], rows: Mapping[str, Any]) -> Iterator[tuple[Match, Any]]:
    return ((each, rows[each.reference]) for each in matches if each.reference in rows)


def _codes(owner: Any, code: Any, ids: list[int]) -> dict[int, frozenset[str]]:
    """The capabilities of each of these owners."""
    found: dict[int, set[str]] = defaultdict(set)
    for owner_id, each in db.session.execute(select(owner, code).where(owner.in_(ids)).order_by(owner, code)):
        found[owner_id].add(each)
    return {each: frozenset(found[each]) for each in ids}


def _weigh(match: Match, row: Any, asked: frozenset[str], ticked: frozenset[str]) -> tuple[float, Fit] | None:
    """The fit with its worth; None when there is no real reason: nothing asked is ticked, hardly a word is shared."""
    shared = named_capabilities(sorted(asked & ticked))
    terms = list(dict.fromkeys(each.term for each in match.matched))
    if not shared and sum(len(stems(each)) for each in terms) < FEWEST_WORDS:
        return None
    fit = Fit(row, [each.title for each in shared], terms, list(match.not_mentioned), _evidence(match))
    # A firm that ticked all that is asked counts twice as much as its words alone would.
    return match.score * (1 + len(shared) / max(1, len(asked))), fit


def _best(weighed: Iterable[tuple[float, Fit] | None], limit: int) -> list[Fit]:
    kept = [each for each in weighed if each is not None]
    # Sorting keeps the engine's order among equals, which is drawn anew every day.
    return [fit for _, fit in sorted(kept, key=lambda pair: -round(pair[0], 6))[:limit]]


def _evidence(match: Match) -> list[tuple[str, str]]:
    """Sentences of work done first, then what the firm says of itself; a ticked box is no sentence."""
    told = dict.fromkeys((each.passage_label, each.sentence) for each in match.matched)
    found = [pair for pair in told if pair[0] != CAPABILITIES and not pair[0].endswith(pair[1].rstrip("."))]
    return sorted(found, key=lambda pair: not pair[0].startswith(WORKS))[:MOST_EVIDENCE]


def match_places(need: Need, _member: Membership) -> list[Place]:
    """The link on the council's page of a need that can still be bid for."""
    if status_of(need) not in ("draft", "in_review", "approved", "open"):
        return []  # nobody can bid any more
    address = f"/council/needs/{need.reference}/matches"
    return [Place("Suppliers that fit", address, "Ranked with reasons; invite some", "Optional", is_done=True)]


PLACE_SOURCES.append(match_places)
