"""Rows for tests, made quickly: councils, people, suppliers, needs in any state. Facts can be overridden by name."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marketplace.accounts.models import Authority, Membership, MembershipRole, Organisation, Person
from marketplace.accounts.passwords import hash_password
from marketplace.core import clock, db
from marketplace.core.journal import Event, record
from marketplace.core.references import pseudonym, slug
from suppliers.profiles.models import Supplier, SupplierCapability
from tenders.needs.models import (
    BidQuestion,
    Criterion,
    Need,
    NeedCapability,
    PanelMember,
    PriceLine,
    Requirement,
)

PASSWORD = "correct horse battery staple"
OPENING = "walnut harbour kettle falcon"
_count = itertools.count(1)
_hash: list[str] = []


@dataclass(frozen=True, kw_only=True)
class MadeForTest(Event):
    """Something a test set up."""


def _keep(*rows: Any) -> None:
    with db.one_action("test") as current:
        current.add_all(rows)
        record(MadeForTest(subject="test"))


def _password_hash() -> str:
    if not _hash:
        _hash.append(hash_password(PASSWORD))
    return _hash[0]


def organisation(kind: str, name: str = "", reference: str = "", **facts: Any) -> Organisation:
    number = next(_count)
    name = name or f"{kind.title()} {number}"
    made = Organisation(
        kind=kind,
        reference=reference or f"{kind[:1].upper()}-T-{number:04d}",
        name=name,
        slug=facts.pop("slug", slug(name)),
        created_at=clock.now(),
        approved_at=facts.pop("approved_at", clock.now()),
        **facts,
    )
    _keep(made)
    return made


def council(name: str = "", **facts: Any) -> Organisation:
    """An approved council with an account."""
    number = next(_count)
    made = organisation("authority", name or f"Borough {number} Council")
    _keep(
        Authority(
            organisation_id=made.id,
            code=f"T{number}",
            nation="England",
            region=facts.pop("region", "London"),
            email_domains=facts.pop("email_domains", f"borough{number}.gov.uk"),
            **facts,
        )
    )
    db.session.refresh(made)
    return made


def person(name: str = "", email: str = "", **facts: Any) -> Person:
    """A person with a confirmed address and PASSWORD."""
    number = next(_count)
    made = Person(
        pseudonym=pseudonym("p"),
        email=email or f"person{number}@example.org",
        name=name or f"Person {number}",
        password_hash=_password_hash(),
        created_at=clock.now(),
        email_confirmed_at=clock.now(),
        **facts,
    )
    _keep(made)
    return made


def member(of: Organisation, *roles: str, name: str = "", email: str = "") -> Membership:
    """A new person who is a live member of the organisation with these roles."""
    who = person(name, email)
    made = Membership(
        person_id=who.id, organisation_id=of.id, requested_at=clock.now(), approved_at=clock.now()
    )
    made.role_rows = [MembershipRole(role=role) for role in roles]
    _keep(made)
    return made


def officer(of: Organisation | None = None, **who: Any) -> Membership:
    return member(of or council(), "officer", **who)


def auditor() -> Membership:
    return member(organisation("audit_body"), "auditor")


def administrator() -> Membership:
    return member(organisation("platform"), "administrator")


def supplier(name: str = "", capabilities: tuple[str, ...] = (), **facts: Any) -> Supplier:
    """A registered supplier with a profile and no people yet."""
    number = next(_count)
    firm = organisation("supplier", name or f"Firm {number} Ltd")
    made = Supplier(
        id=firm.id,
        size=facts.pop("size", "micro"),
        registered_at=clock.now(),
        updated_at=clock.now(),
        about=facts.pop("about", "We build plain web services for councils."),
        **facts,
    )
    made.capability_rows = [SupplierCapability(code=code) for code in capabilities]
    _keep(made)
    return made


def supplier_member(of: Supplier | None = None, *roles: str, **who: Any) -> Membership:
    """A person of a supplier (admin unless other roles are given)."""
    of = of or supplier()
    return member(of.organisation, *(roles or ("admin",)), **who)


def need(authority: Organisation | None = None, author: Person | None = None, **facts: Any) -> Need:
    """A complete draft need; give `published_at`, `closes_at` and so on to move it along."""
    authority = authority or council()
    author = author or officer(authority).person
    number = next(_count)
    panel = facts.pop("panel", {})
    now = clock.now()
    words = {
        "title": f"Report a missed bin, need {number}",
        "summary": "Residents cannot tell us that a bin was missed without phoning.",
        "problem": "Missed bin reports come by phone and half are typed twice.",
        "who_is_affected": "112,000 households and eight call handlers.",
        "outcomes": "Nine in ten reports made without a call within a year.",
        "what_exists": "A waste system with an open interface.",
        "constraints": "Works with the existing waste system.",
        "location": "Borough offices",
        "region": "London",
        "estimated_value_pence": 2_400_000,
        "value_workings": "Two people for three months.",
        "sme_barriers": "Small lots, no turnover test.",
        "closes_at": now + timedelta(days=20),
        "questions_close_at": now + timedelta(days=12),
        "tie_break": "The higher quality score wins.",
    }
    made = Need(
        reference=facts.pop("reference", f"N-2026-{number:04d}"),
        authority_id=authority.id,
        author_id=author.id,
        buyer_name=authority.name,
        drafted_at=now,
        saved_at=now,
        **{**words, **facts},
    )
    quality = Criterion(position=1, kind="quality", name="Quality of the service", weight=60)
    price = Criterion(position=2, kind="price", name="Price", weight=40)
    made.criteria = [quality, price]
    made.requirements = [
        Requirement(kind="essential", position=1, text="Experience of case management for councils"),
        Requirement(kind="desirable", position=1, text="Can offer the service in Welsh"),
    ]
    made.questions = [
        BidQuestion(position=1, text="How will you solve this?", word_limit=200, criterion=quality),
    ]
    made.price_lines = [PriceLine(position=1, label="Build", unit="fixed price", quantity=1)]
    made.capability_rows = [NeedCapability(code="case-management")]
    made.panel = [
        PanelMember(person_id=who.id, duty=duty, named_at=now) for duty, people in panel.items() for who in people
    ]
    _keep(made)
    return made


def open_need(authority: Organisation | None = None, **facts: Any) -> Need:
    """A published need that is open for twenty days (no sealing key: publish through the action for that)."""
    facts.setdefault("published_at", clock.now())
    return need(authority, **facts)
