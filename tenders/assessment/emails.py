"""Who is written to during an assessment. No mail says a score, a price or a conflict's details."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.core import db
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Letter, Writer, absolute
from tenders.assessment import queries
from tenders.assessment.panel import JUDGING
from tenders.needs import queries as need_queries
from tenders.needs.models import Need


def to_panel(line: JournalLine) -> Iterable[Letter]:
    """The bids are open: evaluators and the chair declare conflicts, then score."""
    if line.facts["count"] == 0:
        return []
    need = need_queries.get_need_by_reference(line.need)
    people = {each.person_id: each.person for each in need.panel if each.duty in JUDGING}
    return [_to(people[id_], need, "/declare", template="declare-and-score") for id_ in sorted(people)]


def to_named(line: JournalLine) -> Iterable[Letter]:
    """Somebody joined the panel after the opening."""
    need = need_queries.get_need_by_reference(line.need)
    return [_to(each, need, "/declare") for each in _people([line.facts["person"]])]


def to_deciders(line: JournalLine) -> Iterable[Letter]:
    """A conflict was declared: the chair decides, or an approver; a nil return tells nobody."""
    if not line.facts["has_conflict"]:
        return []
    need = need_queries.get_need_by_reference(line.need)
    chairs = [each for each in queries.get_panel(need).holders("chair") if not each.has_conflict]
    by_id = {each.person_id: each.person for each in need.panel}
    people = [by_id[each.person_id] for each in chairs] or _approvers(need)
    return [_to(each, need) for each in people if each.pseudonym != line.actor]


def to_the_decided(line: JournalLine) -> Iterable[Letter]:
    """The person hears whether to stand aside or to carry on."""
    need = need_queries.get_need_by_reference(line.need)
    return [_to(each, need, stands_aside=line.facts["stands_aside"]) for each in _people([line.facts["person"]])]


def to_chair(line: JournalLine) -> Iterable[Letter]:
    """Every score is in: the chair brings the panel together."""
    need = need_queries.get_need_by_reference(line.need)
    by_id = {each.person_id: each.person for each in need.panel}
    chairs = queries.get_panel(need).holders("chair")
    return [_to(by_id[each.person_id], need, "/scores") for each in chairs]


def to_approvers(line: JournalLine) -> Iterable[Letter]:
    """It is proposed to disregard a bid: approvers outside the panel decide."""
    need = need_queries.get_need_by_reference(line.need)
    seats = {each.person_id for each in queries.get_panel(need).seats}
    path = f"/disregard/{line.subject}/decide"
    return [_to(each, need, path) for each in _approvers(need) if each.id not in seats]


EMAILS: dict[str, Writer] = {
    "BidsOpened": to_panel,
    "PanelMemberNamed": to_named,
    "ConflictDeclared": to_deciders,
    "ConflictDecided": to_the_decided,
    "ScoringCompleted": to_chair,
    "DisregardProposed": to_approvers,
}


def _to(person: Person, need: Need, path: str = "", template: str = "", **more: object) -> Letter:
    link = absolute(f"/council/needs/{need.reference}/assessment{path}")
    context = {"name": person.name, "title": need.title, "reference": need.reference, "link": link, **more}
    return Letter(person.email, context, template=template)


def _approvers(need: Need) -> list[Person]:
    return need_queries.people_with_role(need.authority_id, "approver") if need.authority_id else []


def _people(pseudonyms: list[str]) -> list[Person]:
    query = select(Person).where(Person.pseudonym.in_(pseudonyms), Person.erased_at.is_(None)).order_by(Person.id)
    return list(db.session.scalars(query))
