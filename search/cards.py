"""What a list shows of each result, the same whether it came from the index or from the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from marketplace.core.geography import miles_between
from marketplace.core.moments import moment, time_left
from marketplace.core.money import pounds
from search.asking import ALL, STATUSES, Question, label_of
from search.documents import OURS, Document, NeedDocument, Status, SupplierDocument
from search.engine import Hit, Near, Results
from search.finding import status_at
from search.reasons import WORKS
from search.snippets import Piece
from suppliers.profiles.models import SIZES
from suppliers.record import anchor_of

SHORT = 260  # characters of a text in a list
COLOURS = {
    Status.OPEN: "green",
    Status.CLOSED: "blue",
    Status.AWARDED: "teal",
    Status.NOT_AWARDED: "grey",
    Status.WITHDRAWN: "red",
}


class Line(NamedTuple):
    """Where a result matched: the passage's label and text, and the address of the work that it tells of."""

    label: str
    pieces: tuple[Piece, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One result: its title in (text, is_match) pieces, its facts as words, and where it matched."""

    href: str
    title: tuple[Piece, ...]
    status: str
    colour: str
    facts: str
    snippets: tuple[Line, ...]


def open_need_card(row: Row[Any], now: datetime) -> Card:
    """A row of plain_lists.CARD that is open now."""
    facts = _need_facts(row.buyer_name, row.region, row.estimated_value_pence, _closing(row.closes_at, now), row.source)
    summary = (Line("", ((row.summary, False),)),) if row.summary else ()
    return Card(f"/needs/{row.reference}", ((row.title, False),), "Open", "green", facts, summary)


def need_card(hit: Hit, now: datetime, near: Near | None = None) -> Card:
    """A need that a search found, with how far it is from a place."""
    need = hit.document
    assert isinstance(need, NeedDocument)
    status = status_at(need, now)
    when = _closing(need.closes_at, now) if status is Status.OPEN else _closed(need.closes_at)
    source = "" if need.source == OURS else need.source
    facts = _need_facts(need.buyer, _place(need, near), need.value_pence, when, source)
    snippets = tuple(Line(each.label, each.pieces) for each in hit.snippets)
    return Card(need.url, hit.title, STATUSES[status], COLOURS[status], facts, snippets)


def supplier_row_card(row: Row[Any]) -> Card:
    """A row of plain_lists.public_suppliers_page."""
    text = shortened(row.summary or row.about)
    facts = _supplier_facts(row.region, row.size, row.source)
    lines = (Line("", ((text, False),)),) if text else ()
    return Card(f"/suppliers/{row.slug}", ((row.name, False),), "", "", facts, lines)


def shortened(text: str, length: int = SHORT) -> str:
    """The beginning of a text, cut between words, with … where it was cut."""
    if len(text) <= length:
        return text
    cut = text[: length + 1].rfind(" ")
    return text[: cut if cut > 0 else length].rstrip(" ,;:–-") + " …"


def supplier_card(hit: Hit, near: Near | None = None) -> Card:
    """A supplier that a search found, with how far it is from a place."""
    firm = hit.document
    assert isinstance(firm, SupplierDocument)
    facts = _supplier_facts(_place(firm, near), firm.size or "", "" if firm.source == OURS else firm.source)
    lines = tuple(Line(each.label, each.pieces, _work_address(firm, each.label)) for each in hit.snippets)
    return Card(firm.url, hit.title, "", "", facts, lines)


def _place(document: Document, near: Near | None) -> str:
    """The region, and how far it is; as finely as an outward code tells."""
    region = document.region or ""
    if near is None or document.latitude is None or document.longitude is None:
        return region
    miles = round(miles_between(near.latitude, near.longitude, document.latitude, document.longitude))
    away = "less than a mile away" if miles < 1 else f"{miles} mile{'' if miles == 1 else 's'} away"
    return f"{region}, {away}" if region else away


def _work_address(firm: SupplierDocument, label: str) -> str:
    return f"{firm.url}#{anchor_of(label)}" if label.startswith(WORKS) else ""


def _closing(closes_at: datetime | None, now: datetime) -> str:
    if closes_at is None:
        return ""
    return f"closes {moment(closes_at)}, in {time_left(closes_at, now)}"


def _closed(closes_at: datetime | None) -> str:
    return f"closed {moment(closes_at)}" if closes_at else ""


def _need_facts(buyer: str, region: str, value_pence: int | None, when: str, source: str) -> str:
    value = f"{pounds(value_pence)} including VAT" if value_pence is not None else "value not stated"
    origin = f"from {source}" if source else ""
    return " · ".join(filter(None, (buyer, region, value, when, origin)))


def _supplier_facts(region: str, size: str, source: str) -> str:
    origin = "profile made from published open data" if source else ""
    return " · ".join(filter(None, (region, SIZES.get(size, ""), origin)))


@dataclass(frozen=True)
class Option:
    """One choice of a filter; `count` is how many results it gives, None when nothing was counted."""

    value: str
    text: str
    count: int | None
    is_chosen: bool

    @property
    def words(self) -> str:
        return self.text if self.count is None else f"{self.text} ({self.count:,})"


NAMES_OF_FACETS = {"budget": "budget_band", "buyer-kind": "buyer_kind", "small-firms": "small_firms"}
OPEN_ENDED = frozenset({"category", "source", "closing"})  # more can be chosen than is offered



def options(question: Question, name: str, choices: Iterable[str], results: Results | None) -> list[Option]:
    """A filter's choices; once something was searched, with counts, and only those that give results or are chosen."""
    chosen = set(question.chosen(name))
    if name == "status":
        chosen = chosen or {Status.OPEN}
    if results is None:
        return [Option(value, label_of(name, value), None, value in chosen) for value in choices]
    counts = {each.value: each.count for each in results.facets.get(NAMES_OF_FACETS.get(name, name), ())}
    if name == "status":
        counts[ALL] = sum(counts.values())
    if name == "closing":  # another number of days than those counted: its results are the ones shown
        counts = dict.fromkeys(chosen, results.total) | counts
    # Besides the usual choices, whatever was found or chosen.
    known = dict.fromkeys((*choices, *counts, *question.chosen(name)) if name in OPEN_ENDED else choices)
    shown = [value for value in known if counts.get(value) or value in chosen]
    return [Option(value, label_of(name, value), counts.get(value, 0), value in chosen) for value in shown]
