"""Finding subscriptions and their invoices, and what the ledger says of them. Lists are always ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from marketplace.accounts.models import Authority, Organisation
from marketplace.core import db
from marketplace.core.errors import NotFound
from tenders.payments.ledger.accounts import in_hand, receivable
from tenders.payments.ledger.models import LedgerTransfer
from tenders.payments.ledger.posting import balance
from tenders.payments.subscriptions.models import Subscription, SubscriptionInvoice

NO_SUBSCRIPTION = "There is no subscription with this reference."


def get_subscription(subscription_id: int, lock: bool = False) -> Subscription:
    """The subscription with this id, locked and read afresh when asked; NotFound."""
    return _found(select(Subscription).where(Subscription.id == subscription_id), lock)


def get_by_reference(reference: str) -> Subscription:
    """The subscription that the journal calls so; NotFound."""
    return _found(select(Subscription).where(Subscription.reference == reference))


def _found(query: Select[Subscription], lock: bool = False) -> Subscription:
    if lock:
        query = query.with_for_update(of=Subscription).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(NO_SUBSCRIPTION)
    return found


def find_live(authority_id: int, lock: bool = False) -> Subscription | None:
    """The council's subscription that has not ended, locked when asked."""
    query = select(Subscription).where(Subscription.authority_id == authority_id, Subscription.ended_at.is_(None))
    if lock:
        query = query.with_for_update(of=Subscription).execution_options(populate_existing=True)
    return db.session.scalar(query)


def find_latest(authority_id: int) -> Subscription | None:
    """The live subscription, else the one that ended last, else None."""
    query = select(Subscription).where(Subscription.authority_id == authority_id)
    return db.session.scalar(query.order_by(Subscription.ended_at.is_(None).desc(), Subscription.id.desc()).limit(1))


def latest_of_all() -> list[Subscription]:
    """Every council's latest subscription with its invoices, in order of the councils' names."""
    newest = select(func.max(Subscription.id)).group_by(Subscription.authority_id)
    query = select(Subscription).join(Organisation, Organisation.id == Subscription.authority_id)
    query = query.where(Subscription.id.in_(newest)).options(selectinload(Subscription.invoices))
    return list(db.session.scalars(query.order_by(Organisation.name, Organisation.id)).unique())


def councils_without() -> Sequence[Organisation]:
    """Councils with an account that never had a subscription, by name."""
    query = select(Organisation).where(
        Organisation.kind == "authority",
        Organisation.approved_at.is_not(None),
        Organisation.id.not_in(select(Subscription.authority_id)),
    )
    return db.session.scalars(query.order_by(Organisation.name, Organisation.id)).unique().all()


def get_authority(authority_id: int, lock: bool = False) -> Authority:
    """The council's particulars, locked when asked; NotFound."""
    query = select(Authority).where(Authority.organisation_id == authority_id)
    if lock:
        query = query.with_for_update(of=Authority).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such council.")
    return found


def invoices_of_council(authority_id: int) -> Sequence[SubscriptionInvoice]:
    """Every invoice of ours to the council, the newest first."""
    query = select(SubscriptionInvoice).join(Subscription).where(Subscription.authority_id == authority_id)
    order = (SubscriptionInvoice.issued_on.desc(), SubscriptionInvoice.id.desc())
    return db.session.scalars(query.order_by(*order)).all()


def find_invoice(invoice_id: str, lock: bool = False) -> SubscriptionInvoice | None:
    """The invoice that Stripe, or our record by hand, calls so."""
    query = select(SubscriptionInvoice).where(SubscriptionInvoice.invoice_id == invoice_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def get_invoice(subscription: Subscription, number: int) -> SubscriptionInvoice:
    """One invoice of the subscription by its row's id; NotFound."""
    for each in subscription.invoices:
        if each.id == number:
            return each
    raise NotFound("There is no such invoice of this subscription.")


def is_number_known(number: str) -> bool:
    """Whether an invoice of ours has this number."""
    query = select(SubscriptionInvoice.id).where(SubscriptionInvoice.number == number.strip())
    return db.session.scalar(query.limit(1)) is not None


def left_pence(invoice: SubscriptionInvoice) -> int:
    """What the ledger says is left to pay for the invoice, in pence."""
    return balance(receivable(invoice.subscription.organisation.reference), invoice.invoice_id)


def in_hand_pence(council_reference: str) -> int:
    """What the council has paid beyond its invoices, in pence."""
    return -balance(in_hand(council_reference))


def running_periods_ended(today: date) -> Sequence[Subscription]:
    """Orders kept by hand whose year is over, the first to end first."""
    query = select(Subscription).where(
        Subscription.ended_at.is_(None),
        Subscription.ordered_at.is_not(None),
        Subscription.is_by_hand.is_(True),
        Subscription.period_ends_on < today,
    )
    return db.session.scalars(query.order_by(Subscription.period_ends_on, Subscription.id)).unique().all()


def is_posted(source: str) -> bool:
    """Whether the ledger has a row of this source."""
    return db.session.scalar(select(LedgerTransfer.id).where(LedgerTransfer.source == source)) is not None


def transfers_of_council(council_reference: str) -> list[LedgerTransfer]:
    """The ledger's rows of what a council owes us and has in hand, in the order in which they were posted."""
    accounts = (receivable(council_reference), in_hand(council_reference))
    query = select(LedgerTransfer).where(LedgerTransfer.debit.in_(accounts) | LedgerTransfer.credit.in_(accounts))
    return list(db.session.scalars(query.order_by(LedgerTransfer.id)))


def find_by_reference(reference: str) -> Subscription | None:
    """The subscription that Stripe was told to call so."""
    return db.session.scalar(select(Subscription).where(Subscription.reference == reference)) if reference else None


def find_by_customer(customer_id: str) -> Subscription | None:
    """The latest subscription of the council that is this customer of Stripe's."""
    query = select(Subscription).where(Subscription.customer_id == customer_id, Subscription.customer_id != "")
    return db.session.scalar(query.order_by(Subscription.id.desc()).limit(1))


def find_customer_id(authority_id: int) -> str:
    """What Stripe calls the council, from an earlier subscription; "" when it knows none."""
    query = select(Subscription.customer_id).where(
        Subscription.authority_id == authority_id, Subscription.customer_id != ""
    )
    return db.session.scalar(query.order_by(Subscription.id.desc()).limit(1)) or ""


def last_balance_line_at() -> datetime | None:
    """When a fee or a payout of our own account was last posted."""
    kinds = ("stripe_fee", "stripe_payout")
    return db.session.scalar(select(func.max(LedgerTransfer.posted_at)).where(LedgerTransfer.kind.in_(kinds)))
