"""scores.csv: what each evaluator gave and what the panel agreed, side by side."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal, select, union_all

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.assessment.models import Moderation, Score
from tenders.bids.models import Bid
from tenders.needs.models import Criterion, Need

COLUMNS = (
    shape.NEED,
    shape.COUNCIL,
    shape.reference("bid", "Reference of the bid", "bids.reference"),
    shape.words("criterion", "The award criterion", "criteria.name"),
    shape.number("weight", "Its published weight", "criteria.weight", "percent"),
    shape.code("kind", "individual (one evaluator’s) or agreed (the panel’s)", "scores or moderations"),
    shape.number("score", "The score", "scores.score or moderations.score", "0 to 5"),
    shape.words("reason", "The reason given", "scores.reason or moderations.reason"),
    shape.person(
        "person",
        "Who scored, or recorded the agreement",
        "people.pseudonym via scores.person_id or moderations.agreed_by_id",
    ),
    shape.instant("scored_at", "When it was last recorded", "scores.scored_at or moderations.agreed_at"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    # Before the ranking is frozen a colleague's score could sway an evaluator, so the record waits for everybody.
    both = union_all(
        _of(scope, Score, "individual", Score.person_id, Score.scored_at),
        _of(scope, Moderation, "agreed", Moderation.agreed_by_id, Moderation.agreed_at),
    ).subquery()
    c = both.c
    order = (c.frozen_at, c.need_id, c.bid_id, c.position, c.criterion_id, c.kind.desc(), c.scored_at, c.row_id)
    return select(both).order_by(*order)


def _of(scope: shape.Scope, table: Any, kind: str, person_id: Any, at: Any) -> Select[Any]:
    chosen = select(
        Need.scores_frozen_at.label("frozen_at"),
        Need.id.label("need_id"),
        Bid.id.label("bid_id"),
        Criterion.position,
        Criterion.id.label("criterion_id"),
        table.id.label("row_id"),
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        Bid.reference.label("bid"),
        Criterion.name.label("criterion"),
        Criterion.weight,
        literal(kind).label("kind"),
        table.score,
        table.reason,
        shape.who(person_id).label("person"),
        at.label("scored_at"),
    )
    query = shape.of_council(chosen.select_from(table).join(Need, Need.id == table.need_id))
    query = query.join(Bid, Bid.id == table.bid_id).join(Criterion, Criterion.id == table.criterion_id)
    query = query.where(shape.opened_here(), Need.scores_frozen_at.is_not(None))
    return scope.narrow(query, Organisation.slug, Need.scores_frozen_at)


EXPORT = shape.Export(
    "scores",
    "One score of one bid under one quality criterion: an evaluator’s own, or the panel’s agreed one",
    "From the freezing of the ranking, so that no export shows an evaluator what another gave",
    "the need’s scores_frozen_at",
    COLUMNS,
    _query,
)
