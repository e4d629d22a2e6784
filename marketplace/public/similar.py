"""Needs like the one that a page shows: whom they are from, and how they stand or ended."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any

from sqlalchemy import Row, select

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.moments import moment
from marketplace.core.money import pounds
from marketplace.reference import councils
from search.finding import similar_references
from search.plain_lists import needs_by_reference
from tenders.awards.queries import public_result
from tenders.needs.models import Need
from tenders.needs.status import LABELS, status_of
from tenders.notices.models import OutsideAward

KEPT = timedelta(minutes=15)
ROWS_KEPT = 5.0  # seconds
MOST_KEPT = 5000
MOST_WINNERS = 3
_read: dict[Hashable, tuple[float, list[Row[Any]]]] = {}
_outcomes: dict[Hashable, tuple[datetime, str]] = {}


@dataclass(frozen=True)
class SimilarNeed:
    """One line: the need's row of a list, its buyer's name, and how it stands or ended in words."""

    row: Row[Any]
    buyer: str
    outcome: str


def similar_needs(need: Any) -> list[SimilarNeed]:
    """Published needs like this one, the likest first, none when nothing is like it."""
    return [SimilarNeed(row, council_name(row.buyer_name), outcome(row)) for row in _rows(similar_references(need))]


def _rows(references: tuple[str, ...]) -> list[Row[Any]]:
    """The needs' rows as they were a few seconds ago, as if the page had been asked for a little sooner."""
    if not references:
        return []
    now, key = monotonic(), (str(config.current().home), references)
    known = _read.get(key)
    if known is None or now - known[0] >= ROWS_KEPT:
        if len(_read) >= MOST_KEPT:
            _read.clear()
        known = _read[key] = now, needs_by_reference(references)
    return known[1]


def outcome(row: Row[Any]) -> str:
    """Such as "Open until 4 March 2026, 12pm" or "Awarded to Acme Ltd for £40,000 including VAT, 3 bids"."""
    status = status_of(row)  # type: ignore[arg-type]
    if status == "open" and row.closes_at is not None:
        return f"Open until {moment(row.closes_at)}"
    if not (row.source or row.awarded_at or row.no_award_at) or status in ("open", "withdrawn"):
        return LABELS[status]
    # A result that was told stays as it is; notices of others are read anew from time to time.
    now, key = clock.now(), (str(config.current().home), row.reference, row.awarded_at, row.no_award_at)
    known = _outcomes.get(key)
    if known is None or not timedelta() <= now - known[0] < KEPT:
        if len(_outcomes) >= MOST_KEPT:
            _outcomes.clear()
        known = _outcomes[key] = now, (_outside(row) if row.source else _ours(row)) or LABELS[status]
    return known[1]


def _ours(row: Row[Any]) -> str:
    need = db.session.get(Need, row.id)
    result = public_result(need) if need is not None else None
    if result is None:
        return ""
    bids = "1 bid" if result.number_of_bids == 1 else f"{result.number_of_bids} bids"
    if not result.is_award or result.value_pence is None:
        return f"Ended without award, {bids}"
    return f"Awarded to {result.winner} for {pounds(result.value_pence)} including VAT, {bids}"


def _outside(row: Row[Any]) -> str:
    columns = (OutsideAward.supplier_name, OutsideAward.value_pence)
    query = select(*columns).where(OutsideAward.need_id == row.id).order_by(OutsideAward.id)
    winners = db.session.execute(query.limit(MOST_WINNERS + 1)).all()
    told = [name + (f" for {pounds(value)}" if value else "") for name, value in winners[:MOST_WINNERS]]
    more = " and others" if len(winners) > MOST_WINNERS else ""
    return f"Awarded to {'; '.join(told)}{more}" if told else ""


def council_name(buyer: str) -> str:
    """A council's registered name for a name that notices give it; a buyer that is no council keeps its own."""
    return _council_names().get(_key(buyer), buyer)


@cache
def _council_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for each in councils():
        # A nice name that two councils share names neither.
        key = _key(each.nice_name)
        names[key] = each.name if key not in names else ""
    return {key: name for key, name in names.items() if name} | {_key(each.name): each.name for each in councils()}


def _key(name: str) -> str:
    """Hackney for Hackney Council, London Borough of Hackney and The London Borough of Hackney Council."""
    words = name.casefold().removeprefix("the ").removeprefix("london borough of ")
    return words.removesuffix(" council")
