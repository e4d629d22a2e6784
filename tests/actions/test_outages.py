"""An outage is noticed once, every deadline that it hit is found, and two people answer for each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from marketplace.core import clock, db
from marketplace.core.errors import Problems
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail
from marketplace.worker import Worker
from tenders.bids import opening, submission
from tenders.needs import amending
from tenders.needs.models import Need
from tenders.needs.status import status_of
from tenders.outages import actions, queries, watch
from tenders.outages.models import EXTEND, KEEP, DeadlineHit, Outage
from tests import bidding, making

pytestmark = pytest.mark.usefixtures("house")
LIMIT = timedelta(seconds=60)
BOTH = ("worker", "web")


def beat(*parts: str, **passed: float) -> Outage | None:
    """Time passes, then these parts are seen at work."""
    if passed:
        clock.pass_time(**passed)
    return actions.beat(parts or BOTH, LIMIT)


def outages() -> list[tuple[str, float]]:
    rows = db.session.scalars(select(Outage).order_by(Outage.began_at)).all()
    return [(each.failed, (each.ended_at - each.began_at).total_seconds() if each.ended_at else 0.0) for each in rows]


def lines(event: str) -> int:
    return len(db.session.scalars(select(JournalLine).where(JournalLine.event == event)).all())


def closing_in(**amount: float) -> Need:
    return making.open_need(closes_at=clock.now() + timedelta(**amount))


@pytest.fixture
def hit_purchase() -> Iterator[bidding.Purchase]:
    """A purchase whose deadline fell into ten minutes without a service."""
    made = bidding.purchase(closes_at=clock.now() + timedelta(minutes=5))
    beat()
    beat(minutes=10)
    yield made


def test_a_service_that_beats_has_no_outage_and_says_nothing() -> None:
    before = db.session.scalars(select(JournalLine)).all()
    for _ in range(20):
        assert beat(seconds=59) is None
    assert outages() == [] and len(db.session.scalars(select(JournalLine)).all()) == len(before)


def test_ten_minutes_away_is_one_outage_however_often_it_is_looked_at() -> None:
    beat()
    assert beat(minutes=10) is not None
    assert beat() is None and beat(seconds=5) is None
    assert outages() == [("web,worker", 600.0)]
    assert lines("OutageBegan") == lines("OutageEnded") == 1


def test_a_web_that_does_not_answer_is_an_outage_while_the_worker_goes_on() -> None:
    beat()
    need = closing_in(minutes=3)
    for _ in range(30):
        beat("worker", seconds=10)
    assert outages() == [("web", 0.0)] and queries.find_outage_under_way() is not None
    assert "has been away since" in queries.waiting_problems(need)[0].message
    assert beat(seconds=10) is not None
    assert outages() == [("web", 310.0)] and lines("DeadlineHitByOutage") == 1


def test_a_worker_that_dies_again_within_an_outage_changes_nothing_twice() -> None:
    beat()
    beat("worker", minutes=10)
    beat("worker", minutes=10)
    assert beat(minutes=10) is not None
    assert outages() == [("web,worker", 1800.0)] and lines("OutageEnded") == 1


def test_a_kill_between_noticing_and_the_commit_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    beat()
    need = closing_in(minutes=5)
    monkeypatch.setattr(actions, "_end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        beat(minutes=10)
    db.session.rollback()
    assert outages() == []
    monkeypatch.undo()
    assert beat(seconds=1) is not None
    assert outages() == [("web,worker", 601.0)]
    assert [each.need_id for each in queries.pending_hits()] == [need.id]


def test_every_deadline_in_the_outage_or_the_day_after_is_found_and_no_other() -> None:
    beat()
    now = clock.now()
    made = {
        "before": making.open_need(closes_at=now - timedelta(seconds=1)),
        "at its beginning": closing_in(),
        "within": closing_in(minutes=5),
        "a day after its end": closing_in(minutes=10, hours=24),
        "more than a day after": closing_in(minutes=10, hours=24, seconds=1),
        "withdrawn": closing_in(minutes=6),
        "a draft": making.need(closes_at=now + timedelta(minutes=5)),
    }
    with db.one_action("test"):
        made["withdrawn"].withdrawn_at, made["withdrawn"].withdrawal_reason = clock.now(), "Not needed"
        actions.record(making.MadeForTest(subject="x", need=made["withdrawn"].reference))
    beat(minutes=10)
    found = {each.need_id for each in queries.pending_hits()}
    assert {name for name, need in made.items() if need.id in found} == {
        "at its beginning",
        "within",
        "a day after its end",
    }


def test_nothing_is_opened_before_two_people_decided(hit_purchase: bidding.Purchase) -> None:
    made = hit_purchase
    with pytest.raises(Problems, match="An officer and an approver of your council decide first"):
        opening.begin_opening(made.need.id, made.first, making.OPENING)
    assert queries.is_decision_pending(made.need)
    actions.propose_answer(made.need.id, made.first, KEEP, None, "No bidder was writing.")
    assert queries.is_decision_pending(made.need)
    with pytest.raises(Problems, match="You proposed this"):
        actions.approve_answer(made.need.id, made.first)
    actions.approve_answer(made.need.id, made.second)
    assert not queries.is_decision_pending(made.need)
    opening.begin_opening(made.need.id, made.first, making.OPENING)


def test_more_time_reopens_a_need_for_everyone_and_says_why(hit_purchase: bidding.Purchase) -> None:
    made, member = hit_purchase, bidding.bidder()
    later = queries.proposal_for(queries.find_open_hit(made.need), clock.now())
    actions.propose_answer(made.need.id, made.first, EXTEND, later, "Two firms telephoned.")
    assert status_of(made.need) == "closed"
    actions.approve_answer(made.need.id, made.second)
    assert status_of(made.need) == "open" and made.need.closes_at == later
    version = made.need.versions[-1]
    assert version.kind == "extended" and version.reason.startswith("This service was away from 10:00:00am")
    assert version.reason.endswith("Two firms telephoned.")
    bid = bidding.submitted(made.need, member)
    assert isinstance(submission.submit_bid(bid.id, member, "k" * 20, later + timedelta(1)), submission.RefusedLate)
    assert beat(seconds=30) is None and not queries.is_decision_pending(made.need)


def test_what_is_sent_back_waits_for_an_officer_again(hit_purchase: bidding.Purchase) -> None:
    made = hit_purchase
    actions.propose_answer(made.need.id, made.first, KEEP, None, "x")
    with pytest.raises(Problems, match="Say what must change"):
        actions.send_answer_back(made.need.id, made.second, " ")
    hit = actions.send_answer_back(made.need.id, made.second, "Give them a day.")
    assert hit.note == "Give them a day." and hit.proposed_at is None
    with pytest.raises(Problems, match="No proposal"):
        actions.approve_answer(made.need.id, made.second)


def test_a_time_that_came_too_near_can_only_be_sent_back(hit_purchase: bidding.Purchase) -> None:
    made = hit_purchase
    later = clock.now() + timedelta(hours=3)
    actions.propose_answer(made.need.id, made.first, EXTEND, later, "x")
    clock.pass_time(hours=2, minutes=30)
    with pytest.raises(Problems, match="less than an hour away"):
        actions.approve_answer(made.need.id, made.second)
    actions.send_answer_back(made.need.id, made.second, "Later, please.")


def test_two_outages_of_one_deadline_are_answered_together() -> None:
    beat()
    made = bidding.purchase(closes_at=clock.now() + timedelta(hours=5))
    beat(minutes=10)
    beat(minutes=20)
    assert len(queries.pending_hits()) == 2
    actions.propose_answer(made.need.id, made.first, KEEP, None, "x")
    beat(minutes=20)  # a third, which nobody has thought about
    actions.approve_answer(made.need.id, made.second)
    assert len(queries.pending_hits()) == 1 and queries.is_decision_pending(made.need)


def test_an_ordinary_extension_settles_it() -> None:
    beat()
    made = bidding.purchase(closes_at=clock.now() + timedelta(hours=5))
    beat(minutes=10)
    assert queries.is_decision_pending(made.need)
    amending.extend_need(made.need.id, made.first, clock.now() + timedelta(days=2), "More time.")
    assert not queries.pending_hits()


def test_the_council_is_written_to_once_and_bidders_of_the_extension(
    app, hit_purchase: bidding.Purchase, rows_stay_attached: None
) -> None:
    made, firm = hit_purchase, bidding.bidder()
    clock.pass_time(minutes=-10)
    bidding.drafted(made.need, firm)  # begun in time
    clock.pass_time(minutes=10)
    worker = Worker(app)
    worker.run_until_idle()
    worker.run_until_idle()
    mails = db.session.scalars(select(Mail).order_by(Mail.id)).all()
    told = [each.recipient for each in mails if each.subject.startswith("Decide on more time")]
    assert len(told) == len(set(told)) and {made.first.person.email, made.evaluator.person.email} <= set(told)
    assert firm.person.email not in told and made.third.person.email not in told
    later = queries.proposal_for(queries.find_open_hit(made.need), clock.now())
    actions.propose_answer(made.need.id, made.first, EXTEND, later, "x")
    worker.run_until_idle()
    assert (made.second.person.email, f"Approve the answer to an outage: {made.need.title}") in _posted()
    actions.approve_answer(made.need.id, made.second)
    worker.run_until_idle()
    assert (firm.person.email, f"More time to bid: {made.need.title}") in _posted()


def _posted() -> list[tuple[str, str]]:
    return [(each.recipient, each.subject) for each in db.session.scalars(select(Mail).order_by(Mail.id))]


# -- the watch


def test_the_watch_remembers_what_failed() -> None:
    answers = {"alive": True}
    looking = watch.Watch("http://127.0.0.1:1/alive", LIMIT, ask=lambda _: answers["alive"])
    looking.one_beat()
    assert set(queries.seen_parts()) == {"web", "worker"}
    answers["alive"] = False
    clock.pass_time(seconds=50)
    looking.one_beat()
    clock.pass_time(seconds=50)
    looking.one_beat()
    assert outages() == [("web", 0.0)]
    answers["alive"] = True
    looking.one_beat()
    assert outages() == [("web", 100.0)]


def test_a_database_that_is_away_is_named_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = watch.Watch("", LIMIT)
    looking.one_beat()
    with monkeypatch.context() as broken:
        def away(*_: object) -> None:
            raise OperationalError("select 1", {}, Exception("no connection"))

        broken.setattr(actions, "beat", away)
        looking.one_beat()
    clock.pass_time(minutes=3)
    looking.one_beat()
    assert outages() == [("database", 180.0)]


def test_the_watch_goes_on_while_the_worker_is_busy_or_mail_hangs() -> None:
    clock.set_clock(None)
    looking = watch.Watch("", timedelta(seconds=0.08))
    looking.start()
    began, seen = clock.now(), set()
    while len(seen) < 4 and clock.now() < began + timedelta(seconds=20):  # what a worker does all by itself
        seen.update(queries.seen_parts().values())
        db.session.rollback()
        time.sleep(0.02)
    looking.stop()
    assert len(seen) >= 4


def test_a_front_door_that_is_shut_is_a_no() -> None:
    assert not watch.web_answers("http://127.0.0.1:9/alive")


def test_a_part_that_is_no_longer_watched_holds_nothing_up() -> None:
    beat()
    need = closing_in(minutes=1)
    beat("worker", minutes=2)
    clock.pass_time(seconds=1)
    assert queries.is_decision_pending(need)
    actions.stop_watching("web")
    assert beat("worker", seconds=1) is not None
    assert [each.closes_at for each in db.session.scalars(select(DeadlineHit))] == [need.closes_at]
