"""The verbs of a subscription: begun, ordered, changed, cancelled by the council; banded and kept open by us."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.accounts.models import Authority, Membership, Organisation
from marketplace.core import clock, db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, insist
from marketplace.core.journal import SYSTEM, record
from marketplace.core.references import next_reference
from tenders.payments.subscriptions import events, queries, rules
from tenders.payments.subscriptions.models import Subscription
from tenders.payments.subscriptions.plans import NO_BAND, band_for, find_plan, price_of, term
from tenders.payments.subscriptions.standing import stop_of


def of(subscription: Subscription) -> dict[str, str]:
    """What every event of a subscription says of it."""
    return {"subject": subscription.reference, "authority": subscription.organisation.reference}


@action
def start_trial(organisation_id: int, member: Membership | None = None) -> Subscription:
    """Begins the council's free trial; by itself when no member asks. Conflict when it had a subscription before."""
    authority = queries.get_authority(organisation_id, lock=True)
    if queries.find_latest(organisation_id) is not None:
        raise Conflict("Your council's subscription has begun already.")
    today = clock.today()
    begun = _new(authority, member)
    begun.trial_ends_on = today + timedelta(days=term("trial.days", today))
    db.session.add(begun)
    db.session.flush()
    happened = events.TrialStarted(**of(begun), band=begun.band, ends_on=begun.trial_ends_on)
    record(happened, member.actor("finance") if member else SYSTEM)
    return begun


def _new(authority: Authority, member: Membership | None) -> Subscription:
    today = clock.today()
    band = band_for(authority.population, today)
    plan = find_plan(band, today)
    price = price_of(plan.annual_pence if plan else 0, today)
    return Subscription(
        reference=next_reference(db.session(), "SUB", today.year),
        authority_id=authority.organisation_id,
        organisation=db.session.get_one(Organisation, authority.organisation_id),
        band=band,
        annual_pence=price.net_pence,
        vat_basis_points=price.vat_basis_points,
        started_at=clock.now(),
        started_by_id=member.person_id if member else None,
    )


@action
def order(member: Membership, pays_by: str, purchase_order: str, is_by_hand: bool) -> Subscription:
    """Orders a year from today at today's price. Raises Problems.

    `is_by_hand`: there is no Stripe here, so our administrator sends the invoice and records it.
    """
    subscription = live_or_again(member)
    insist(rules.ordering_problems(subscription, pays_by, takes_cards=not is_by_hand))
    assert subscription is not None
    today = clock.today()
    reprice(subscription, today)
    subscription.ordered_at, subscription.ordered_by_id = clock.now(), member.person_id
    subscription.pays_by, subscription.purchase_order = pays_by, purchase_order.strip()
    subscription.is_by_hand = is_by_hand
    subscription.period_starts_on, subscription.period_ends_on = today, a_year_from(today)
    price = price_of(subscription.annual_pence, today)
    record(
        events.SubscriptionOrdered(
            **of(subscription),
            band=subscription.band,
            net_pence=price.net_pence,
            total_pence=price.total_pence,
            pays_by=pays_by,
            period_starts_on=today,
            period_ends_on=subscription.period_ends_on,
            is_by_hand=is_by_hand,
        ),
        member.actor("finance"),
    )
    settle_stop(subscription)
    return subscription


def live_or_again(member: Membership) -> Subscription | None:
    """Inside an action: the council's subscription, locked; a new one without a trial when its last has ended."""
    queries.get_authority(member.organisation_id, lock=True)
    live = queries.find_live(member.organisation_id, lock=True)
    latest = queries.find_latest(member.organisation_id)
    if live is not None or latest is None or latest.ended_at is None:
        return live
    begun = _new(queries.get_authority(member.organisation_id), member)
    if begun.band == NO_BAND:  # what our administrator once chose still holds
        begun.band, begun.annual_pence = latest.band, latest.annual_pence
    # Nothing is ordered since then: trying to order opens nothing by itself.
    begun.trial_ends_on = clock.london_day(latest.ended_at)
    begun.first_told_at = begun.last_told_at = latest.ended_at
    db.session.add(begun)
    db.session.flush()
    return begun


def reprice(subscription: Subscription, day: date) -> None:
    """The band's price on that day, with that day's VAT; a band that is not offered any more keeps its last price."""
    plan = find_plan(subscription.band, day)
    price = price_of(plan.annual_pence if plan else subscription.annual_pence, day)
    subscription.annual_pence, subscription.vat_basis_points = price.net_pence, price.vat_basis_points


def a_year_from(day: date) -> date:
    """The last day of a year that begins on this day; one that begins on 29 February ends on 28 February."""
    try:
        return day.replace(year=day.year + 1) - timedelta(days=1)
    except ValueError:
        return date(day.year + 1, 2, 28)


@action
def change_purchase_order(member: Membership, purchase_order: str) -> Subscription:
    """The number that the next invoices carry. Raises Problems."""
    subscription = _live(member)
    insist(rules.running_problems(subscription))
    assert subscription is not None
    subscription.purchase_order = purchase_order.strip()
    record(events.PurchaseOrderChanged(**of(subscription)), member.actor("finance"))
    return subscription


@action
def cancel(member: Membership) -> Subscription:
    """No further year: what is paid for goes on to its end. Raises Problems."""
    subscription = _live(member)
    insist(rules.cancelling_problems(subscription))
    assert subscription is not None
    subscription.cancel_asked_at = clock.now()
    happened = events.CancellationAsked(**of(subscription), ends_on=subscription.period_ends_on)
    record(happened, member.actor("finance"))
    return subscription


@action
def take_back_cancelling(member: Membership) -> Subscription:
    """The next year after all. Raises Problems."""
    subscription = _live(member)
    insist(rules.keeping_problems(subscription))
    assert subscription is not None
    subscription.cancel_asked_at = None
    record(events.CancellationTakenBack(**of(subscription)), member.actor("finance"))
    return subscription


def _live(member: Membership) -> Subscription | None:
    return queries.find_live(member.organisation_id, lock=True)


@action
def choose_band(subscription_id: int, by: Membership, band: str, reason: str) -> Subscription:
    """Our administrator says which band a council belongs to. Raises Problems."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    plan = find_plan(band, clock.today())
    insist(rules.band_problems(subscription, plan is not None, reason))
    assert plan is not None
    subscription.band, subscription.annual_pence = plan.band, plan.annual_pence
    happened = events.BandChosen(
        **of(subscription), band=plan.band, annual_pence=plan.annual_pence, reason=reason.strip()
    )
    record(happened, by.actor("administrator"))
    settle_stop(subscription)
    return subscription


@action
def keep_open(subscription_id: int, by: Membership, until_on: date | None, reason: str) -> Subscription:
    """Our administrator keeps new needs open until a day, whatever is unpaid. Raises Problems."""
    subscription = queries.get_subscription(subscription_id, lock=True)
    insist(rules.keeping_open_problems(until_on, reason, clock.today()))
    assert until_on is not None
    subscription.kept_open_until_on, subscription.kept_open_reason = until_on, reason.strip()
    happened = events.NewNeedsKeptOpen(**of(subscription), until_on=until_on, reason=reason.strip())
    record(happened, by.actor("administrator"))
    settle_stop(subscription)
    return subscription


def settle_stop(subscription: Subscription) -> None:
    """Stops new needs or allows them again, as the facts now are; inside the action that changed a fact."""
    db.session.flush()
    authority = queries.get_authority(subscription.authority_id, lock=True)
    stop = stop_of(subscription, clock.today())
    if stop is not None and authority.new_needs_stopped_at is None:
        authority.new_needs_stopped_at = clock.now()
        record(events.NewNeedsStopped(**of(subscription), reason=stop.reason, invoice=stop.invoice))
    elif stop is None and authority.new_needs_stopped_at is not None:
        authority.new_needs_stopped_at = None
        record(events.NewNeedsAllowed(**of(subscription)))


