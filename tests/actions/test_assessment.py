"""The panel at work: declared before read, blind until all have scored, prices shut until quality is agreed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketplace.core.errors import Conflict, NotFound, Problems
from tenders.assessment import actions, concluding, queries, rules
from tenders.bids import opened
from tenders.bids import queries as bid_queries
from tests import assessing, making
from tests.assessing import REASON
from tests.lines import lines_of

pytestmark = pytest.mark.usefixtures("house")


def give(made: assessing.Purchase, who: object, bid: int, score: int = 3) -> object:
    return actions.give_score(made.need.id, made.bids[bid].reference, made.quality.id, who, score, REASON)  # type: ignore[arg-type]


def agree(made: assessing.Purchase, bid: int, score: int = 3, **more: object) -> object:
    return actions.agree_score(
        made.need.id,
        made.bids[bid].reference,
        made.quality.id,
        made.chair,
        score,
        REASON,
        **more,  # type: ignore[arg-type]
    )


# -- conflicts


def test_nobody_scores_or_reads_before_the_own_declaration() -> None:
    made = assessing.opened()
    asha = made.evaluators[0]
    with pytest.raises(Problems, match="Declare first"):
        give(made, asha, 0)
    assert rules.reading_problems(made.need, queries.get_panel(made.need).find(asha.person_id))
    actions.declare_conflict(made.need.id, asha, False)
    assert not rules.reading_problems(made.need, queries.get_panel(made.need).find(asha.person_id))
    give(made, asha, 0)
    assert lines_of("ConflictDeclared")[0].facts == {"has_conflict": False}


def test_nobody_declares_before_the_opening_nor_off_the_panel() -> None:
    made = assessing.opened()
    closed = making.open_need(made.council, panel={"evaluator": [made.evaluators[0].person]})
    with pytest.raises(Problems, match="not been opened"):
        actions.declare_conflict(closed.id, made.evaluators[0], False)
    with pytest.raises(Problems, match="not named"):
        actions.declare_conflict(made.need.id, made.officer, False)
    with pytest.raises(NotFound):
        actions.declare_conflict(made.need.id, making.officer(), False)


def test_a_conflict_waits_for_the_chair_and_who_stands_aside_cannot_score() -> None:
    made = assessing.opened()
    asha, ben = made.evaluators
    actions.declare_conflict(made.need.id, asha, True, "My brother works for a bidder.")
    actions.declare_conflict(made.need.id, made.chair, False)
    with pytest.raises(Problems, match="when it is decided"):
        give(made, asha, 0)
    with pytest.raises(Problems, match="The chair, after"):
        actions.decide_conflict(made.need.id, asha.person_id, ben, True, "Too near.")
    with pytest.raises(Problems, match="own conflict"):
        actions.decide_conflict(made.need.id, asha.person_id, asha, False, "It is nothing.")
    actions.decide_conflict(made.need.id, asha.person_id, made.chair, True, "Too near.")
    with pytest.raises(Problems, match="stand aside"):
        give(made, asha, 0)
    details = lines_of("ConflictDecided")[0].details
    assert "Too near" not in details and asha.person.pseudonym in details


def test_who_carries_on_scores_and_a_nil_return_may_become_a_conflict() -> None:
    made = assessing.opened()
    asha = made.evaluators[0]
    actions.declare_conflict(made.need.id, asha, False)
    give(made, asha, 0)
    with pytest.raises(Problems, match="already"):
        actions.declare_conflict(made.need.id, asha, False)
    actions.declare_conflict(made.need.id, asha, True, "I know the director from school.")
    with pytest.raises(Problems, match="when it is decided"):
        give(made, asha, 1)
    actions.decide_conflict(made.need.id, asha.person_id, made.approver, False, "Long ago, no contact.")
    give(made, asha, 1)


def test_an_approver_decides_on_the_chair_and_fills_the_place() -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    need = made.need
    actions.declare_conflict(need.id, made.chair, True, "I hold shares.")
    with pytest.raises(Problems, match="own conflict"):
        actions.decide_conflict(need.id, made.chair.person_id, made.chair, False, "Few.")
    new = making.member(made.council, "chair")
    with pytest.raises(Problems, match="Nobody with that duty"):
        actions.name_to_panel(need.id, new.person_id, "chair", made.approver)
    actions.decide_conflict(need.id, made.chair.person_id, made.approver, True, "Shares are enough.")
    with pytest.raises(Problems, match="stand aside"):
        agree(made, 0)
    with pytest.raises(Problems, match="An approver names"):
        actions.name_to_panel(need.id, new.person_id, "chair", made.officer)
    for wrong in (made.openers[0], made.approver, made.officer):
        with pytest.raises(Problems):
            actions.name_to_panel(need.id, wrong.person_id, "chair", made.approver)
    actions.name_to_panel(need.id, new.person_id, "chair", made.approver)
    actions.declare_conflict(need.id, new, False)
    actions.agree_score(need.id, made.bids[0].reference, made.quality.id, new, 3, REASON)


def test_an_absent_evaluator_can_be_taken_off_by_an_approver_only() -> None:
    made = assessing.declared(assessing.opened())
    asha, ben = made.evaluators
    for bid in (0, 1):
        give(made, asha, bid)
    with pytest.raises(Problems, match="no conflict"):
        actions.decide_conflict(made.need.id, ben.person_id, made.chair, True, "Ill.")
    assert not lines_of("ScoringCompleted")
    actions.decide_conflict(made.need.id, ben.person_id, made.approver, True, "Ill until spring.")
    assert len(lines_of("ScoringCompleted")) == 1
    agree(made, 0)


# -- blindness


def test_scores_are_blind_until_every_evaluator_has_scored_everything() -> None:
    made = assessing.declared(assessing.opened())
    asha, ben = made.evaluators
    give(made, asha, 0)
    give(made, asha, 1)
    give(made, ben, 0)
    for who in made.panel:
        with pytest.raises(Problems, match="side by side once"):
            queries.scores_for_panel(made.need, who.person_id)
    with pytest.raises(Problems, match="once every evaluator"):
        agree(made, 0)
    assert not queries.scores_on_record(made.need) and not lines_of("ScoringCompleted")
    give(made, ben, 1)
    assert len(queries.scores_for_panel(made.need, ben.person_id)) == 4
    assert lines_of("ScoringCompleted")[0].facts == {"evaluators": 2, "bids": 2}
    with pytest.raises(Problems, match="not named"):
        queries.scores_for_panel(made.need, made.officer.person_id)


def test_no_line_of_the_journal_tells_an_individual_score() -> None:
    made = assessing.declared(assessing.opened())
    give(made, made.evaluators[0], 0, 5)
    assert set(lines_of("ScoreGiven")[0].facts) == {"criterion", "is_change"}


def test_once_shown_individual_scores_stand() -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    with pytest.raises(Problems, match="Your scores stand"):
        give(made, made.evaluators[0], 0, 5)


def test_before_that_an_evaluator_may_change_the_own_score() -> None:
    made = assessing.declared(assessing.opened())
    asha = made.evaluators[0]
    give(made, asha, 0, 2)
    give(made, asha, 0, 4)
    (only,) = queries.own_scores(made.need, asha.person_id).values()
    assert only.score == 4 and lines_of("ScoreGiven")[1].facts["is_change"]


@pytest.mark.parametrize(
    ("score", "reason", "says"), [(6, REASON, "from 0 to 5"), (None, REASON, "Select"), (3, " ", "reason")]
)
def test_a_score_is_on_the_scale_and_has_a_reason(score: int | None, reason: str, says: str) -> None:
    made = assessing.declared(assessing.opened())
    with pytest.raises(Problems, match=says):
        actions.give_score(made.need.id, made.bids[0].reference, made.quality.id, made.evaluators[0], score, reason)


def test_the_chair_alone_agrees_and_individual_scores_are_kept() -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    with pytest.raises(Problems, match="Only the chair"):
        actions.agree_score(made.need.id, made.bids[0].reference, made.quality.id, made.evaluators[0], 5, REASON)
    agree(made, 0, 5)
    assert {each.score for each in queries.scores_for_panel(made.need, made.chair.person_id)} == {3, 4}
    with pytest.raises(Conflict, match="Another agreed score"):
        agree(made, 0, 4)
    agree(made, 0, 4, seen_score=5)


# -- prices


def test_prices_stay_shut_until_all_quality_is_agreed_and_then_scores_stand() -> None:
    made = assessing.scored(assessing.opened(), (3, 4))
    agree(made, 0)
    with pytest.raises(Problems, match="1 agreed score is still missing"):
        concluding.agree_quality(made.need.id, made.chair)
    agree(made, 1)
    with pytest.raises(opened.PriceShut):
        opened.read_price(made.bids[0])
    assert queries.prices_of(made.need, queries.get_board(made.need)) == {}
    concluding.agree_quality(made.need.id, made.chair)
    assert opened.read_price(made.bids[0]).total_pence == 1_950_000
    with pytest.raises(Problems, match="can no longer be changed"):
        agree(made, 0, 5, seen_score=3)


def test_the_frozen_ranking_is_the_arithmetic_of_the_published_formula() -> None:
    made = assessing.frozen(assessing.opened((1_950_000, 2_000_000)), (3, 5))
    first, second = queries.results_of(made.need)
    assert (first.bid_id, first.quality_score, first.price_score, first.total_score) == (
        made.bids[1].id, Decimal(60), Decimal(39), Decimal(99),
    )  # fmt: skip
    assert (second.rank, second.total_score) == (2, Decimal(76))
    assert made.need.scores_frozen_at is not None
    assert [each["rank"] for each in lines_of("ScoresFrozen")[0].facts["results"]] == [1, 2]
    assert len(queries.scores_on_record(made.need)) == 4
    with pytest.raises(Problems, match="frozen"):
        concluding.freeze_scores(made.need.id, made.chair)


def test_a_bid_below_the_minimum_cannot_win_however_cheap() -> None:
    made = assessing.frozen(assessing.opened((1_000_000, 1_200_000), minimum=3), (2, 3))
    places = [(each.bid_id, each.can_win, each.price_score) for each in queries.results_of(made.need)]
    assert places == [(made.bids[1].id, True, Decimal(40)), (made.bids[0].id, False, Decimal(0))]


def test_an_abnormally_low_price_needs_a_note_before_the_ranking_stands() -> None:
    made = assessing.agreed(assessing.opened((1_000_000, 2_000_000)), (3, 4))
    concluding.agree_quality(made.need.id, made.chair)
    with pytest.raises(Problems, match="abnormally low"):
        concluding.freeze_scores(made.need.id, made.chair)
    with pytest.raises(Problems, match="not flagged"):
        concluding.note_low_price(made.need.id, made.bids[1].reference, made.chair, "No.")
    concluding.note_low_price(made.need.id, made.bids[0].reference, made.chair, "It reuses its own product.")
    assert concluding.freeze_scores(made.need.id, made.chair)


def test_a_tie_for_the_first_place_is_decided_with_a_reason() -> None:
    made = assessing.agreed(assessing.opened((2_000_000, 2_000_000)), (4, 4))
    concluding.agree_quality(made.need.id, made.chair)
    with pytest.raises(Problems, match="tie for the first place"):
        concluding.freeze_scores(made.need.id, made.chair)
    with pytest.raises(Problems, match="Give the reason"):
        concluding.decide_tie(made.need.id, made.bids[1].reference, made.chair, "")
    concluding.decide_tie(made.need.id, made.bids[1].reference, made.chair, "Better on the named criterion.")
    concluding.freeze_scores(made.need.id, made.chair)
    assert [each.bid_id for each in queries.results_of(made.need)] == [made.bids[1].id, made.bids[0].id]


# -- disregarded


def test_setting_a_bid_aside_takes_two_and_drops_it_before_the_lowest_price() -> None:
    made = assessing.agreed(assessing.opened((1_000_000, 1_900_000, 2_000_000)), (3, 3, 3))
    need, cheap = made.need, made.bids[0].reference
    with pytest.raises(Problems, match="Let the supplier answer"):
        concluding.propose_disregard(need.id, cheap, made.chair, "abnormally_low", "It cannot pay its staff.")
    with pytest.raises(Problems, match="Only the chair"):
        concluding.propose_disregard(need.id, cheap, made.evaluators[0], "procedure", "No.")
    concluding.propose_disregard(need.id, cheap, made.chair, "abnormally_low", "It cannot pay its staff.", True)
    concluding.agree_quality(need.id, made.chair)
    with pytest.raises(Problems, match="waits for an approver"):
        concluding.freeze_scores(need.id, made.chair)
    with pytest.raises(Problems, match="not on the panel"):
        concluding.decide_disregard(need.id, cheap, made.chair, True)
    concluding.decide_disregard(need.id, cheap, made.approver, True)
    concluding.freeze_scores(need.id, made.chair)
    results = queries.results_of(need)
    assert [each.bid_id for each in results] == [made.bids[1].id, made.bids[2].id]
    assert results[0].price_score == 40


def test_a_declined_proposal_leaves_the_bid_in_play_and_can_be_made_again() -> None:
    made = assessing.declared(assessing.opened())
    bid = made.bids[0]
    concluding.propose_disregard(made.need.id, bid.reference, made.chair, "procedure", "Sent in Welsh only.")
    with pytest.raises(Problems, match="Give the reason"):
        concluding.decide_disregard(made.need.id, bid.reference, made.approver, False)
    concluding.decide_disregard(made.need.id, bid.reference, made.approver, False, "Welsh is allowed.")
    board = queries.get_board(made.need)
    assert bid.id in board.in_play and not board.proposed_aside
    concluding.propose_disregard(made.need.id, bid.reference, made.chair, "conditions", "Not insured.")
    concluding.decide_disregard(made.need.id, bid.reference, made.approver, True)
    assert bid.id not in queries.get_board(made.need).in_play


def test_before_the_opening_nothing_of_the_assessment_can_be_read() -> None:
    need = making.open_need()
    with pytest.raises(bid_queries.StillSealed):
        queries.get_board(need)
