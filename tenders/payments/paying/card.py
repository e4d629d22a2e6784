"""Paying a supplier's invoice by card: asked for, paid on Stripe's page, given up. What became of it: card_sync.

The council's card is charged by the supplier itself, on its own account with Stripe. The row is committed before Stripe
is asked, under a key made of the invoice and the number of the try, so that a kill at any point neither pays twice nor
forgets a payment: whoever goes on asks for the same thing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import insist
from marketplace.core.failpoints import failpoint
from marketplace.core.journal import record
from marketplace.core.letters import absolute
from marketplace.core.references import next_reference
from tenders.payments.gateway.answers import CheckoutSession
from tenders.payments.gateway.door import Door, GatewayRefused, get_door, is_on
from tenders.payments.invoices import queries as invoices
from tenders.payments.invoices.actions import of
from tenders.payments.invoices.books import owed_pence
from tenders.payments.paying import card_events as events
from tenders.payments.paying import card_rules as rules
from tenders.payments.paying import queries
from tenders.payments.paying.card_accounts import find_account
from tenders.payments.paying.models import Payment

TOO_LATE = "Stripe could not be reached in time."
PAGE_LIVES = timedelta(hours=12)  # from when the payment was asked for; Stripe allows up to 24
LAST_START = timedelta(minutes=31)  # before its end: Stripe makes no page that lives for less than 30 minutes


def pay_by_card(invoice_id: int, member: Membership) -> Payment:
    """Finance asks to pay all that is owed by card; the payment then has Stripe's page. Raises Problems, GatewayDown.

    When Stripe is away the payment stays asked for, and the page is made as soon as it answers.
    """
    asked = _ask(invoice_id, member)
    return open_page(asked.reference)


@action
def _ask(invoice_id: int, member: Membership) -> Payment:
    invoice = invoices.get_invoice_of(invoices.get_invoice(invoice_id).reference, member.organisation_id)
    invoice = invoices.get_invoice(invoice.id, lock=True)
    account, owed = find_account(invoice.supplier_id), owed_pence(invoice)
    under_way = queries.is_card_under_way(invoice.id)
    insist(rules.paying_problems(invoice, member.person_id, owed, under_way, account, is_on()))
    assert account is not None and account.account_id is not None
    payment = Payment(
        reference=next_reference(db.session(), "P", clock.today().year),
        invoice=invoice,
        attempt=queries.next_attempt(invoice.id),
        method="card",
        amount_pence=owed,
        asked_at=clock.now(),
        asked_by_id=member.person_id,
        account_id=account.account_id,
    )
    db.session.add(payment)
    db.session.flush()
    record(
        events.CardPaymentAsked(**of(invoice), payment=payment.reference, amount_pence=owed), member.actor("finance")
    )
    return payment


def key_of(payment: Payment) -> str:
    """What Stripe is asked under, however often: the same try is one payment."""
    return f"invoice:{payment.invoice.reference}:pay:{payment.attempt}"


def open_page(reference: str) -> Payment:
    """Makes Stripe's page for the payment, unless it has one. After a kill, goes on where it was."""
    payment = queries.get_by_reference(reference)
    if payment.session_id or not rules.is_under_way(payment):
        return payment
    try:
        made = _page_for(payment, get_door())
    except GatewayRefused as refused:  # for good: it would be refused again, and the invoice can be paid otherwise
        return _fail(reference, refused.message)
    failpoint("card: page made, not stored")
    return _fail(reference, TOO_LATE) if made is None else _keep_page(reference, made)


def _page_for(payment: Payment, gate: Door) -> CheckoutSession | None:
    """The page, made under the payment's key; None when it is too late to make one and none was made."""
    invoice, account, ends = payment.invoice, payment.account_id, payment.asked_at + PAGE_LIVES
    back = absolute(f"/council/invoices/{invoice.reference}")
    key, amount, title = key_of(payment), payment.amount_pence, f"Invoice {invoice.number}"
    reference, asked_at = payment.reference, payment.asked_at
    db.session.rollback()  # nothing is held while Stripe is asked
    # What a killed process made is looked for before anything is made again.
    for each in gate.list_sessions(account, since=asked_at - timedelta(minutes=10)):
        if (each.reference, each.amount_pence) == (reference, amount):
            return each
    if clock.now() > ends - LAST_START:
        return None
    return gate.start_card_payment(key, account, amount, title, reference, back, back, ends)


@action
def _keep_page(reference: str, page: CheckoutSession) -> Payment:
    payment = locked(reference)
    if not payment.session_id:
        payment.session_id, payment.session_url = page.id, page.url
        record(events.CardPageMade(**of(payment.invoice), payment=payment.reference))
    return payment


def locked(reference: str) -> Payment:
    """The payment read afresh, its invoice locked before it. Inside an action."""
    invoices.get_invoice(queries.get_by_reference(reference).invoice_id, lock=True)
    query = select(Payment).where(Payment.reference == reference).with_for_update(of=Payment)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def shut_page(reference: str) -> None:
    """Shuts the payment's page at Stripe; one that is shut or paid already stays as it is."""
    payment = open_page(reference)
    session_id, account = payment.session_id, payment.account_id
    db.session.rollback()
    if session_id:
        try:
            get_door().expire_session(session_id, account)
        except GatewayRefused:  # it is not open any more: what became of it is asked next
            return


@action
def _fail(reference: str, why: str) -> Payment:
    payment = locked(reference)
    fail(payment, why)
    return payment


def fail(payment: Payment, why: str, given_up: bool = False) -> None:
    """Inside an action: the try ended without money, and the invoice can be paid in another way."""
    if not rules.is_under_way(payment):
        return
    payment.failed_at, payment.failure, payment.session_url = clock.now(), why, ""
    record(events.CardPaymentFailed(**of(payment.invoice), payment=payment.reference, given_up=given_up))


def under_way() -> Sequence[str]:
    """References of payments by card that are neither charged nor given up, oldest first."""
    query = select(Payment.reference).where(
        Payment.method == "card", Payment.charged_at.is_(None), Payment.failed_at.is_(None)
    )
    return db.session.scalars(query.order_by(Payment.id)).all()
