"""From the frozen ranking to everybody told: two people decide, all bidders are told at once, signing waits."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.errors import Conflict, NotFound, Problems
from marketplace.core.journal import JournalLine
from tenders.assessment import actions as assessment_actions
from tenders.assessment import concluding
from tenders.awards import actions, queries, standstill
from tenders.awards.models import AssessmentSummary
from tests import assessing, making
from tests.lines import lines_of

pytestmark = pytest.mark.usefixtures("house")
FIRST = "It came first under the published criteria."


def approved(made: assessing.Purchase, winner: int = 0) -> assessing.Purchase:
    actions.propose_award(made.need.id, made.officer, made.bids[winner].reference, FIRST)
    actions.approve_award(made.need.id, made.approver)
    return made


def sent(made: assessing.Purchase, winner: int = 0, **more: object) -> assessing.Purchase:
    approved(made, winner)
    assessing.checked(made)
    actions.send_summaries(made.need.id, made.officer, **more)  # type: ignore[arg-type]
    return made


# -- two people decide


def test_nothing_is_proposed_before_the_scores_are_frozen() -> None:
    made = assessing.agreed(assessing.opened(), (4, 3))
    for reference in (made.bids[0].reference, ""):
        with pytest.raises(Problems, match="Freeze the scores first"):
            actions.propose_award(made.need.id, made.officer, reference, FIRST)


def test_an_officer_or_the_chair_proposes_and_the_named_approver_alone_approves() -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    need, first = made.need, made.bids[0].reference
    with pytest.raises(Problems, match="An officer or the chair"):
        actions.propose_award(need.id, made.evaluators[0], first, FIRST)
    with pytest.raises(NotFound):
        actions.propose_award(need.id, making.officer(), first, FIRST)
    actions.propose_award(need.id, made.chair, first, FIRST)
    with pytest.raises(Problems, match="proposed already"):
        actions.propose_award(need.id, made.officer, first, FIRST)
    another = making.member(made.council, "approver")
    for wrong in (another, made.chair, made.officer):
        with pytest.raises(Problems, match="The award approver named"):
            actions.approve_award(need.id, wrong)
    actions.approve_award(need.id, made.approver)
    with pytest.raises(Problems, match="approved already"):
        actions.approve_award(need.id, made.approver)


def test_whoever_proposed_cannot_approve_even_when_named() -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    both = making.member(made.council, "officer", "approver")
    from tenders.needs.models import PanelMember

    making._keep(
        PanelMember(need_id=made.need.id, person_id=both.person_id, duty="award_approver", named_at=clock.now())
    )
    db.session.refresh(made.need)
    actions.propose_award(made.need.id, both, made.bids[0].reference, FIRST)
    with pytest.raises(Problems, match="You proposed this award"):
        actions.approve_award(made.need.id, both)


def test_sent_back_with_a_reason_another_proposal_can_be_made() -> None:
    made = approved(assessing.frozen(assessing.opened(), (4, 3)))
    with pytest.raises(Problems, match="Say what should change"):
        actions.return_award(made.need.id, made.approver, " ")
    actions.return_award(made.need.id, made.approver, "The winner withdrew its offer by letter.")
    assert queries.find_award(made.need) is None
    with pytest.raises(Problems, match="award is approved"):
        actions.send_summaries(made.need.id, made.officer)
    again = actions.propose_award(made.need.id, made.officer, made.bids[1].reference, "The first withdrew.")
    actions.approve_award(made.need.id, made.approver)
    assert {each.award_id for each in queries.summaries_of(again)} == {again.id}
    assert len(queries.awards_of(made.need)) == 2


def test_a_bid_below_the_minimum_cannot_be_proposed() -> None:
    made = assessing.frozen(assessing.opened(minimum=3), (2, 3))
    with pytest.raises(Problems, match="below a published minimum"):
        actions.propose_award(made.need.id, made.officer, made.bids[0].reference, "We like it.")


@pytest.mark.parametrize("reasons", ["", "  \n"])
def test_every_proposal_has_reasons(reasons: str) -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    with pytest.raises(Problems, match="Give the reasons"):
        actions.propose_award(made.need.id, made.officer, made.bids[0].reference, reasons)


# -- explained, all at once or not at all


def test_the_approval_drafts_a_summary_for_every_bid_from_the_agreed_reasons() -> None:
    made = approved(assessing.frozen(assessing.opened(), (4, 3)))
    award = queries.find_award(made.need)
    assert award is not None
    won, lost = queries.summaries_of(award)
    assert "won, with 88.00 marks" in won.explanation and assessing.REASON in won.explanation
    assert "came second of 2, with 75.00 marks. The winning bid had 88.00" in lost.explanation


def test_one_empty_explanation_stops_every_summary() -> None:
    made = approved(assessing.frozen(assessing.opened(), (4, 3)))
    lost = made.bids[1].reference
    actions.save_explanation(made.need.id, lost, made.officer, "")
    with pytest.raises(Problems, match=f"Check the draft to bid {made.bids[0].reference}"):
        actions.send_summaries(made.need.id, made.officer)
    assessing.checked(made)
    with pytest.raises(Problems, match=f"Explain the decision to bid {lost}"):
        actions.send_summaries(made.need.id, made.officer)
    assert not db.session.scalars(select(AssessmentSummary).where(AssessmentSummary.sent_at.is_not(None))).all()
    assert made.need.awarded_at is None and queries.public_result(made.need) is None
    actions.save_explanation(made.need.id, lost, made.officer, "Your plan had no dates.")
    actions.send_summaries(made.need.id, made.officer)
    rows = queries.summaries_of(queries.find_award(made.need))  # type: ignore[arg-type]
    assert len({each.sent_at for each in rows}) == 1 and rows[0].sent_at is not None
    with pytest.raises(Problems, match="made and told"):
        actions.save_explanation(made.need.id, lost, made.officer, "Something else.")
    with pytest.raises(Problems, match="made and told"):
        actions.send_summaries(made.need.id, made.officer)


def test_a_loser_reads_its_own_scores_and_the_winners_and_no_others() -> None:
    made = assessing.opened((1_950_000, 2_000_000, 2_050_000))
    assessing.scored(made, (4, 3, 2))
    for bid, score, words in zip(made.bids, (4, 3, 2), ("first words", "second words", "third words"), strict=True):
        assessment_actions.agree_score(made.need.id, bid.reference, made.quality.id, made.chair, score, words)
    concluding.agree_quality(made.need.id, made.chair)
    concluding.freeze_scores(made.need.id, made.chair)
    sent(made)
    told = queries.find_feedback(made.bids[2])
    assert told is not None
    text = json.dumps({**told, "sent_at": ""})
    assert told["own"]["scores"][0]["reason"] == "third words" and told["own"]["rank"] == 3
    assert told["winning"]["scores"][0]["reason"] == "first words" and told["winning"]["total"] == "88.00"
    assert "second words" not in text
    for secret in (made.bids[1].reference, made.bids[1].supplier.name, "2000000"):
        assert secret not in text
    assert told["number_of_bids"] == 3 and told["scale"][5]["label"] == "Exceptional"
    won = queries.find_feedback(made.bids[0])
    assert won is not None and won["is_winner"] and won["winning"] is None


def test_nobody_reads_feedback_before_it_is_sent() -> None:
    made = approved(assessing.frozen(assessing.opened(), (4, 3)))
    assert all(queries.find_feedback(each) is None for each in made.bids)


def test_a_disregarded_bidder_is_told_the_ground_and_the_reason() -> None:
    made = assessing.agreed(assessing.opened(), (4, 3))
    aside = made.bids[1]
    concluding.propose_disregard(
        made.need.id, aside.reference, made.chair, "procedure", "It came without a price table."
    )
    concluding.decide_disregard(made.need.id, aside.reference, made.approver, True)
    concluding.agree_quality(made.need.id, made.chair)
    concluding.freeze_scores(made.need.id, made.chair)
    sent(made)
    told = queries.find_feedback(aside)
    assert told is not None and told["own"] is None
    assert told["disregarded"]["reason"] == "It came without a price table." in told["explanation"]


# -- no award


def test_a_need_without_bids_ends_without_award() -> None:
    made = assessing.opened(())
    with pytest.raises(Problems, match="Select a bid"):
        actions.propose_award(made.need.id, made.officer, "B-2026-9999", "Why not.")
    actions.propose_award(made.need.id, made.officer, "", "Nobody bid.")
    actions.approve_award(made.need.id, made.approver)
    actions.send_summaries(made.need.id, made.officer)
    assert made.need.no_award_at is not None and made.need.no_award_reason == "Nobody bid."
    assert lines_of("NoAwardMade")[0].facts == {"bids": [], "needs_notice": False}
    told = queries.public_result(made.need)
    assert told is not None and not told.is_award and told.no_award_reason == "Nobody bid."


def test_when_all_bids_are_disregarded_the_need_can_end_and_each_bidder_reads_why() -> None:
    made = assessing.declared(assessing.opened(estimated_value_pence=30_000_000))
    for bid in made.bids:
        concluding.propose_disregard(made.need.id, bid.reference, made.chair, "procedure", "No price table.")
        concluding.decide_disregard(made.need.id, bid.reference, made.approver, True)
    actions.propose_award(made.need.id, made.chair, "", "No bid met the terms.")
    actions.approve_award(made.need.id, made.approver)
    actions.send_summaries(assessing.checked(made).need.id, made.officer)
    assert lines_of("NoAwardMade")[0].facts["needs_notice"] is True
    told = queries.find_feedback(made.bids[0])
    assert told is not None and told["winner"] is None and told["no_award_reasons"] == "No bid met the terms."


# -- standstill and signing


def signing(made: assessing.Purchase, day: date | None = None) -> str:
    award = queries.find_award(made.need)
    assert award is not None
    problems = standstill.signing_problems(award, queries.find_standstill(award), day or clock.today())
    assert queries.may_sign(award, day) is not bool(problems)
    return " ".join(each.message for each in problems)


def test_under_the_threshold_none_applies_and_signing_is_free() -> None:
    made = approved(assessing.frozen(assessing.opened(), (4, 3)))
    assert "summary first" in signing(made)
    assessing.checked(made)
    actions.send_summaries(made.need.id, made.officer)
    assert signing(made) == ""
    facts = lines_of("SummariesSent")[0].facts
    assert facts["standstill_applies"] is False and facts["value_pence"] == 2_340_000
    assert made.need.awarded_at is not None


def test_a_voluntary_standstill_counts_working_days_from_the_summaries() -> None:
    made = assessing.frozen(assessing.opened(), (4, 3))
    with clock.clock_at(datetime(2026, 12, 21, 9, tzinfo=UTC)):
        sent(made, takes_voluntary=True)
        # 21 to 24 and 29 to 31 December, then 5 January: 25 and 28 December, 1 and 4 January are holidays somewhere.
        row = queries.find_standstill(queries.find_award(made.need))  # type: ignore[arg-type]
        assert row is not None and row.ends_on == date(2027, 1, 5)
        assert signing(made, row.ends_on) and not signing(made, row.ends_on + timedelta(days=1))


def test_at_the_threshold_the_standstill_starts_with_the_award_notice() -> None:
    made = assessing.frozen(assessing.opened(estimated_value_pence=20_772_000), (4, 3))
    monday = datetime(2027, 2, 1, 9, tzinfo=UTC)
    with clock.clock_at(monday):
        sent(made)
        assert "starts when the award notice" in signing(made)
        record = actions.record_award_notice
        with pytest.raises(Problems, match="not before"):
            record(made.need.id, made.officer, "000001-2027", date(2027, 1, 29))
        with pytest.raises(Problems, match="future"):
            record(made.need.id, made.officer, "000001-2027", date(2027, 2, 2))
        with pytest.raises(Problems, match="number"):
            record(made.need.id, made.officer, " ", date(2027, 2, 1))
        row = record(made.need.id, made.officer, "000001-2027", date(2027, 2, 1))
    assert row.ends_on == date(2027, 2, 10)
    assert "until the end of 10 February 2027" in signing(made, date(2027, 2, 10))
    assert signing(made, date(2027, 2, 11)) == ""


def test_one_penny_under_the_threshold_has_no_standstill_unless_the_award_reaches_it() -> None:
    under = sent(assessing.frozen(assessing.opened(estimated_value_pence=20_771_999), (4, 3)))
    assert signing(under) == ""
    dear = sent(assessing.frozen(assessing.opened((17_310_000, 17_400_000), estimated_value_pence=20_000_000), (4, 3)))
    assert "award notice" in signing(dear)


def test_a_challenge_suspends_signing_until_it_is_lifted() -> None:
    made = sent(assessing.frozen(assessing.opened(), (4, 3)))
    with pytest.raises(Problems, match="reason"):
        actions.suspend_standstill(made.need.id, made.officer, "")
    actions.suspend_standstill(made.need.id, made.officer, "Claim notified by the second bidder.")
    assert "suspended" in signing(made, date(2030, 1, 1))
    with pytest.raises(Problems, match="already"):
        actions.suspend_standstill(made.need.id, made.officer, "Again.")
    actions.lift_suspension(made.need.id, made.officer, "Claim withdrawn.")
    assert signing(made) == ""
    with pytest.raises(Problems, match="Nothing is suspended"):
        actions.lift_suspension(made.need.id, made.officer, "Twice.")


def test_the_public_reads_the_winner_alone() -> None:
    made = sent(assessing.frozen(assessing.opened(), (4, 3)))
    told = queries.public_result(made.need)
    assert told is not None
    assert (told.winner, told.number_of_bids, told.total) == (made.bids[0].supplier.name, 2, "88.00")
    assert (told.price_pence, told.value_pence) == (1_950_000, 2_340_000)


def test_no_line_of_the_journal_holds_reasons_or_explanations() -> None:
    made = sent(assessing.frozen(assessing.opened(), (4, 3)))
    lines = " ".join(each.details for each in db.session.scalars(select(JournalLine)))
    assert FIRST not in lines and assessing.REASON not in lines
    assert made.bids[1].reference in lines


def test_a_need_cannot_be_awarded_and_ended() -> None:
    made = sent(assessing.frozen(assessing.opened(), (4, 3)))
    with pytest.raises(Problems, match="made and told"):
        actions.propose_award(made.need.id, made.officer, "", "Second thoughts.")
    from tenders.needs.actions import mark_no_award

    with pytest.raises(Conflict), db.one_action("test"):
        mark_no_award(made.need, "Second thoughts.")
