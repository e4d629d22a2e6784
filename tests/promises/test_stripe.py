"""S19: events in any order, forged, stale, repeated, lost. S20: killed at every point of paying, nobody is charged twice.

Against the stand-in for Stripe (tests/stripe_server), by the real library over HTTP.
"""

from __future__ import annotations

import itertools
import json
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from marketplace import config
from marketplace.core import clock, db
from marketplace.worker import Worker
from tenders.payments import comparing
from tenders.payments.gateway import door, looking
from tenders.payments.gateway.missed import fetch_missed
from tenders.payments.gateway.models import GatewayEvent
from tenders.payments.ledger.posting import balances
from tenders.payments.paying import card_books, card_sync
from tenders.payments.paying.card_accounts import connected_accounts
from tenders.payments.subscriptions import actions, at_gateway
from tests import bidding, subscribing
from tests.carding import Cards, Told, books, cards, fresh
from tests.promises import card_deeds
from tests.promises.proof import Proof
from tests.served import run_python
from tests.stripe_server.server import StandIn
from tests.stripe_server.state import Thing

WHOLE, REFUNDED, DISPUTED = 480_000, 5_000, 10_000
KINDS = ("checkout.session.completed", "charge.succeeded", "charge.refunded", "charge.dispute.created", "payout.paid")
MADE = ("customer", "subscription", "checkout.session")
ORDERS = list(itertools.permutations(range(5)))
ACTION = ("action: begun", "action: rows written", "action: before commit", "action: committed")
CARD, SYNC, ACCOUNTS = (f"tenders.payments.paying.{each}" for each in ("card", "card_sync", "card_accounts"))
# A deed, and the points of it at which it is killed.
POINTS = [
    *(("pay", f"{point} @ {CARD}._ask") for point in ACTION),
    ("pay", "card: page made, not stored"),
    *(("pay", f"{point} @ {CARD}._keep_page") for point in ACTION),
    *(("sync", f"{point} @ {SYNC}._bring_in_line") for point in ACTION),
    *(("payouts", f"{point} @ {SYNC}._carry") for point in ACTION),
    *(("payouts", f"{point} @ {SYNC}._bring_in_line #2") for point in ACTION),
]
ACCOUNT_POINTS = [
    *(("connect", f"{point} @ {ACCOUNTS}._ask") for point in ACTION),
    ("connect", "card: account made, not stored"),
    *(("connect", f"{point} @ {ACCOUNTS}._keep") for point in ACTION),
]
# How a council pays its subscription, and the points at which bringing that to Stripe is killed.
SUBSCRIPTION_POINTS = [
    ("transfer", "subscription: before the customer is made"),
    ("transfer", "subscription: customer made, not stored"),
    ("transfer", "subscription: before it is started"),
    ("transfer", "subscription: started, not stored"),
    ("card", "subscription: before the page is made"),
    ("card", "subscription: page made, not stored"),
    ("cancelled", "subscription: before it is cancelled"),
    ("cancelled", "subscription: cancelled, not stored"),
]
NAMED_POINTS = {point for _, point in [*POINTS, *ACCOUNT_POINTS, *SUBSCRIPTION_POINTS] if not point.startswith("action: ")}


@pytest.fixture
def able(stand_in: StandIn) -> Cards:
    return cards(stand_in)


# S19


class Story:
    """One payment: paid, partly refunded, partly disputed, paid out. Each step gives the event that tells it."""

    def __init__(self, able: Cards, number: int) -> None:
        self.able = able
        self.invoice = able.approved(f"INV-{number}")
        self.payment = able.asked(self.invoice)
        self.charge = ""

    def step(self, number: int) -> Thing:
        """Lets the next thing happen at Stripe; gives its event."""
        if number == 0:
            self.charge = self.able.pay(self.payment)
        elif number == 2:
            self.able.do("refund", charge=self.charge, pence=REFUNDED)
        elif number == 3:
            self.able.do("dispute", charge=self.charge, pence=DISPUTED)
        elif number == 4:
            self.able.paid_out()
        if number != 1:  # the charge's own event came with the page's
            self.events = getattr(self, "events", []) + self.able.stand_in.take_events()
        return next(each for each in reversed(self.events) if each["type"] == KINDS[number])

    def state(self) -> dict[str, Any]:
        """Everything that a page or a file would show of it."""
        row = fresh(self.payment)
        return {
            "books": books(self.invoice),
            "charged": row.charged_at is not None,
            "paid_on": row.paid_on,
            "failed": row.failed_at,
            "back": sorted((each.kind, each.amount_pence) for each in row.refunds),
        }


def oracle(story: Story) -> dict[str, Any]:
    """What must be in the end, from what happened and nothing of ours."""
    payout = list(story.able.stand_in.state.of(story.able.account).things["payout"].values())[-1]
    back = REFUNDED + DISPUTED
    return {
        "books": (back, 0, WHOLE - back),
        "charged": True,
        "paid_on": datetime.fromtimestamp(payout["arrival_date"], UTC).date(),
        "failed": None,
        "back": [("chargeback", DISPUTED), ("refund", REFUNDED)],
    }


def bring(app: Flask, able: Cards, event: Thing, age: int = 0) -> int:
    body, signature = able.stand_in.sender.signed(event, age)
    return app.test_client().post("/stripe/connect-events", data=body, headers={"Stripe-Signature": signature}).status_code


def told_in(app: Flask, able: Cards, order: tuple[int, ...], number: int) -> list[str]:
    """The five events in this order, each as soon as it and those before it have happened; what is wrong in the end."""
    story, happened, waiting = Story(able, number), dict[int, Thing](), list(order)
    for step in range(5):
        happened[step] = story.step(step)
        while waiting and waiting[0] in happened:
            event = happened[waiting.pop(0)]
            assert bring(app, able, event) == 200
            looking.look_at(event["id"])
    wanted, found = oracle(story), story.state()
    return [f"{order}: {name} is {found[name]}, not {wanted[name]}" for name in wanted if found[name] != wanted[name]]


def test_events_in_any_order_end_alike(app: Flask, able: Cards, proof: Proof) -> None:
    many = proof.size("S19")
    orders = ORDERS if many >= len(ORDERS) else ORDERS[:: len(ORDERS) // many][:many]
    wrong = [fault for number, order in enumerate(orders) for fault in told_in(app, able, order, number)]
    wrong += [f"{name}: {pence}" for name, pence in [("the ledger's sum", sum(balances().values()))] if pence]
    wrong += [f"{each.object_id}: {each.what}" for each in comparing.compare()]
    proof.tell("S19", "orders of five events of one payment, each told as soon as it can be", count=len(orders), violations=wrong)


def test_the_comparison_of_orders_sees_a_fact_that_is_forgotten(
    app: Flask, able: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_books, "post_back", lambda refund: None)
    assert any("books" in each for each in told_in(app, able, (0, 1, 2, 3, 4), 1))


def test_forged_changed_stale_and_repeated_events(app: Flask, able: Cards, proof: Proof) -> None:
    story = Story(able, 1)
    event = story.step(0)
    body, signature = able.stand_in.sender.signed(event)
    client, wrong, tried = app.test_client(), list[str](), 0
    step = max(1, (len(body) + len(signature)) // (10 * proof.size("S19")))

    def post(body: bytes, signature: str) -> int:
        return client.post("/stripe/connect-events", data=body, headers={"Stripe-Signature": signature}).status_code

    for place in range(0, len(body), step):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        wrong += [f"byte {place} of the body"] if post(changed, signature) != 400 else []
        tried += 1
    for place in range(0, len(signature), max(1, step // 20)):
        changed_one = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
        wrong += [f"byte {place} of the signature"] if post(body, changed_one) != 400 else []
        tried += 1
    for age in (301, 3600, -301):
        wrong += [f"{age} seconds old"] if bring(app, able, event, age) != 400 else []
    wrong += ["a refused one was stored"] if db.session.get(GatewayEvent, event["id"]) else []
    again = [bring(app, able, event) for _ in range(100)]
    wrong += [f"answered {status} when repeated" for status in again if status != 200]
    for _ in range(100):
        looking.look_at(event["id"])
    wrong += [f"after a hundred looks: {books(story.invoice)}"] if books(story.invoice) != (0, WHOLE, 0) else []
    unknown = {**event, "id": "evt_unknown", "type": "moon.risen"}
    wrong += ["an unknown kind was refused"] if bring(app, able, unknown) != 200 else []
    wrong += ["an unknown kind did something"] if looking.look_at("evt_unknown") != looking.NOTHING else []
    proof.tell("S19", "forged, changed by a byte, stale, repeated and unknown events", count=tried + 204, violations=wrong)


def test_three_days_away(app: Flask, able: Cards, proof: Proof) -> None:
    proof.size("S19")
    story = Story(able, 1)
    for step in range(5):
        story.step(step)
        if step in (1, 2, 3):
            able.pass_time(days=1)
    fetch_missed(connected_accounts())
    Worker(app).run_until_idle()
    wanted, found = oracle(story), story.state()
    wrong = [name for name in wanted if wanted[name] != found[name]]
    proof.tell("S19", "every event of three days lost, then fetched", count=1, violations=wrong)


# S20


def _environment(stand_in: StandIn) -> dict[str, str]:
    settings = config.current()
    return {
        "MARKETPLACE_STRIPE_SECRET_KEY": settings.stripe_secret_key,
        "MARKETPLACE_STRIPE_API": stand_in.url,
    }


def _killed(able: Cards, deed: str, point: str, **facts: Any) -> list[str]:
    """Does the deed in a process of its own that is killed at the point; says so when it was not."""
    said = json.dumps({"at": clock.now().isoformat(), **facts})
    db.session.rollback()  # nothing is held meanwhile
    done = run_python(
        config.current(), "tests.promises.card_deeds", deed, said, MARKETPLACE_FAILPOINT=point, **_environment(able.stand_in)
    )
    return [] if done.returncode == -signal.SIGKILL else [f"was not killed: {done.returncode} {done.stderr[-800:]}"]


def pay_every_page(able: Cards) -> None:
    """The most careless council: pays on every page that Stripe made and that can still be paid on."""
    for session in list(able.stand_in.state.of(able.account).things["checkout.session"].values()):
        if session["status"] == "open":
            able.do("pay_page", session=session["id"])


def wrong_in_the_end(able: Cards, invoice: Told, charged_before: int) -> list[str]:
    """Charged once, and nothing forgotten: not in our rows, not in the ledger, not by Stripe's own account of it."""
    charged = able.stand_in.charged_pence(able.account) - charged_before
    wrong = [] if charged == WHOLE else [f"charged {charged} pence, not {WHOLE}"]
    if books(invoice) != (0, 0, WHOLE):
        wrong.append(f"the ledger says {books(invoice)}")
    wrong += [f"{each.object_id}: {each.what}" for each in comparing.compare()]
    return wrong + ([] if sum(balances().values()) == 0 else ["the ledger does not sum to nothing"])


def _one_kill(able: Cards, number: int, deed: str, point: str) -> list[str]:
    before = able.stand_in.charged_pence(able.account)
    invoice = able.approved(f"INV-{number}")
    facts = {"invoice": invoice.id, "member": able.members["finance"]}
    wrong = []
    if deed == "pay":
        wrong += _killed(able, deed, point, **facts)
    card_deeds.do("pay", {**facts})  # pressed again; refused while the first is under way
    card_sync.go_on()
    pay_every_page(able)
    if deed == "sync":
        wrong += _killed(able, deed, point)
    card_deeds.do("pay", {**facts})
    card_sync.sync_open()
    able.paid_out()
    if deed == "payouts":
        wrong += _killed(able, deed, point)
    card_sync.sync_payouts()
    return [f"{deed}, {point}: {each}" for each in [*wrong, *wrong_in_the_end(able, invoice, before)]]


@pytest.mark.slow
def test_killed_at_every_point_of_paying(app: Flask, able: Cards, proof: Proof) -> None:
    many = proof.size("S20")
    chosen = list(itertools.islice(itertools.cycle(POINTS), many)) if many >= len(POINTS) else POINTS[:: len(POINTS) // many][:many]
    wrong = [fault for number, (deed, point) in enumerate(chosen) for fault in _one_kill(able, number, deed, point)]
    told = f"{len(set(chosen))} points, Stripe remembering keys"
    proof.tell("S20", "paying killed, pressed again, every open page paid", count=len(chosen), violations=wrong, measured=told)


@pytest.mark.slow
def test_killed_while_an_account_is_made(app: Flask, stand_in: StandIn, proof: Proof) -> None:
    points = ACCOUNT_POINTS if proof.size("S20") > 20 else ACCOUNT_POINTS[4:5]
    wrong = []
    stand_in.control("stop_clock", at=clock.now().timestamp())
    able = Cards(None, {}, stand_in, "")  # type: ignore[arg-type]
    for deed, point in points:
        member = bidding.bidder().id
        wrong += _killed(able, deed, point, member=member)
        card_deeds.do("connect", {"member": member})
        card_deeds.do("finish", {})
    made = len(stand_in.state.books[""].things["account"])
    wrong += [f"{made} accounts for {len(points)} suppliers"] if made != len(points) else []
    proof.tell("S20", "making a supplier's account killed and asked for again", count=len(points), violations=wrong)


@pytest.mark.slow
def test_killed_while_a_subscription_is_brought_to_stripe(app: Flask, stand_in: StandIn, proof: Proof) -> None:
    points = SUBSCRIPTION_POINTS if proof.size("S20") > 20 else SUBSCRIPTION_POINTS[3:4]
    stand_in.control("stop_clock", at=clock.now().timestamp())
    wrong, things = list[str](), stand_in.state.books[""].things
    for way, point in points:
        by, before = subscribing.in_trial(), {kind: len(things[kind]) for kind in MADE}
        if way == "card":
            at_gateway.ask_card_page(by.finance, "")
        else:
            actions.order(by.finance, "transfer", "", is_by_hand=False)
        if way == "cancelled":
            at_gateway.bring_all()
            actions.cancel(by.finance)
        wrong += _killed(Cards(None, {}, stand_in, ""), "bring", point)  # type: ignore[arg-type]
        at_gateway.bring_all()
        at_gateway.bring_all()
        made = {kind: len(things[kind]) - before[kind] for kind in MADE}
        wanted = {"customer": 1, "subscription": int(way != "card"), "checkout.session": int(way == "card")}
        wrong += [f"{point}: made {made}"] if made != wanted else []
        if way == "cancelled" and not list(things["subscription"].values())[-1]["cancel_at_period_end"]:
            wrong.append(f"{point}: it goes on at Stripe")
    proof.tell("S20", "bringing a subscription to Stripe killed and gone on with", count=len(points), violations=wrong)


def test_the_check_of_kills_sees_a_second_charge(app: Flask, able: Cards) -> None:
    """A payment that is asked for under a new key each time: the careless council pays twice, and it shows."""
    invoice = able.approved()
    payment = able.asked(invoice)
    door.get_door().start_card_payment(
        "another key", able.account, WHOLE, "Again", payment.reference, "http://x/", "http://x/", clock.now() + timedelta(hours=1)
    )
    pay_every_page(able)
    card_sync.sync_open()
    able.paid_out()
    card_sync.sync_payouts()
    assert any("charged 960000 pence" in each for each in wrong_in_the_end(able, invoice, 0))

