"""Invoices paid by card: on the supplier's own account, once, counted as paid when the payout arrives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.core import clock, db
from marketplace.core.errors import Conflict, Problems
from marketplace.core.journal import JournalLine
from marketplace.core.mail import Mail
from marketplace.worker import Worker
from tenders.payments.gateway import door
from tenders.payments.paying import card, card_accounts, card_sync
from tests.carding import Cards, books, cards, fresh
from tests.stripe_server.server import StandIn

WHOLE = 480_000


@pytest.fixture
def able(stand_in: StandIn) -> Cards:
    return cards(stand_in)


def _bring(app: Flask, able: Cards) -> None:
    """Stripe brings everything that waits, and the worker looks at it."""
    for event in able.stand_in.take_events():
        body, signature = able.stand_in.sender.signed(event)
        path = "/stripe/connect-events" if event.get("account") else "/stripe/events"
        answer = app.test_client().post(path, data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 200, answer.get_data(as_text=True)
    Worker(app).run_until_idle()


def _events() -> list[str]:
    names = db.session.scalars(select(JournalLine.event).order_by(JournalLine.number))
    return [each for each in names if each.startswith("Card")]


def _mails(word: str) -> list[str]:
    return sorted(db.session.scalars(select(Mail.recipient).where(Mail.subject.contains(word))))


def test_from_the_button_to_the_suppliers_bank(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    assert fresh(payment).session_url.startswith(able.stand_in.url) and books(invoice) == (WHOLE, 0, 0)
    able.pay(payment)
    _bring(app, able)
    assert books(invoice) == (0, WHOLE, 0)
    assert fresh(payment).paid_on is None, "a charge is not yet the supplier's money"
    payout = able.paid_out(arrives=False)
    _bring(app, able)
    assert fresh(payment).payout_id == payout and fresh(payment).paid_on is None
    able.do("end_payout", payout=payout)
    _bring(app, able)
    assert books(invoice) == (0, 0, WHOLE)
    assert fresh(payment).paid_on == (clock.now() + timedelta(days=2)).date()
    assert _events() == ["CardConsentGiven", "CardPaymentAsked", "CardPageMade", "CardPaymentCharged", "CardPaymentPaidOut", "CardPaymentArrived"]
    assert len(_mails("Paid by card")) == len(_mails("Paid out")) == 1
    made = [each for each in able.stand_in.state.calls if each.method == "POST" and each.path.endswith("checkout/sessions")]
    assert [(each.account, each.key) for each in made] == [(able.account, f"invoice:{invoice.reference}:pay:1")]


def test_pressed_twice_it_is_one_payment(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    with pytest.raises(Problems, match="under way"):
        able.asked(invoice)
    able.pay(payment)
    card_sync.sync_payment(payment.reference)
    with pytest.raises(Problems, match="Nothing of this invoice is owed"):
        able.asked(invoice)


def test_who_approved_cannot_pay_and_only_approved_invoices_of_agreeing_suppliers_are_paid(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    with pytest.raises(Problems, match="You approved this invoice"):
        able.asked(invoice, by="manager")
    with pytest.raises(Problems, match="approves the invoice first"):
        able.asked(able.sent("INV-2"))
    card_accounts.end_consent(able.member("supplier"))
    with pytest.raises(Problems, match="has not agreed to be paid by card"):
        able.asked(invoice)
    card_accounts.give_consent(able.member("supplier"), True)
    able.do("complete_account", can_be_charged=False)
    _bring(app, able)
    with pytest.raises(Problems, match="cannot take payments at present"):
        able.asked(invoice)
    assert able.stand_in.charged_pence(able.account) == 0


def test_a_declined_card_leaves_the_page_for_another(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    able.pay(payment, fails=True)
    _bring(app, able)
    assert "declined" in fresh(payment).failure and fresh(payment).failed_at is None
    able.pay(payment)
    _bring(app, able)
    assert (fresh(payment).failure, books(invoice)) == ("", (0, WHOLE, 0))


def test_a_page_that_nobody_used_lets_the_invoice_be_paid_again(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    first = able.asked(invoice)
    able.pass_time(hours=13)
    _bring(app, able)
    assert fresh(first).failure == card_sync.NOT_USED and able.member("finance").person.email in _mails("Not paid by card")
    second = able.asked(invoice)
    assert fresh(second).attempt == 2 and fresh(second).session_id != fresh(first).session_id


def test_given_up_the_page_is_shut_and_paid_at_the_last_moment_it_is_paid(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    card_sync.give_up(payment.reference, able.member("finance"))
    assert fresh(payment).failure == card_sync.GIVEN_UP
    with pytest.raises(Exception, match="no longer open"):
        able.pay(payment)
    again = able.asked(invoice)
    able.pay(again)
    assert card_sync.give_up(again.reference, able.member("finance")).charged_at is not None
    assert books(invoice) == (0, WHOLE, 0)
    with pytest.raises(Problems, match="cannot be given up"):
        card_sync.give_up(again.reference, able.member("finance"))


def test_refunds_and_chargebacks_make_the_invoice_owed_again_and_both_sides_are_told(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    charge = able.pay(payment)
    able.do("refund", charge=charge, pence=30_000)
    able.paid_out()
    _bring(app, able)
    assert books(invoice) == (30_000, 0, WHOLE - 30_000)
    dispute = able.do("dispute", charge=charge, pence=100_000)["id"]
    _bring(app, able)
    assert books(invoice) == (130_000, 0, WHOLE - 130_000)
    both = {able.member(each).person.email for each in ("finance", "supplier")}
    assert both <= set(_mails("Taken back by the bank"))
    able.do("close_dispute", dispute=dispute, won=True)
    _bring(app, able)
    assert books(invoice) == (30_000, 0, WHOLE - 30_000)
    assert [each.kind for each in fresh(payment).refunds] == ["refund", "chargeback", "chargeback_won"]


def test_a_payout_that_the_bank_sends_back_is_on_its_way_again(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    able.pay(payment)
    first = able.paid_out()
    _bring(app, able)
    able.do("end_payout", payout=first, fails=True)
    _bring(app, able)
    assert books(invoice) == (0, WHOLE, 0) and fresh(payment).paid_on is None
    able.pass_time(days=1)
    second = able.paid_out()
    _bring(app, able)
    assert books(invoice) == (0, 0, WHOLE) and fresh(payment).payout_id == second


def test_when_stripe_tells_nothing_the_clock_finds_it_all(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    payment = able.asked(invoice)
    able.pay(payment)
    able.paid_out()
    able.stand_in.take_events()
    for _ in range(2):
        able.pass_time(days=1)
        Worker(app).run_until_idle()
    assert books(invoice) == (0, 0, WHOLE)


@pytest.mark.parametrize("point", ["before", "after"])
def test_when_stripe_is_away_the_payment_waits_and_is_made_once(
    app: Flask, able: Cards, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RETRIES", 0)
    door._door.cache_clear()
    invoice = able.approved()
    # The list of pages is asked for first, then the page.
    able.stand_in.control("fault", kinds=["drop"] if point == "before" else ["", "drop after"])
    with pytest.raises(door.GatewayDown):
        able.asked(invoice)
    with pytest.raises(Problems, match="under way"):
        able.asked(invoice)
    assert card_sync.go_on() == 1
    pages = door.get_door().list_sessions(able.account)
    assert len(pages) == 1
    door._door.cache_clear()


def test_a_payment_that_could_not_be_begun_in_time_ends(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    asked = card._ask(invoice.id, able.member("finance"))
    clock.pass_time(hours=12)
    assert card.open_page(asked.reference).failure == card.TOO_LATE
    assert not door.get_door().list_sessions(able.account)


def test_what_stripe_refuses_ends_the_try_with_its_words(app: Flask, able: Cards) -> None:
    invoice = able.approved()
    able.do("complete_account", can_be_charged=False)  # and nobody has told us yet
    payment = able.asked(invoice)
    assert fresh(payment).failed_at is not None and "cannot currently make live charges" in fresh(payment).failure


def test_a_page_for_another_sum_than_is_owed_is_shut(app: Flask, able: Cards) -> None:
    from tenders.payments.invoices import actions

    invoice = able.approved()
    payment = able.asked(invoice)
    actions.send_credit_note(invoice.id, able.member("supplier"), "CN-1", "Less", 10_000, 2_000)
    assert card_sync.go_on() == 1
    assert fresh(payment).failure == card_sync.OTHER_SUM
    assert fresh(able.asked(invoice)).amount_pence == WHOLE - 12_000


def test_a_charge_of_the_suppliers_own_making_pays_nothing(app: Flask, able: Cards) -> None:
    """Whatever a supplier writes into its own account: only the page that was made for a payment pays it."""
    invoice = able.approved()
    payment = able.asked(invoice)
    made = door.get_door().start_card_payment(
        "own", able.account, 100, "x", payment.reference, "http://x/", "http://x/", clock.now() + timedelta(hours=1)
    )
    able.do("pay_page", session=made.id)
    _bring(app, able)
    assert books(invoice) == (WHOLE, 0, 0) and fresh(payment).charged_at is None


def test_an_account_is_made_once_and_consent_is_on_record(app: Flask, able: Cards) -> None:
    card_accounts.connect(able.member("supplier"))
    assert len(able.stand_in.state.books[""].things["account"]) == 1
    with pytest.raises(Problems, match="agreed already"):
        card_accounts.give_consent(able.member("supplier"), True)
    row = card_accounts.find_account(able.member("supplier").organisation_id)
    assert row is not None and row.consented_at == datetime(2027, 1, 12, 10, 0, tzinfo=UTC)


def test_events_of_the_other_mode_do_not_reach_a_payment(app: Flask, able: Cards) -> None:
    from dataclasses import replace

    from tenders.payments.gateway.actions import store_event

    able.pay(able.asked(able.approved()))
    hint = door.get_door().list_events(datetime(2027, 1, 1, tzinfo=UTC), able.account)[0]
    with pytest.raises(Conflict, match="other mode"):
        store_event(replace(hint, is_live=True))
