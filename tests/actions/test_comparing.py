"""Stripe and our record compared: equal after a payment, a planted difference found, mended or left open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import update

from marketplace import cli, config
from marketplace.core import clock, db
from tenders.payments import comparing
from tenders.payments.gateway.queries import open_differences, resolved_differences
from tenders.payments.paying import card_sync
from tenders.payments.paying.models import Payment
from tests.carding import Cards, Told, books, cards, fresh
from tests.stripe_server.server import StandIn

WHOLE = 480_000


@pytest.fixture
def able(stand_in: StandIn) -> Cards:
    return cards(stand_in)


@pytest.fixture
def paid(app: Flask, able: Cards) -> Told:
    payment = able.asked(able.approved())
    able.pay(payment)
    card_sync.sync_payment(payment.reference)
    card_sync.sync_payout(able.account, able.paid_out())
    return payment


def _open() -> list[str]:
    return [each.what for each in open_differences()]


def test_after_a_payment_both_tell_the_same(app: Flask, able: Cards, paid: Told) -> None:
    assert comparing.compare() == []
    assert comparing.reconcile() == comparing.Found([], [])


def test_what_nobody_told_us_is_found_put_on_record_and_brought_in_line(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    charge = able.pay(payment)
    found = comparing.reconcile()
    assert [each.what for each in found.before] == ["A charge that only Stripe knows"] and found.left == []
    assert books(invoice) == (0, WHOLE, 0)
    able.do("refund", charge=charge, pence=30_000)
    able.paid_out()
    found = comparing.reconcile()
    assert [each.what for each in found.before] == ["What is left of a charge"] and found.left == []
    assert books(invoice) == (30_000, 0, WHOLE - 30_000)
    assert {each.resolution for each in resolved_differences()} == {"Both tell the same again."}


def test_money_that_was_charged_and_never_paid_out_is_found_after_two_weeks(app: Flask, able: Cards) -> None:
    payment = able.asked(able.approved())
    able.pay(payment)
    card_sync.sync_payment(payment.reference)
    assert comparing.compare() == []
    clock.pass_time(days=15)
    assert [each.what for each in comparing.reconcile().left] == [f"No payout of {payment.reference} is known"]


@pytest.mark.parametrize(
    ("kind", "values", "what"),
    [
        ("charge", {"amount": WHOLE - 1}, "What was charged"),
        ("charge", {"amount_refunded": 5}, "What is left of a charge"),
        ("payout", {"arrival_date": 1_800_000_000}, "When {} arrived"),
    ],
)
def test_a_planted_difference_stays_open_until_it_is_gone(
    app: Flask, able: Cards, paid: Told, kind: str, values: dict[str, int], what: str
) -> None:
    row = fresh(paid)
    planted = row.charge_id if kind == "charge" else row.payout_id
    things = able.stand_in.state.of(able.account).things[kind][planted]
    before = {each: things[each] for each in values}
    able.do("plant", kind=kind, id=planted, values=values)
    for _ in range(2):
        assert what.format(paid.reference) in [each.what for each in comparing.reconcile().left]
    assert what.format(paid.reference) in _open()
    able.do("plant", kind=kind, id=planted, values=before)
    assert comparing.reconcile().left == [] and not _open()


def test_a_charge_that_stripe_does_not_know_and_a_ledger_that_lost_a_penny_are_found(
    app: Flask, able: Cards, paid: Told
) -> None:
    with db.housekeeping() as current:
        current.execute(update(Payment).where(Payment.id == paid.id).values(charge_id="ch_nobody"))
    found = {each.what for each in comparing.compare()}
    assert {"A charge that only we know", "A charge that only Stripe knows"} <= found


def test_our_own_balance_is_compared_too(app: Flask, able: Cards) -> None:
    from tests.stripe_server import paying

    state = able.stand_in.state
    paying.move(state, state.books[""], "adjustment", 777, "adj_1")
    assert [(each.object_id, each.pence) for each in comparing.compare()] == [("balance", 777)]


def _command() -> Result:
    """What `marketplace reconcile-payments` says and ends with."""
    said = CliRunner().invoke(cli.cli, ["reconcile-payments"])
    db.session.rollback()
    return said


def test_the_command_ends_with_0_1_or_2(
    app: Flask, able: Cards, paid: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "prepare_current", config.current)
    monkeypatch.setattr("marketplace.app.create_app", lambda settings: app)
    charge = fresh(paid).charge_id
    same = _command()
    assert (same.exit_code, same.stdout) == (0, "") and "Stripe and our record tell the same." in same.stderr

    able.do("refund", charge=charge, pence=30_000)
    mended = _command()
    assert (mended.exit_code, mended.stdout) == (0, "") and "1 more differed, and our side was brought in line." in mended.stderr

    able.do("plant", kind="charge", id=charge, values={"amount": WHOLE - 1})
    differs = _command()
    assert differs.exit_code == 1 and "differ. They stand on the administrator's page" in differs.stderr
    assert f"{charge}: What was charged. We say £4,800, Stripe says £4,799.99." in differs.stdout

    settings = config.current()
    config.install(replace(settings, stripe_secret_key=""))
    assert _command().exit_code == 2, "without a key nothing can be told"
    config.install(replace(settings, stripe_api="http://127.0.0.1:9"))
    away = _command()
    assert (away.exit_code, away.stdout) == (2, "") and away.stderr, "nobody answers"
    able.stand_in.state.is_live = True  # refuses the key
    config.install(settings)
    assert _command().exit_code == 2
