"""A firm as a whole: its passages for search, its public profile, how complete it is, and its portable record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import Membership
from marketplace.core import clock
from marketplace.core.db import session
from marketplace.core.fields import count_words
from marketplace.core.journal import JournalLine
from marketplace.core.references import slug
from marketplace.reference import Capability, capabilities
from suppliers.evidence.models import Evidence
from suppliers.evidence.queries import evidence_of
from suppliers.evidence.rules import has_expired
from suppliers.profiles.models import Supplier
from suppliers.profiles.queries import is_claimed
from suppliers.solutions.models import Solution
from suppliers.solutions.queries import solutions_of

RECORD_FORMAT = "market-supplier-record-1"


@dataclass(frozen=True)
class PublicProfile:
    """What anyone may see of a supplier; papers as held and until when, never their files or numbers."""

    supplier: Supplier
    capabilities: list[Capability]
    solutions: list[Solution]
    past_work: list[Solution]
    certificates: list[Evidence]
    insurance: list[Evidence]
    is_claimed: bool
    today: date

    def has_expired(self, evidence: Evidence) -> bool:
        return has_expired(evidence, self.today)

    @property
    def anchors(self) -> dict[int, str]:
        """Where on the page each solution and past work stands, by number; of two with one title the first has it."""
        first = {anchor_of(work_label(each)): each.id for each in reversed([*self.solutions, *self.past_work])}
        return {number: anchor for anchor, number in first.items()}


def work_label(work: Solution) -> str:
    """How the passage of a solution or past work is called."""
    return f"{'Solution' if work.kind == 'solution' else 'Past work'}: {work.title}"


def anchor_of(label: str) -> str:
    """The place on the supplier's page of what a work's label names."""
    return slug(label)


def public_profile(supplier: Supplier) -> PublicProfile:
    """Everything that templates/suppliers/profiles/_public.html shows, as its `profile`."""
    works, papers = solutions_of(supplier.id), evidence_of(supplier.id)
    return PublicProfile(
        supplier,
        named_capabilities(supplier.capabilities),
        [each for each in works if each.kind == "solution"],
        [each for each in works if each.kind == "past_work"],
        [each for each in papers if each.kind == "certificate"],
        [each for each in papers if each.kind == "insurance"],
        is_claimed(supplier),
        clock.today(),
    )


def named_capabilities(codes: Sequence[str]) -> list[Capability]:
    """The capabilities of these codes, in the order of the list; a code that is no longer in it is left out."""
    return [each for each in capabilities() if each.code in set(codes)]


def passages_of(supplier: Supplier, works: Sequence[Solution] | None = None) -> list[tuple[str, str]]:
    """(label, text) of each passage by which the supplier is found: summary, paragraphs, works.

    `works` spares the query when many suppliers are indexed: see solutions_by_supplier.
    """
    return list(_passages(supplier, solutions_of(supplier.id) if works is None else works))


def _passages(supplier: Supplier, works: Sequence[Solution]) -> Iterator[tuple[str, str]]:
    if supplier.summary:
        yield "Summary", supplier.summary
    for paragraph in supplier.about.split("\n"):
        if paragraph.strip():
            yield "About", paragraph.strip()
    for each in works:
        yield work_label(each), " ".join(f"{each.title}. {each.text} {each.customer}".split())


@dataclass(frozen=True)
class Hint:
    """One part of a full profile: what to do, where, and whether it is done."""

    text: str
    href: str
    is_done: bool


def profile_hints(profile: PublicProfile) -> list[Hint]:
    """What makes a profile easy to find and to trust, in the order of what helps most."""
    supplier, edit = profile.supplier, "/supplier/profile"
    papers = [*profile.certificates, *profile.insurance]
    return [
        Hint("Sum up what you do in one sentence", f"{edit}/description", bool(supplier.summary)),
        Hint("Say what you do in 30 words or more", f"{edit}/description", count_words(supplier.about) >= 30),
        Hint("Tick what you can do", f"{edit}/capabilities", bool(supplier.capabilities)),
        Hint("Describe a solution", "/supplier/solutions/new?kind=solution", bool(profile.solutions)),
        Hint("Describe a piece of past work", "/supplier/solutions/new?kind=past_work", bool(profile.past_work)),
        Hint(
            "Add your insurance or a certificate that is in date",
            "/supplier/evidence/new",
            any(not profile.has_expired(each) for each in papers),
        ),
        Hint("Give your website", f"{edit}/description", bool(supplier.website)),
        Hint("Enter your postcode", f"{edit}/organisation", bool(supplier.postcode)),
    ]


def portable_record(supplier: Supplier) -> dict[str, Any]:
    """Everything that is kept of the firm, for its own administrators: JSON-able, instants and days as ISO 8601.

    Bids are not here: each is downloaded, whole, from its own page.
    """
    return {
        "format": RECORD_FORMAT,
        "made_at": clock.now(),
        "organisation": _organisation(supplier),
        "profile": _columns(supplier, leave_out=("id", "name_key", "source_hash")),
        "capabilities": [{"code": c.code, "title": c.title} for c in named_capabilities(supplier.capabilities)],
        "solutions": [_columns(each, leave_out=("supplier_id", "removed_at")) for each in solutions_of(supplier.id)],
        "evidence": [
            _columns(each, leave_out=("supplier_id", "removed_at", "file_key")) for each in evidence_of(supplier.id)
        ],
        "people": [_person(each) for each in _memberships(supplier.id)],
        "history": [_line(each) for each in _history(supplier.reference)],
    }


def _organisation(supplier: Supplier) -> dict[str, Any]:
    of = supplier.organisation
    return {
        "reference": of.reference,
        "name": of.name,
        "address": f"/suppliers/{of.slug}",
        "created_at": of.created_at,
        "suspended_at": of.suspended_at,
        "suspension_reason": of.suspension_reason,
    }


def _columns(row: Any, leave_out: tuple[str, ...]) -> dict[str, Any]:
    return {each.key: getattr(row, each.key) for each in row.__table__.columns if each.key not in leave_out}


def _memberships(supplier_id: int) -> list[Membership]:
    query = select(Membership).where(Membership.organisation_id == supplier_id, Membership.ended_at.is_(None))
    return list(session.scalars(query.order_by(Membership.id)).unique())


def _person(membership: Membership) -> dict[str, Any]:
    person = membership.person
    return {
        "pseudonym": person.pseudonym,
        "name": person.name,
        "email": person.email,
        "roles": sorted(membership.roles),
        "joined_at": membership.approved_at,
    }


def _history(reference: str) -> Iterator[JournalLine]:
    query = select(JournalLine).where(JournalLine.organisation == reference).order_by(JournalLine.number)
    return iter(session.scalars(query))


def _line(line: JournalLine) -> dict[str, Any]:
    return {"number": line.number, "at": line.at, "event": line.event, "by": line.actor, "details": line.facts}


def as_plain(value: Any) -> Any:
    """For json.dumps(default=…): instants and days as text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"A record cannot hold {type(value).__name__}")
