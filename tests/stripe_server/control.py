"""What only a test can do to the stand-in: people at their banks and cards, time, faults, webhooks' manners.

Over HTTP: POST /control/<name> with JSON; in the same process: `stand_in.control(name, **values)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.stripe_server import billing, paying
from tests.stripe_server.sending import Sender
from tests.stripe_server.state import State, Thing

CONTROLS: dict[str, Callable[..., Any]] = {}


def control(function: Callable[..., Any]) -> Callable[..., Any]:
    CONTROLS[function.__name__] = function
    return function


@control
def transfer(state: State, sender: Sender, customer: str, pence: int) -> Thing:
    """A council's bank transfer arrives: in part, in full or too much."""
    return billing.transfer(state, state.books[""], state.find_customer(customer), pence)


@control
def fail_card(state: State, sender: Sender, customer: str, fails: bool = True) -> None:
    """The customer's card is declined from now on when a renewal is charged, or works again."""
    (state.failing_cards.add if fails else state.failing_cards.discard)(customer)


@control
def complete_account(state: State, sender: Sender, account: str, can_be_charged: bool = True) -> Thing:
    """A supplier has given its details to Stripe; or Stripe stops its account."""
    found = state.get(state.books[""], "account", account)
    missing = [] if can_be_charged else ["company.tax_id"]
    found.update(charges_enabled=can_be_charged, payouts_enabled=can_be_charged, details_submitted=True)
    found["requirements"] = {"currently_due": missing, "disabled_reason": None if can_be_charged else "requirements.past_due"}
    state.tell(state.of(account), "account.updated", found)
    return found


@control
def pay_page(state: State, sender: Sender, session: str, account: str = "", fails: bool = False) -> Thing:
    """Somebody pays on a page, or their card is declined there."""
    books = state.of(account)
    return paying.pay_session(state, books, state.get(books, "checkout.session", session), fails)


@control
def refund(state: State, sender: Sender, charge: str, pence: int, account: str = "") -> Thing:
    """The account's owner gives money back, in Stripe's own pages."""
    books = state.of(account)
    return paying.refund_charge(state, books, state.get(books, "charge", charge), pence)


@control
def dispute(state: State, sender: Sender, charge: str, account: str = "", pence: int = 0) -> Thing:
    """The card's bank takes the money back."""
    books = state.of(account)
    found = state.get(books, "charge", charge)
    return paying.dispute_charge(state, books, found, pence or found["amount"])


@control
def close_dispute(state: State, sender: Sender, dispute: str, won: bool, account: str = "") -> Thing:
    """The card's bank decides, for the account (won) or against it."""
    books = state.of(account)
    return paying.close_dispute(state, books, state.get(books, "dispute", dispute), won)


@control
def pay_out(state: State, sender: Sender, account: str = "", days: int = 2) -> Thing:
    """Stripe sends the account's balance to its bank."""
    return paying.pay_out(state, state.of(account), days)


@control
def end_payout(state: State, sender: Sender, payout: str, account: str = "", fails: bool = False) -> Thing:
    """The money is at the bank, or the bank sent it back."""
    books = state.of(account)
    return paying.end_payout(state, books, state.get(books, "payout", payout), fails)


@control
def stop_clock(state: State, sender: Sender, at: float) -> int:
    """From now on it is `at` (seconds since 1970), until it is moved."""
    state.stop_clock(at)
    return state.now()


@control
def pass_time(state: State, sender: Sender, days: float = 0, hours: float = 0) -> int:
    """Time passes: drafts become final, subscriptions renew, cards are charged, pages expire."""
    billing.pass_time(state, int(days * 86_400 + hours * 3600))
    return state.now()


@control
def fault(state: State, sender: Sender, kinds: list[str]) -> None:
    """The next calls fail, one by one: "500", "drop" before it is done, "drop after" it is done, "slow"; "" does not."""
    state.faults.extend(kinds)


@control
def endpoints(state: State, sender: Sender, own: str, connect: str = "") -> dict[str, str]:
    """Where events are brought, and the secrets that they are signed with."""
    sender.endpoint, sender.connect_endpoint = own, connect or own
    return {"secret": state.secret, "connect_secret": state.connect_secret}


@control
def manners(state: State, sender: Sender, **values: Any) -> None:
    """How events are brought from now on; see Manners."""
    sender.manners = replace(sender.manners, **values)


@control
def plant(state: State, sender: Sender, kind: str, id: str, values: Thing, account: str = "") -> Thing:
    """Changes a thing behind everybody's back, without an event: for tests of comparing."""
    found = state.get(state.of(account), kind, id)
    found.update(values)
    return found


@control
def calls(state: State, sender: Sender) -> list[dict[str, Any]]:
    """The calls that arrived so far."""
    return [vars(each) for each in state.calls]
