"""declarations.csv: the return on conflicts of everyone who judges, and the missing ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.assessment.models import ConflictDeclaration
from tenders.assessment.panel import JUDGING
from tenders.needs.models import Need, PanelMember

COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.person("person", "Who judges", "people.pseudonym via panel_members.person_id"),
    shape.code("duty", "evaluator or chair", "panel_members.duty"),
    shape.instant("named_at", "When the person was named for the duty", "panel_members.named_at"),
    shape.instant(
        "declared_at", "When the return was made; empty when there is none", "conflict_declarations.declared_at"
    ),
    shape.claim(
        "has_conflict", "Whether a conflict was declared; false is a nil return", "conflict_declarations.has_conflict"
    ),
    shape.words("details", "What was declared", "conflict_declarations.details"),
    shape.instant("decided_at", "When it was decided what follows", "conflict_declarations.decided_at"),
    shape.person("decided_by", "Who decided", "people.pseudonym via conflict_declarations.decided_by_id"),
    shape.words("decision", "The decision and its reason", "conflict_declarations.decision"),
    shape.instant("stood_aside_at", "When the person stood aside", "conflict_declarations.stood_aside_at"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    p, d = PanelMember, ConflictDeclaration
    chosen = select(
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        shape.who(p.person_id).label("person"),
        p.duty,
        p.named_at,
        d.declared_at,
        d.has_conflict,
        d.details,
        d.decided_at,
        shape.who(d.decided_by_id).label("decided_by"),
        d.decision,
        d.stood_aside_at,
    )
    query = shape.of_council(chosen.select_from(p).join(Need, Need.id == p.need_id))
    query = query.outerjoin(d, and_(d.need_id == p.need_id, d.person_id == p.person_id))
    query = query.where(shape.opened_here(), p.duty.in_(sorted(JUDGING)))
    return scope.narrow(query, Organisation.slug, Need.opened_at).order_by(Need.opened_at, Need.id, p.id)


EXPORT = shape.Export(
    "declarations",
    "One judge of a need (evaluator or chair, a row for each duty) and that person’s return on conflicts",
    "From the opening, when the bidders’ names are known",
    "the need’s opened_at",
    COLUMNS,
    _query,
)
