"""Subscriptions at Stripe, against the stand-in over HTTP: by invoice and by card, every turn, and the ledger after each."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from marketplace.listeners import LISTENERS
from marketplace.worker import serve
from tenders.payments.gateway import door
from tenders.payments.ledger import accounts
from tenders.payments.ledger.posting import balance, balances
from tenders.payments.subscriptions import actions, at_gateway, keeping, queries, syncing
from tenders.payments.subscriptions.emails import EMAILS
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tenders.payments.subscriptions.standing import status_of
from tests import subscribing
from tests.letterbox import mails_to, write_mails
from tests.stripe_server.server import StandIn
from tests.stripe_server.state import Thing
from tests.subscribing import Council

OURS = ("subscriptions at Stripe", "stripe")


def work() -> None:
    """The worker's part in this: wishes brought, events looked at."""
    for _ in range(3):
        for listener in LISTENERS:
            if listener.name in OURS:
                serve(listener)
    db.session.expire_all()


def bring_events(app: Flask, stand_in: StandIn, events: list[Thing] | None = None) -> None:
    """Stripe tells what happened, and the worker looks."""
    work()
    for event in stand_in.take_events() if events is None else events:
        body, signature = stand_in.sender.signed(event)
        answer = app.test_client().post("/stripe/events", data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 200, answer.get_data(as_text=True)
    work()


def a_year_passes(app: Flask, stand_in: StandIn) -> None:
    """Ten months at once, then in steps over the notice and the renewal."""
    days_pass(app, stand_in, 330, each=330)
    days_pass(app, stand_in, 45)


def days_pass(app: Flask, stand_in: StandIn, days: int, each: int = 15) -> None:
    """Time passes here and at Stripe; the worker looks after everything, and hears what happened."""
    for done in range(0, days, each):
        step = min(each, days - done)
        clock.pass_time(hours=24 * step)
        stand_in.control("pass_time", days=step)
        bring_events(app, stand_in)
        keeping.look_after_all()


def by_invoice(app: Flask, stand_in: StandIn, purchase_order: str = "PO-77") -> Council:
    by = subscribing.in_trial()
    actions.order(by.finance, "transfer", purchase_order, is_by_hand=False)
    bring_events(app, stand_in)
    return by


def by_card(app: Flask, stand_in: StandIn) -> Council:
    by = subscribing.in_trial()
    at_gateway.bring(at_gateway.ask_card_page(by.finance, "PO-9").id)
    stand_in.control("pay_page", session=by.subscription.session_id)
    bring_events(app, stand_in)
    return by


def transfer(app: Flask, stand_in: StandIn, by: Council, pence: int) -> None:
    stand_in.control("transfer", customer=by.subscription.customer_id, pence=pence)
    bring_events(app, stand_in)


def told(name: str) -> int:
    return db.session.scalar(select(func.count()).where(JournalLine.event == name)) or 0


def check_books(by: Council) -> None:
    """The ledger sums to nothing, and tells of Stripe what Stripe tells of itself."""
    there = door.get_door()
    syncing.sync_own_balance()
    assert sum(balances().values()) == 0
    assert balance(accounts.STRIPE) == there.get_balance().total_pence
    cash = there.get_cash_balance_pence(by.subscription.customer_id)
    assert balance(accounts.STRIPE_CASH) == cash == queries.in_hand_pence(by.organisation.reference)
    for each in queries.invoices_of_council(by.organisation.id):
        rows = each.total_pence - each.paid_pence - each.credited_pence + each.refunded_pence
        assert queries.left_pence(each) == (0 if each.voided_at else rows)


def test_an_order_by_invoice_is_sent_at_once_with_its_number_and_paid_by_transfer(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    invoice = by.invoice
    assert (invoice.net_pence, invoice.vat_pence, invoice.total_pence) == (240_000, 48_000, 288_000)
    assert invoice.purchase_order == "PO-77" and invoice.page_url and invoice.pdf_url and invoice.number
    assert invoice.due_on == clock.today() + timedelta(days=30)
    assert status_of(by.subscription, clock.today()) == "unpaid" and by.left_pence == 288_000
    transfer(app, stand_in, by, 288_000)
    assert status_of(by.subscription, clock.today()) == "paid" and by.left_pence == 0
    assert balance(accounts.STRIPE) == 288_000 and told("SubscriptionPaid") == 1
    check_books(by)


def test_part_of_an_invoice_waits_until_all_of_it_is_there(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    transfer(app, stand_in, by, 88_000)
    assert by.left_pence == 288_000 and queries.in_hand_pence(by.organisation.reference) == 88_000
    check_books(by)
    write_mails(app, EMAILS)
    assert "£2,000 are missing" in mails_to(by.finance.person.email)[-1].subject
    transfer(app, stand_in, by, 200_000)
    assert by.left_pence == 0 and queries.in_hand_pence(by.organisation.reference) == 0
    check_books(by)


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_what_is_paid_beyond_pays_for_the_next_year(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    transfer(app, stand_in, by, 300_000)
    assert by.left_pence == 0 and queries.in_hand_pence(by.organisation.reference) == 12_000
    check_books(by)
    a_year_passes(app, stand_in)
    assert told("SubscriptionRenewing") == 1 and told("SubscriptionRenewed") == 1
    assert by.subscription.period_starts_on is not None and by.subscription.period_starts_on.year == 2027
    assert len(queries.invoices_of_council(by.organisation.id)) == 2 and by.left_pence == 288_000
    transfer(app, stand_in, by, 276_000)
    assert by.left_pence == 0 and status_of(by.subscription, clock.today()) == "paid"
    check_books(by)


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_unpaid_it_stops_new_needs_and_the_transfer_opens_them(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    days_pass(app, stand_in, 95, each=19)
    assert told("SubscriptionOverdue") == 2 and by.is_stopped
    transfer(app, stand_in, by, 288_000)
    assert not by.is_stopped
    check_books(by)


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_a_card_orders_only_when_it_was_charged_and_renews_by_itself(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.in_trial()
    at_gateway.bring(at_gateway.ask_card_page(by.finance, "PO-9").id)
    stand_in.control("pay_page", session=by.subscription.session_id, fails=True)
    bring_events(app, stand_in)
    assert by.subscription.ordered_at is None and by.subscription.session_url
    stand_in.control("pay_page", session=by.subscription.session_id)
    bring_events(app, stand_in)
    row = by.subscription
    assert row.pays_by == "card" and row.ordered_by_id == by.finance.person_id and not row.session_url
    assert status_of(row, clock.today()) == "paid" and by.invoice.total_pence == 288_000
    check_books(by)
    a_year_passes(app, stand_in)
    assert len(queries.invoices_of_council(by.organisation.id)) == 2 and by.left_pence == 0
    check_books(by)


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_a_card_that_fails_at_renewal_is_told_once_and_tried_again(app: Flask, stand_in: StandIn) -> None:
    by = by_card(app, stand_in)
    stand_in.control("fail_card", customer=by.subscription.customer_id)
    days_pass(app, stand_in, 363, each=363)
    days_pass(app, stand_in, 6, each=3)
    assert by.left_pence == 288_000 and told("SubscriptionPaymentFailed") == 1
    assert by.invoice.failed_at is not None and not by.is_stopped
    stand_in.control("fail_card", customer=by.subscription.customer_id, fails=False)
    days_pass(app, stand_in, 9, each=3)
    assert by.left_pence == 0
    check_books(by)


def test_ordering_by_invoice_after_all_shuts_the_page_for_the_card(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.in_trial()
    at_gateway.bring(at_gateway.ask_card_page(by.finance, "").id)
    page = by.subscription.session_id
    actions.order(by.finance, "transfer", "", is_by_hand=False)
    bring_events(app, stand_in)
    assert door.get_door().get_session(page).status == "expired"
    assert [each.collection_method for each in door.get_door().list_subscriptions()] == ["send_invoice"]
    assert by.subscription.pays_by == "transfer" and not by.subscription.session_id


def test_a_page_paid_in_the_moment_of_ordering_by_invoice_is_the_order(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.in_trial()
    at_gateway.bring(at_gateway.ask_card_page(by.finance, "").id)
    stand_in.control("pay_page", session=by.subscription.session_id)
    actions.order(by.finance, "transfer", "", is_by_hand=False)
    bring_events(app, stand_in)
    assert [each.collection_method for each in door.get_door().list_subscriptions()] == ["charge_automatically"]
    assert by.subscription.pays_by == "card" and by.left_pence == 0
    check_books(by)


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_cancelled_taken_back_and_cancelled_again_it_ends_with_the_year(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    transfer(app, stand_in, by, 288_000)
    for act, wanted in ((actions.cancel, True), (actions.take_back_cancelling, False), (actions.cancel, True)):
        act(by.finance)
        bring_events(app, stand_in)
        state = door.get_door().get_subscription(by.subscription.subscription_id)
        assert state.cancels_at_period_end is wanted is by.subscription.gateway_cancels
    a_year_passes(app, stand_in)
    assert by.subscription.ended_at is not None and told("SubscriptionEnded") == 1
    assert len(queries.invoices_of_council(by.organisation.id)) == 1
    actions.order(by.finance, "transfer", "", is_by_hand=False)
    bring_events(app, stand_in)
    assert db.session.scalar(select(func.count()).select_from(Subscription)) == 2
    assert len({each.customer for each in door.get_door().list_subscriptions()}) == 1, "the council stays one customer"
    check_books(by)


def test_what_is_cancelled_at_stripe_itself_is_cancelled_here(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    door.get_door().cancel_at_period_end(by.subscription.subscription_id)
    bring_events(app, stand_in)
    assert by.subscription.cancel_asked_at is not None
    at_gateway.bring_all()
    assert door.get_door().get_subscription(by.subscription.subscription_id).cancels_at_period_end


@pytest.mark.slow  # months pass at the stand-in, hour by hour
def test_another_purchase_order_stands_on_the_next_invoice(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    transfer(app, stand_in, by, 288_000)
    actions.change_purchase_order(by.finance, "PO-88")
    bring_events(app, stand_in)
    a_year_passes(app, stand_in)
    orders = [each.purchase_order for each in queries.invoices_of_council(by.organisation.id)]
    assert orders == ["PO-88", "PO-77"]


def test_a_voided_invoice_is_owed_no_more(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    door.get_door().credit_invoice("c", by.invoice.invoice_id, 28_800, "A tenth less.")
    bring_events(app, stand_in)
    assert by.left_pence == 259_200
    check_books(by)
    door.get_door().void_invoice(by.invoice.invoice_id)
    bring_events(app, stand_in)
    assert by.left_pence == 0 and by.invoice.voided_at is not None
    assert balance(accounts.INCOME) == balance(accounts.OUR_VAT) == 0
    check_books(by)


def test_a_credit_note_lowers_an_open_invoice_by_its_share_of_vat(app: Flask, stand_in: StandIn) -> None:
    by = by_invoice(app, stand_in)
    door.get_door().credit_invoice("c", by.invoice.invoice_id, 28_800, "A tenth less.")
    bring_events(app, stand_in)
    assert by.left_pence == 259_200 and balance(accounts.OUR_VAT) == -43_200 and balance(accounts.INCOME) == -216_000
    transfer(app, stand_in, by, 259_200)
    assert by.left_pence == 0 and told("SubscriptionCredited") == 1
    check_books(by)


@pytest.mark.parametrize("pays_back", [True, False])
def test_a_credit_note_on_a_paid_invoice_gives_money_back(app: Flask, stand_in: StandIn, pays_back: bool) -> None:
    by = by_card(app, stand_in)
    door.get_door().credit_invoice("c", by.invoice.invoice_id, 28_800, "Away for a month.", pays_back)
    bring_events(app, stand_in)
    assert by.left_pence == 0 and by.invoice.refunded_pence == by.invoice.credited_pence == 28_800
    assert balance(accounts.BANK) == (0 if pays_back else -28_800)
    check_books(by)


@pytest.mark.slow  # three turns, each over HTTP
def test_a_refund_and_a_chargeback_are_owed_again_and_a_won_one_is_not(app: Flask, stand_in: StandIn) -> None:
    by = by_card(app, stand_in)
    charge = door.get_door().list_charges()[0].id
    stand_in.control("refund", charge=charge, pence=8_000)
    bring_events(app, stand_in)
    assert by.left_pence == 8_000 and told("SubscriptionRefunded") == 1 and not by.invoice.is_open
    check_books(by)
    dispute = stand_in.control("dispute", charge=charge, pence=280_000)
    bring_events(app, stand_in)
    assert by.left_pence == 288_000
    check_books(by)
    stand_in.control("close_dispute", dispute=dispute["id"], won=True)
    bring_events(app, stand_in)
    assert by.left_pence == 8_000
    check_books(by)


def test_payouts_and_fees_of_our_own_account_reach_the_bank_once(app: Flask, stand_in: StandIn) -> None:
    by = by_card(app, stand_in)
    payout = stand_in.control("pay_out")
    stand_in.control("end_payout", payout=payout["id"])
    bring_events(app, stand_in)
    assert balance(accounts.STRIPE) == 0 and syncing.sync_own_balance() == 0
    assert balance(accounts.BANK) + balance(accounts.STRIPE_FEES) == 288_000
    check_books(by)


def facts(by: Council) -> tuple[object, ...]:
    row = by.subscription
    rows = db.session.scalars(select(SubscriptionInvoice).order_by(SubscriptionInvoice.id)).all()
    said = [(each.gateway_status, each.paid_pence, each.credited_pence, each.refunded_pence) for each in rows]
    return row.pays_by, row.period_ends_on, row.gateway_status, said, balances()


def test_order_repeats_and_losses_of_events_cannot_matter(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.in_trial()
    actions.order(by.finance, "transfer", "PO-77", is_by_hand=False)
    work()
    stand_in.control("transfer", customer=by.subscription.customer_id, pence=300_000)
    door.get_door().credit_invoice("c", by.invoice.invoice_id, 14_400, "A twentieth less.")
    events = stand_in.take_events()
    chance = random.Random(7)
    bring_events(app, stand_in, chance.sample(events, len(events)) + events)
    said = facts(by)
    check_books(by)
    for _ in range(2):
        bring_events(app, stand_in, chance.sample(events, len(events)))
        assert facts(by) == said


def test_without_any_event_the_nightly_look_finds_the_same(app: Flask, stand_in: StandIn) -> None:
    by = subscribing.in_trial()
    actions.order(by.finance, "transfer", "", is_by_hand=False)
    work()
    stand_in.control("transfer", customer=by.subscription.customer_id, pence=288_000)
    stand_in.take_events()
    assert by.left_pence == 288_000
    assert syncing.sync_all() == 1
    assert by.left_pence == 0
    check_books(by)
    lines = db.session.scalar(select(func.count()).select_from(JournalLine))
    syncing.sync_all()
    assert db.session.scalar(select(func.count()).select_from(JournalLine)) == lines, "a second look tells nothing new"


@pytest.mark.parametrize("fault", ["drop after", "500", "drop"])
def test_while_stripe_is_in_trouble_the_order_waits_and_is_made_once(
    app: Flask, stand_in: StandIn, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RETRIES", 0)
    door._door.cache_clear()
    by = subscribing.in_trial()
    actions.order(by.finance, "transfer", "PO-77", is_by_hand=False)
    for calls in range(9):
        stand_in.state.faults[:] = [""] * calls + [fault]
        at_gateway.bring_quietly(by.subscription.id)
    stand_in.state.faults.clear()
    at_gateway.bring_all()
    bring_events(app, stand_in)
    there = door.get_door()
    assert len(there.list_subscriptions()) == 1 and len(there.list_invoices()) == 1
    assert by.invoice.purchase_order == "PO-77" and by.left_pence == 288_000
    door._door.cache_clear()
    check_books(by)


def test_events_of_others_and_of_nothing_known_leave_no_trace(app: Flask, stand_in: StandIn) -> None:
    there = door.get_door()
    stranger = there.create_customer("k", "Stranger", "s@example.org", "A-OTHER")
    product, rate = there.ensure_product("p", "P"), there.ensure_vat_rate(2000)
    there.start_subscription("s", stranger.id, product, 100_000, rate, "S-OTHER")
    stand_in.control("transfer", customer=stranger.id, pence=1_000)
    bring_events(app, stand_in)
    assert balances() == {} and db.session.scalar(select(func.count()).select_from(SubscriptionInvoice)) == 0


class Stopped(BaseException):
    """The process ends here, as far as the rows and Stripe can tell."""


STOPS = (
    "subscription: before the customer is made",
    "subscription: customer made, not stored",
    "subscription: before it is started",
    "subscription: started, not stored",
    "subscription: before the page is made",
    "subscription: page made, not stored",
    "subscription: before it is cancelled",
    "subscription: cancelled, not stored",
)


@pytest.mark.slow  # eight journeys, each over HTTP
@pytest.mark.parametrize("stop", STOPS)
def test_wherever_the_worker_stops_the_order_is_made_once_and_none_is_forgotten(
    app: Flask, stand_in: StandIn, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {stop}

    def stops(point: str) -> None:
        if point in left:
            left.remove(point)
            raise Stopped

    monkeypatch.setattr(at_gateway, "failpoint", stops)
    by, is_card = subscribing.in_trial(), "page" in stop

    def bring() -> None:
        try:
            at_gateway.bring(by.subscription.id)
        except Stopped:
            db.session.rollback()

    if is_card:
        at_gateway.ask_card_page(by.finance, "PO-77")
    else:
        actions.order(by.finance, "transfer", "PO-77", is_by_hand=False)
    bring()
    at_gateway.bring_all()
    if is_card:
        stand_in.control("pay_page", session=by.subscription.session_id)
    bring_events(app, stand_in)
    actions.cancel(by.finance)
    bring()
    at_gateway.bring_all()
    bring_events(app, stand_in)
    assert not left, "the worker never came to this point"
    there = door.get_door()
    (started,) = there.list_subscriptions()
    assert started.cancels_at_period_end and by.subscription.subscription_id == started.id
    assert len(there.list_invoices()) == 1 and len(stand_in.state.books[""].things["customer"]) == 1
    assert len(stand_in.state.books[""].things["checkout.session"]) == (1 if is_card else 0)
    assert by.invoice.purchase_order == "PO-77"
    check_books(by)
