"""Marks and places, by arithmetic alone: Decimal throughout, kept to six places half-up, two places only when shown.

A bid that is disregarded is left out before anything here is counted. A bid below a published minimum cannot win:
its price gets no marks and does not count as the lowest, and it stands after every bid that can win.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from marketplace.core.errors import NotFound

SIX_PLACES = Decimal("0.000001")
TWO_PLACES = Decimal("0.01")
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Offer:
    """What is ranked: quality in marks, the evaluated price in pence excluding VAT, and whether it may win."""

    bid_id: int
    quality: Decimal
    price_pence: int
    can_win: bool = True


@dataclass(frozen=True)
class Place:
    """An offer with its marks and its place from 1. Offers that nothing tells apart share a place."""

    bid_id: int
    quality: Decimal
    price: Decimal
    total: Decimal
    price_pence: int
    rank: int
    can_win: bool = True


def kept(marks: Decimal) -> Decimal:
    """Marks as they are stored and compared: six places, half-up."""
    return marks.quantize(SIX_PLACES, ROUND_HALF_UP)


def shown(marks: Decimal) -> str:
    """Marks as people read them: two places, half-up."""
    return str(marks.quantize(TWO_PLACES, ROUND_HALF_UP))


def quality_marks(weight: int, score: int, most: int) -> Decimal:
    """What a score earns under a criterion of this weight: weight times score over the top of the scale."""
    return kept(Decimal(weight) * score / most)


def lowest_over_price(weight: int, lowest_pence: int, price_pence: int) -> Decimal:
    """The share that the lowest price is of this price; a price of nought is the lowest there is."""
    if price_pence == lowest_pence:
        return Decimal(weight)
    return Decimal(weight) * lowest_pence / price_pence


def distance_from_lowest(weight: int, lowest_pence: int, price_pence: int) -> Decimal:
    """All marks less the share by which this price is dearer, never under nought."""
    if price_pence == lowest_pence:
        return Decimal(weight)
    if lowest_pence == 0:
        return NOTHING
    return max(NOTHING, Decimal(weight) * (1 - Decimal(price_pence - lowest_pence) / lowest_pence))


# Of a hundred marks for the price of one quality mark; nothing is added to them.
PER_QUALITY_POINT = "price_per_quality_point"
FORMULAS: Mapping[str, Callable[[int, int, int], Decimal]] = {
    "lowest_over_price": lowest_over_price,
    "distance_from_lowest": distance_from_lowest,
}


def price_marks(formula: str, weight: int, lowest_pence: int, price_pence: int) -> Decimal:
    """What a price earns by the published formula; raises NotFound for a formula that gives no marks."""
    if formula not in FORMULAS:
        raise NotFound("The price formula published with this need cannot be worked out here.")
    return kept(FORMULAS[formula](weight, lowest_pence, price_pence))


def ranked(
    offers: Iterable[Offer], formula: str, price_weight: int, decided: Sequence[int] = ()
) -> list[Place]:
    """The offers in order: total, then the higher quality, then the lower price, then what was decided.

    `decided` names bids that a recorded decision puts before those they tie with, first decided first.
    """
    all_offers = list(offers)
    marked = _marked_per_quality_point(all_offers) if formula == PER_QUALITY_POINT else (
        _marked(all_offers, formula, price_weight)
    )  # fmt: skip
    order = {bid_id: position for position, bid_id in enumerate(decided)}

    def sequence(each: Place) -> tuple[bool, Decimal, Decimal, int, int]:
        return (not each.can_win, -each.total, -each.quality, each.price_pence, order.get(each.bid_id, len(order)))

    placed: list[Place] = []
    for _, equals in groupby(sorted(marked, key=lambda each: (*sequence(each), each.bid_id)), sequence):
        rank = len(placed) + 1
        placed += [replace(each, rank=rank) for each in equals]
    return placed


def _marked(offers: Sequence[Offer], formula: str, weight: int) -> list[Place]:
    lowest = min((each.price_pence for each in offers if each.can_win), default=0)
    marks = {
        each.bid_id: price_marks(formula, weight, lowest, each.price_pence) if each.can_win else NOTHING
        for each in offers
    }
    return [_unplaced(each, marks[each.bid_id], each.quality + marks[each.bid_id]) for each in offers]


def _marked_per_quality_point(offers: Sequence[Offer]) -> list[Place]:
    """The best price for a quality mark gets a hundred marks, every other the share that the best is of its own."""
    rates = {each.bid_id: each.price_pence / each.quality for each in offers if each.can_win and each.quality}
    best = min(rates.values(), default=NOTHING)
    marks = {bid_id: kept(100 * best / rate if rate != best else Decimal(100)) for bid_id, rate in rates.items()}
    return [_unplaced(each, marks.get(each.bid_id, NOTHING), marks.get(each.bid_id, NOTHING)) for each in offers]


def _unplaced(offer: Offer, price: Decimal, total: Decimal) -> Place:
    return Place(offer.bid_id, offer.quality, price, total, offer.price_pence, 0, offer.can_win)


def tied_first(places: Sequence[Place]) -> list[int]:
    """The bids that share the first place and could all win; empty when there is one winner or none."""
    first = [each.bid_id for each in places if each.rank == 1 and each.can_win]
    return first if len(first) > 1 else []


def abnormally_low(prices: Mapping[int, int], percent_under: int) -> frozenset[int]:
    """The bids whose price is more than so many percent under the mean of the others' (PA 2023 s19(3))."""
    return frozenset(
        bid_id for bid_id, price in prices.items() if _is_far_under(price, _others(prices, bid_id), percent_under)
    )


def _others(prices: Mapping[int, int], bid_id: int) -> list[int]:
    return [price for other, price in prices.items() if other != bid_id]


def _is_far_under(price: int, others: Sequence[int], percent: int) -> bool:
    # Whole numbers on both sides, so that "25 % under" is told apart from "a penny more than 25 % under".
    return bool(others) and price * 100 * len(others) < sum(others) * (100 - percent)
