"""Councils with subscriptions in any state, for tests: begun, ordered, invoiced and paid by hand."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.accounts.models import Authority, Membership, Organisation
from marketplace.core import clock, db
from tenders.payments.subscriptions import actions, by_hand, queries
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice
from tests import making


@dataclass(frozen=True)
class Council:
    """A council of 150,000 people, its finance officer and officer, and our administrator."""

    organisation: Organisation
    finance: Membership
    officer: Membership
    administrator: Membership

    @property
    def subscription(self) -> Subscription:
        found = queries.find_latest(self.organisation.id)
        assert found is not None
        return found

    @property
    def invoice(self) -> SubscriptionInvoice:
        return queries.invoices_of_council(self.organisation.id)[0]

    @property
    def is_stopped(self) -> bool:
        db.session.expire_all()
        authority = db.session.get(Authority, self.organisation.id)
        assert authority is not None
        return authority.new_needs_stopped_at is not None

    @property
    def left_pence(self) -> int:
        return queries.left_pence(self.invoice)


def council(population: int | None = 150_000) -> Council:
    """Without a subscription yet."""
    made = making.council(population=population)
    return Council(
        made, making.member(made, "finance", name="Fin"), making.officer(made, name="Olu"), making.administrator()
    )


def in_trial(population: int | None = 150_000) -> Council:
    """With a trial that began now."""
    made = council(population)
    actions.start_trial(made.organisation.id)
    return made


def ordered(by: Council | None = None) -> Council:
    """Ordered now, without Stripe."""
    by = by or in_trial()
    actions.order(by.finance, "transfer", "PO-77", is_by_hand=True)
    return by


def invoiced(by: Council | None = None) -> Council:
    """Our administrator has recorded the invoice of £2,880, sent today."""
    by = by or ordered()
    by_hand.record_invoice(by.subscription.id, by.administrator, "INV-1", clock.today())
    return by


def pay(by: Council, pence: int, reference: str = "BACS 1") -> None:
    """Money for the newest invoice arrives in our bank account today."""
    by_hand.record_payment(by.subscription.id, by.invoice.id, by.administrator, pence, clock.today(), reference)


def days_pass(days: int, each: int = 1) -> None:
    """Days go by, and the worker looks after subscriptions on each."""
    from tenders.payments.subscriptions.keeping import look_after_all

    for _ in range(0, days, each):
        clock.pass_time(hours=24 * each)
        look_after_all()


