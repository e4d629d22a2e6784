"""The law as dated values, and every worked example of its date arithmetic."""

import json
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest

from marketplace.core.errors import NotFound
from tenders import regimes
from tenders.regimes import dates
from tenders.regimes.notices import get_notice_rule
from tenders.regimes.rows import dated_values, notice_rules, route_words

DAY = date(2026, 11, 23)


class TestDates:
    def test_tendering_period_starts_the_day_after_the_invitation(self) -> None:
        assert dates.last_day_after(DAY, 25) == date(2026, 12, 18)

    def test_thirty_days_beginning_with_a_day_counts_the_day(self) -> None:
        assert dates.last_day_beginning_with(date(2026, 12, 1), 30) == date(2026, 12, 30)

    def test_standstill_counts_publication_day_and_skips_st_andrews_day(self) -> None:
        assert dates.standstill_end_on(DAY) == date(2026, 12, 3)
        assert dates.earliest_signing_on(DAY) == date(2026, 12, 4)

    def test_standstill_published_on_a_saturday_starts_on_the_next_working_day(self) -> None:
        assert dates.standstill_end_on(date(2026, 11, 21)) == date(2026, 12, 3)

    def test_standstill_over_christmas(self) -> None:
        # 22, 23, 24, 29, 30, 31 December; then 4 is shut in Scotland, as 1 January is everywhere: 5 and 6 January.
        assert dates.standstill_end_on(date(2026, 12, 22)) == date(2027, 1, 6)

    def test_invoice_is_due_thirty_days_beginning_with_receipt(self) -> None:
        assert dates.payment_due_on(date(2026, 12, 1)) == date(2026, 12, 30)

    def test_invoice_due_date_moves_the_start_only_when_later(self) -> None:
        assert dates.payment_due_on(date(2026, 12, 1), date(2026, 12, 11)) == date(2027, 1, 9)
        assert dates.payment_due_on(date(2026, 12, 1), date(2026, 11, 11)) == date(2026, 12, 30)

    def test_reporting_band_is_one_day_looser_than_the_duty_to_pay(self) -> None:
        received = date(2026, 12, 1)
        paid = dates.payment_due_on(received) + timedelta(days=1)
        assert dates.payment_bucket(received, paid) == "30 days or fewer"
        assert dates.payment_bucket(received, paid + timedelta(days=1)) == "31 to 60 days"
        assert dates.payment_bucket(received, received + timedelta(days=60)) == "31 to 60 days"
        assert dates.payment_bucket(received, received + timedelta(days=61)) == "61 days or more"

    @pytest.mark.parametrize(
        ("day", "ends", "due"),
        [
            (date(2025, 10, 1), date(2026, 3, 31), date(2026, 4, 29)),
            (date(2026, 3, 31), date(2026, 3, 31), date(2026, 4, 29)),
            (date(2026, 4, 1), date(2026, 9, 30), date(2026, 10, 29)),
        ],
    )
    def test_payments_report(self, day: date, ends: date, due: date) -> None:
        assert dates.half_year_end_on(day) == ends
        assert dates.payments_report_due_on(ends) == due

    def test_payment_uploads_fall_on_the_29th_or_30th_after_each_quarter(self) -> None:
        ends = [dates.quarter_end_on(date(2026, month, 15)) for month in (2, 5, 8, 11)]
        assert ends == [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]
        assert [dates.payment_upload_due_on(end) for end in ends] == [
            date(2026, 4, 29),
            date(2026, 7, 29),
            date(2026, 10, 29),
            date(2027, 1, 29),
        ]

    def test_pipeline_notice_is_due_on_26_may(self) -> None:
        assert dates.pipeline_due_on(2027) == date(2027, 5, 26)


class TestRows:
    def test_rows_of_one_key_and_place_never_overlap(self) -> None:
        spans = defaultdict(list)
        for row in dated_values():
            spans[row.key, row.jurisdiction].append((row.from_on, row.to_on or date.max))
        for key, found in spans.items():
            found.sort()
            assert all(before[1] < after[0] for before, after in pairwise(found)), key

    def test_every_row_names_its_source(self) -> None:
        assert all(row.source for row in (*dated_values(), *notice_rules(), *route_words()))

    def test_threshold_changes_on_new_years_day_2026(self) -> None:
        key = "threshold.subcentral.goods_services"
        assert regimes.value(key, "ENG", date(2025, 12, 31)) == 214_904_00
        assert regimes.value(key, "ENG", date(2026, 1, 1)) == 207_720_00

    def test_the_nation_comes_before_the_kingdom(self) -> None:
        assert regimes.find_value("contract_copy.above", "ENG", DAY) == 5_000_000_00
        assert regimes.find_value("contract_copy.above", "WLS", DAY) is None
        assert regimes.find_value("notifiable.subcentral", "NIR", DAY) is None

    def test_unknown_key_is_refused_by_name(self) -> None:
        with pytest.raises(NotFound, match="no.such.rule"):
            regimes.value("no.such.rule", "ENG", DAY)

    def test_before_the_act_there_is_no_threshold(self) -> None:
        with pytest.raises(NotFound):
            regimes.value("threshold.works", "ENG", date(2025, 2, 23))

    def test_scotland_is_blocked_with_a_reason(self) -> None:
        with pytest.raises(regimes.JurisdictionClosed, match="Public Contracts Scotland"):
            regimes.regime_on("SCT", DAY)
        assert not regimes.jurisdiction_of("Scotland").is_open
        assert regimes.jurisdiction_of("Wales").is_open

    def test_scale_runs_from_nought_to_five(self) -> None:
        assert [step.score for step in regimes.scoring_scale()] == [0, 1, 2, 3, 4, 5]
        assert regimes.value("price_formula.default", "ENG", DAY) in {each.code for each in regimes.price_formulas()}


class TestRoutes:
    @pytest.mark.parametrize(
        ("pence", "code"),
        [
            (0, "small"),
            (5_000_00, "small"),
            (5_000_01, "quotes"),
            (29_999_99, "quotes"),
            (30_000_00, "notifiable"),
            (207_719_99, "notifiable"),
            (207_720_00, "above"),
            (None, "above"),
        ],
    )
    def test_english_bands(self, pence: int | None, code: str) -> None:
        route = regimes.route_for(pence, "ENG", DAY)
        assert route.code == code
        assert route.needs_central_notice == (code in ("notifiable", "above"))
        assert route.needs_standstill == (code == "above")

    def test_no_suitability_gate_below_threshold_in_england_only(self) -> None:
        assert not regimes.route_for(50_000_00, "ENG", DAY).allows_suitability_gate
        assert regimes.route_for(50_000_00, "WLS", DAY).allows_suitability_gate
        assert regimes.route_for(500_000_00, "ENG", DAY).allows_suitability_gate

    def test_northern_ireland_has_no_notifiable_band(self) -> None:
        assert regimes.route_for(100_000_00, "NIR", DAY).code == "quotes"
        assert not regimes.needs_central_notice(100_000_00, "NIR", DAY)
        assert regimes.needs_central_notice(300_000_00, "NIR", DAY)

    def test_reservation_opens_on_4_february_2026_below_threshold(self) -> None:
        assert not regimes.route_for(50_000_00, "ENG", date(2026, 2, 3)).allows_reservation
        assert regimes.route_for(50_000_00, "ENG", date(2026, 2, 4)).allows_reservation
        assert not regimes.route_for(500_000_00, "ENG", DAY).allows_reservation

    @pytest.mark.parametrize("jurisdiction", ["ENG", "WLS", "NIR"])
    @pytest.mark.parametrize("pence", [1, 10_000_00, 100_000_00, 300_000_00])
    def test_every_route_says_what_must_be_done(self, jurisdiction: str, pence: int) -> None:
        assert regimes.route_for(pence, jurisdiction, DAY).must


class TestDeadlines:
    def test_above_threshold_follows_the_circumstance(self) -> None:
        assert regimes.earliest_deadline(DAY, 300_000_00) == date(2026, 12, 18)
        assert regimes.earliest_deadline(DAY, 300_000_00, circumstance="preselected") == date(2026, 12, 3)
        assert regimes.earliest_deadline(DAY, 300_000_00, circumstance="other") == date(2026, 12, 28)

    def test_below_threshold_has_no_fixed_minimum_but_never_the_same_day(self) -> None:
        assert regimes.earliest_deadline(DAY, 50_000_00) == date(2026, 11, 24)
        assert regimes.regime_on("ENG", DAY).recommended_deadline(DAY, 50_000_00) == date(2026, 12, 8)
        assert regimes.regime_on("ENG", DAY).recommended_deadline(DAY, 300_000_00) == date(2026, 12, 18)

    def test_standstill_by_regime(self) -> None:
        assert regimes.standstill_end(DAY) == date(2026, 12, 3)


class TestNotices:
    def test_contract_details_within_thirty_days_above_threshold_and_promptly_below(self) -> None:
        signed = date(2026, 12, 1)
        assert regimes.notice_due("UK7", signed, "ENG", DAY) == date(2026, 12, 30)
        assert regimes.notice_due("UK7", signed, "ENG", DAY, "notifiable") is None

    def test_catalogue_has_all_seventeen(self) -> None:
        assert {rule.code for rule in notice_rules()} == {f"UK{number}" for number in range(1, 18)}

    def test_termination_and_report_notices(self) -> None:
        assert regimes.notice_due("UK11", date(2026, 12, 31), "ENG", DAY) == date(2027, 1, 29)
        assert regimes.notice_due("UK17", date(2026, 3, 31), "ENG", DAY) == date(2026, 4, 29)
        assert regimes.notice_due("UK1", date(2027, 4, 1), "ENG", DAY) == date(2027, 5, 26)

    def test_change_notice_does_not_exist_in_northern_ireland(self) -> None:
        with pytest.raises(NotFound, match="UK10"):
            get_notice_rule("UK10", "NIR", DAY)


class TestPins:
    def test_pin_survives_json_and_answers_as_on_its_day(self) -> None:
        kept = json.loads(json.dumps(regimes.pin("ENG", date(2025, 12, 31))))
        regime = regimes.unpin(kept)
        assert regime == regimes.regime_on("ENG", date(2025, 12, 31))
        assert regime.route_for(210_000_00).code == "notifiable"
        assert regimes.route_for(210_000_00, "ENG", DAY).code == "above"

    def test_a_changed_pin_is_noticed(self) -> None:
        kept = regimes.pin("ENG", DAY)
        kept["values"]["standstill"] = 1
        with pytest.raises(ValueError, match="changed"):
            regimes.unpin(kept)

    def test_values_to_check_are_named(self) -> None:
        assert "price_formula.default" in regimes.pin("ENG", DAY)["to_check"]
        assert "standstill" not in regimes.pin("ENG", DAY)["to_check"]

    def test_numbers_and_permissions(self) -> None:
        regime = regimes.regime_on("ENG", DAY)
        assert regime.number("standstill") == 8
        assert regime.payment_due(date(2026, 12, 1)) == date(2026, 12, 30)
        assert regime.permits("reservation.below_threshold")
        assert not regime.permits("suitability_gate.below_threshold")
        with pytest.raises(NotFound):
            regime.number("price_formula.default")
