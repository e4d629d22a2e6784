"""clarifications.csv. Who asked is in no column, and a question that waits shows none of its words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.clarifications.models import Clarification
from tenders.needs.models import Need

COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.reference("reference", "Reference of the question", "clarifications.reference"),
    shape.number("number", "Number under which it was answered; empty while it waits", "clarifications.number"),
    shape.instant("asked_at", "When the question came in", "clarifications.asked_at"),
    shape.words("question", "The question as published; empty while it waits", "clarifications.published_question"),
    shape.words("answer", "The public answer", "clarifications.answer"),
    shape.instant("answered_at", "When question and answer were published", "clarifications.answered_at"),
    shape.person("answered_by", "Who answered", "people.pseudonym via clarifications.answered_by_id"),
    shape.claim("changes_the_need", "Whether the answer changes what the need says", "clarifications.changes_the_need"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    c = Clarification
    is_told = c.answered_at.is_not(None)
    chosen = select(
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        c.reference,
        c.number,
        c.asked_at,
        case((is_told, c.published_question), else_="").label("question"),
        case((is_told, c.answer), else_="").label("answer"),
        c.answered_at,
        shape.who(c.answered_by_id).label("answered_by"),
        c.changes_the_need,
    )
    query = shape.of_council(chosen.select_from(c).join(Need, Need.id == c.need_id)).where(shape.published_here())
    return scope.narrow(query, Organisation.slug, c.asked_at).order_by(c.asked_at, c.id)


EXPORT = shape.Export(
    "clarifications",
    "One question about a need, with the public answer",
    "From the asking; its words from the answer; who asked, never",
    "asked_at",
    COLUMNS,
    _query,
)
