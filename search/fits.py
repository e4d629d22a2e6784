"""Needs that fit a supplier and suppliers that fit a need, with the reasons, as pages show them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership, Organisation
from marketplace.core import clock, db
from marketplace.core.geography import miles_between
from search.answering import answered
from search.documents import Kind, Passage
from search.engine import Match
from search.gathering import matching_passages
from search.meaning import meaning
from search.plain_lists import needs_by_reference
from search.reasons import WORKS
from search.turns import in_turn, invited_before
from search.words import stems
from suppliers.profiles.models import SIZES, Supplier, SupplierCapability
from suppliers.profiles.queries import is_public, reachable_of
from suppliers.record import named_capabilities, passages_of
from tenders.needs.dashboard import DRAFT_PANELS, PLACE_SOURCES, Panel, PanelRow, Place
from tenders.needs.models import Need, NeedCapability
from tenders.needs.status import status_of

MOST_NEEDS, MOST_SUPPLIERS = 10, 20
MOST_WEIGHED = 60  # matches by words, of which the best with a real reason are shown
MOST_EVIDENCE = 3
FEWEST_WORDS = 2  # one word in common, such as "book", is chance
TOP = 3  # shown while a need is written
CAPABILITIES = "Capabilities"
NO_ACCOUNT = "No account here yet, so no email reaches them"


@dataclass(frozen=True)
class Evidence:
    """A sentence that answers a need: the words that are asked, where they are asked, and where the sentence stands."""

    terms: tuple[str, ...]
    asked_in: tuple[str, ...]
    label: str
    sentence: str


@dataclass(frozen=True)
class Fit:
    """A row (a need or a supplier) with why it fits.

    `capabilities` are those that the need asks for and the supplier ticked, by title; then the words that are there
    and those that are not, and a few sentences as evidence. `facts` are told and count for nothing: distance, size.
    """

    row: Any
    capabilities: list[str]
    matched: list[str]
    not_mentioned: list[str]
    evidence: list[Evidence]
    facts: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """The reasons as the record of an invitation keeps them."""
        parts = [("Capabilities", self.capabilities), ("Matched", self.matched), ("Not mentioned", self.not_mentioned)]
        lines = [f"{name}: {', '.join(words)}." for name, words in parts if words]
        lines += [f"{each.label}: {each.sentence}" for each in self.evidence]
        return "\n".join([*lines, *(f"{each}." for each in self.facts)])


def needs_for(supplier: Supplier, limit: int = MOST_NEEDS) -> list[Fit]:
    """Open needs for a supplier, best first."""
    passages = [Passage(*each) for each in passages_of(supplier)]
    passages += [Passage(CAPABILITIES, each.title) for each in named_capabilities(supplier.capabilities)]
    matches = _match(passages, Kind.NEED)
    rows = {row.reference: row for row in needs_by_reference([each.reference for each in matches])}
    asked = _codes(NeedCapability.need_id, NeedCapability.code, [row.id for row in rows.values()])
    places = _places_of_needs([row.id for row in rows.values()])
    ticked = frozenset(supplier.capabilities)
    weighed = (
        _weigh(each, row, asked[row.id], ticked, _nearness(places[row.id], supplier))
        for each, row in _known(matches, rows)
    )
    kept = [each for each in weighed if each is not None]
    # Sorting keeps the engine's order among equals, which is drawn anew every day.
    return [fit for _, fit in sorted(kept, key=lambda pair: -round(pair[0], 6))[:limit]]


def suppliers_for(need: Need, limit: int = MOST_SUPPLIERS) -> list[Fit]:
    """Suppliers for a need, published or not; of equals, who was invited least and longest ago stands first."""
    now, matches = clock.now(), _match(matching_passages(need), Kind.SUPPLIER)
    rows = _suppliers([each.reference for each in matches])
    ids = [row.id for row in rows.values()]
    ticked = _codes(SupplierCapability.supplier_id, SupplierCapability.code, ids)
    invited, asked, reachable = invited_before(ids, now), frozenset(need.capabilities), reachable_of(ids)

    def facts(row: Any) -> tuple[str, ...]:
        before = invited[row.id].times if row.id in invited else 0
        told = f"Invited {before} time{'' if before == 1 else 's'} in the last year" if before else ""
        origin = "Profile made from published open data" if row.source else ""
        account = "" if row.id in reachable else NO_ACCOUNT
        return tuple(filter(None, (*_nearness(need, row), SIZES.get(row.size, ""), origin, account, told)))

    weighed = (_weigh(each, row, asked, ticked[row.id], facts(row)) for each, row in _known(matches, rows))
    kept = [each for each in weighed if each is not None]
    return in_turn(kept, invited, lambda fit: (fit.row.id, fit.row.reference), now)[:limit]


def _suppliers(references: list[str]) -> dict[str, Any]:
    query = (
        select(Supplier.id, Organisation.reference, Organisation.name, Organisation.slug, Supplier.region, Supplier.size,
               Supplier.source, Supplier.latitude, Supplier.longitude)
        .join(Organisation, Organisation.id == Supplier.id)
        .where(Organisation.reference.in_(references), is_public())
    )  # fmt: skip
    return {row.reference: row for row in db.session.execute(query)}


def _places_of_needs(ids: list[int]) -> dict[int, Any]:
    query = select(Need.id, Need.region, Need.latitude, Need.longitude).where(Need.id.in_(ids))
    return {row.id: row for row in db.session.execute(query.order_by(Need.id))}


def _nearness(need: Any, supplier: Any) -> tuple[str, ...]:
    """How far apart the two are, or that they share a region; nothing when one of them names no place."""
    places = (need.latitude, need.longitude, supplier.latitude, supplier.longitude)
    if None not in places:
        return (f"About {max(1, round(miles_between(*places)))} miles apart",)
    return (f"Both in {need.region}",) if need.region and need.region == supplier.region else ()


def _match(passages: list[Passage], kind: Kind) -> list[Match]:
    if not passages:
        return []
    return answered(lambda engine: engine.match(passages, kind, MOST_WEIGHED, now=clock.now(), meaning=meaning()))[0]


def _known(matches: Iterable[Match], rows: Mapping[str, Any]) -> Iterator[tuple[Match, Any]]:
    return ((each, rows[each.reference]) for each in matches if each.reference in rows)


def _codes(owner: Any, code: Any, ids: list[int]) -> dict[int, frozenset[str]]:
    """The capabilities of each of these owners."""
    found: dict[int, set[str]] = defaultdict(set)
    for owner_id, each in db.session.execute(select(owner, code).where(owner.in_(ids)).order_by(owner, code)):
        found[owner_id].add(each)
    return {each: frozenset(found[each]) for each in ids}


def _weigh(
    match: Match, row: Any, asked: frozenset[str], ticked: frozenset[str], facts: tuple[str, ...]
) -> tuple[float, Fit] | None:
    """The fit with its worth; None when there is no real reason: nothing asked is ticked, hardly a word is shared."""
    shared = named_capabilities(sorted(asked & ticked))
    terms = list(dict.fromkeys(each.term for each in match.matched))
    if not shared and sum(len(stems(each)) for each in terms) < FEWEST_WORDS:
        return None
    fit = Fit(row, [each.title for each in shared], terms, list(match.not_mentioned), _evidence(match), facts)
    # A firm that ticked all that is asked counts twice as much as its words alone would.
    return match.score * (1 + len(shared) / max(1, len(asked))), fit


def _evidence(match: Match) -> list[Evidence]:
    """Sentences of work done first, then what the firm says of itself; a ticked box is no sentence."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for each in match.matched:
        label, sentence = each.passage_label, each.sentence
        if label != CAPABILITIES and not label.endswith(sentence.rstrip(".")):
            found.setdefault((label, sentence), {})[each.term] = each.asked_in
    told = [Evidence(tuple(terms), _in_order(terms.values()), *where) for where, terms in found.items()]
    return sorted(told, key=lambda each: (not each.label.startswith(WORKS), -len(each.terms)))[:MOST_EVIDENCE]


def _in_order(places: Iterable[str]) -> tuple[str, ...]:
    """By name, and Requirement 2 before Requirement 10."""
    return tuple(sorted(set(places), key=lambda each: re.sub(r"\d+", lambda found: found[0].zfill(4), each)))


def match_places(need: Need, _member: Membership) -> list[Place]:
    """The link on the council's page of a need that can still be bid for."""
    if status_of(need) not in ("draft", "in_review", "approved", "open"):
        return []  # nobody can bid any more
    return [Place("Suppliers that fit", _address(need), "Ranked with reasons; invite some", "Optional", is_done=True)]


def _address(need: Need) -> str:
    return f"/council/needs/{need.reference}/matches"


def match_panel(need: Need, _member: Membership) -> Panel:
    """Who fits what was written so far, while there is time to write it otherwise."""
    heading = "Suppliers that fit so far"
    if not need.problem or not need.requirements:
        missing = [name for name, value in (("the problem", need.problem), ("a requirement", need.requirements)) if not value]
        return Panel(heading, f"Write {' and '.join(missing)}, and this shows which suppliers fit and why.")
    fits = suppliers_for(need)
    if not fits:
        return Panel(
            heading,
            "No supplier’s profile answers these words yet. Say what people do and what the thing is commonly called:"
            " “report a missed bin by phone” finds more than “an innovative solution”.",
        )
    count = f"{len(fits)} suppliers fit" if len(fits) > 1 else "1 supplier fits"
    many = f"At least {count}" if len(fits) == MOST_SUPPLIERS else count
    rows = [PanelRow(each.row.name, f"/suppliers/{each.row.slug}", _why(each)) for each in fits[:TOP]]
    text = f"{many} what is written so far. This is to see whether your words are understood; nobody is told."
    return Panel(heading, text, tuple(rows), "See all of them with the reasons", _address(need))


def _why(fit: Fit) -> str:
    found = ", ".join([*fit.capabilities, *fit.matched])
    missing = ", ".join(fit.not_mentioned)
    return f"Matched: {found}." + (f" Not mentioned: {missing}." if missing else "")


PLACE_SOURCES.append(match_places)
DRAFT_PANELS.append(match_panel)
