"""The demonstration's data: whole, linked to reference data, and free of personal details."""

import re
from datetime import UTC, date, datetime

import pytest

from marketplace.core.geography import REGIONS, find_place
from marketplace.demo_data import FOLDER, demo_suppliers, open_needs, past_needs
from marketplace.reference import capabilities, find_council, find_cpv
from tenders.regimes import route_for

CODES = {each.code for each in capabilities()}


def test_past_needs_are_whole() -> None:
    needs = list(past_needs())
    assert len(needs) == len({need.source_id for need in needs}) == 252
    assert sum(len(need.questions) for need in needs) == 2661
    assert all(need.title and need.buyer and need.problem and need.summary for need in needs)
    assert all(need.published_on < need.closes_on for need in needs)
    assert all(sum(need.weights.values()) == 100 for need in needs)
    assert {need.region for need in needs} <= {*REGIONS, ""}
    assert {code for need in needs for code in need.capabilities} <= CODES


def test_winners_are_known_where_a_need_was_awarded() -> None:
    needs = list(past_needs())
    assert {need.source_id for need in needs if need.award} == {
        need.source_id for need in needs if need.status == "awarded"
    }
    assert sum(bool(need.award) for need in needs) == 8


def test_suppliers_are_distinct_and_say_something() -> None:
    suppliers = list(demo_suppliers())
    assert len(suppliers) == len({each.name.lower() for each in suppliers}) == 155
    assert len({(each.source, each.source_id) for each in suppliers}) == 155
    assert all(each.about or each.solutions for each in suppliers)
    assert all(find_place(each.postcode) for each in suppliers if each.postcode)
    assert {code for each in suppliers for code in each.capabilities} <= CODES


@pytest.mark.parametrize("name", ["needs.jsonl", "suppliers.jsonl", "open_needs.json"])
def test_no_personal_details_are_left(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.findall(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", text)
    assert not re.findall(r"(?:\+44|(?<![\w/=-])0[1-9])[\d ]{8,12}\d", text)
    assert "Hannan" not in text
    assert "teams.microsoft.com" not in text


def test_open_needs_can_be_published_as_they_are() -> None:
    needs = open_needs()
    assert 6 <= len(needs) <= 8
    for need in needs:
        assert find_council(need.council), need.council
        assert find_place(need.postcode), need.postcode
        assert sum(each.weight for each in need.criteria) == 100, need.title
        assert [each.kind for each in need.criteria].count("price") == 1
        assert {each.criterion for each in need.questions} == {
            each.name for each in need.criteria if each.kind == "quality"
        }
        assert all(0 < each.word_limit <= 500 for each in need.questions)
        assert set(need.capabilities) <= CODES, need.title
        assert all(find_cpv(code) for code in need.cpv_codes)
        assert 0 < need.questions_close_in_days < need.closes_in_days < need.starts_in_days
        assert need.essential
        assert need.price_lines


def test_open_needs_cover_three_routes() -> None:
    routes = {route_for(need.budget_pence, "ENG", date(2026, 11, 22)).code for need in open_needs()}
    assert routes == {"quotes", "notifiable", "above"}


def test_open_needs_close_at_their_london_time() -> None:
    need = next(each for each in open_needs() if each.council == "BEN")
    assert need.closes_at(date(2026, 7, 1)) == datetime(2026, 7, 24, 13, tzinfo=UTC)
    assert need.questions_close_at(date(2026, 7, 1)) == datetime(2026, 7, 16, 13, tzinfo=UTC)
    assert need.answers
