"""Stripe's events: forged ones refused, real ones stored once and looked at, missed ones found; modes never mixed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace import config
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from marketplace.worker import Worker
from tenders.payments.gateway import door, looking
from tenders.payments.gateway.actions import Difference, put_differences_on_record, remember_mode, store_event
from tenders.payments.gateway.missed import fetch_missed
from tenders.payments.gateway.mode import insist_on_mode
from tenders.payments.gateway.models import GatewayEvent
from tenders.payments.gateway.patience import unless_away
from tenders.payments.gateway.queries import open_differences
from tests.stripe_server.server import StandIn
from tests.stripe_server.state import Thing


def _customer(stand_in: StandIn, name: str = "Ashford") -> Thing:
    door.get_door().create_customer(f"council:{name}:customer", name, "finance@example.org", name)
    return stand_in.take_events()[-1]


def _bring(app: Flask, body: bytes, signature: str, path: str = "/stripe/events") -> tuple[int, str]:
    answer = app.test_client().post(path, data=body, headers={"Stripe-Signature": signature})
    return answer.status_code, answer.get_data(as_text=True)


def _stored() -> int:
    return db.session.scalar(select(func.count()).select_from(GatewayEvent)) or 0


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The objects that a room which cares for customers was sent to look at."""
    seen: list[str] = []
    monkeypatch.setattr(looking, "_rooms", [{"customer.": lambda event: not seen.append(event.object_id)}])
    return seen


def test_an_event_that_could_not_be_stored_is_not_taken_for_one_that_is_here(app: Flask, stand_in: StandIn) -> None:
    sent = stand_in.sender.signed(_customer(stand_in))
    hint = door.read_event(*sent, (config.current().stripe_webhook_secret,))
    with pytest.raises(IntegrityError):
        store_event(replace(hint, type=None))  # type: ignore[arg-type]
    assert _bring(app, *sent)[0] == 200 and _stored() == 1


def test_a_real_event_is_stored_once_acknowledged_and_looked_at_by_the_worker(
    app: Flask, stand_in: StandIn, looked: list[str]
) -> None:
    event = _customer(stand_in)
    sent = stand_in.sender.signed(event)
    assert [_bring(app, *sent)[0] for _ in range(100)] == [200] * 100
    assert _stored() == 1 and looked == []
    Worker(app).run_until_idle()
    assert looked == [event["data"]["object"]["id"]]
    assert db.session.get_one(GatewayEvent, event["id"]).outcome == "done"
    lines = db.session.scalars(select(JournalLine).where(JournalLine.event == "StripeEventReceived")).all()
    assert [each.subject for each in lines] == [event["id"]]


def test_what_is_not_stripes_is_refused_and_leaves_nothing(app: Flask, stand_in: StandIn) -> None:
    event = _customer(stand_in)
    body, signature = stand_in.sender.signed(event)
    for sent in (
        (body, ""),
        (body, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        (body[:40] + bytes([body[40] ^ 1]) + body[41:], signature),
        stand_in.sender.signed(event, age=301),
        (b"\xff\xfe", signature),
    ):
        assert _bring(app, *sent)[0] == 400
    assert _bring(app, body, signature, "/stripe/connect-events")[0] == 400
    assert _bring(app, b"x" * 600_000, signature)[0] == 413
    assert _stored() == 0


def test_an_event_of_the_other_mode_is_refused(app: Flask, stand_in: StandIn) -> None:
    status, words = _bring(app, *stand_in.sender.signed({**_customer(stand_in), "livemode": True}))
    assert (status, _stored()) == (400, 0) and "other mode" in words


def test_an_unknown_kind_is_stored_and_nothing_is_done(app: Flask, stand_in: StandIn, looked: list[str]) -> None:
    event = {**_customer(stand_in), "type": "moon.risen"}
    assert _bring(app, *stand_in.sender.signed(event))[0] == 200
    Worker(app).run_until_idle()
    assert db.session.get_one(GatewayEvent, event["id"]).outcome == "nothing to do" and not looked


def test_without_a_key_nobody_is_answered(app: Flask) -> None:
    assert _bring(app, b"{}", "t=1,v1=x")[0] == 404


def test_after_three_days_away_everything_that_was_missed_is_fetched(
    app: Flask, stand_in: StandIn, looked: list[str]
) -> None:
    _bring(app, *stand_in.sender.signed(_customer(stand_in)))
    for number in range(3):
        stand_in.control("pass_time", days=1)
        _customer(stand_in, f"Council {number}")  # its event is lost
    clock.pass_time(days=3)
    assert fetch_missed(()) == 3 and fetch_missed(()) == 0
    Worker(app).run_until_idle()
    assert len(looked) == 4


def test_while_stripe_is_away_an_event_waits_and_the_timetable_goes_on(
    app: Flask, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = _customer(stand_in)
    monkeypatch.setattr(looking, "_rooms", [{"customer.": _away}])
    _bring(app, *stand_in.sender.signed(event))
    Worker(app).run_until_idle()
    assert db.session.get_one(GatewayEvent, event["id"]).processed_at is None
    clock.pass_time(hours=2)
    assert unless_away(looking.look_again) == 0
    monkeypatch.setattr(looking, "_rooms", [])
    assert unless_away(looking.look_again) == 1
    assert unless_away(looking.look_again) == 0


def _away(_event: GatewayEvent) -> bool:
    raise door.GatewayDown("away")


def test_a_database_stays_with_the_kind_of_keys_it_was_first_used_with(app: Flask, stand_in: StandIn) -> None:
    insist_on_mode()
    insist_on_mode()
    config.install(replace(config.current(), stripe_secret_key="sk_live_x"))
    with pytest.raises(config.SettingRefused, match="is a live key, and this database was used with test keys"):
        insist_on_mode()
    assert remember_mode(True) is False


def test_differences_open_change_and_close_by_themselves(app: Flask) -> None:
    found = Difference("ch_1", "A charge that we do not know", "nothing", "£10.00", 1000)
    assert put_differences_on_record([found]) == put_differences_on_record([found]) == 1
    first = open_differences()[0]
    put_differences_on_record([replace(found, theirs="£12.00", pence=1200)])
    assert [(each.id, each.difference_pence) for each in open_differences()] == [(first.id, 1200)]
    clock.pass_time(hours=24)
    assert put_differences_on_record([]) == 0 and not open_differences()
    db.session.refresh(first)
    assert first.resolved_at == clock.now() and first.found_at == clock.now() - timedelta(hours=24)
