"""Rules of contracts: milestones add up, the test of a change, who decides and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders import regimes
from tenders.contracts import rules
from tenders.contracts.changes import Change, exceeds, in_words, is_public, verdict_on
from tenders.contracts.grounds import get_ground, grounds
from tenders.contracts.models import Contract, Milestone, Modification
from tenders.contracts.status import status_of

REGIME = regimes.regime_on("ENG", date(2026, 11, 24))
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LARGE, SMALL = 30_000_000, 5_000_000


def contract(*amounts: int, value: int = 10_000, **facts: object) -> Contract:
    made = Contract(
        title="Bins",
        value_pence=value,
        starts_on=date(2026, 12, 1),
        ends_on=date(2027, 11, 30),
        written_by_id=1,
        **facts,
    )
    made.milestones = [
        Milestone(position=at, title=f"Part {at}", due_on=date(2027, 3, 1), amount_pence=pence)
        for at, pence in enumerate(amounts, start=1)
    ]
    return made


def running(*amounts: int, **facts: object) -> Contract:
    return contract(*amounts, council_signed_at=NOW, supplier_signed_at=NOW, **facts)


def change(first: int = LARGE, by: int = 0, before: int = 0, new_end: date | None = None, scope: bool = True) -> Change:
    """A change to a contract of 1,000 days from 1 December 2026."""
    return Change(first, before, by, date(2026, 12, 1), date(2029, 8, 26), date(2029, 8, 26), new_end, scope)


def messages(problems: list) -> str:
    return " ".join(each.message for each in problems)


class TestTerms:
    def test_milestones_that_add_up_are_fine(self) -> None:
        assert rules.terms_problems(contract(6_000, 4_000), None) == []

    @pytest.mark.parametrize(
        ("amounts", "words"), [((6_000, 3_999), "£0.01 is missing"), ((6_000, 4_050), "£0.50 is too much")]
    )
    def test_milestones_that_do_not_add_up_are_told_by_how_much(self, amounts: tuple[int, ...], words: str) -> None:
        (problem,) = rules.terms_problems(contract(*amounts), None)
        assert words in problem.message
        assert problem.field == "milestones"

    def test_a_contract_without_milestones_is_not_ready(self) -> None:
        assert "at least one milestone" in messages(rules.terms_problems(contract(), None))

    def test_a_milestone_outside_the_dates_is_named(self) -> None:
        made = contract(10_000)
        made.milestones[0].due_on = date(2028, 1, 1)
        assert "“Part 1” is due on 1 January 2028" in messages(rules.terms_problems(made, None))

    def test_the_end_is_not_before_the_start(self) -> None:
        found = rules.values_problems("Bins", 1, date(2026, 12, 2), date(2026, 12, 1))
        assert [each.field for each in found] == ["ends_on"]


class TestSigning:
    def test_the_writer_does_not_sign(self) -> None:
        made = contract(10_000, signature_asked_at=NOW)
        assert "You wrote these terms" in messages(rules.council_signing_problems(made, 1, [], None))
        assert rules.council_signing_problems(made, 2, [], None) == []

    def test_the_award_has_the_last_word_on_both_sides(self) -> None:
        stopped = [rules.Problem("The standstill is suspended")]
        made = contract(10_000, signature_asked_at=NOW)
        assert rules.council_signing_problems(made, 2, stopped, None) == stopped
        made.council_signed_at = NOW
        assert rules.supplier_signing_problems(made, stopped) == stopped
        assert rules.supplier_signing_problems(made, []) == []

    def test_the_council_signs_first(self) -> None:
        assert "council signs first" in messages(rules.supplier_signing_problems(contract(10_000), []))

    def test_status_follows_the_facts(self) -> None:
        made = contract(10_000)
        assert status_of(made) == "draft"
        made.signature_asked_at = NOW
        assert status_of(made) == "to_sign"
        made.council_signed_at = NOW
        assert status_of(made) == "sent"
        made.supplier_signed_at = NOW
        assert status_of(made) == "active"
        made.ended_at, made.end_kind = NOW, "expired"
        assert status_of(made) == "expired"


class TestMilestones:
    def test_only_what_is_delivered_is_decided_and_a_rejection_needs_a_reason(self) -> None:
        milestone = running(10_000).milestones[0]
        assert "not reported" in messages(rules.deciding_problems(milestone, True, ""))
        milestone.delivered_at = NOW
        assert rules.deciding_problems(milestone, True, "") == []
        assert [each.field for each in rules.deciding_problems(milestone, False, " ")] == ["note"]

    def test_nothing_is_delivered_before_signature_or_twice(self) -> None:
        milestone = contract(10_000).milestones[0]
        assert "Both sides sign" in messages(rules.delivering_problems(milestone, "Done"))
        milestone = running(10_000).milestones[0]
        milestone.delivered_at = NOW
        assert "already" in messages(rules.delivering_problems(milestone, "Done"))
        milestone.rejected_at = NOW
        assert rules.delivering_problems(milestone, "Done") == []


class TestChanges:
    @pytest.mark.parametrize(("part", "result"), [(100, False), (101, True), (-100, False), (-101, True)])
    def test_exactly_a_tenth_does_not_exceed_a_tenth(self, part: int, result: bool) -> None:
        assert exceeds(part, 1000, 10) is result

    def test_a_small_contract_follows_the_councils_own_rules(self) -> None:
        verdict = verdict_on(change(SMALL, by=200_000), get_ground("own_rules"), REGIME)
        assert not verdict.has_warnings
        assert not verdict.needs_notice

    def test_half_as_much_again_on_a_small_contract_is_a_question_for_auditors(self) -> None:
        assert not verdict_on(change(SMALL, by=2_500_000), get_ground("own_rules"), REGIME).has_warnings
        assert verdict_on(change(SMALL, by=2_500_001), get_ground("own_rules"), REGIME).has_warnings

    def test_a_change_over_the_threshold_converts_the_contract(self) -> None:
        grown = change(20_000_000, by=772_000)
        assert is_public(grown, REGIME)
        verdict = verdict_on(grown, get_ground("provided_for"), REGIME)
        assert "takes the contract to the threshold of £207,720" in verdict.findings[0].text
        assert not is_public(change(20_000_000, by=771_999), REGIME)

    @pytest.mark.parametrize("estimate", [LARGE, None])
    def test_a_purchase_above_the_threshold_gives_a_public_contract_however_cheap(self, estimate: int | None) -> None:
        cheap = replace(change(SMALL, by=1_000_000), estimated_pence=estimate)
        verdict = verdict_on(cheap, get_ground("provided_for"), REGIME)
        assert verdict.needs_notice
        assert not verdict.has_warnings

    def test_a_change_to_less_leaves_a_public_contract_public(self) -> None:
        assert is_public(change(LARGE, by=-20_000_000), REGIME)

    @pytest.mark.parametrize("code", ["unforeseeable", "known_risk", "additional_supply"])
    def test_half_of_the_value_is_the_most(self, code: str) -> None:
        assert not verdict_on(change(by=15_000_000), get_ground(code), REGIME).has_warnings
        assert verdict_on(change(by=15_000_001), get_ground(code), REGIME).has_warnings

    def test_one_change_split_in_two_counts_as_one(self) -> None:
        ground = get_ground("unforeseeable")
        assert verdict_on(change(by=7_500_001, before=7_500_000), ground, REGIME).has_warnings
        assert verdict_on(change(by=1_500_001, before=1_500_000), ground, REGIME).needs_notice

    def test_a_notice_comes_first_when_value_or_term_changes_by_more_than_a_tenth(self) -> None:
        ground = get_ground("provided_for")
        assert not verdict_on(change(by=3_000_000, new_end=date(2029, 12, 4)), ground, REGIME).needs_notice
        assert verdict_on(change(by=3_000_001), ground, REGIME).needs_notice
        assert verdict_on(change(new_end=date(2029, 12, 5)), ground, REGIME).needs_notice

    def test_a_longer_term_or_another_scope_is_substantial(self) -> None:
        ground = get_ground("not_substantial")
        assert not verdict_on(change(new_end=date(2029, 12, 4)), ground, REGIME).has_warnings
        assert verdict_on(change(new_end=date(2029, 12, 5)), ground, REGIME).has_warnings
        assert verdict_on(change(scope=False), ground, REGIME).has_warnings

    def test_small_changes_stay_within_a_tenth_and_under_the_threshold(self) -> None:
        ground = get_ground("small_value")
        assert not verdict_on(change(by=3_000_000), ground, REGIME).has_warnings
        assert verdict_on(change(by=3_000_001), ground, REGIME).has_warnings
        assert verdict_on(change(300_000_000, by=20_772_000), ground, REGIME).has_warnings
        assert not verdict_on(change(300_000_000, by=20_771_999), ground, REGIME).has_warnings

    def test_own_rules_are_no_ground_for_a_public_contract(self) -> None:
        assert verdict_on(change(by=1), get_ground("own_rules"), REGIME).has_warnings

    def test_no_notice_where_the_law_has_none(self) -> None:
        northern = regimes.regime_on("NIR", date(2026, 11, 24))
        assert not verdict_on(change(by=20_000_000), get_ground("urgency"), northern).needs_notice

    @given(st.integers(1, 10**10), st.integers(-(10**9), 10**9), st.sampled_from([each.code for each in grounds()]))
    def test_every_change_has_an_answer(self, first: int, by: int, code: str) -> None:
        verdict = verdict_on(change(first, by=by), get_ground(code), REGIME)
        assert verdict.findings

    def test_in_words(self) -> None:
        assert in_words(change(by=-150_000, new_end=date(2029, 12, 4))) == "£1,500 less, ends on 4 December 2029"
        assert in_words(change()) == "terms only"


class TestDeciding:
    def modification(self, **facts: object) -> Modification:
        return Modification(number=1, ground="urgency", proposed_by_id=1, **{"test_result": "[]", **facts})

    def test_the_proposer_does_not_approve(self) -> None:
        found = rules.approving_problems(running(10_000), self.modification(needs_notice=False), 1, False, "")
        assert "another approver" in messages(found)
        assert rules.approving_problems(running(10_000), self.modification(needs_notice=False), 2, False, "") == []

    def test_warnings_are_ticked_and_the_notice_comes_first(self) -> None:
        warned = self.modification(needs_notice=True, test_result='[{"holds": false, "text": "Too much"}]')
        found = rules.approving_problems(running(10_000), warned, 2, False, " ")
        assert [each.field for each in found] == ["knows_warnings", "notice_number"]
        assert rules.approving_problems(running(10_000), warned, 2, True, "012345-2026") == []

    def test_the_value_goes_down_only_by_what_is_still_to_come(self) -> None:
        made = running(6_000, 4_000)
        made.milestones[0].accepted_at = NOW
        less = Change(10_000, 0, -4_001, made.starts_on, made.ends_on, made.ends_on, None, True)
        assert "Only £40 is still" in messages(rules.proposing_problems(made, less, "provided_for", "Less to do"))


class TestEnding:
    def test_each_kind_of_end_has_its_condition(self) -> None:
        made = running(10_000)
        said = ("Done as agreed", "Nine in ten reports come without a call.")
        assert "runs until the end of 30 November 2027" in messages(
            rules.ending_problems(made, "expired", *said, date(2027, 11, 30))
        )
        assert rules.ending_problems(made, "expired", *said, date(2027, 12, 1)) == []
        assert "every milestone accepted" in messages(rules.ending_problems(made, "completed", *said, date(2027, 1, 1)))
        assert rules.ending_problems(made, "terminated", *said, date(2027, 1, 1)) == []

    def test_reason_and_outcome_are_asked_for(self) -> None:
        found = rules.ending_problems(running(10_000), "terminated", "", " ", date(2027, 1, 1))
        assert [each.field for each in found] == ["reason", "outcome"]
