"""Contracts of the demonstration: signed by both sides, milestones delivered and accepted, one late, one ended."""

from __future__ import annotations

from datetime import timedelta

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.demonstration.stages import Purchase
from marketplace.demonstration.telling import Story
from marketplace.demonstration.wishes import DAYS_A_MONTH
from suppliers.profiles.queries import admins_of
from tenders.awards.queries import find_made_award, value_pence_of
from tenders.contracts import actions, running
from tenders.contracts.models import Contract
from tenders.contracts.queries import find_contract

STARTS_AFTER_CLOSING = timedelta(days=25)
DELIVERED = "It runs on the council's test address; the release note and the test report are attached to our message."
ACCEPTED = "Tried with six residents and two call handlers. It does what the bid said."


def signed(purchase: Purchase, due_in_days: tuple[int, ...]) -> Story:
    """The contract is drafted with its milestones and signed by both sides; milestone due days count from the start."""
    yield purchase.after_closing(13, "11:00")
    _draft(purchase, due_in_days)
    yield purchase.after_closing(16, "15:00")
    actions.ask_signature(contract_of(purchase).id, manager_of(purchase))
    yield purchase.after_closing(17, "10:00")
    actions.sign_for_council(contract_of(purchase).id, purchase.staff.approver)
    yield purchase.after_closing(20, "12:00")
    actions.sign_for_supplier(contract_of(purchase).id, supplier_of(purchase))


def _draft(purchase: Purchase, due_in_days: tuple[int, ...]) -> None:
    award, manager = find_made_award(purchase.need), manager_of(purchase)
    assert award is not None
    value = value_pence_of(award) or 0
    starts_on = clock.london_day(purchase.closes_at) + STARTS_AFTER_CLOSING
    ends_on = starts_on + timedelta(days=round(purchase.wish.length_months * DAYS_A_MONTH))
    contract = actions.draft_contract(purchase.need_id, manager, purchase.need.title, value, starts_on, ends_on)
    left, whole = value, contract.milestones[0].id
    for number, (title, percent) in enumerate(purchase.wish.raw["milestones"]):
        is_last = number + 1 == len(purchase.wish.raw["milestones"])
        amount = left if is_last else value * percent // 100
        left -= amount
        due_on = min(starts_on + timedelta(days=due_in_days[number]), ends_on)
        actions.save_milestone(contract.id, manager, title, due_on, amount, None if number else whole)


def running_with_one_late(purchase: Purchase) -> Story:
    """One milestone accepted, one overdue, one delivered and to be decided on; a change waits for an approver."""
    yield from signed(purchase, (30, 55, 75, 999))
    yield from accepted(purchase, 0, 53)
    yield purchase.days.ago(4, "16:45")
    _deliver(purchase, 2)
    yield purchase.days.ago(3, "11:20")
    reason = "Residents asked for the form in Turkish and Yiddish. The price of one translation is in the bid."
    running.propose_change(contract_of(purchase).id, manager_of(purchase), "own_rules", reason, 240_000)


def accepted(purchase: Purchase, position: int, days_after_closing: int) -> Story:
    """The supplier reports a milestone, and the contract manager accepts it three days later."""
    yield purchase.after_closing(days_after_closing, "09:50")
    _deliver(purchase, position)
    yield purchase.after_closing(days_after_closing + 3, "14:30")
    contract = contract_of(purchase)
    running.decide_milestone(contract.id, manager_of(purchase), contract.milestones[position].id, True, ACCEPTED)


def _deliver(purchase: Purchase, position: int) -> None:
    contract = contract_of(purchase)
    running.deliver_milestone(contract.id, supplier_of(purchase), contract.milestones[position].id, DELIVERED)


def ended_well(purchase: Purchase) -> Story:
    """Everything is delivered and the outcome is written down for other councils."""
    yield from signed(purchase, (80, 999))
    yield from accepted(purchase, 0, 100)
    yield from accepted(purchase, 1, 200)
    yield purchase.after_closing(210, "11:00")
    outcome, reason = purchase.wish.raw["outcome"], "Everything was delivered and accepted."
    running.end_contract(contract_of(purchase).id, manager_of(purchase), "completed", reason, outcome)


def contract_of(purchase: Purchase) -> Contract:
    """The purchase's contract."""
    contract = find_contract(purchase.need)
    assert contract is not None
    return contract


def manager_of(purchase: Purchase) -> Membership:
    """The council's contract manager."""
    assert purchase.staff.contract_manager is not None
    return purchase.staff.contract_manager


def supplier_of(purchase: Purchase) -> Membership:
    """The winner's administrator, who signs."""
    firm = purchase.cast.bidders[purchase.winner].member.organisation_id
    return next(each for each in admins_of(firm)[0].memberships if each.organisation_id == firm)
