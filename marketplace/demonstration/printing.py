"""The printed list of accounts: who, e-mail address, the one password, and what to try with each."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.config import Settings
from marketplace.core import db
from marketplace.demo_data import open_needs
from marketplace.demonstration import wishes
from marketplace.demonstration.people import OPENING_PASSPHRASE, PASSWORD, Account, accounts
from tenders.needs.models import Need

WIDTH = 96
INDENT = "    "


def account_list(settings: Settings) -> str:
    """What `marketplace demo` prints, from what the database holds now."""
    listed = [each for each in accounts() if each.is_listed]
    here = _addresses([each.email for each in listed])
    titles = _titles()
    lines = [f"Accounts of this demonstration. The password of every one: {PASSWORD}", ""]
    for each in listed:
        if each.email in here:
            lines += _account(each, titles)
    lines += ["", "Each further council with an open need has officer@, approver@, evaluator@ and chair@:"]
    lines += wrap(", ".join(_others(here)), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    lines += ["", f"The opening passphrase of everybody who is named to open bids: {OPENING_PASSPHRASE}"]
    if not settings.demonstration:
        lines.append("Set MARKETPLACE_DEMONSTRATION=true so that every page says that this is a demonstration.")
    return "\n".join(lines)


def _account(account: Account, titles: dict[str, str]) -> list[str]:
    tries = account.to_try.format_map(titles)
    return [f"{account.who}: {account.email}", *wrap(tries, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)]


def _addresses(emails: Iterable[str]) -> set[str]:
    return set(db.session.scalars(select(Person.email).where(Person.email.in_(list(emails)))))


def _others(here: set[str]) -> list[str]:
    named = {each.email for each in accounts()}
    everyone = select(Person.email).where(Person.email.like("officer@%.example")).order_by(Person.email)
    return [each for each in db.session.scalars(everyone) if each not in named | here]


def _titles() -> dict[str, str]:
    """Stage -> the need's title and, when it is here, its reference."""
    titles = {key: each.content["title"] for key, each in wishes.staged_wishes().items()}
    for each in open_needs():
        titles[{"HCK": "open", "LIC": "open_lic"}.get(each.council, each.source_id)] = each.title
    query = select(Need.title, Need.reference).where(Need.is_demonstration, Need.title.in_(titles.values()))
    references = {each.title: each.reference for each in db.session.execute(query.order_by(Need.id.desc()))}
    return {key: f"{title} ({references[title]})" if title in references else title for key, title in titles.items()}
