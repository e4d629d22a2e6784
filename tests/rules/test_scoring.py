"""Marks and places by arithmetic: the published formulas, ties, minimums, prices that are abnormally low."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import NotFound
from tenders.assessment import scoring
from tenders.assessment.board import Board, Measure
from tenders.assessment.scoring import (
    Offer,
    abnormally_low,
    price_marks,
    quality_marks,
    ranked,
    shown,
    tied_first,
)
from tenders.regimes import price_formulas

FORMULAS = ["lowest_over_price", "distance_from_lowest"]
PRICES = st.integers(min_value=0, max_value=10**12)
WEIGHTS = st.integers(min_value=0, max_value=100)


def offer(bid_id: int, quality: str, price: int, can_win: bool = True) -> Offer:
    return Offer(bid_id, Decimal(quality), price, can_win)


def test_worked_examples_of_the_two_formulas() -> None:
    assert price_marks("lowest_over_price", 40, 80_000, 100_000) == Decimal("32.000000")
    assert price_marks("lowest_over_price", 40, 100, 300) == Decimal("13.333333")
    assert price_marks("lowest_over_price", 40, 200, 300) == Decimal("26.666667")
    assert price_marks("distance_from_lowest", 40, 80_000, 100_000) == Decimal("30.000000")
    assert price_marks("distance_from_lowest", 40, 80_000, 160_000) == 0
    assert price_marks("distance_from_lowest", 40, 80_000, 900_000) == 0


def test_every_published_formula_can_be_worked_out() -> None:
    for formula in price_formulas():
        assert ranked([offer(1, "30", 100), offer(2, "40", 120)], formula.code, 40)


def test_an_unknown_formula_is_refused() -> None:
    with pytest.raises(NotFound):
        price_marks("guess", 40, 1, 2)


def test_quality_is_weight_times_score_over_the_top_of_the_scale() -> None:
    assert quality_marks(60, 4, 5) == 48
    assert quality_marks(35, 3, 5) == 21
    assert quality_marks(1, 1, 5) == Decimal("0.2")


def test_two_places_are_for_showing_and_round_half_up() -> None:
    assert shown(Decimal("13.333333")) == "13.33"
    assert shown(Decimal("0.125")) == "0.13"
    assert shown(Decimal("0.135")) == "0.14"


def test_a_price_of_nought_takes_all_marks_and_leaves_none() -> None:
    for formula in FORMULAS:
        assert price_marks(formula, 40, 0, 0) == 40
        assert price_marks(formula, 40, 0, 1) == 0


@given(st.sampled_from(FORMULAS), WEIGHTS, st.lists(PRICES, min_size=1, max_size=8))
def test_a_dearer_price_never_earns_more(formula: str, weight: int, prices: list[int]) -> None:
    ordered = sorted(prices)
    marks = [price_marks(formula, weight, ordered[0], each) for each in ordered]
    assert marks[0] == weight
    assert all(after <= before for before, after in pairwise(marks))
    assert all(0 <= each <= weight for each in marks)


@given(
    st.sampled_from([*FORMULAS, scoring.PER_QUALITY_POINT]),
    st.integers(min_value=0, max_value=100),
    st.lists(st.tuples(st.integers(min_value=0, max_value=5), PRICES, st.booleans()), min_size=1, max_size=8),
)
def test_totals_stay_within_a_hundred_and_ranks_follow_them(
    formula: str, price_weight: int, bids: list[tuple[int, int, bool]]
) -> None:
    weight = 100 - price_weight
    offers = [Offer(n, quality_marks(weight, score, 5), price, able) for n, (score, price, able) in enumerate(bids)]
    places = ranked(offers, formula, price_weight)
    assert sorted(each.bid_id for each in places) == list(range(len(bids)))
    assert all(0 <= each.total <= 100 for each in places)
    able = [each for each in places if each.can_win]
    assert all(before.total >= after.total for before, after in pairwise(able))
    assert [each.rank for each in places] == sorted(each.rank for each in places)
    assert places[0].rank == 1


@given(st.permutations([offer(1, "30", 100), offer(2, "45", 130), offer(3, "30", 100), offer(4, "15", 90)]))
def test_the_order_of_receipt_changes_nothing(offers: list[Offer]) -> None:
    places = {each.bid_id: (each.rank, each.total) for each in ranked(offers, "lowest_over_price", 40)}
    again = {
        each.bid_id: (each.rank, each.total)
        for each in ranked(sorted(offers, key=lambda o: o.bid_id), "lowest_over_price", 40)
    }
    assert places == again


def test_equal_totals_go_to_the_higher_quality() -> None:
    # 48 + 20 and 28 + 40
    places = ranked([offer(1, "28", 100), offer(2, "48", 200)], "lowest_over_price", 40)
    assert [each.total for each in places] == [68, 68]
    assert [each.bid_id for each in places] == [2, 1] and tied_first(places) == []


def test_equal_quality_and_total_go_to_the_lower_price() -> None:
    # Beyond twice the lowest price the linear formula gives nought to both.
    places = ranked([offer(1, "50", 900), offer(2, "50", 800), offer(3, "0", 100)], "distance_from_lowest", 40)
    assert [each.bid_id for each in places] == [2, 1, 3]


def test_what_nothing_tells_apart_shares_the_place_until_it_is_decided() -> None:
    offers = [offer(1, "30", 100), offer(2, "30", 100), offer(3, "20", 100)]
    places = ranked(offers, "lowest_over_price", 40)
    assert [each.rank for each in places] == [1, 1, 3] and tied_first(places) == [1, 2]
    decided = ranked(offers, "lowest_over_price", 40, decided=[2])
    assert [(each.bid_id, each.rank) for each in decided] == [(2, 1), (1, 2), (3, 3)] and tied_first(decided) == []


def test_a_bid_below_a_minimum_stands_last_and_is_not_the_lowest_price() -> None:
    places = ranked([offer(1, "55", 10, can_win=False), offer(2, "30", 100)], "lowest_over_price", 40)
    assert [(each.bid_id, each.price, each.rank) for each in places] == [(2, 40, 1), (1, 0, 2)]


def test_per_quality_point_the_best_rate_has_a_hundred() -> None:
    places = ranked([offer(1, "50", 100), offer(2, "100", 150), offer(3, "0", 1)], scoring.PER_QUALITY_POINT, 0)
    assert [(each.bid_id, each.total) for each in places] == [(2, 100), (1, 75), (3, 0)]


def test_abnormally_low_is_more_than_the_percentage_under_the_mean_of_the_others() -> None:
    assert abnormally_low({1: 75, 2: 100, 3: 100}, 25) == frozenset()
    assert abnormally_low({1: 74, 2: 100, 3: 100}, 25) == {1}
    assert abnormally_low({1: 74}, 25) == frozenset()


def board(**facts: object) -> Board:
    return Board(
        bids=(1, 2), criteria=(Measure(7, "Plan", 40, 3), Measure(8, "Team", 20)), evaluators=(10, 11), **facts
    )  # type: ignore[arg-type]


def full(person: int, score: int = 3) -> dict[tuple[int, int, int], int]:
    return {(bid, criterion, person): score for bid in (1, 2) for criterion in (7, 8)}


def test_everything_is_scored_when_every_evaluator_has_scored_every_bid() -> None:
    assert not board(scores=full(10)).is_all_scored
    assert board(scores=full(10) | full(11)).is_all_scored
    one_left = full(10) | full(11)
    del one_left[2, 8, 11]
    assert not board(scores=one_left).is_all_scored
    assert board(scores=one_left, set_aside=frozenset({2})).is_all_scored


def test_nobody_left_to_score_is_not_everything_scored() -> None:
    assert not Board(bids=(1,), criteria=(), evaluators=()).is_all_scored


def test_a_spread_of_two_is_talked_about() -> None:
    assert board(scores=full(10, 2) | full(11, 4)).is_wide(1, 7)
    assert not board(scores=full(10, 3) | full(11, 4)).is_wide(1, 7)


def test_quality_and_minimum_follow_what_is_agreed() -> None:
    made = board(agreed={(1, 7): 2, (1, 8): 5, (2, 7): 3, (2, 8): 0})
    assert made.quality(1) == 36 and made.quality(2) == 24
    assert [each.name for each in made.below_minimum(1)] == ["Plan"] and not made.below_minimum(2)
