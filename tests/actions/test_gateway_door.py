"""The door to Stripe against the stand-in: once by key, errors in words, values in pence, events believed or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from marketplace import config
from marketplace.core import clock
from tenders.payments.gateway import door
from tests.stripe_server.server import StandIn


def _supplier(stand_in: StandIn) -> str:
    account = door.get_door().create_account("account:S-1", "S-1")
    stand_in.control("complete_account", account=account.id)
    return account.id


def _page(account: str, pence: int = 120_000, key: str = "invoice:I-1:pay:1"):
    return door.get_door().start_card_payment(
        key, account, pence, "Invoice 7", "P-1", "http://x/back", "http://x/not", clock.now() + timedelta(hours=1)
    )


def test_without_a_key_the_door_says_so(app: Flask) -> None:
    assert not door.is_on()
    with pytest.raises(door.GatewayOff, match="not connected to Stripe"):
        door.get_door()


def test_the_same_key_does_a_thing_once_and_never_another_thing(stand_in: StandIn) -> None:
    account = _supplier(stand_in)
    assert _page(account).id == _page(account).id
    with pytest.raises(door.GatewayRefused, match="same parameters"):
        _page(account, pence=1)
    assert {each.version for each in stand_in.state.calls} == {door.API_VERSION}


def test_a_lost_answer_is_asked_for_again_and_nothing_is_made_twice(stand_in: StandIn) -> None:
    account = _supplier(stand_in)
    stand_in.control("fault", kinds=["drop after"])
    page = _page(account)
    assert [each.id for each in door.get_door().list_sessions(account)] == [page.id]


@pytest.mark.parametrize("fault", ["500", "drop"])
def test_trouble_at_stripe_is_told_as_trouble(stand_in: StandIn, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RETRIES", 0)
    stand_in.control("fault", kinds=[fault])
    with pytest.raises(door.GatewayDown, match="Try again in a few minutes"):
        door.Door("sk_test_x", stand_in.url).get_balance()


def test_refusals_carry_stripes_word_and_a_key_of_the_other_mode_is_one(stand_in: StandIn) -> None:
    with pytest.raises(door.GatewayRefused) as refused:
        door.get_door().get_intent("pi_of_nobody")
    assert refused.value.code == "resource_missing"
    with pytest.raises(door.GatewayRefused, match="does not accept this service's key"):
        door.Door("sk_live_x", stand_in.url).get_balance()


def test_a_card_payment_from_page_to_payout(stand_in: StandIn) -> None:
    account, gate = _supplier(stand_in), door.get_door()
    page = _page(account)
    stand_in.control("pay_page", session=page.id, account=account, fails=True)
    assert gate.get_session(page.id, account).status == "open"
    stand_in.control("pay_page", session=page.id, account=account)
    done = gate.get_session(page.id, account)
    assert (done.status, done.payment_status, done.amount_pence, done.reference) == ("complete", "paid", 120_000, "P-1")
    charge = gate.get_charge(gate.get_intent(done.intent, account).charge, account)
    assert (charge.status, charge.amount_pence, charge.refunded_pence) == ("succeeded", 120_000, 0)
    payout = stand_in.control("pay_out", account=account)
    lines = gate.list_balance_lines(account, payout_id=payout["id"])
    assert [(each.type, each.source) for each in lines] == [("payout", payout["id"]), ("charge", charge.id)]
    assert gate.get_balance(account).total_pence == 0


def test_a_year_of_a_subscription(stand_in: StandIn) -> None:
    gate = door.get_door()
    council = gate.create_customer("council:C-1:customer", "Ashford", "finance@example.org", "C-1")
    gate.update_customer(council.id, purchase_order="PO 17")
    product, rate = gate.ensure_product("market-cross-subscription", "Subscription"), gate.ensure_vat_rate(2000)
    assert gate.ensure_vat_rate(2000) == rate
    begun = gate.start_subscription("subscription:S-1:start", council.id, product, 100_000, rate, "S-1")
    invoice = gate.finalize_invoice(begun.latest_invoice)
    assert (invoice.status, invoice.net_pence, invoice.vat_pence, invoice.total_pence) == ("open", 100_000, 20_000, 120_000)
    assert invoice.due_at is not None and invoice.due_at - clock.now() == timedelta(days=30)
    assert invoice.purchase_order == "PO 17"
    stand_in.control("transfer", customer=council.id, pence=50_000)
    assert (gate.get_invoice(invoice.id).status, gate.get_cash_balance_pence(council.id)) == ("open", 50_000)
    stand_in.control("transfer", customer=council.id, pence=80_000)
    assert (gate.get_invoice(invoice.id).status, gate.get_cash_balance_pence(council.id)) == ("paid", 10_000)
    note = gate.credit_invoice("credit:1", invoice.id, 12_000, "A month less", pays_back=True)
    assert (note.net_pence, note.vat_pence, len(note.refunds)) == (10_000, 2_000, 1)
    assert gate.get_balance().total_pence == 108_000
    stand_in.control("pass_time", days=366)
    assert [each.status for each in gate.list_invoices(subscription_id=begun.id)] == ["open", "paid"]


def test_a_signed_event_is_read_and_everything_else_is_refused(stand_in: StandIn) -> None:
    account = _supplier(stand_in)
    event = stand_in.events[-1]
    body, header = stand_in.sender.signed(event)
    secrets = [stand_in.state.secret, stand_in.state.connect_secret]
    read = door.read_event(body, header, secrets)
    assert (read.type, read.account, read.is_live) == ("account.updated", account, False)
    for bad in ("", "t=1,v1=", "t=x,v1=y", header.replace("v1=", "v1=0"), header.replace("t=", "t=1")):
        with pytest.raises(door.Forged):
            door.read_event(body, bad, secrets)
    with pytest.raises(door.Forged):
        door.read_event(body.replace(b"account.updated", b"account.updatee"), header, secrets)
    with pytest.raises(door.Forged):
        door.read_event(body, header, ["whsec_other", ""])
    for age in (301, -301):
        with pytest.raises(door.Forged, match="300 seconds"):
            door.read_event(body, stand_in.sender.signed(event, age)[1], secrets)


def test_what_was_missed_can_be_listed(stand_in: StandIn) -> None:
    account = _supplier(stand_in)
    found = door.get_door().list_events(datetime.fromtimestamp(0, UTC), account)
    assert [(each.type, each.account) for each in found] == [("account.updated", account)]


def test_settings_keep_keys_to_themselves_and_refuse_what_is_no_key() -> None:
    settings = config.load_settings({"MARKETPLACE_STRIPE_SECRET_KEY": "sk_live_canary"})
    assert settings.is_stripe_live and "canary" not in repr(settings)
    assert not replace(settings, stripe_secret_key="sk_test_1").is_stripe_live
    for name, value in (
        ("MARKETPLACE_STRIPE_SECRET_KEY", "pk_test_canary"),
        ("MARKETPLACE_STRIPE_WEBHOOK_SECRET", "canary"),
        ("MARKETPLACE_STRIPE_API", "http://stripe.example"),
    ):
        with pytest.raises(config.SettingRefused, match=name) as refused:
            config.load_settings({name: value})
        assert "canary" not in str(refused.value)
