"""The rules of needs, on needs that no table holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from marketplace.core.errors import Problem
from tenders.needs import amending, content, rules, snapshots, timeline
from tenders.needs.models import BidQuestion, Criterion, Need, NeedCapability, PanelMember, PriceLine, Requirement
from tenders.regimes import regime_on

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def whole_need(**facts: object) -> Need:
    """A draft with nothing left to do."""
    words = dict.fromkeys(
        ("title", "summary", "problem", "who_is_affected", "outcomes", "location", "value_workings", "tie_break"),
        "Said",
    )
    empty = dict.fromkeys(
        (
            "what_exists", "constraints", "postcode", "budget_note", "budget_reference", "reserved_areas", "ocid",
            "reservation_reason", "lots_reason", "conflicts_assessment", "central_notice_number", "central_notice_url",
            "regime", "withdrawal_reason", "copied_from_reference", "copied_from_buyer", "cpv_codes",
        ),
        "",
    )  # fmt: skip
    quality = Criterion(id=1, position=1, kind="quality", name="Quality", weight=60, description="")
    need = Need(
        **{
            **words,
            **empty,
            "reference": "N-2026-0001",
            "buyer_name": "Testshire",
            "region": "London",
            "estimated_value_pence": 2_400_000,
            "sme_barriers": "",
            "jurisdiction": "ENG",
            "reserved_to": "none",
            "is_reserved_for_smes": False,
            "price_formula": "lowest_over_price",
            "questions_close_at": NOW + timedelta(days=10),
            "closes_at": NOW + timedelta(days=20),
            "author_id": 1,
            **facts,
        }
    )
    need.criteria = [quality, Criterion(id=2, position=2, kind="price", name="Price", weight=40, description="")]
    need.requirements = [Requirement(id=1, kind="essential", position=1, text="Council work")]
    need.questions = [
        BidQuestion(id=1, position=1, text="How?", guidance="", word_limit=200, is_required=True, criterion=quality)
    ]
    need.price_lines = [PriceLine(id=1, position=1, label="Build", unit="", quantity=1)]
    need.capability_rows = [NeedCapability(code="case-management")]
    duties = [(2, "opener"), (3, "opener"), (4, "evaluator"), (5, "chair"), (6, "award_approver")]
    need.panel = [PanelMember(person_id=who, duty=duty, named_at=NOW) for who, duty in duties]
    return need


def said(problems: list[Problem], section: str = "") -> str:
    return " | ".join(each.message for each in problems if not section or each.field == section)


def test_a_whole_need_has_nothing_to_do() -> None:
    assert rules.content_problems(whole_need(), NOW) == []


def test_an_empty_need_says_everything_in_the_sections_where_it_is_mended() -> None:
    need = Need(
        **dict.fromkeys((*content.WORDS, "location", "region", "cpv_codes", "value_workings", "tie_break", "regime"), ""),
        **dict.fromkeys(("sme_barriers", "lots_reason", "conflicts_assessment", "reservation_reason"), ""),
        jurisdiction="ENG", price_formula="", reserved_to="none", reserved_areas="", author_id=1,
    )  # fmt: skip
    found = rules.content_problems(need, NOW)
    from tenders.needs.sections import BY_NAME

    assert {each.field for each in found} <= set(BY_NAME)
    assert {"problem", "budget", "dates", "requirements", "criteria", "bid-questions", "price-lines", "panel"} <= {
        each.field for each in found
    }


@pytest.mark.parametrize(
    ("facts", "section", "words"),
    [
        ({"title": "  "}, "title-and-summary", "Enter a title"),
        ({"estimated_value_pence": None}, "budget", "estimated value"),
        ({"closes_at": NOW - timedelta(minutes=1)}, "dates", "in the future"),
        ({"closes_at": NOW + timedelta(hours=2)}, "dates", "at the earliest"),
        ({"questions_close_at": NOW + timedelta(days=21)}, "dates", "before bids close"),
        ({"award_expected_on": date(2026, 12, 1)}, "dates", "after bids close"),
        ({"jurisdiction": "SCT"}, "law", "Public Contracts Scotland"),
        ({"estimated_value_pence": 3_000_000}, "law", "section 86"),
        ({"estimated_value_pence": 20_772_000}, "law", "section 83"),
        ({"reserved_to": "local_area", "reservation_reason": "Jobs"}, "law", "Name the area"),
        ({"tie_break": ""}, "criteria", "same marks"),
    ],
)
def test_each_rule_speaks_in_its_section(facts: dict[str, object], section: str, words: str) -> None:
    assert words in said(rules.content_problems(whole_need(**facts), NOW), section)


def test_above_the_threshold_twenty_five_days_are_needed() -> None:
    need = whole_need(estimated_value_pence=20_772_000, lots_reason="x", conflicts_assessment="x", sme_barriers="x")
    assert "19 December 2026 at the earliest" in said(rules.content_problems(need, NOW), "dates")
    need.closes_at = datetime(2026, 12, 19, 14, tzinfo=UTC)
    assert rules.content_problems(need, NOW) == []


def test_the_central_notice_comes_first_from_thirty_thousand_pounds() -> None:
    assert rules.notice_problems(whole_need(estimated_value_pence=2_999_999), NOW) == []
    need = whole_need(estimated_value_pence=3_000_000)
    assert "£30,000" in said(rules.notice_problems(need, NOW), "central-notice")
    need.central_notice_number = "012345-2026"
    assert rules.notice_problems(need, NOW) == []


def test_publication_needs_the_sealing_key() -> None:
    need = whole_need()
    assert "sealing key" in said(rules.publish_problems(need, NOW))
    need.public_key = b"key"
    assert rules.publish_problems(need, NOW) == []


def test_weights_that_do_not_add_up_are_counted_out() -> None:
    need = whole_need()
    need.criteria[0].weight = 50
    assert "add up to 90" in said(rules.criteria_problems(need))


def test_exactly_one_price_and_every_quality_criterion_is_asked_about() -> None:
    need = whole_need()
    need.criteria[1].kind = "quality"
    words = said(rules.criteria_problems(need))
    assert "Add one criterion for price" in words and "No question is scored under “Price”" in words


@pytest.mark.parametrize(
    ("duties", "words"),
    [
        ([(2, "opener")], "at least two people"),
        ([(2, "opener"), (3, "opener"), (3, "evaluator")], "never score"),
        ([(4, "chair"), (4, "award_approver")], "neither evaluator nor chair"),
        ([(1, "award_approver")], "other than the author"),
    ],
)
def test_duties_are_kept_apart(duties: list[tuple[int, str]], words: str) -> None:
    need = whole_need()
    need.panel = [PanelMember(person_id=who, duty=duty, named_at=NOW) for who, duty in duties]
    assert words in said(rules.panel_problems(need))


def test_somebody_who_left_is_noticed() -> None:
    assert "has left" in said(rules.panel_problems(whole_need(), live_people={2, 3, 4, 5}))


def test_the_author_never_approves() -> None:
    need = whole_need(review_asked_at=NOW)
    assert "another approver" in said(rules.approving_problems(need, 1, NOW))
    assert rules.approving_problems(need, 2, NOW) == []


def test_closing_only_moves_later_and_only_while_open() -> None:
    need = whole_need(published_at=NOW)
    assert need.closes_at is not None
    assert rules.extension_problems(need, need.closes_at + timedelta(microseconds=1), "Asked for", NOW) == []
    assert "after" in said(rules.extension_problems(need, need.closes_at, "Asked for", NOW))
    after = need.closes_at + timedelta(microseconds=1)
    assert "while the need is open" in said(rules.extension_problems(need, after + timedelta(1), "Late", after))


def test_what_is_material_by_rule() -> None:
    assert amending.is_material_by_rule(["requirements"]) and amending.is_material_by_rule(["closes_at", "title"])
    assert not amending.is_material_by_rule(["title", "summary", "documents"])


def test_a_changed_question_needs_a_later_closing_time() -> None:
    need = whole_need(published_at=NOW)
    closes = need.closes_at
    assert closes is not None
    words = said(amending.amendment_problems(["questions"], True, "Clearer", closes, need, NOW))
    assert "move the closing time later" in words
    need.closes_at = closes + timedelta(days=1)
    assert amending.amendment_problems(["questions", "closes_at"], True, "Clearer", closes, need, NOW) == []


def test_a_material_change_leaves_a_week() -> None:
    need = whole_need(published_at=NOW)
    closes = need.closes_at
    assert closes is not None
    late = closes - timedelta(days=6)
    assert "or later" in said(amending.amendment_problems(["requirements"], True, "Law", closes, need, late))
    assert amending.amendment_problems(["summary"], False, "Typing", closes, need, late) == []


def test_content_survives_json_and_finds_its_rows_again() -> None:
    need = whole_need(starts_on=date(2027, 1, 5))
    before = content.content_of(need)
    after = content.from_json(content.to_json(before))
    assert after == before
    criterion = need.criteria[0]
    after["criteria"][0]["weight"], after["criteria"][1]["weight"] = 70, 30
    content.write_content(need, after, NOW)
    assert need.criteria[0] is criterion and criterion.weight == 70
    assert need.questions[0].criterion is criterion


def test_a_question_loses_a_criterion_that_goes() -> None:
    need = whole_need()
    content.write_content(need, {"criteria": content.content_of(need)["criteria"][1:]}, NOW)
    assert need.questions[0].criterion is None


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(KeyError, match="public_key"):
        content.write_content(whole_need(), {"public_key": b""}, NOW)


def test_changes_are_told_in_words() -> None:
    need = whole_need()
    before = snapshots.snapshot_of(need)
    need.criteria[0].weight = 70
    need.closes_at = datetime(2026, 12, 16, 14, tzinfo=UTC)
    changes = {each["field"]: each for each in snapshots.changes_between(before, snapshots.snapshot_of(need))}
    assert set(changes) == {"closes_at", "criteria"}
    assert changes["closes_at"]["after"] == "2:00pm on Wednesday 16 December 2026"
    assert changes["criteria"]["after"] == "Quality: 70%\nPrice: 40%"


def test_the_snapshot_keeps_the_councils_own_matters_in_the_council() -> None:
    need = whole_need(value_workings="SECRET-1", conflicts_assessment="SECRET-2", budget_reference="SECRET-3")
    assert "SECRET" not in snapshots.text_of(snapshots.snapshot_of(need)) and "person_id" not in str(
        snapshots.snapshot_of(need)
    )


def test_the_timeline_is_in_order_and_stops_at_a_withdrawal() -> None:
    need = whole_need(published_at=NOW, award_expected_on=date(2027, 1, 20))
    assert [each.code for each in timeline.timeline(need, NOW)] == [
        "published", "questions_close", "closes", "award_expected",
    ]  # fmt: skip
    need.withdrawn_at = NOW + timedelta(days=1)
    assert [each.code for each in timeline.timeline(need, NOW)] == ["published", "withdrawn"]


def test_a_proposed_closing_is_midweek_in_the_afternoon() -> None:
    for days in range(60):
        proposed = timeline.suggested_closing(regime_on("ENG", NOW.date()), 2_400_000, NOW + timedelta(days=days))
        assert proposed.weekday() in (1, 2, 3)
        assert proposed.hour in (13, 14)
        asked = timeline.suggested_questions_close(regime_on("ENG", NOW.date()), proposed)
        assert NOW + timedelta(days=days) < asked < proposed
