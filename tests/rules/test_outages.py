"""Which closing time is proposed after an outage, and who may decide on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.clock import london
from marketplace.core.working_days import is_working_day
from tenders import regimes
from tenders.outages import rules
from tenders.outages.models import EXTEND, KEEP, DeadlineHit, Outage
from tenders.outages.rules import Terms

TERMS = Terms()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("closes_at", "minutes", "now", "proposed"),
    [
        # Still to come: what was lost, in full hours.
        ("2026-11-25T12:00", 10, "2026-11-24T15:00", "2026-11-25T13:00"),
        ("2026-11-25T12:00", 61, "2026-11-24T15:00", "2026-11-25T14:00"),
        # Past: a day's notice, because nobody sees it at once.
        ("2026-11-24T12:00", 10, "2026-11-24T12:05", "2026-11-25T12:05"),
        # Out of working hours: the next working day, at the hour of the old deadline.
        ("2026-11-25T16:30", 10, "2026-11-24T15:00", "2026-11-26T16:30"),
        ("2026-11-27T12:00", 300, "2026-11-26T15:00", "2026-11-27T17:00"),
        ("2026-11-27T12:00", 10, "2026-11-27T12:05", "2026-12-01T12:00"),  # Monday is St Andrew's Day
        ("2026-11-24T23:59", 10, "2026-11-24T15:00", "2026-11-25T09:00"),
        ("2026-11-25T20:00", 10, "2026-11-24T15:00", "2026-11-26T12:00"),
        # The clocks go back in the night: noon stays noon.
        ("2026-10-23T11:00", 10, "2026-10-23T11:05", "2026-10-26T12:00"),
    ],
)
def test_the_time_proposed(closes_at: str, minutes: int, now: str, proposed: str) -> None:
    assert rules.proposed_closing(at(closes_at), timedelta(minutes=minutes), at(now), TERMS) == at(proposed)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=20)),
    st.timedeltas(timedelta(days=-2), timedelta(days=3)),
)
def test_what_was_lost_is_given_back_in_working_hours(closes_at: datetime, lost: timedelta, since: timedelta) -> None:
    now = closes_at + since
    found = rules.proposed_closing(closes_at, lost, now, TERMS)
    assert found >= closes_at + lost
    assert closes_at > now or found >= now + TERMS.notice
    local = london(found)
    assert is_working_day(local.date()) and TERMS.first <= local.time() <= TERMS.last


def test_the_terms_are_dated_configuration() -> None:
    regime = regimes.regime_on("ENG", datetime(2026, 11, 24).date())
    assert Terms.of(regime) == TERMS
    assert set(regime.to_check) >= {"outage.window_hours", "outage.unit_minutes", "outage.notice_hours"}
    assert Terms.of(None) == TERMS


def test_what_failed_names_the_cause_before_what_it_took_along() -> None:
    assert rules.what_failed(["web", "worker"], ["machine", "web"]) == "machine"
    assert rules.what_failed(["worker"], ["database"]) == "database"
    assert rules.what_failed(["worker", "web"], ["web"]) == "web,worker"


def _hit(**facts: object) -> DeadlineHit:
    outage = Outage(began_at=at("2026-11-24T11:50"), ended_at=at("2026-11-24T12:05"), failed="web")
    return DeadlineHit(outage=outage, closes_at=at("2026-11-24T12:00"), **facts)


def said(problems: list) -> str:
    return " ".join(each.message for each in problems)


def test_what_an_officer_may_propose() -> None:
    now = at("2026-11-24T13:00")
    later = at("2026-11-25T12:15")
    assert rules.proposing_problems(_hit(), EXTEND, later, "The web was away.", now) == []
    assert rules.proposing_problems(_hit(), KEEP, None, "Nobody bid in the last days.", now) == []
    assert "Enter the reason" in said(rules.proposing_problems(_hit(), EXTEND, later, " ", now))
    assert "Choose whether" in said(rules.proposing_problems(_hit(), "", later, "x", now))
    assert "at least the time that was lost" in said(
        rules.proposing_problems(_hit(), EXTEND, at("2026-11-24T12:14"), "x", now)
    )
    assert "an hour at least" in said(rules.proposing_problems(_hit(), EXTEND, at("2026-11-24T13:59"), "x", now))
    assert "Enter the new closing" in said(rules.proposing_problems(_hit(), EXTEND, None, "x", now))
    assert "waits for an approver already" in said(
        rules.proposing_problems(_hit(proposed_at=now), EXTEND, later, "x", now)
    )
    assert rules.proposing_problems(None, EXTEND, later, "x", now)


def test_another_person_decides_and_bidders_keep_time() -> None:
    now = at("2026-11-24T13:00")
    hit = _hit(proposed_at=now, proposed_by_id=1, choice=EXTEND, new_closes_at=at("2026-11-25T12:00"))
    assert "another approver" in said(rules.answering_problems(hit, 1, now))
    assert rules.answering_problems(hit, 2, now) == []
    assert "less than an hour away" in said(rules.answering_problems(hit, 2, at("2026-11-25T11:30")))
    assert rules.answering_problems(_hit(), 2, now)


def test_nothing_is_certain_before_every_part_was_seen_after_the_deadline() -> None:
    closes_at = at("2026-11-24T12:00")
    soon, before = closes_at + timedelta(seconds=4), closes_at - timedelta(seconds=4)
    assert rules.watch_problem(closes_at, {}, None) is None
    assert rules.watch_problem(closes_at, {"worker": soon, "web": soon}, None) is None
    assert "not certain yet" in rules.watch_problem(closes_at, {"worker": soon, "web": before}, None).message
    lasting = Outage(began_at=before, failed="web")
    assert "has been away since" in rules.watch_problem(closes_at, {"worker": soon, "web": before}, lasting).message
    assert rules.watch_problem(before, {"web": soon}, Outage(began_at=closes_at, failed="web")) is None
