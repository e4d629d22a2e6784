"""Brings payments by card in line with what Stripe says of them now. Repeating it changes nothing.

Everything is read from Stripe's objects as they stand, never from an event: so it does not matter what happened in
which order, nor which events came. Rows are only added, and the ledger posts each fact once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.journal import record
from tenders.payments.gateway.answers import (
    ChargeState,
    CheckoutSession,
    DisputeState,
    IntentState,
    PayoutState,
    RefundState,
)
from tenders.payments.gateway.door import Door, get_door
from tenders.payments.gateway.looking import Looks
from tenders.payments.gateway.models import GatewayEvent
from tenders.payments.invoices.actions import of
from tenders.payments.invoices.books import owed_pence
from tenders.payments.paying import card, card_books, card_rules, queries
from tenders.payments.paying import card_events as events
from tenders.payments.paying.card_accounts import sync_account
from tenders.payments.paying.models import Payment, PaymentRefund
from tenders.payments.paying.rules import left_pence

GONE = ("failed", "canceled")  # a refund that did not happen
NOT_USED = "Nobody paid on Stripe’s page in time."
GIVEN_UP = "The council gave it up."
OTHER_SUM = "What is owed for the invoice has changed meanwhile."


@dataclass(frozen=True)
class Seen:
    """What Stripe says of one payment."""

    session: CheckoutSession
    intent: IntentState | None = None
    charge: ChargeState | None = None
    refunds: tuple[RefundState, ...] = ()
    disputes: tuple[DisputeState, ...] = ()
    payout: PayoutState | None = None


def sync_payment(reference: str, why_shut: str = NOT_USED) -> Payment:
    """Asks Stripe about the payment and brings row and ledger in line; gives the payment. Raises GatewayDown.

    `why_shut` is what is kept when Stripe's page was shut without money.
    """
    payment = card.open_page(reference)
    session_id, account, payout_id = payment.session_id, payment.account_id, payment.payout_id
    db.session.rollback()
    if not session_id:
        return queries.get_by_reference(reference)
    return _bring_in_line(reference, _look(get_door(), session_id, account, payout_id), why_shut)


def _look(gate: Door, session_id: str, account: str, payout_id: str) -> Seen:
    session = gate.get_session(session_id, account)
    if not session.intent:
        return Seen(session)
    intent = gate.get_intent(session.intent, account)
    if not intent.charge:
        return Seen(session, intent)
    charge = gate.get_charge(intent.charge, account)
    if charge.status != "succeeded":
        return Seen(session, intent)
    refunds = gate.list_refunds(account, charge_id=charge.id) if charge.refunded_pence else []
    disputes = gate.list_disputes(account, charge_id=charge.id) if charge.is_disputed else []
    payout = gate.get_payout(payout_id, account) if payout_id else None
    return Seen(session, intent, charge, tuple(refunds), tuple(disputes), payout)


@action
def _bring_in_line(reference: str, seen: Seen, why_shut: str) -> Payment:
    payment = card.locked(reference)
    if seen.charge is not None and seen.charge.amount_pence != payment.amount_pence:
        return payment  # not what was asked for: comparing shows it, and a person looks into it
    if seen.charge is not None:
        _charged(payment, seen.charge)
        for change in _went_back(seen):
            _back(payment, change)
        if seen.payout is not None:
            _paid_out(payment, seen.payout)
    elif seen.intent is not None and seen.intent.failure and payment.failure != seen.intent.failure:
        payment.failure = seen.intent.failure  # the last card was declined; the page is still there
        record(events.CardDeclined(**of(payment.invoice), payment=payment.reference))
    if seen.charge is None and seen.session.status == "expired":
        card.fail(payment, why_shut, given_up=why_shut == GIVEN_UP)
    return payment


def _charged(payment: Payment, charge: ChargeState) -> None:
    if payment.charged_at is not None:
        return
    payment.intent_id, payment.charge_id, payment.charged_at = charge.intent, charge.id, charge.created_at
    payment.sent_on = clock.london_day(charge.created_at)
    # Stripe's word counts: money that was charged after all did not fail.
    payment.failed_at, payment.failure, payment.session_url = None, "", ""
    card_books.post_charged(payment)
    record(
        events.CardPaymentCharged(**of(payment.invoice), payment=payment.reference, amount_pence=payment.amount_pence)
    )


def _went_back(seen: Seen) -> Iterable[PaymentRefund]:
    """Every movement back or forth, each under a name of its own."""
    now = clock.now()
    for each in seen.refunds:
        day = clock.london_day(each.created_at)
        yield PaymentRefund(kind="refund", amount_pence=each.amount_pence, refunded_on=day, stripe_id=each.id, recorded_at=now)
        if each.status in GONE:
            yield PaymentRefund(
                kind="chargeback_won", amount_pence=each.amount_pence, refunded_on=clock.london_day(now),
                stripe_id=f"{each.id}:failed", recorded_at=now, reason="The refund failed.",
            )  # fmt: skip
    for dispute in seen.disputes:
        day = clock.london_day(dispute.created_at)
        if dispute.taken_pence:
            yield PaymentRefund(kind="chargeback", amount_pence=dispute.taken_pence, refunded_on=day, stripe_id=dispute.id, recorded_at=now)
        if dispute.given_again_pence and dispute.given_again_at is not None:
            yield PaymentRefund(
                kind="chargeback_won", amount_pence=dispute.given_again_pence, stripe_id=f"{dispute.id}:won",
                refunded_on=clock.london_day(dispute.given_again_at), recorded_at=now,
            )  # fmt: skip


_TOLD = {
    "refund": events.CardPaymentRefunded,
    "chargeback": events.CardPaymentDisputed,
    "chargeback_won": events.CardMoneyGivenAgain,
}


def _back(payment: Payment, change: PaymentRefund) -> None:
    if any(each.stripe_id == change.stripe_id for each in payment.refunds):
        return
    payment.refunds.append(change)
    db.session.flush()
    card_books.post_back(change)
    told = _TOLD[change.kind]
    record(told(**of(payment.invoice), payment=payment.reference, amount_pence=change.amount_pence))


def _paid_out(payment: Payment, payout: PayoutState) -> None:
    """With the payout's arrival the supplier has the money; one that the bank sent back is on its way again."""
    if payout.status == "paid" and payment.paid_on is None and not card_books.has_come_back(payment, payout.id):
        pence = left_pence(payment)
        card_books.post_arrived(payment, pence)
        # Stripe names the day alone, as midnight of UTC.
        payment.paid_on = payout.arrives_at.date()
        record(
            events.CardPaymentArrived(
                **of(payment.invoice), payment=payment.reference, amount_pence=pence, paid_on=payment.paid_on
            )
        )
    elif payout.status in GONE and payment.paid_on is not None:
        pence = left_pence(payment)
        payment.paid_on = None
        card_books.post_payout_failed(payment, payout.id, pence)
        record(events.CardPayoutFailed(**of(payment.invoice), payment=payment.reference, amount_pence=pence))


def sync_payout(account: str, payout_id: str) -> bool:
    """Brings every payment that the payout carries in line; False when it carries none of ours."""
    lines = get_door().list_balance_lines(account, payout_id=payout_id)
    charges = [each.source for each in lines if each.type in ("charge", "payment")]
    earlier = [each.source for each in lines if each.type == "payout_failure"]
    for each in earlier:  # what this one carries again is known by the one that failed
        sync_payout(account, each)
    carried = [reference for each in charges if (reference := _of_charge(account, each))]
    carried += _of_payouts(account, earlier)
    for reference in carried:
        sync_payment(reference)
        _carry(reference, payout_id, _is_later(account, payout_id, queries.get_by_reference(reference).payout_id))
        sync_payment(reference)
    return bool(carried)


def _is_later(account: str, payout_id: str, than: str) -> bool:
    db.session.rollback()
    gate = get_door()
    return bool(than) and gate.get_payout(payout_id, account).created_at > gate.get_payout(than, account).created_at


def _of_payouts(account: str, payout_ids: list[str]) -> list[str]:
    query = select(Payment.reference).where(Payment.account_id == account, Payment.payout_id.in_(payout_ids))
    return list(db.session.scalars(query.order_by(Payment.id)))


@action
def _carry(reference: str, payout_id: str, is_later: bool) -> None:
    payment = card.locked(reference)
    if payment.payout_id == payout_id or payment.charged_at is None:
        return
    if payment.payout_id and (not is_later or payment.paid_on is not None):
        return
    payment.payout_id = payout_id
    record(events.CardPaymentPaidOut(**of(payment.invoice), payment=payment.reference))


def _of_charge(account: str, charge_id: str) -> str:
    """The reference of the payment that a charge is of, looked at first when it is not known here yet; "" for none."""
    query = select(Payment.reference).where(Payment.account_id == account, Payment.charge_id == charge_id)
    known = db.session.scalar(query)
    db.session.rollback()
    if known or not charge_id:
        return known or ""
    charge = get_door().get_charge(charge_id, account)
    return _of_intent(account, charge.intent) if charge.intent else ""


def _of_intent(account: str, intent_id: str) -> str:
    reference = get_door().get_intent(intent_id, account).metadata.get("reference", "")
    return _known(account, reference)


def _known(account: str, reference: str) -> str:
    """The reference, when it is of a payment by card on this account: metadata is only what somebody wrote there."""
    query = select(Payment.reference).where(
        Payment.reference == reference, Payment.method == "card", Payment.account_id == account
    )
    found = db.session.scalar(query) or ""
    db.session.rollback()
    return found


def _of_session(event: GatewayEvent) -> str:
    return _known(event.account, get_door().get_session(event.object_id, event.account).reference)


def _of_refund(event: GatewayEvent) -> str:
    return _of_charge(event.account, get_door().get_refund(event.object_id, event.account).charge)


def _of_dispute(event: GatewayEvent) -> str:
    return _of_charge(event.account, get_door().get_dispute(event.object_id, event.account).charge)


def _look_at_payment(event: GatewayEvent) -> bool:
    if not event.account:
        return False  # our own account: subscriptions
    if event.type.startswith("checkout.session."):
        reference = _of_session(event)
    elif event.type.startswith("payment_intent."):
        reference = _of_intent(event.account, event.object_id)
    elif event.object_id.startswith(("dp_", "du_")):
        reference = _of_dispute(event)
    elif event.object_id.startswith(("re_", "pyr_")):
        reference = _of_refund(event)
    else:
        reference = _of_charge(event.account, event.object_id)
    if reference:
        sync_payment(reference)
    return bool(reference)


def _look_at_payout(event: GatewayEvent) -> bool:
    return bool(event.account) and sync_payout(event.account, event.object_id)


def _look_at_account(event: GatewayEvent) -> bool:
    return bool(event.account) and sync_account(event.account)


LOOKS: Looks = {
    **dict.fromkeys(("checkout.session.", "payment_intent.", "charge.", "refund."), _look_at_payment),
    "payout.": _look_at_payout,
    "account.": _look_at_account,
}


@action
def _say(kind: type[events.CardPaymentLookedAt | events.CardPaymentGivenUp], reference: str, member: Membership) -> None:
    payment = queries.get_payment_of(reference, member.organisation_id)
    if kind is events.CardPaymentGivenUp:
        insist(card_rules.giving_up_problems(payment))
    record(kind(**of(payment.invoice), payment=payment.reference), member.actor("finance"))


def look(reference: str, member: Membership) -> Payment:
    """Finance asks Stripe what became of its payment, without waiting for it to tell. Raises GatewayDown."""
    _say(events.CardPaymentLookedAt, reference, member)
    return sync_payment(reference)


def give_up(reference: str, member: Membership) -> Payment:
    """Finance gives a try up: Stripe's page is shut, so that nobody can pay on it any more. Raises Problems.

    Was it paid at the last moment, then it is a payment: nothing is given up.
    """
    _say(events.CardPaymentGivenUp, reference, member)
    card.shut_page(reference)
    return sync_payment(reference, GIVEN_UP)


def go_on() -> int:
    """For the timetable: makes pages that are missing, shuts those that ask for another sum than is owed.

    Gives how many there were.
    """
    done = 0
    for reference in card.under_way():
        payment = queries.get_by_reference(reference)
        if not payment.session_id:
            card.open_page(reference)
        elif owed_pence(payment.invoice) != payment.amount_pence:
            card.shut_page(reference)
            sync_payment(reference, OTHER_SUM)
        else:
            continue
        done += 1
    return done


def sync_open() -> int:
    """For the timetable: payments on Stripe's page, whatever events came of them."""
    found = card.under_way()
    for reference in found:
        sync_payment(reference)
    return 0


def sync_payouts() -> int:
    """For the timetable: payouts of accounts that owe us the arrival of a payment."""
    waiting: dict[str, datetime] = {}
    query = select(Payment.account_id, Payment.charged_at).where(
        Payment.method == "card", Payment.charged_at.is_not(None), Payment.paid_on.is_(None)
    )
    for account, charged_at in db.session.execute(query.order_by(Payment.charged_at)):
        if charged_at is not None:
            waiting.setdefault(account, charged_at - timedelta(days=1))
    db.session.rollback()
    for account, since in waiting.items():
        for payout in reversed(get_door().list_payouts(account, since=since)):
            sync_payout(account, payout.id)
    return 0
