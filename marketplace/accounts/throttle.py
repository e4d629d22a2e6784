"""Counts tries to sign in and mails asked for, by keyed hashes, so that guessing and flooding stay slow.

A browser that has signed in to an account before is counted apart from strangers: whoever guesses at somebody's
password from elsewhere cannot lock its owner out, and a link from the mailbox makes any browser a known one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from marketplace.accounts import rules
from marketplace.accounts.models import SignInTry
from marketplace.core import clock, db
from marketplace.core.errors import TooMany
from marketplace.core.tokens import salted_hash

WINDOW = timedelta(hours=1)
KEPT = timedelta(days=1)
SIGN_IN_REFUSED = (
    "There were too many tries to sign in. Wait an hour, or choose a new password with a link that we email you."
)
OPENING_REFUSED = (
    "There were too many tries with an opening passphrase. Wait an hour, or use a browser that you have signed in with "
    "before."
)
MAIL_REFUSED = "There were too many requests for emails. Wait an hour, and look among your unwanted mail."


def begin_sign_in(email: str, network_address: str, browser_mark: str = "") -> list[int]:
    """Enters a try before the password is looked at; what it gives is for sign_in_was_right. Raises TooMany."""
    who = salted_hash("sign-in", rules.tidy_email(email))
    if is_known_browser(email, browser_mark):
        who = salted_hash("sign-in from a known browser", browser_mark)
    network = salted_hash("sign-in from", network_address)
    limits = {
        network: rules.WRONG_TRIES_AN_HOUR_FROM_ONE_NETWORK_ADDRESS,
        who: rules.WRONG_TRIES_AN_HOUR,
    }
    return _enter(limits, SIGN_IN_REFUSED)


def begin_unlocking(email: str, network_address: str, browser_mark: str = "") -> list[int]:
    """Enters a try with an opening passphrase; counted as begin_sign_in does, apart from signing in. Raises TooMany."""
    who = salted_hash("opening", rules.tidy_email(email), network_address)
    if is_known_browser(email, browser_mark):
        who = salted_hash("opening from a known browser", browser_mark)
    return _enter({who: rules.WRONG_TRIES_AN_HOUR}, OPENING_REFUSED)


def sign_in_was_right(numbers: Sequence[int]) -> None:
    """Takes a try, to sign in or with an opening passphrase, out of the count."""
    with db.housekeeping() as current:
        current.execute(update(SignInTry).where(SignInTry.id.in_(numbers)).values(was_right=True))


def count_mail(email: str, network_address: str) -> None:
    """Enters a request for a mail to an address, known or not. Raises TooMany."""
    limits = {
        salted_hash("mail from", network_address): rules.MAILS_AN_HOUR_FROM_ONE_NETWORK_ADDRESS,
        salted_hash("mail to", rules.tidy_email(email)): rules.MAILS_AN_HOUR_TO_ONE_ADDRESS,
    }
    _enter(limits, MAIL_REFUSED)


def _enter(limits: dict[str, int], refusal: str) -> list[int]:
    # Entered and committed before it is counted: of many at once, no more than the limit can pass.
    at = clock.now()
    rows = [SignInTry(who=who, at=at, was_right=False) for who in limits]
    with db.housekeeping() as current:
        current.execute(delete(SignInTry).where(SignInTry.at < at - KEPT))
        current.add_all(rows)
        current.flush()
        numbers = [row.id for row in rows]
    too_many = any(_count(who) > limit for who, limit in limits.items())
    db.session.rollback()
    if too_many:
        # A refused try does not count, so that the hour ends however often somebody knocks.
        with db.housekeeping() as current:
            current.execute(delete(SignInTry).where(SignInTry.id.in_(numbers)))
        raise TooMany(refusal)
    return numbers


def _count(who: str) -> int:
    query = select(func.count()).where(
        SignInTry.who == who, SignInTry.at > clock.now() - WINDOW, SignInTry.was_right.is_(False)
    )
    return db.session.scalar(query) or 0


def browser_mark(email: str) -> str:
    """A new mark for a browser that has shown it belongs to the account's owner; kept there as a cookie."""
    number = secrets.token_hex(8)
    return f"{number}.{salted_hash('known browser', rules.tidy_email(email), number)}"


def is_known_browser(email: str, mark: str) -> bool:
    """Whether the mark was made by us for this account."""
    number, _, proof = mark.partition(".")
    expected = salted_hash("known browser", rules.tidy_email(email), number)
    return hmac.compare_digest(proof.encode(), expected.encode())
