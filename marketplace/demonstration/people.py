"""The people of the demonstration: one account for each kind of person, with the same printed password.

Openers share a printed opening passphrase too; it is set and asked for as any other.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace.accounts.actions import found_organisation, make_member, register_person
from marketplace.accounts.joining import approve_organisation
from marketplace.accounts.models import Authority, Membership, Organisation
from marketplace.core import db
from marketplace.core.journal import SYSTEM
from marketplace.reference import Council as Listed
from marketplace.reference import councils
from search.actions import save_search
from search.asking import ask_again
from suppliers.evidence.actions import add_evidence
from suppliers.evidence.rules import EvidenceFacts
from suppliers.profiles.actions import Firm, register_supplier
from suppliers.profiles.rules import Description, Identity
from suppliers.solutions.actions import add_solution
from suppliers.solutions.rules import SolutionWords
from tenders.bids.opener_keys import find_key, set_passphrase

FOLDER = Path(__file__).resolve().parent
PASSWORD = "market-cross-demo"
OPENING_PASSPHRASE = "kettle walnut heron lantern barley quill"
PLATFORM, AUDIT = "platform", "audit"
# A council with an open need and no purchase of its own to show gets by with four people.
FEW = ("officer", "approver", "evaluator", "chair")
COVER_PENCE = 500_000_000


@dataclass(frozen=True)
class Account:
    """One row of people.csv; `place` is a council's code, a firm's key, audit or platform."""

    key: str
    place: str
    email: str
    name: str
    roles: str
    is_listed: str
    who: str
    to_try: str


def accounts() -> list[Account]:
    """The named accounts, in the order in which they are printed."""
    with (FOLDER / "people.csv").open(encoding="utf-8", newline="") as rows:
        return [Account(**row) for row in csv.DictReader(rows)]


def firms() -> list[dict[str, Any]]:
    """The invented firms that bid."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "firms.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Staff:
    """A council's people and the duties that they have on its needs."""

    officer: Membership
    approver: Membership
    award_approver: Membership
    openers: tuple[Membership, ...]
    evaluators: tuple[Membership, ...]
    chair: Membership
    contract_manager: Membership | None
    finance: Membership | None

    def panel(self) -> list[dict[str, Any]]:
        """Who has which duty, as a need's content has it."""
        named = (
            *((each, "opener") for each in self.openers),
            *((each, "evaluator") for each in self.evaluators),
            (self.chair, "chair"),
            (self.award_approver, "award_approver"),
        )
        return [{"person_id": each.person_id, "duty": duty} for each, duty in named]


@dataclass(frozen=True)
class Bidder:
    """A firm's person who bids, and the paragraphs of which its answers are made."""

    member: Membership
    voice: tuple[str, ...]


@dataclass(frozen=True)
class Cast:
    """Everybody who acts: councils by code, firms by key."""

    staff: dict[str, Staff]
    bidders: dict[str, Bidder]


def gather(codes: Iterable[str], today: date) -> Cast:
    """Registers everybody: the named accounts, and four people at each further council of `codes`."""
    named = {each.key: each for each in accounts()}
    ours = {each["key"] for each in firms()}
    members = {key: _join(each, _organisation(each.place)) for key, each in named.items() if each.place not in ours}
    bidders = {each["key"]: _found_firm(each, named, today) for each in firms()}
    staff = {"HCK": _staff_of_hackney(members), "LIC": _staff_of_lincoln(members)}
    for listed in councils():
        if listed.code in codes and listed.code not in staff:
            staff[listed.code] = _few(listed)
    for each in staff.values():
        for opener in each.openers:
            if find_key(opener.person_id) is None:
                set_passphrase(opener, OPENING_PASSPHRASE, OPENING_PASSPHRASE)
    return Cast(staff, bidders)


def _organisation(place: str) -> Organisation:
    if place == AUDIT:
        return found_organisation("audit_body", "Example Audit Office")
    if place == PLATFORM:
        return found_organisation("platform", "This service")
    query = select(Organisation).join(Authority).where(Authority.code == place)
    council = db.session.scalars(query).unique().one()
    approve_organisation(council, SYSTEM)
    return council


def _join(account: Account, organisation: Organisation) -> Membership:
    return _member(account.name, account.email, organisation, account.roles.split())


def _member(name: str, email: str, organisation: Organisation, roles: Iterable[str]) -> Membership:
    person = register_person(name, email, PASSWORD, is_confirmed=True)
    if person is None:
        raise ValueError(f"{email} has an account already.")
    return make_member(person, organisation, list(roles))


def _staff_of_hackney(members: dict[str, Membership]) -> Staff:
    return Staff(
        officer=members["hck-officer"],
        approver=members["hck-approver"],
        award_approver=members["hck-award"],
        openers=(members["hck-finance"], members["hck-contracts"], members["hck-officer"]),
        evaluators=tuple(members[f"hck-evaluator-{number}"] for number in (1, 2, 3)),
        chair=members["hck-chair"],
        contract_manager=members["hck-contracts"],
        finance=members["hck-finance"],
    )


def _staff_of_lincoln(members: dict[str, Membership]) -> Staff:
    return Staff(
        officer=members["lic-officer"],
        approver=members["lic-approver"],
        award_approver=members["lic-approver"],
        openers=(members["lic-finance"], members["lic-contracts"]),
        evaluators=tuple(members[f"lic-evaluator-{number}"] for number in (1, 2)),
        chair=members["lic-chair"],
        contract_manager=members["lic-contracts"],
        finance=members["lic-finance"],
    )


def _few(listed: Listed) -> Staff:
    council = _organisation(listed.code)
    place = listed.web_domain.split(".")[0] or listed.code.lower()
    made = {
        role: _member(f"{role.title()} of {listed.nice_name}", f"{role}@{place}.example", council, [role])
        for role in FEW
    }
    officer, approver = made["officer"], made["approver"]
    return Staff(officer, approver, approver, (officer, approver), (made["evaluator"],), made["chair"], None, None)


def _found_firm(firm: dict[str, Any], named: dict[str, Account], today: date) -> Bidder:
    admin = named[f"{firm['key']}-admin"]
    asked = Firm(
        who=Identity(name=firm["name"], legal_form="sole_trader", size=firm["size"], postcode=firm["postcode"]),
        words=Description(summary=firm["summary"], about=firm["about"], website=f"{firm['key']}.example"),
        capabilities=firm["capabilities"],
    )
    person = register_person(admin.name, admin.email, PASSWORD, is_confirmed=True)
    assert person is not None
    supplier = register_supplier(asked, person)
    assert supplier is not None
    member = person.memberships[0]
    for kind, title, text, customer in firm["solutions"]:
        add_solution(member, kind, SolutionWords(title=title, text=text, customer=customer))
    add_evidence(member, _evidence(firm["evidence"], today))
    save_search(ask_again(firm["saved_search"]), member)
    bidder = named.get(f"{firm['key']}-bidder")
    return Bidder(_join(bidder, supplier.organisation) if bidder else member, tuple(firm["voice"]))


def _evidence(row: list[Any], today: date) -> EvidenceFacts:
    kind, name, issuer, days = row
    cover, expires_on = COVER_PENCE if kind == "insurance" else None, today + timedelta(days=days)
    return EvidenceFacts(kind=kind, name=name, issuer=issuer, cover_pence=cover, expires_on=expires_on)
