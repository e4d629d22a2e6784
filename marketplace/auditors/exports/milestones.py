"""milestones.csv."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from marketplace.accounts.models import Organisation
from marketplace.auditors.exports import shape
from tenders.contracts.models import Contract, Milestone
from tenders.needs.models import Need

COLUMNS = (
    shape.reference("contract", "Reference of the contract", "contracts.reference"),
    shape.NEED,
    shape.COUNCIL,
    shape.number("position", "Place among the contract’s milestones, from 1", "milestones.position"),
    shape.words("title", "What is delivered", "milestones.title"),
    shape.day("due_on", "Day on which it is due", "milestones.due_on"),
    shape.money("amount_gbp", "Amount", "milestones.amount_pence"),
    shape.instant("delivered_at", "When the supplier reported it delivered", "milestones.delivered_at"),
    shape.words("delivery_note", "The supplier’s note", "milestones.delivery_note"),
    shape.instant("accepted_at", "When the council accepted it", "milestones.accepted_at"),
    shape.person("accepted_by", "Who accepted it", "people.pseudonym via milestones.accepted_by_id"),
    shape.instant("rejected_at", "When the council last sent it back", "milestones.rejected_at"),
    shape.words("decision_note", "The council’s note", "milestones.decision_note"),
)


def _query(scope: shape.Scope) -> Select[Any]:
    m = Milestone
    chosen = select(
        Contract.reference.label("contract"),
        Need.reference.label("need"),
        Organisation.reference.label("council"),
        m.position,
        m.title,
        m.due_on,
        m.amount_pence,
        m.delivered_at,
        m.delivery_note,
        m.accepted_at,
        shape.who(m.accepted_by_id).label("accepted_by"),
        m.rejected_at,
        m.decision_note,
    )
    query = chosen.select_from(m).join(Contract, Contract.id == m.contract_id).join(Need, Need.id == Contract.need_id)
    query = query.join(Organisation, Organisation.id == Contract.authority_id)
    return scope.narrow(query, Organisation.slug, Contract.drafted_at).order_by(
        Contract.drafted_at, Contract.id, m.position, m.id
    )


EXPORT = shape.Export(
    "milestones",
    "One milestone of a contract",
    "From the drafting of the contract",
    "the contract’s drafted_at",
    COLUMNS,
    _query,
)
