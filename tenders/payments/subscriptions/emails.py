"""Who is written to about a subscription: the council's finance people, and our administrators where they act next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.core import clock, db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.needs.queries import people_with_role
from tenders.payments.subscriptions import queries
from tenders.payments.subscriptions.models import Subscription
from tenders.payments.subscriptions.plans import term
from tenders.payments.subscriptions.standing import trial_stops_on

PAGE = "/council/subscription"


def _finance(subscription: Subscription, *others: str) -> list[Person]:
    """The finance people; where a council has none, its approvers and officers, who can name some."""
    council = subscription.authority_id
    people = people_with_role(council, "finance")
    if not people:
        people = [*people_with_role(council, "approver"), *people_with_role(council, "officer")]
    for role in others:
        people += people_with_role(council, role)
    return list({each.id: each for each in people}.values())


def _letters(line: JournalLine, people: Iterable[Person], path: str = PAGE, template: str = "", **said: Any) -> list[Letter]:
    subscription = queries.get_by_reference(line.subject)
    context = {
        "subscription": subscription,
        "council": subscription.organisation.name,
        "facts": line.facts,
        "link": absolute(path),
        **said,
    }
    return [Letter(each.email, {"name": each.name, **context}, template) for each in people]


def to_finance(line: JournalLine) -> Iterable[Letter]:
    """To the council's finance people."""
    subscription = queries.get_by_reference(line.subject)
    return _letters(line, _finance(subscription), stops_on=trial_stops_on(subscription, clock.today()))


def overdue(line: JournalLine) -> Iterable[Letter]:
    """To the council's finance people: what is overdue, and what happens when."""
    days = term("overdue.stop", clock.today())
    return _letters(line, _finance(queries.get_by_reference(line.subject)), stop_days=days)


def stopped(line: JournalLine) -> Iterable[Letter]:
    """To the finance people and to the officers who would start a need."""
    return _letters(line, _finance(queries.get_by_reference(line.subject), "officer"))


def ordered(line: JournalLine) -> Iterable[Letter]:
    """To the finance people; without Stripe also to our administrators, who send the invoice."""
    letters = list(to_finance(line))
    return [*letters, *_to_administrators(line)] if line.facts["is_by_hand"] else letters


def cash_moved(line: JournalLine) -> Iterable[Letter]:
    """To the finance people, when money came that no invoice can take yet."""
    facts = line.facts
    is_news = facts["moved_pence"] > 0 and (facts["missing_pence"] or not facts["invoice"])
    return to_finance(line) if is_news else []


def renewed(line: JournalLine) -> Iterable[Letter]:
    """To our administrators where they send the invoice; Stripe's comes by itself."""
    return _to_administrators(line) if line.facts["is_by_hand"] else []


def trial_started(line: JournalLine) -> Iterable[Letter]:
    """To our administrators, when the council's band is not known."""
    return [] if line.facts["band"] else _to_administrators(line, "trial-started")


def _to_administrators(line: JournalLine, template: str = "subscription-renewed") -> list[Letter]:
    query = select(Person).join(Membership, Membership.person_id == Person.id)
    query = query.join(Organisation, Organisation.id == Membership.organisation_id)
    live = (Membership.approved_at.is_not(None), Membership.ended_at.is_(None))
    query = query.where(Organisation.kind == "platform", *live).order_by(Person.id)
    people = db.session.scalars(query).unique().all()
    return _letters(line, people, f"/admin/subscriptions/{line.subject}", template)


EMAILS: dict[str, Writer] = {
    "TrialStarted": trial_started,
    "TrialEnding": to_finance,
    "SubscriptionOrdered": ordered,
    "SubscriptionInvoiced": to_finance,
    "SubscriptionPaid": to_finance,
    "SubscriptionOverpaid": to_finance,
    "SubscriptionCashMoved": cash_moved,
    "SubscriptionPaymentFailed": to_finance,
    "SubscriptionCredited": to_finance,
    "SubscriptionRefunded": to_finance,
    "SubscriptionInvoiceVoided": to_finance,
    "SubscriptionOverdue": overdue,
    "SubscriptionRenewing": to_finance,
    "SubscriptionRenewed": renewed,
    "SubscriptionEnded": to_finance,
    "NewNeedsStopped": stopped,
    "NewNeedsAllowed": stopped,
}
